"""What *ready* takes in a Corefile."""

from __future__ import annotations

import pytest

from corepy_plugins.ready.endpoint import ReadyEndpoint
from tests.support.setups import built, refusal

PARSING = "plugin/ready: Corefile:{} - Error during parsing: "
COUNT = "Wrong argument count or unexpected line ending after "
ONE_OF = "one of: until-ready, continuously"


@pytest.mark.parametrize(
    ("blocks", "addresses", "continuously"),
    [
        (["ready"], [":8181"], False),
        (["ready :1"], [":1"], False),
        (["ready {\n monitor continuously\n}"], [":8181"], True),
        (["ready {\n monitor continuously\n monitor until-ready\n}"], [":8181"], False),
        (["ready :1", "ready :2 {\n monitor continuously\n}"], [":1", ":2"], True),
        (["ready :2 {\n monitor continuously\n}", "ready :1"], [":2", ":1"], False),
    ],
)
def test_accepted(blocks: list[str], addresses: list[str], continuously: bool) -> None:
    text = "".join(f"z{at}.test {{\n{block}\nwhoami\n}}\n" for at, block in enumerate(blocks))
    parts = built(text).instance.plugins
    found = [part for part in parts if isinstance(part, ReadyEndpoint)]
    assert [part.address for part in found] == addresses
    assert {part.readiness.continuously for part in found} == {continuously}


@pytest.mark.parametrize(
    ("text", "message", "column", "hint"),
    [
        ("ready localhost", "plugin/ready: address localhost: missing port in address", 7, None),
        ("ready :1 :2", PARSING.format(2) + COUNT + "':2'", 10, None),
        (
            "ready :1\nready :2",
            "plugin/ready: this plugin can only be used once per Server Block",
            1,
            None,
        ),
        ("ready {\n monitor\n}", PARSING.format(3) + COUNT + "'monitor'", 2, None),
        ("ready {\n monitor a b\n}", PARSING.format(3) + COUNT + "'b'", 12, None),
        (
            "ready {\n monitor sometimes\n}",
            PARSING.format(3) + "monitor type 'sometimes' not supported",
            10,
            ONE_OF,
        ),
        (
            "ready {\n monitor Continuously\n}",
            PARSING.format(3) + "monitor type 'Continuously' not supported",
            10,
            "did you mean 'continuously'?",
        ),
        (
            "ready {\n lameduck 5s\n}",
            PARSING.format(3) + "unknown property 'lameduck'",
            2,
            "one of: monitor",
        ),
    ],
)
def test_refused(text: str, message: str, column: int, hint: str | None) -> None:
    assert refusal(f". {{\n{text}\nwhoami\n}}") == (message, column, hint)
