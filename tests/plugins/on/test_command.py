"""Words of a command line, and what becomes of the process."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import pytest

from corepy_plugins.on.command import Command, CommandError, split


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  \t ", []),
        ("a  b\tc", ["a", "b", "c"]),
        ("a 'b  c' \"d  e\"", ["a", "b  c", "d  e"]),
        ("'a'\"b\"c", ["abc"]),
        ("a '' \"\"", ["a", "", ""]),
        (r"a\ b \"c\" \\", ["a b", '"c"', "\\"]),
        (r'"a\"b" "a\nb" "a\\"', ['a"b', "anb", "a\\"]),
        (r"'a\b'", [r"a\b"]),
        ("'\"' \"'\"", ['"', "'"]),
        ("a # b c", ["a"]),
        ("a#b c", ["a#b", "c"]),
        ("'#a' \\#b", ["#a", "#b"]),
        ("a # b\nc", ["a", "c"]),
        ("a $((1+1)) *.txt | x > y; &", ["a", "$((1+1))", "*.txt", "|", "x", ">", "y;", "&"]),
        ("'\u00fc' \"`\"", ["\u00fc", "`"]),
    ],
)
def test_split(line: str, words: list[str]) -> None:
    assert split(line) == words


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("'a", "EOF found when expecting closing quote."),
        ('a "b', "EOF found when expecting closing quote."),
        ("a\\", "EOF found after escape character"),
        ('"a\\', "EOF found after escape character"),
        ("a `b`", "Unknown rune: 96"),
        ("\u00fc", "Unknown rune: 252"),
        ("a\u00fc", "Unknown rune: 252"),
    ],
)
def test_no_words(line: str, message: str) -> None:
    with pytest.raises(CommandError) as caught:
        split(line)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("words", "waited", "text"),
    [
        (["echo", "a", "b"], True, "echo a b"),
        (["echo", "a", "&"], False, "echo a"),
        (["echo"], True, "echo "),
        (["&"], True, "& "),
        (["echo", "&", "a"], True, "echo & a"),
        (["echo", "&"], False, "echo "),
    ],
)
def test_manner(words: list[str], waited: bool, text: str) -> None:
    command = Command(words)
    assert (command.waited, command.text) == (waited, text)
    assert uuid.UUID(command.id).version == 4
    assert Command(words).id != command.id


async def test_waited_for(tmp_path: Path) -> None:
    await Command(["sh", "-c", f"sleep 0.05; echo done > {tmp_path}/out"]).run()
    assert (tmp_path / "out").read_text() == "done\n"


async def test_not_waited_for(tmp_path: Path) -> None:
    out = tmp_path / "out"
    await Command(["sh", "-c", f"sleep 0.1; echo done > {out}; exit 3", "&"]).run()
    assert not out.exists()
    async with asyncio.timeout(5):
        while not (out.exists() and out.read_text()):
            await asyncio.sleep(0.02)


async def test_outputs_are_those_of_the_server(capfd: pytest.CaptureFixture[str]) -> None:
    await Command(["sh", "-c", "echo out; echo err >&2"]).run()
    assert capfd.readouterr() == ("out\n", "err\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["sh", "-c", "exit 3"], "exit status 3"),
        (["false"], "exit status 1"),
        (["sh", "-c", "kill -9 $$"], "signal: killed"),
        (["no-such-program", "x"], 'exec: "no-such-program": executable file not found in $PATH'),
        (["&"], 'exec: "&": executable file not found in $PATH'),
        (["/no/such/program"], "fork/exec /no/such/program: no such file or directory"),
        (["/no/such/program", "&"], "fork/exec /no/such/program: no such file or directory"),
        (["/etc/passwd"], "fork/exec /etc/passwd: permission denied"),
        (["echo", "\0"], "fork/exec echo: embedded null byte"),
    ],
)
async def test_failures(words: list[str], message: str) -> None:
    with pytest.raises(CommandError) as caught:
        await Command(words).run()
    assert str(caught.value) == message


async def test_cancellation_leaves_the_process_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = Command(["sh", "-c", f"sleep 0.15; echo done > {out}"])
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await command.run()
    async with asyncio.timeout(5):
        while not (out.exists() and out.read_text()):
            await asyncio.sleep(0.02)
