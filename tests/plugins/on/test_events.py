"""Commands of a whole instance, from its start to its end, and what a Corefile may say."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from corepy import log
from corepy.testing import Start, free_port
from corepy.transport.sockets import ListenError
from corepy_plugins.on.events import Events
from tests.support.builds import built, refusal, refused

UUID = "[0-9a-f-]{36}"


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():  # processes tell nobody
            await asyncio.sleep(0.01)


def content(path: Path) -> str:
    return path.read_text() if path.exists() else ""


async def test_start_and_end(corefile: Start, tmp_path: Path) -> None:
    """In the order of the Corefile over all blocks; a broken command stops nothing."""
    out = tmp_path / "out"

    def add(word: str) -> str:
        return f"sh -c \"'sleep 0.0$0; echo {word} >> {out}'\""

    text = f"""
    a.test {{
        on startup {add("one")} 5
        on shutdown {add("three")} 5
        on startup false
        whoami
    }}
    b.test {{
        on STARTUP {add("two")} 1
        on shutdown {add("five")} 9 &
        on shutdown {add("four")} 1
        whoami
    }}
    """
    async with corefile(text) as dns:
        await dns.query("a.test A")  # answered meanwhile
        await until(lambda: content(out) == "one\ntwo\n")
        await dns.built.instance.drain()
        assert content(out) == "one\ntwo\nthree\nfour\n"
        await until(lambda: content(out) == "one\ntwo\nthree\nfour\nfive\n")
        expected = [
            rf'\[INFO\] Blocking Command "sh -c .* 5" with ID {UUID}',
            rf'\[INFO\] Blocking Command "false " with ID {UUID}',
            rf"error on 'on-{UUID}' hook: exit status 1",
            rf'\[INFO\] Blocking Command "sh -c .* 1" with ID {UUID}',
            rf'\[INFO\] Blocking Command "sh -c .* 5" with ID {UUID}',
            rf'\[INFO\] Nonblocking Command "sh -c .* 9" with ID {UUID}',
            rf'\[INFO\] Blocking Command "sh -c .* 1" with ID {UUID}',
        ]
        assert len(dns.log) == len(expected)
        for line, pattern in zip(dns.log, expected, strict=True):
            assert re.fullmatch(pattern, line)


async def test_a_start_that_fails_runs_nothing(corefile: Start, tmp_path: Path) -> None:
    out, port = tmp_path / "out", free_port()
    text = f". {{\n bind 192.0.2.1\n on startup touch {out}\n whoami\n}}\n"
    with pytest.raises(ListenError):
        async with corefile(text, port=port):
            pass
    await asyncio.sleep(0.1)
    assert not out.exists()


async def test_as_json_the_complaint_has_a_level(
    corefile: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_as_json", True)
    async with corefile(". {\n on startup false\n whoami\n}\n") as dns:
        await until(lambda: len(dns.log) == 2)
        assert re.fullmatch(rf"\[ERROR\] error on 'on-{UUID}' hook: exit status 1", dns.log[1])


def test_one_plugin_for_all_blocks() -> None:
    text = "a.test {\n on startup echo a\n whoami\n}\nb.test {\n on shutdown echo b\n whoami\n}\n"
    plugins = built(text).instance.plugins
    (events,) = (one for one in plugins if isinstance(one, Events))
    found = {event: [one.words for one in row] for event, row in events._commands.items()}
    assert found == {"startup": [["echo", "a"]], "shutdown": [["echo", "b"]]}


PLACE = "Corefile:2 - Error during parsing: "


@pytest.mark.parametrize(
    ("line", "message", "word"),
    [
        ("on", "Wrong argument count or unexpected line ending after 'on'", "on"),
        ("on startup", "no command contained in ''", "startup"),
        ('on startup ""', "no command contained in ''", "startup"),
        ('on startup "# a"', "no command contained in '# a'", "startup"),
        ("on start echo", "Wrong event name or event not supported: 'start'", "start"),
        (
            'on startup "\'a"',
            "error parsing command: EOF found when expecting closing quote.",
            '"\'a"',
        ),
        ("on startup a`b", "error parsing command: Unknown rune: 96", "a`b"),
        ("on {\n}", "Wrong event name or event not supported: '{'", "{"),
        ("on startup {\n}", "no command contained in ''", "startup"),
        ("on startup echo {\n}", "Unexpected token '{', expecting argument", "{"),
    ],
)
def test_mistakes(line: str, message: str, word: str) -> None:
    assert refused(f". {{\n{line}\nwhoami\n}}\n") == (PLACE + message, word)


def test_hints() -> None:
    assert refusal(". {\non starup echo\nwhoami\n}\n").hint == "did you mean 'startup'?"
    hint = refusal(". {\non x echo\nwhoami\n}\n").hint
    assert hint == "one of: startup, shutdown, certrenew"


@pytest.mark.parametrize(
    ("line", "notices"),
    [
        ("on startup echo", []),
        ("on ShutDown echo a &", []),
        ("on startup &", []),
        ("on certrenew echo a", ["no certificates are renewed by this server"]),
    ],
)
def test_accepted(line: str, notices: list[str]) -> None:
    found = built(f". {{\n{line}\nwhoami\n}}\n").notices
    assert json.dumps([notice.message for notice in found]) == json.dumps(notices)
