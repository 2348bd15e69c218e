"""*multisocket*: what its setup takes, and what it makes of a number."""

from __future__ import annotations

import pytest

import corepy_plugins.multisocket as plugin
from tests.support.setups import built, refusal


@pytest.fixture(autouse=True)
def _eight(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "usable", lambda: 8)


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("multisocket", 8),
        ("multisocket 1", 1),
        ("multisocket 2", 2),
        ("multisocket +3", 3),
        ("multisocket 8", 8),
        ("multisocket 9", 8),
        ("multisocket 1024", 8),
    ],
)
def test_numbers(line: str, number: int) -> None:
    assert built(f". {{\n {line}\n whoami\n}}").workers == number


def test_more_than_there_are_processors_is_worth_a_warning() -> None:
    (warning,) = built(". {\n multisocket 9\n whoami\n}").warnings
    assert warning.startswith("multisocket 9 starts as many processes as there are processors: 8\n")
    assert warning.endswith("hint: the flag -workers takes any number")
    assert not built(". {\n multisocket 8\n whoami\n}").warnings


def test_of_several_blocks_the_largest_number_counts() -> None:
    blocks = ["a.test {\n whoami\n}", "b.test {\n multisocket 2\n whoami\n}"]
    blocks += ["c.test {\n multisocket 5\n whoami\n}", "d.test {\n multisocket 3\n whoami\n}"]
    assert built("\n".join(blocks)).workers == 5
    assert built(blocks[0]).workers == 1


ATOI = 'plugin/multisocket: invalid num sockets: strconv.Atoi: parsing "{}": {}'
ARGUMENTS = (
    "plugin/multisocket: Corefile:2 - Error during parsing: "
    "Wrong argument count or unexpected line ending after '{}'"
)

BRACE = (
    "plugin/multisocket: Corefile:2 - Error during parsing: "
    "Unexpected token '{', expecting argument"
)


@pytest.mark.parametrize(
    ("line", "text", "column"),
    [
        ("multisocket 0", "num sockets can not be zero or negative: 0", 14),
        ("multisocket -1", "num sockets can not be zero or negative: -1", 14),
        ("multisocket 1025", "num sockets exceeds maximum (1024): 1025", 14),
        ("multisocket two", ATOI.format("two", "invalid syntax"), 14),
        ("multisocket 0x2", ATOI.format("0x2", "invalid syntax"), 14),
        ("multisocket \u0662", ATOI.format("\u0662", "invalid syntax"), 14),
        ("multisocket " + "9" * 19, ATOI.format("9" * 19, "value out of range"), 14),
        ("multisocket 2 3", ARGUMENTS.format("3"), 16),
        ("multisocket 0 {\n }", BRACE, 16),
        ("multisocket 0\n multisocket", ARGUMENTS.format("multisocket").replace(":2 ", ":3 "), 2),
        ("multisocket {\n }", BRACE, 14),
    ],
)
def test_refusals(line: str, text: str, column: int) -> None:
    if not text.startswith("plugin/"):
        text = f"plugin/multisocket: {text}"
    assert refusal(f". {{\n {line}\n whoami\n}}")[:2] == (text, column)


def test_once_in_a_block() -> None:
    found = refusal(". {\n whoami\n multisocket 2\n multisocket 3\n}")
    assert found[0] == ARGUMENTS.format("multisocket").replace(":2 ", ":4 ")
