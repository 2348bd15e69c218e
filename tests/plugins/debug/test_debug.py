"""*debug* changes the log and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from corepy.testing import Start
from tests.support.builds import built, refused

PLUGINS = Path(__file__).parent / "plugins"


@pytest.mark.parametrize(
    ("text", "debug"),
    [
        (". {\n debug\n whoami\n}", True),
        (". {\n debug\n debug\n whoami\n}", True),
        ("a.test {\n whoami\n}\nb.test {\n debug\n}", True),
        (". {\n whoami\n}", False),
    ],
)
def test_one_block_is_enough_for_debug_lines(text: str, debug: bool) -> None:
    assert built(text).debug is debug


@pytest.mark.parametrize(("directive", "shown"), [("debug", True), ("# nothing", False)])
async def test_the_traceback_of_a_panic(corefile: Start, directive: str, shown: bool) -> None:
    async with corefile(f". {{\n{directive}\n panics\n}}", plugin_path=[PLUGINS]) as dns:
        assert await dns.ask("a.test A") == "SERVFAIL"
        (line,) = [line for line in dns.log if "Recovered from panic" in line]
        assert ("Traceback" in line) is shown


@pytest.mark.parametrize(
    ("text", "message", "word"),
    [
        ("debug on off", "Wrong argument count or unexpected line ending after 'on'", "on"),
        ("debug {\n }", "Unexpected token '{', expecting argument", "{"),
        ("debug\n debug x", "Wrong argument count or unexpected line ending after 'x'", "x"),
    ],
)
def test_takes_nothing(text: str, message: str, word: str) -> None:
    number = 2 + text.count("\n debug")
    line = f"plugin/debug: Corefile:{number} - Error during parsing: {message}"
    assert refused(f". {{\n {text}\n whoami\n}}") == (line, word)
