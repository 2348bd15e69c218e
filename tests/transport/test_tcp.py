"""DNS over TCP with clients of every kind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from corepy import wire
from corepy.plugin import Next
from corepy.request import Request
from corepy.response import Response
from corepy.server import Listener
from corepy.transport.tcp import Connections, Timeouts, connection_factory
from tests.support.queries import query
from tests.support.serving import Answers, Does, listener_of

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def framed(octets: bytes) -> bytes:
    return len(octets).to_bytes(2, "big") + octets


async def reply_from(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))


class Served:
    """A listening socket, its connections, and clients for it."""

    def __init__(self, port: int, connections: Connections) -> None:
        self.port = port
        self.connections = connections
        self._writers: list[asyncio.StreamWriter] = []

    async def connect(self, *, small: bool = False) -> Streams:
        """Connect; a `small` client takes little ahead of what it reads."""
        sock = socket.socket()
        if small:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        reader, writer = await asyncio.open_connection(sock=sock, limit=1 << 12)
        self._writers.append(writer)
        return reader, writer

    async def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        while self.connections:
            await asyncio.sleep(0.001)


@asynccontextmanager
async def served(
    *handlers: Any, timeouts: Timeouts | None = None, listener: Listener | None = None
) -> AsyncIterator[Served]:
    listener = listener or listener_of(*(handlers or (Answers(),)), proto="tcp")
    connections = Connections()
    factory = connection_factory(listener, timeouts or Timeouts(), connections)
    server = await asyncio.get_running_loop().create_server(factory, "127.0.0.1", 0)
    it = Served(server.sockets[0].getsockname()[1], connections)
    try:
        yield it
    finally:
        await it.hang_up()
        server.close()


async def slowly(request: Request, following: Next) -> Response:
    if request.qname.startswith(b"\4slow"):
        await asyncio.sleep(0.02)
    return await following(request)


# ---- framing


async def test_one_query() -> None:
    async with served() as it:
        reader, writer = await it.connect()
        writer.write(framed(query()))
        assert (await reply_from(reader)).endswith(b"\3yes")


@pytest.mark.parametrize("size", [1, 2, 3])
async def test_a_query_in_pieces(size: int) -> None:
    octets = framed(query(ident=1)) + framed(query("other.test", ident=2))
    async with served() as it:
        reader, writer = await it.connect()
        for at in range(0, len(octets), size):
            writer.write(octets[at : at + size])
            await writer.drain()
            await asyncio.sleep(0)
        assert (await reply_from(reader))[:2] == b"\0\1"
        assert (await reply_from(reader))[:2] == b"\0\2"


async def test_the_length_in_two_pieces() -> None:
    async with served() as it:
        reader, writer = await it.connect()
        octets = framed(query(ident=1)) + framed(query(ident=2))
        cut = len(octets) // 2 + 1
        writer.write(octets[:cut])
        assert (await reply_from(reader))[:2] == b"\0\1"
        writer.write(octets[cut:])
        assert (await reply_from(reader))[:2] == b"\0\2"


async def test_an_empty_message_is_read_past() -> None:
    async with served() as it:
        reader, writer = await it.connect()
        writer.write(framed(b"") + framed(b"\1") + framed(query(flags=wire.QR)) + framed(query()))
        assert (await reply_from(reader)).endswith(b"\3yes")


@pytest.mark.parametrize("memo", [True, False])
async def test_pipelined_queries_are_answered_in_order(memo: bool) -> None:
    async with served(Does(slowly, repeatable=memo), Answers()) as it:
        reader, writer = await it.connect()
        names = [
            f"{'slow' if number % 10 == 3 else 'now'}.n{number % 7}.test" for number in range(100)
        ]
        writer.write(
            b"".join(framed(query(name, ident=number)) for number, name in enumerate(names))
        )
        found = [int.from_bytes((await reply_from(reader))[:2], "big") for _ in names]
        assert found == list(range(100))


async def test_large_messages() -> None:
    octets = query(edns=1232, options=b"\xfd\xe9\xff\x00" + bytes(0xFF00))
    async with served() as it:
        reader, writer = await it.connect()
        writer.write(framed(octets) * 3)
        for _ in range(3):
            assert (await reply_from(reader))[3] & 15 == wire.NOERROR


# ---- the end of a connection


async def test_a_client_may_shut_its_side_down_and_gets_all_replies() -> None:
    async with served(Does(slowly), Answers()) as it:
        reader, writer = await it.connect()
        names = ["a.test", "slow.test", "b.test", "slow.b.test", "c.test"]
        writer.write(b"".join(framed(query(name, ident=n)) for n, name in enumerate(names)))
        writer.write_eof()
        found = [(await reply_from(reader))[1] for _ in names]
        assert found == [0, 1, 2, 3, 4]
        assert await reader.read() == b""


async def test_a_client_that_shuts_down_without_a_query() -> None:
    async with served() as it:
        reader, writer = await it.connect()
        writer.write(b"\0\x20half")
        writer.write_eof()
        assert await reader.read() == b""


async def test_a_client_that_is_gone_before_its_answer() -> None:
    async with served(Does(slowly), Answers()) as it:
        _, writer = await it.connect()
        writer.write(framed(query("slow.test")))
        await asyncio.sleep(0.005)
        writer.transport.abort()
        await asyncio.sleep(0.05)
        reader, writer = await it.connect()
        writer.write(framed(query()))
        assert await reply_from(reader)


async def closed_after(it: Served, *sends: tuple[float, bytes]) -> tuple[float, bytes]:
    """Seconds until the connection is closed, and what came; sends are waits and octets."""
    loop = asyncio.get_running_loop()
    reader, writer = await it.connect()
    began = loop.time()
    for wait, octets in sends:
        await asyncio.sleep(wait)
        writer.write(octets)
    async with asyncio.timeout(5):
        found = await reader.read()
    return loop.time() - began, found


async def test_a_client_that_asks_nothing_is_closed_after_the_read_timeout() -> None:
    async with served(timeouts=Timeouts(read=0.1, idle=3)) as it:
        seconds, _ = await closed_after(it)
        assert 0.09 <= seconds < 2


async def test_half_a_query_gives_no_more_time() -> None:
    async with served(timeouts=Timeouts(read=0.2, idle=3)) as it:
        drip = [(0.05, octet.to_bytes(1, "big")) for octet in framed(query())[:10]]
        seconds, found = await closed_after(it, *drip[:3])
        assert 0.19 <= seconds < 2
        assert found == b""


async def test_between_queries_the_idle_timeout_counts() -> None:
    async with served(timeouts=Timeouts(read=3, idle=0.1)) as it:
        seconds, found = await closed_after(it, (0, framed(query())), (0.05, framed(query())))
        assert 0.14 <= seconds < 2
        assert found.count(b"\3yes") == 2


async def test_a_further_query_that_drips_in_gets_the_idle_time_as_a_whole() -> None:
    async with served(timeouts=Timeouts(read=0.1, idle=0.3)) as it:
        drip = [(0.06, octet.to_bytes(1, "big")) for octet in framed(query())[:4]]
        seconds, found = await closed_after(it, (0, framed(query())), *drip)
        assert 0.29 <= seconds < 2
        assert found.count(b"\3yes") == 1


async def test_a_slow_answer_is_waited_for() -> None:
    async def slow(request: Request, following: Next) -> Response:
        await asyncio.sleep(0.2)
        return await following(request)

    async with served(Does(slow), Answers(), timeouts=Timeouts(read=0.05, idle=0.05)) as it:
        seconds, found = await closed_after(it, (0, framed(query())))
        assert found.endswith(b"\3yes")
        assert seconds >= 0.24


async def test_a_connection_has_so_many_queries() -> None:
    async with served(timeouts=Timeouts(queries=3)) as it:
        seconds, found = await closed_after(it, (0, framed(query()) * 5))
        assert found.count(b"\3yes") == 3
        assert seconds < 2


# ---- clients that do not read


class Large(Answers):
    """Answers of about 30,000 octets, each made anew."""

    repeatable = False

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        response = await super().serve(request, next)
        return response.replace(answer=[*response.answer] * 1500)


async def test_replies_that_nobody_reads_take_bounded_memory_and_end_the_connection() -> None:
    large = Large()
    async with served(large, timeouts=Timeouts(write=0.2)) as it:
        reader, writer = await it.connect(small=True)
        for _ in range(20):
            writer.write(framed(query()) * 5000)
            await asyncio.sleep(0.005)
        (connection,) = it.connections
        assert connection._transport is not None
        ours = len(connection._buffer) + connection._transport.get_write_buffer_size()
        # 100,000 queries would make 3 GB of replies.
        assert ours < 2 << 20
        assert large.served < 1000
        while it.connections:
            await asyncio.sleep(0.01)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1 << 30)


async def test_a_client_that_reads_late_gets_everything() -> None:
    large = Large()
    async with served(large) as it:
        reader, writer = await it.connect(small=True)
        count = 400
        writer.write(b"".join(framed(query(ident=number)) for number in range(count)))
        await asyncio.sleep(0.1)
        assert large.served < count
        for number in range(count):
            assert int.from_bytes((await reply_from(reader))[:2], "big") == number


async def test_reading_is_taken_up_again_after_a_pause() -> None:
    large = Large()
    async with served(large) as it:
        reader, writer = await it.connect(small=True)
        filler = framed(query(edns=512, options=b"\xfd\xe9\xf0\x00" + bytes(0xF000)))
        count = 300  # 18 MB of queries, 9 MB of replies: both directions are full
        sending = asyncio.ensure_future(_send(writer, filler * count))
        await asyncio.sleep(0.1)
        for _ in range(count):
            await reply_from(reader)
        await sending
        writer.write(framed(query(ident=99)))
        assert (await reply_from(reader))[:2] == b"\0\x63"


async def _send(writer: asyncio.StreamWriter, octets: bytes) -> None:
    writer.write(octets)
    await writer.drain()


class Unread(asyncio.Transport):
    """A transport whose client takes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self.calls.append("limits")

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append("write")

    def get_write_buffer_size(self) -> int:
        return 100

    def close(self) -> None:
        self.calls.append("close")

    def abort(self) -> None:
        self.calls.append("abort")


async def test_a_closed_connection_does_not_wait_for_its_reader_for_ever() -> None:
    timeouts = Timeouts(write=0.02, queries=1)
    connection = connection_factory(listener_of(Answers()), timeouts, Connections())()
    transport = Unread()
    connection.connection_made(transport)
    connection.data_received(framed(query()))
    assert transport.calls == ["limits", "write", "close"]
    await asyncio.sleep(0.05)
    assert transport.calls == ["limits", "write", "close", "abort"]
    connection.connection_lost(None)


# ---- many of them


async def test_hundreds_of_idle_connections_do_not_hurt() -> None:
    async with served() as it:
        for number in range(500):
            _, writer = await it.connect()
            if number % 10 == 0:
                writer.write(b"\0")
        reader, writer = await it.connect()
        for number in range(1000):
            writer.write(framed(query(ident=number)))
            assert int.from_bytes((await reply_from(reader))[:2], "big") == number
        assert len(it.connections) == 501


# ---- from one instance to the next


async def test_a_connection_goes_on_with_the_next_instances_answers() -> None:
    async with served(Answers(b"old")) as it:
        reader, writer = await it.connect()
        writer.write(framed(query()))
        assert (await reply_from(reader)).endswith(b"\3old")
        heir = (listener_of(Answers(b"new"), proto="tcp"), Timeouts(), Connections())
        it.connections.heir = heir
        for connection in list(it.connections):
            connection.adopt(*heir)
        assert (len(it.connections), len(heir[2])) == (0, 1)
        writer.write(framed(query()))
        assert (await reply_from(reader)).endswith(b"\3new")
        # One that was accepted before and is made after the hand-over.
        reader, writer = await it.connect()
        writer.write(framed(query()))
        assert (await reply_from(reader)).endswith(b"\3new")
        assert len(heir[2]) == 2
        for connection in list(heir[2]):
            connection.close()
        await asyncio.sleep(0.01)


async def test_a_retired_connection_answers_what_is_under_way_and_closes() -> None:
    async with served(Does(slowly), Answers()) as it:
        idle, _ = await it.connect()
        reader, writer = await it.connect()
        writer.write(framed(query("slow.test")))
        await asyncio.sleep(0.005)
        it.connections.retired = True
        for connection in list(it.connections):
            connection.retire()
        assert (await reply_from(reader)).endswith(b"\3yes")
        assert await reader.read() == b""
        assert await idle.read() == b""
        late, _ = await it.connect()
        assert await late.read() == b""
