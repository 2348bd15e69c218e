"""What *health* takes in a Corefile."""

from __future__ import annotations

import pytest

from corepy_plugins.health.health import Health
from tests.support.setups import built, refusal

PARSING = "plugin/health: Corefile:{} - Error during parsing: "
UNPARSABLE = (
    "plugin/health: unable to parse lameduck duration value: '5'"
    ' : time: missing unit in duration "5"'
)
COUNT = "Wrong argument count or unexpected line ending after "


@pytest.mark.parametrize(
    ("text", "address", "lameduck"),
    [
        ("health", ":8080", 0),
        ("health :8091", ":8091", 0),
        ("health localhost:8091", "localhost:8091", 0),
        ("health [::1]:8091", "[::1]:8091", 0),
        ("health :", ":", 0),
        ("health {\n}", ":8080", 0),
        ("health {\n lameduck 5s\n}", ":8080", 5),
        ("health :1 {\n lameduck 1m30s\n}", ":1", 90),
        ("health {\n lameduck 0\n}", ":8080", 0),
        ("health {\n lameduck -1s\n}", ":8080", -1),
        ("health {\n lameduck 1s\n lameduck 2s\n}", ":8080", 2),
        ("health :1 {\n lameduck 1s\n}\nhealth", ":1", 1),
        ("health :1\nhealth :2", ":2", 0),
    ],
)
def test_accepted(text: str, address: str, lameduck: float) -> None:
    health = built(f". {{\n{text}\nwhoami\n}}").instance.plugins[0]
    assert isinstance(health, Health)
    assert (health.address, health.lameduck) == (address, lameduck)


@pytest.mark.parametrize(
    ("text", "message", "column", "hint"),
    [
        ("health localhost", "plugin/health: address localhost: missing port in address", 8, None),
        (
            "health 8080",
            "plugin/health: address 8080: missing port in address",
            8,
            "write :8080 for a port",
        ),
        ("health ::1", "plugin/health: address ::1: too many colons in address", 8, None),
        ('health ""', "plugin/health: missing port in address", 8, None),
        ("health :1 :2", PARSING.format(2) + COUNT + "':2'", 11, None),
        (
            "health 127.0.0.1:http",
            'parse "http://127.0.0.1:http": invalid port ":http" after host',
            8,
            None,
        ),
        ("health {\n lameduck\n}", PARSING.format(3) + COUNT + "'lameduck'", 2, None),
        ("health {\n lameduck 1s 2s\n}", PARSING.format(3) + COUNT + "'2s'", 14, None),
        (
            "health {\n lameduck 5\n}",
            UNPARSABLE,
            11,
            "write 5s for seconds",
        ),
        (
            "health {\n lameduc 5s\n}",
            PARSING.format(3) + "unknown property 'lameduc'",
            2,
            "did you mean 'lameduck'?",
        ),
        (
            "health { lameduck 1s }",
            PARSING.format(2) + COUNT + "'}'",
            22,
            "put the closing brace on its own line",
        ),
    ],
)
def test_refused(text: str, message: str, column: int, hint: str | None) -> None:
    assert refusal(f". {{\n{text}\nwhoami\n}}") == (message, column, hint)
