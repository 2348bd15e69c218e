"""Commands around the life of a whole process."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.support.program import program

TEXT = """. {
    on startup echo up-%s
    on shutdown sh -c "'sleep 0.1; echo down-%s'"
    on shutdown sh -c "'sleep 0.3; echo later-%s'" &
    whoami
}
"""


def text(word: str) -> str:
    return TEXT.replace("%s", word)


def echoed(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(("up-", "down-", "later-"))]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_end_and_reload(tmp_path: Path, number: signal.Signals) -> None:
    """A reload is a start and no end; what nobody waits for outlives the server."""
    async with program(text("a"), tmp_path) as it:
        await it.line("up-a")
        await it.reload(text("b"))
        await it.line("up-b")
        await it.reload(text("c") + "nonsense {")
        it.signal(number)
        assert await it.status() == 0
        assert echoed(it.lines) == ["up-a", "up-b", "down-b", "later-b"]


@pytest.mark.slow
async def test_quitting_at_once_runs_nothing(tmp_path: Path) -> None:
    async with program(text("a"), tmp_path) as it:
        await it.line("up-a")
        it.signal(signal.SIGQUIT)
        assert await it.status() == 0
        assert echoed(it.lines) == ["up-a"]


@pytest.mark.slow
async def test_a_command_that_never_ends_holds_nothing_up(tmp_path: Path) -> None:
    """Neither queries nor the end of the process."""
    pid = tmp_path / "pid"
    config = f". {{\n on startup sh -c \"'echo $$ > {pid}; exec sleep 60 >&- 2>&-'\"\n whoami\n}}\n"
    async with program(config, tmp_path) as it:
        await it.line("[INFO] Blocking Command")
        await it.ask()
        it.signal(signal.SIGTERM)
        assert await it.status() == 0
    os.kill(int(pid.read_text()), signal.SIGKILL)
