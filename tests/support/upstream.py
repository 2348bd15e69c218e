"""A DNS server for tests that does what its script says, packet by packet.

    async with FakeUpstream() as up:
        up.then(wrong_id, 0.05, answer)      # for the next query: a bad reply, a pause, a good one
        up.always(silence)                   # for all that follow

A step is a function from the query to octets, a number of seconds to wait, or for TCP `CLOSE` and
`Raw`. Without a script each query gets one A record.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, Self, cast

CLOSE = object()
"""Close the connection (TCP)."""


class Query(NamedTuple):
    """What arrived: the message, `udp` or `tcp`, and the client's address."""

    octets: bytes
    proto: str
    peer: tuple[str, int]

    @property
    def id(self) -> bytes:
        return self.octets[:2]

    @property
    def port(self) -> int:
        return self.peer[1]


class Raw(bytes):
    """Octets for the TCP stream as they are, without a length in front."""


Step = Callable[[bytes], bytes] | float | object


def question_end(query: bytes) -> int:
    at = 12
    while query[at]:
        at += query[at] + 1
    return at + 5


def reply(query: bytes, flags: int = 0x8180, records: bytes = b"", count: int = 0) -> bytes:
    """A reply with these flags and answer records."""
    head = query[:2] + flags.to_bytes(2, "big") + b"\0\1" + count.to_bytes(2, "big") + bytes(4)
    return head + query[12 : question_end(query)] + records


def a_record(address: str = "192.0.2.1", ttl: int = 60) -> bytes:
    data = bytes(int(part) for part in address.split("."))
    return b"\xc0\x0c\0\1\0\1" + ttl.to_bytes(4, "big") + b"\0\4" + data


def answer(query: bytes) -> bytes:
    return reply(query, records=a_record(), count=1)


def address(text: str) -> Callable[[bytes], bytes]:
    return lambda query: reply(query, records=a_record(text), count=1)


def rcode(number: int) -> Callable[[bytes], bytes]:
    return lambda query: reply(query, 0x8180 | number)


def nodata(query: bytes) -> bytes:
    return reply(query)


def truncated(query: bytes) -> bytes:
    return reply(query, 0x8380)


def wrong_id(query: bytes) -> bytes:
    return bytes((query[0] ^ 0x55, query[1])) + answer(query)[2:]


def wrong_question(query: bytes) -> bytes:
    good = answer(query)
    return good[:13] + bytes((good[13] ^ 1,)) + good[14:]


def wrong_type(query: bytes) -> bytes:
    end = question_end(query)
    good = answer(query)
    return good[: end - 3] + b"\x1c" + good[end - 2 :]


def other_case(query: bytes) -> bytes:
    end = question_end(query) - 4
    good = answer(query)
    return good[:12] + good[12:end].swapcase() + good[end:]


def not_a_reply(query: bytes) -> bytes:
    good = answer(query)
    return good[:2] + bytes((good[2] & 0x7F,)) + good[3:]


def other_opcode(query: bytes) -> bytes:
    good = answer(query)
    return good[:2] + bytes((good[2] | 0x28,)) + good[3:]


def header_only(query: bytes) -> bytes:
    return query[:2] + b"\x81\x81" + bytes(8)


def short(query: bytes) -> bytes:
    return query[:2] + b"\x81"


def garbage(query: bytes) -> bytes:
    return b"\0\1garbage"


def cut_short(query: bytes) -> bytes:
    return answer(query)[:-2]


def big(query: bytes) -> bytes:
    """60 addresses: over 512 octets."""
    records = b"".join(a_record(f"198.51.100.{i}") for i in range(1, 61))
    return reply(query, records=records, count=60)


silence: tuple[Step, ...] = ()


class FakeUpstream:
    """A server on one port of 127.0.0.1, UDP and TCP; `queries` are those that have come."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.queries: list[Query] = []
        self.connections = 0
        self._script: deque[tuple[Step, ...]] = deque()
        self._otherwise: tuple[Step, ...] = (answer,)
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None

    @property
    def at(self) -> str:
        """Address and port as a Corefile has it."""
        return f"{self.host}:{self.port}"

    def then(self, *steps: Step) -> None:
        """What the next query that is not scripted yet gets."""
        self._script.append(steps)

    def always(self, *steps: Step) -> None:
        """What queries beyond the script get."""
        self._otherwise = steps

    def count(self, proto: str | None = None) -> int:
        """How many queries have come, of one transport or of both."""
        return sum(proto in (None, query.proto) for query in self.queries)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listen, on the port of before if there was one."""
        loop = asyncio.get_running_loop()
        for _ in range(20):
            self._tcp = await asyncio.start_server(self._serve, self.host, self.port)
            port = self._tcp.sockets[0].getsockname()[1]
            try:
                self._udp, _ = await loop.create_datagram_endpoint(
                    lambda: _Udp(self), (self.host, port)
                )
            except OSError:
                self._tcp.close()
                continue
            self.port = port
            return
        raise OSError("no port is free for both UDP and TCP")

    async def close(self) -> None:
        """Stop listening and end all connections."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        await self.hang_up()
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await asyncio.sleep(0.01)  # the event loop closes the sockets a turn later

    async def hang_up(self) -> None:
        """End all connections, and go on listening."""
        for writer in list(self._writers):
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def received(
        self, query: Query, send: Callable[[bytes], None], close: Callable[[], None]
    ) -> None:
        self.queries.append(query)
        steps = self._script.popleft() if self._script else self._otherwise
        task = asyncio.get_running_loop().create_task(self._play(query, steps, send, close))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _play(
        self,
        query: Query,
        steps: tuple[Step, ...],
        send: Callable[[bytes], None],
        close: Callable[[], None],
    ) -> None:
        for step in steps:
            if step is CLOSE:
                close()
            elif isinstance(step, (int, float)):
                await asyncio.sleep(step)
            elif isinstance(step, bytes):
                send(step)
            else:
                assert callable(step)
                send(step(query.octets))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)

        def send(octets: bytes) -> None:
            head = b"" if isinstance(octets, Raw) else len(octets).to_bytes(2, "big")
            writer.write(head + octets)

        try:
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                octets = await reader.readexactly(size)
                peer = writer.get_extra_info("peername")
                self.received(Query(octets, "tcp", peer), send, writer.close)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: FakeUpstream) -> None:
        self.server = server
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        transport = self.transport
        assert transport is not None
        self.server.received(
            Query(data, "udp", addr), lambda octets: transport.sendto(octets, addr), lambda: None
        )
