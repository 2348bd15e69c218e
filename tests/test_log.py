"""Lines for the operator, also when nobody reads them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import select
from collections.abc import Iterator
from pathlib import Path

import pytest

from corepy import log


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            continue


def drain(reader: int) -> bytes:
    found = b""
    while True:
        try:
            part = os.read(reader, 1 << 16)
        except BlockingIOError:
            return found
        if not part:
            return found
        found += part


def fill(writer: int) -> int:
    """Make a pipe full; how many octets that took."""
    os.set_blocking(writer, False)
    count = 0
    try:
        while True:
            count += os.write(writer, b"x" * 4096)
    except BlockingIOError:
        return count


def test_outside_of_a_loop_lines_are_written_at_once(pipe: tuple[int, int]) -> None:
    output = log.Output(pipe[1])
    output.write("one")
    output.write("two")
    assert drain(pipe[0]) == b"one\ntwo\n"


async def test_lines_of_one_turn_are_written_together(pipe: tuple[int, int]) -> None:
    output = log.Output(pipe[1])
    output.write("one")
    output.write("two")
    assert drain(pipe[0]) == b""
    await asyncio.sleep(0)
    assert drain(pipe[0]) == b"one\ntwo\n"
    output.write("three")
    output.flush()
    await asyncio.sleep(0)
    assert drain(pipe[0]) == b"three\n"


def test_what_others_write_does_not_come_between_the_parts_of_a_line(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[bytes] = []
    write = os.write

    def record(descriptor: int, data: bytes) -> int:
        pieces.append(data)
        return write(descriptor, data)

    output = log.Output(pipe[1])
    output.share()
    output._scheduled = True  # collect lines, as in one turn of a loop
    lines = [str(number) * 700 for number in range(9)] + ["x" * 5000]
    for line in lines:
        output.write(line)
    monkeypatch.setattr(os, "write", record)
    output.flush()
    assert drain(pipe[0]).decode().splitlines() == lines
    assert max(map(len, pieces)) <= select.PIPE_BUF
    assert [piece[-1:] for piece in pieces] == [b"\n", b"\n", b"x", b"\n"]


async def test_a_slow_reader_gets_every_line_later_and_in_order(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    output = log.Output(writer)
    filled = fill(writer)
    lines = [f"line {number}" for number in range(5000)]
    for line in lines:
        output.write(line)
        if len(line) % 3 == 0:
            await asyncio.sleep(0)
    for _ in range(3):
        await asyncio.sleep(0)
    found = b""
    while found.count(b"\n") < len(lines):
        found += drain(reader)
        await asyncio.sleep(0)
    assert found[filled:].decode().splitlines() == lines
    assert output.dropped == 0
    output.write("after")
    await asyncio.sleep(0)
    assert drain(reader) == b"after\n"


async def test_what_a_reader_never_takes_is_dropped_and_counted(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_KEEP", 10_000)
    reader, writer = pipe
    output = log.Output(writer)
    filled = fill(writer)
    total = 3000
    for number in range(total):
        output.write(f"line {number:04}")
        if number % 100 == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert output.dropped > 1500
    found = drain(reader)[filled:]
    while True:
        await asyncio.sleep(0.001)
        more = drain(reader)
        if not more:
            break
        found += more
    lines = found.decode().splitlines()
    assert all(re.fullmatch(r"line \d{4}", line) for line in lines)
    assert len(lines) + output.dropped == total
    assert lines == sorted(lines)


async def test_a_reader_that_is_gone_costs_lines_and_nothing_else(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    output = log.Output(writer)
    os.close(reader)
    output.write("one")
    output.write("two")
    await asyncio.sleep(0)
    assert output.dropped == 2


async def test_a_reader_that_goes_while_lines_wait(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    output = log.Output(writer)
    fill(writer)
    output.write("one")
    await asyncio.sleep(0)
    os.close(reader)
    for _ in range(10):
        await asyncio.sleep(0.001)
        if output.dropped:
            break
    assert output.dropped == 1


def test_a_closed_descriptor_is_no_reason_to_fail() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    output = log.Output(writer)
    output.write("one")
    assert output.dropped == 1


def test_a_socket_is_not_waited_for_either() -> None:
    import socket

    left, right = socket.socketpair()
    with left, right:
        log.Output(left.fileno())
        assert not os.get_blocking(left.fileno())


def test_odd_characters_are_written(pipe: tuple[int, int]) -> None:
    output = log.Output(pipe[1])
    output.write("ä \udcff")
    assert drain(pipe[0]) == "ä \\udcff\n".encode()


# ---- records


@pytest.fixture
def lines(tmp_path: Path) -> Iterator[Path]:
    """A file that takes the host's lines."""
    root = log.ROOT
    before = (list(root.handlers), root.level, root.propagate, log.output(), log.as_json())
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    log.setup(descriptor=descriptor)
    yield path
    os.close(descriptor)
    root.handlers[:], root.propagate = before[0], before[2]
    root.setLevel(before[1])
    log.redirect(before[3])
    log._as_json = before[4]


def test_lines_are_corednss(lines: Path) -> None:
    log.ROOT.info("Reloading")
    log.plugin_logger("forward").warning("no %s", "upstream")
    log.ROOT.critical("the end")
    log.ROOT.debug("not shown")
    log.set_debug(True)
    log.ROOT.debug("shown")
    log.set_debug(False)
    log.flush()
    assert lines.read_text().splitlines() == [
        "[INFO] Reloading",
        "[WARNING] plugin/forward: no upstream",
        "[FATAL] the end",
        "[DEBUG] shown",
    ]


def test_a_traceback_stands_below_its_line(lines: Path) -> None:
    log.ROOT.error("it broke", exc_info=LookupError("x"))
    first, *_, last = lines.read_text().splitlines()
    assert first == "[ERROR] it broke"
    assert last == "LookupError: x"


def test_json_lines(lines: Path) -> None:
    descriptor = log.output()
    assert descriptor is not None
    log.setup(as_json=True, descriptor=descriptor._fd)
    assert log.as_json()
    log.plugin_logger("log").info("a %s", "line", extra={"fields": {"rcode": "NOERROR"}})
    log.ROOT.error("it broke", exc_info=LookupError("x"))
    first, second = [json.loads(line) for line in lines.read_text().splitlines()]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", first.pop("time"))
    assert first == {"level": "INFO", "msg": "a line", "plugin": "log", "rcode": "NOERROR"}
    assert "plugin" not in second
    assert second["trace"] == "LookupError: x\n"


def test_a_timestamp() -> None:
    assert log.timestamp(0.5) == "1970-01-01T00:00:00.500000Z"


def test_setup_replaces_its_own_handler(lines: Path) -> None:
    output = log.output()
    assert output is not None
    log.setup(descriptor=output._fd)
    assert sum(isinstance(handler, log.Handler) for handler in log.ROOT.handlers) == 1
    assert not log.ROOT.propagate
    assert logging.getLogger("corepy.plugin.x").getEffectiveLevel() == logging.INFO
