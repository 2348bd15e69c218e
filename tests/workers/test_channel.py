"""Both ends of a channel in one event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from corepy.errors import CorepyError
from corepy.workers.channel import Channel, Lost, Refused


class End:
    """One end that does what it is told, and writes it down."""

    def __init__(self, sock: socket.socket) -> None:
        self.said: list[Any] = []
        self.files: list[socket.socket] = []
        self.lost = asyncio.Event()
        self.gate = asyncio.Event()
        self.channel = Channel(sock, self._answer, self.lost.set)

    async def _answer(self, what: str, fields: dict[str, Any], files: list[socket.socket]) -> Any:
        self.said.append((what, fields))
        self.files += files
        if what == "fail":
            raise CorepyError("cannot")
        if what == "wait":
            await self.gate.wait()
        return [what, len(files), fields]


@asynccontextmanager
async def pair() -> AsyncIterator[tuple[End, End]]:
    ends = [End(sock) for sock in socket.socketpair()]
    try:
        yield ends[0], ends[1]
    finally:
        for end in ends:
            end.channel.close()
            for sock in end.files:
                sock.close()


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_questions_and_answers_both_ways() -> None:
    async with pair() as (one, other):
        assert await one.channel.ask("a", x=1) == ["a", 0, {"x": 1}]
        assert await other.channel.ask("b", y="\udcff") == ["b", 0, {"y": "\udcff"}]
        one.channel.tell("c", z=None)
        await one.channel.ask("d")
        assert other.said == [("a", {"x": 1}), ("c", {"z": None}), ("d", {})]


async def test_a_refusal_is_raised() -> None:
    async with pair() as (one, _):
        with pytest.raises(Refused, match=r"^cannot$"):
            await one.channel.ask("fail")


async def test_one_that_waits_holds_nobody_up() -> None:
    async with pair() as (one, other):
        waiting = asyncio.ensure_future(one.channel.ask("wait"))
        assert await one.channel.ask("a") == ["a", 0, {}]
        assert not waiting.done()
        other.gate.set()
        assert await waiting == ["wait", 0, {}]


async def test_large_messages_wait_for_their_reader() -> None:
    async with pair() as (one, other):
        text = "x" * 3_000_000
        asked = [asyncio.ensure_future(one.channel.ask("a", text=text)) for _ in range(3)]
        await asyncio.sleep(0)
        assert one.channel.crowded
        for answer in await asyncio.gather(*asked):
            assert answer[2]["text"] == text
        assert not one.channel.crowded
        assert len(other.said) == 3


async def test_sockets_go_along() -> None:
    async with pair() as (one, other):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            assert await one.channel.ask("a", [sock]) == ["a", 1, {}]
            (copy,) = other.files
            assert copy.getsockname() == sock.getsockname()
            assert copy.type == sock.type
            assert not copy.get_inheritable()


async def test_many_sockets_go_along_in_order() -> None:
    async with pair() as (one, other):
        socks = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(600)]
        for sock in socks:
            sock.bind(("127.0.0.1", 0))
        rows = [["x" * 10, number] for number in range(600)]
        asked = (one.channel.ask("a", socks[:2]), one.channel.ask("b", socks[2:], rows=rows))
        assert (await asyncio.gather(*asked))[1] == ["b", 598, {"rows": rows}]
        names = [sock.getsockname() for sock in other.files]
        assert names == [sock.getsockname() for sock in socks]
        for sock in socks:
            sock.close()


@pytest.mark.parametrize("way", ["closed", "hung up"])
async def test_the_end_is_noticed(way: str) -> None:
    async with pair() as (one, other):
        waiting = asyncio.ensure_future(one.channel.ask("wait"))
        await asyncio.sleep(0.01)
        (one if way == "closed" else other).channel.close()
        with pytest.raises(Lost):
            await waiting
        assert one.lost.is_set()
        assert not one.channel.open
        with pytest.raises(Lost):
            await one.channel.ask("a")
        one.channel.tell("a")
        one.channel.close()
        other.gate.set()


async def test_descriptors_are_not_left_behind() -> None:
    before = descriptors()
    async with pair() as (one, other):
        with socket.socket() as sock:
            for _ in range(20):
                await one.channel.ask("a", [sock])
        for sock in other.files:
            sock.close()
    assert descriptors() == before


async def test_what_is_asked_and_given_up_is_told() -> None:
    async with pair() as (one, other):
        waiting = asyncio.ensure_future(one.channel.ask("wait"))
        async with asyncio.timeout(5):
            while not other.said:
                await asyncio.sleep(0.01)
        for task in asyncio.all_tasks():
            if task.get_name() == "channel wait":
                task.cancel()
        with pytest.raises(Refused, match=r"^given up$"):
            await waiting
