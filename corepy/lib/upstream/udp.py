"""Upstream queries over UDP: a few connected sockets with random ports, no task per query.

A connected socket takes datagrams from the upstream's address alone and tells when its port is
closed. Sockets are replaced after a number of uses, so that ports stay hard to guess (RFC 5452).
"""

from __future__ import annotations

import asyncio
import socket
from time import monotonic
from typing import Final

from corepy.errors import UpstreamError
from corepy.lib.upstream import faults
from corepy.lib.upstream.address import Address
from corepy.lib.upstream.flight import Flight
from corepy.lib.upstream.pool import Limits, Pool
from corepy.outbox import outbox

BATCH: Final = 64
"""Replies read from one socket before the event loop may look at others."""

_ROOM: Final = 4096
"""Octets read of a reply, unless a query allows more: large buffers cost the system time."""

_OPT: Final = b"\0\0\x29"
_BUFFER: Final = 1 << 20


class UdpChannel:
    """One connected socket and the queries that were sent through it, by their ids."""

    __slots__ = (
        "_loop", "_receive", "_send", "_sock", "created", "idle", "local", "pending", "pool",
        "retired", "used", "uses",
    )  # fmt: skip

    def __init__(self, pool: UdpPool, sock: socket.socket, now: float) -> None:
        self.pool = pool
        self.pending: dict[bytes, Flight] = {}
        self.created = self.used = now
        self.uses = 0
        self.idle = self.retired = False
        self.local = _shown(sock)
        self._sock: socket.socket | None = sock
        self._send, self._receive = sock.send, sock.recv
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock.fileno(), self._read)

    def send(self, flight: Flight) -> None:
        """Give the flight an id and send it; if that fails, the flight does."""
        pool, pending, body = self.pool, self.pending, flight.body
        flight.id = drawn = pool.ids.fresh(pending)
        pending[drawn] = flight
        pool.flights[body] = flight
        if len(body) + 2 > flight.end:
            pool.make_room(body, flight.end)
        if flight.deadline < pool.due:
            pool.arm(monotonic())
        outbox.post((self._send, (drawn + body,), flight.unsent))

    def unsent(self, flight: Flight, error: OSError) -> None:
        """A query could not be sent."""
        try:
            if isinstance(error, ConnectionRefusedError):
                # The echo of an earlier query, reported late: this one has not been tried yet.
                self._send(flight.id + flight.body)
                return
        except OSError as another:
            error = another
        self.pool.unsent(flight, error)

    def close(self) -> None:
        """Close the socket."""
        if self._sock is not None:
            self._loop.remove_reader(self._sock.fileno())
            self._sock.close()
            self._sock = None

    def _read(self) -> None:
        replies, broken = self._received()
        outbox.collect()
        try:
            for reply in replies:
                self._take(reply)
        finally:
            outbox.flush()
        if broken is not None and self._sock is not None:
            pool = self.pool
            pool.failed(self, faults.read("udp", self.local, pool.address.label, broken))

    def _received(self) -> tuple[list[bytes], OSError | None]:
        """Replies that have come, mostly all: no more are read than there are queries."""
        receive, room = self._receive, self.pool.room
        replies: list[bytes] = []
        try:
            for _ in range(min(BATCH, len(self.pending) or 1)):
                replies.append(receive(room))  # noqa: PERF401 - what came first is kept
        except BlockingIOError:
            pass
        except OSError as error:
            return replies, error
        return replies, None

    def _take(self, reply: bytes) -> None:
        flight = self.pending.get(reply[:2])
        if flight is None or len(reply) < 12:
            return
        response = flight.read(reply)
        if response is None:
            return
        pool = self.pool
        del self.pending[flight.id]
        if not self.pending:
            # Before the answer is given: it may cause the next query.
            pool.release(self)
        pool.flights.pop(flight.body, None)
        flight.wake(response)
        if flight.more:
            flight.land(response)


class UdpPool(Pool[UdpChannel]):
    """The UDP sockets to one upstream."""

    kind = "udp"
    channels_limit = 4
    uses_limit = 2048

    def __init__(self, address: Address, limits: Limits) -> None:
        super().__init__(address, limits)
        self.room = _ROOM

    def make_room(self, body: bytes, end: int) -> None:
        """Read as much of a reply as a query with more than a question allows (RFC 6891)."""
        at = end - 2
        size = body[at + 3] << 8 | body[at + 4] if body[at : at + 3] == _OPT else 65535
        self.room = max(self.room, size)

    def _connect(self, now: float) -> UdpChannel:
        return UdpChannel(self, connected(self.address, self.limits.source), now)


def connected(address: Address, source: str = "") -> socket.socket:
    """A non-blocking UDP socket that sends to `address`; raises OSError or `UpstreamError`."""
    target = address.sockaddr()
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    sock = socket.socket(address.family, kind)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        bind(sock, source)
        sock.connect(target)
    except BaseException:
        sock.close()
        raise
    return sock


def bind(sock: socket.socket, source: str) -> None:
    """Have a socket send from an address, if there is one; raises OSError or `UpstreamError`."""
    if source:
        if (":" in source) != (sock.family == socket.AF_INET6):
            raise UpstreamError(f"address {faults.bracketed(source)}:0: no suitable address found")
        sock.bind((source, 0))


def _shown(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"{faults.bracketed(host)}:{port}"
