"""When a Corefile is looked at, what counts as a change, and what happens to a broken one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from corepy.corefile import load
from corepy.errors import CorepyError
from corepy.host import Host
from corepy.metrics import Series, gauge
from corepy_plugins.reload import watcher as watching
from corepy_plugins.reload.watcher import Counts, Watcher
from tests.support.builds import built, refused

VERSION = gauge("test_reload_version_info", "For these tests.", "hash", "value")


class Machine:
    """A process with one Corefile and one watcher."""

    def __init__(self, text: str) -> None:
        self.text: str | Exception = text
        self.good = True
        self.reloads = 0
        self.failed = Series()
        self.host = Host(fingerprint=self._read(), read=self._read, reload=self._reload)
        self.lines: list[tuple[str, str]] = []
        log = logging.Logger("reload")  # noqa: LOG001 - one that nobody else listens to
        log.addHandler(_Collector(self.lines))
        VERSION.clear()
        self.watcher = Watcher(0.02, self.host, log, Counts(self.failed, VERSION))
        self.host.shared["reload"] = self.watcher

    def _read(self) -> str:
        if isinstance(self.text, Exception):
            raise self.text
        known = {"whoami", "reload", "any"}.__contains__
        return load(self.text, "Corefile", known=known, environ={}).fingerprint()

    async def _reload(self) -> str:
        self.reloads += 1
        await asyncio.sleep(0.01)
        return "" if self.good else "Corefile:2 - what"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The watcher at work, its first line already written."""
        async with self.watcher.lifespan():
            await asyncio.sleep(0.02)
            yield

    async def looks(self) -> None:
        """Time for a few looks at the Corefile."""
        await asyncio.sleep(0.2)


class _Collector(logging.Handler):
    def __init__(self, lines: list[tuple[str, str]]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelname, record.getMessage()))


FAILED = (
    "Corefile changed but reload failed: starting with listener file descriptors: Corefile:2 - what"
)
OLD = ". {\n reload\n whoami\n}\n"
NEW = ". {\n reload\n any\n whoami\n}\n"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """One that runs `OLD`."""
    monkeypatch.setattr(watching, "_SETTLE", 0.0)
    return Machine(OLD)


async def test_the_running_configuration_is_named(machine: Machine) -> None:
    """And nothing happens as long as it stays."""
    async with machine.running():
        await machine.looks()
    assert machine.lines == [("INFO", f"Running configuration SHA512 = {machine.host.fingerprint}")]
    assert machine.reloads == 0
    assert VERSION.series == {}


async def test_a_change_is_taken_into_use(machine: Machine) -> None:
    """Once; the metric names it."""
    async with machine.running():
        machine.text = NEW
        await machine.looks()
    assert machine.reloads == 1
    assert machine.failed.value == 0
    ((labels, series),) = VERSION.series.items()
    assert labels == ("sha512", machine.host.read())
    assert series.value == 1


async def test_a_comment_is_no_change(machine: Machine) -> None:
    """As long as it moves no line."""
    async with machine.running():
        machine.text = OLD.replace("whoami", "whoami  # me")
        await machine.looks()
    assert machine.reloads == 0


async def test_a_refused_change_is_tried_once(machine: Machine) -> None:
    """And going back to what runs is a change again."""
    machine.good = False
    async with machine.running():
        machine.text = NEW
        await machine.looks()
        assert (machine.reloads, machine.failed.value) == (1, 1)
        assert machine.lines[-1][0] == "ERROR"
        assert machine.lines[-1][1] == FAILED
        machine.good, machine.text = True, OLD
        await machine.looks()
    assert (machine.reloads, machine.failed.value) == (2, 1)
    assert list(VERSION.series) == [("sha512", machine.host.fingerprint)]


@pytest.mark.parametrize(
    ("text", "level", "line", "reloads", "failed"),
    [
        (". {\n whoami\n", "WARNING", "Corefile parse failed: Corefile:2 - ", 0, 0),
        (". {\n import none\n}\n", "WARNING", "Corefile parse failed: Corefile:2 - ", 0, 0),
        (". {\n what\n}\n", "ERROR", FAILED, 1, 1),
        (CorepyError("gone"), "WARNING", "Corefile cannot be read: gone", 0, 0),
        (OSError("no disk"), "WARNING", "Corefile cannot be read: no disk", 0, 0),
    ],
)
async def test_a_broken_corefile_is_told_once(
    machine: Machine, text: str | Exception, level: str, line: str, reloads: int, failed: int
) -> None:
    """However often it is looked at; again when it broke anew."""
    machine.good = False
    async with machine.running():
        for times in (1, 2):
            machine.text = text
            await machine.looks()
            told = [entry for entry in machine.lines if entry[1].startswith(line)]
            assert [entry[0] for entry in told] == [level] * times
            assert (machine.reloads, machine.failed.value) == (reloads * times, failed * times)
            machine.text = OLD
            await machine.looks()


async def test_the_end_of_the_watcher_is_not_the_end_of_its_reload(machine: Machine) -> None:
    """The old instance, and the watcher in it, stop in the middle of a reload."""
    stopped = asyncio.Event()
    finished: list[bool] = []

    async def reload() -> str:
        await stopped.wait()
        finished.append(True)
        return ""

    machine.host.reload = reload
    async with machine.running():
        machine.text = NEW
        await machine.looks()
    assert finished == []
    stopped.set()
    await asyncio.sleep(0.01)
    assert finished == [True]


async def test_only_the_watcher_set_up_last_watches(machine: Machine) -> None:
    """Several blocks may have *reload*; there is one Corefile."""
    machine.host.shared["reload"] = object()
    async with machine.running():
        machine.text = NEW
        await machine.looks()
    assert machine.reloads == 0
    assert machine.lines == []


async def test_a_start_that_fails_at_once_is_not_announced(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The configuration does not run, after all."""
    monkeypatch.setattr(watching, "_SETTLE", 0.05)
    async with machine.watcher.lifespan():
        pass
    await asyncio.sleep(0.1)
    assert machine.lines == []


def interval(arguments: str) -> float:
    """What one `reload` with these arguments is set up to, in seconds."""
    made = built(f".:53 {{\nreload {arguments}\nwhoami\n}}\n")
    (found,) = (part for part in made.instance.plugins if isinstance(part, Watcher))
    return found.interval


@pytest.mark.parametrize(
    ("arguments", "least", "most"),
    [
        ("", 22.5, 37.5),
        ("10s", 7.5, 12.5),
        ("2s 0", 2, 2),
        ("2s 0s", 2, 2),
        ("10s 2s", 9, 11),
        ("10s 1h", 7.5, 12.5),
        ("1h30m 1s", 5399.5, 5400.5),
    ],
)
def test_interval_and_jitter(arguments: str, least: float, most: float) -> None:
    """Drawn anew at each start, from the whole range."""
    drawn = [interval(arguments) for _ in range(60)]
    assert least <= min(drawn) <= max(drawn) <= most
    assert max(drawn) - min(drawn) >= (most - least) / 2


def test_the_last_block_speaks() -> None:
    """As in CoreDNS, where the setting is the process's."""
    host = Host()
    built("a.test:53 {\nreload 2s 0\n}\nb.test:53 {\nreload 5s 0\n}\n", host)
    assert host.shared["reload"].interval == 5


PLACE = "Corefile:2 - Error during parsing: "


@pytest.mark.parametrize(
    ("arguments", "message", "word"),
    [
        ("1s", "interval value must be greater or equal to 2s", "1s"),
        ("0", "interval value must be greater or equal to 2s", "0"),
        ("-5s", "interval value must be greater or equal to 2s", "-5s"),
        ("abc", 'time: invalid duration "abc"', "abc"),
        ("30", 'time: missing unit in duration "30"', "30"),
        ("5s 100ms", "jitter value must be 0 or greater or equal to 1s", "100ms"),
        ("5s -1s", "jitter value must be 0 or greater or equal to 1s", "-1s"),
        ("5s x", 'time: invalid duration "x"', "x"),
        ("1s 2s 3s", f"{PLACE}Wrong argument count or unexpected line ending after '3s'", "3s"),
    ],
)
def test_mistakes(arguments: str, message: str, word: str) -> None:
    """CoreDNS's words, the word marked."""
    text = f". {{\nreload {arguments}\nwhoami\n}}\n"
    assert refused(text) == (f"plugin/reload: {message}", word)


def test_a_block_is_ignored_with_a_warning() -> None:
    """CoreDNS does not look at it."""
    (notice,) = built(".:53 {\nreload {\nevery 5s\n}\nwhoami\n}\n").notices
    assert notice.message == "reload has no options; this block is ignored"
