"""Lifespans and sockets of one reading of the Corefile, in one event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from corepy.chain import fold
from corepy.errors import CorepyError
from corepy.instance import Instance, Site
from corepy.plugin import Plugin
from corepy.server import Route, Server
from corepy.testing import free_port
from corepy.transport.sockets import Endpoint, ListenError, Sockets
from tests.support.queries import query
from tests.support.serving import Answers


class Lives(Plugin):
    """Writes down when it begins and ends, and in which task."""

    def __init__(self, log: list[str], name: str, way: str = "works") -> None:
        self.log = log
        self.name = name
        self.way = way
        self.tasks: list[object] = []

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        self.tasks.append(asyncio.current_task())
        if self.way == "fails":
            raise CorepyError(f"{self.name} fails")
        if self.way == "cancelled":
            raise asyncio.CancelledError
        if self.way == "hangs":
            await asyncio.sleep(3600)
        self.log.append(f"{self.name} begins")
        yield
        self.tasks.append(asyncio.current_task())
        if self.way == "ends badly":
            raise LookupError(self.name)
        self.log.append(f"{self.name} ends")


def instance(port: int, *plugins: Plugin, host: str = "127.0.0.1") -> Instance:
    server = Server(f"dns://{host}:{port}")
    server.add(Route(".", fold([("answers", Answers())])))
    return Instance([Site(server, host, port)], plugins)


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_lifespans_enclose_the_serving_each_in_one_task() -> None:
    log: list[str] = []
    first, second = Lives(log, "a"), Lives(log, "b")
    it, sockets = instance(free_port(), first, second), Sockets()
    await it.start(sockets)
    assert log == ["a begins", "b begins"]
    assert await it.stop()
    sockets.keep(())
    assert log[2:] == ["a ends", "b ends"]
    assert first.tasks[0] is first.tasks[1]
    assert first.tasks[0] is not second.tasks[0]


@pytest.mark.parametrize("way", ["fails", "cancelled"])
async def test_a_failed_start_leaves_nothing(way: str) -> None:
    log: list[str] = []
    before, tasks = descriptors(), len(asyncio.all_tasks())
    sockets = Sockets()
    plugins = [Lives(log, "a"), Lives(log, "b", way), Lives(log, "c", "hangs")]
    async with asyncio.timeout(5):  # the one that hangs is not waited for
        with pytest.raises(CorepyError, match=r"fails|cancelled"):
            await instance(free_port(), *plugins).start(sockets)
    assert log == ["a begins", "a ends"]
    assert sockets.endpoints() == set()
    await asyncio.sleep(0)
    assert (descriptors(), len(asyncio.all_tasks())) == (before, tasks)


async def test_an_address_that_cannot_be_had_fails_the_start() -> None:
    log: list[str] = []
    before, sockets = descriptors(), Sockets()
    with pytest.raises(ListenError):
        await instance(53, Lives(log, "a"), host="192.0.2.1").start(sockets)
    assert log == ["a begins", "a ends"]
    await asyncio.sleep(0)
    assert descriptors() == before


async def test_a_start_can_be_cancelled() -> None:
    log: list[str] = []
    sockets = Sockets()
    starting = asyncio.ensure_future(
        instance(free_port(), Lives(log, "a"), Lives(log, "b", "hangs")).start(sockets)
    )
    while not log:
        await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert log == ["a begins", "a ends"]


async def test_a_lifespan_that_ends_badly_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    log: list[str] = []
    it, sockets = instance(free_port(), Lives(log, "a", "ends badly"), Lives(log, "b")), Sockets()
    await it.start(sockets)
    assert await it.stop()
    sockets.keep(())
    assert "Lives ended badly: LookupError('a')" in caplog.text
    assert log[-1] == "b ends"


async def test_drain_waits_for_all_plugins() -> None:
    class Drains(Plugin):
        done = False

        async def drain(self) -> None:
            await asyncio.sleep(0.01)
            self.done = True

    plugins = [Drains(), Drains(), Plugin()]
    await instance(free_port(), *plugins).drain()
    assert all(plugin.done for plugin in plugins if isinstance(plugin, Drains))


async def test_the_next_instance_takes_the_sockets_over() -> None:
    port, sockets = free_port(), Sockets()
    one, two = instance(port), instance(port)
    await one.start(sockets)
    endpoints = sockets.endpoints()
    taken = [sockets.take(endpoint) for endpoint in sorted(endpoints)]
    await two.start(sockets, one)
    assert [sockets.take(endpoint) for endpoint in sorted(endpoints)] == taken
    assert await one.stop()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.close()
    assert await two.stop()
    sockets.keep(())


async def test_a_query_that_takes_too_long_is_told_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from corepy import instance as module

    monkeypatch.setattr(module, "GRACE", 0.05)
    it, sockets = instance(free_port()), Sockets()
    await it.start(sockets)
    listener = it.sites[0].server.listeners[0]
    listener.under_way = 1
    assert not await it.stop()
    sockets.keep(())


# ---- what several processes need


async def test_plugins_that_live_elsewhere_are_left_alone() -> None:
    class Here(Lives):
        home = "supervisor"

    log: list[str] = []
    it, sockets = instance(free_port(), Lives(log, "a"), Here(log, "b")), Sockets()
    it.only("supervisor")
    await it.start(sockets)
    assert await it.stop()
    sockets.keep(())
    assert log == ["b begins", "b ends"]


class More(Sockets):
    """A set of sockets that grows: all of `others` count as its own."""

    others: tuple[Sockets, ...] = ()

    def take(self, endpoint: Endpoint) -> list[socket.socket]:
        more = [sock for sockets in self.others for sock in sockets.take(endpoint)]
        return [*super().take(endpoint), *more]


async def answers(port: int, *, count: int) -> int:
    """How many of so many clients get an answer by UDP."""
    loop, found = asyncio.get_running_loop(), 0
    for _ in range(count):
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(("127.0.0.1", port))
            await loop.sock_sendall(sock, query())
            try:
                async with asyncio.timeout(0.2):
                    found += bool(await loop.sock_recv(sock, 512))
            except TimeoutError:
                continue
    return found


async def test_the_sockets_of_another_process_are_served_for_a_while() -> None:
    port = free_port()
    sockets, other = More(), Sockets()
    it = instance(port)
    await it.start(sockets)
    for endpoint in it.sites[0].endpoints:
        other.take(endpoint)
    # The other set takes half of the clients, and nobody reads from it.
    assert 0 < await answers(port, count=24) < 24
    sockets.others = (other,)
    await it.extend(sockets)
    await it.extend(sockets)
    assert await answers(port, count=24) == 24
    sockets.others = ()
    it.leave([sock for endpoint in it.sites[0].endpoints for sock in other.take(endpoint)])
    assert 0 < await answers(port, count=24) < 24
    assert await it.stop()
    sockets.keep(())
    other.keep(())
