"""Upstream queries over TCP (RFC 7766): connections used again, shared when they are many.

Other stream transports differ in how a connection is made: they hand `TcpPool` their own `dial`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, Final, cast

from corepy.errors import UpstreamError
from corepy.lib.upstream import faults
from corepy.lib.upstream.address import Address
from corepy.lib.upstream.flight import Answer, Flight
from corepy.lib.upstream.pool import Limits, Pool
from corepy.lib.upstream.udp import bind
from corepy.tasks import spawn

CONNECT: Final = 2.0
"""Seconds for a connection to be made."""

Dial = Callable[[Callable[[], asyncio.Protocol]], Awaitable[Any]]
"""Makes a connection with a protocol from the factory it is given; raises OSError."""


class TcpChannel(asyncio.Protocol):
    """One connection. Queries wait in `backlog` until it is made."""

    def __init__(self, pool: TcpPool, now: float) -> None:
        self.pool = pool
        self.pending: dict[bytes, Flight] = {}
        self.backlog: list[Flight] = []
        self.created = self.used = now
        self.uses = 0
        self.idle = self.retired = False
        self.local = "?"
        self.making: asyncio.Task[None] | None = None
        self._buffer = b""
        self._answered = False
        self._transport: asyncio.Transport | None = None

    def send(self, flight: Flight) -> None:
        """Give the flight an id and send it, as soon as the connection is there."""
        if self._transport is None:
            self.backlog.append(flight)
            self.pool.dialing[flight.body] = flight
            return
        flight.id = drawn = self.pool.ids.fresh(self.pending)
        self.pending[drawn] = flight
        flight.deadline = monotonic() + self.pool.limits.read_timeout
        body = flight.body
        self._transport.write((len(body) + 2).to_bytes(2, "big") + drawn + body)
        self.pool.track(flight)

    def close(self) -> None:
        """Close the connection."""
        if self.making is not None:
            self.making.cancel()
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def refused(self, error: UpstreamError) -> None:
        """The connection was not made."""
        self.making = None
        lost, self.backlog = self.backlog, []
        for flight in lost:
            self.pool.dialing.pop(flight.body, None)
        self.pool.discard(self)
        for flight in lost:
            flight.crash(error)

    # ---- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send what waits."""
        self.making = None
        self._transport = cast("asyncio.Transport", transport)
        host, port = (transport.get_extra_info("sockname") or ("?", 0))[:2]
        self.local = f"{faults.bracketed(host)}:{port}"
        waiting, self.backlog = self.backlog, []
        for flight in waiting:
            self.pool.dialing.pop(flight.body, None)
            self.send(flight)

    def data_received(self, data: bytes) -> None:
        """Give every whole reply to whoever waits for it."""
        buffer, at = self._buffer + data if self._buffer else data, 0
        while len(buffer) - at >= 2:
            end = at + 2 + (buffer[at] << 8 | buffer[at + 1])
            if end > len(buffer):
                break
            self._reply(buffer[at + 2 : end])
            at = end
        self._buffer = buffer[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        """Ask again what an old connection lost; the rest fails."""
        self._transport = None
        pool, again = self.pool, []
        if self._answered and not pool.closed:
            # The upstream has closed a connection that rested: nothing is wrong with it.
            again = [flight for flight in self.pending.values() if not flight.retried]
        for flight in again:
            del self.pending[flight.id]
            pool.flights.pop(flight.body, None)
        if isinstance(exc, OSError):
            error = faults.read("tcp", self.local, pool.address.label, exc)
        else:
            error = UpstreamError("EOF")
        pool.failed(self, error)
        for flight in again:
            pool.ask_again(flight)

    def _reply(self, reply: bytes) -> None:
        flight = self.pending.get(reply[:2])
        if flight is None or len(reply) < 12:
            return
        response = flight.read(reply)
        del self.pending[flight.id]
        self._answered = True
        pool = self.pool
        if not self.pending and not self.idle:
            pool.release(self)
        if response is not None:
            pool.landed(flight, response)
        else:
            pool.flights.pop(flight.body, None)
            bad = flight.spoiled
            flight.crash(bad if isinstance(bad, faults.Mismatch) else UpstreamError("bad reply"))


class TcpPool(Pool[TcpChannel]):
    """The connections to one upstream."""

    kind = "tcp"
    channels_limit = 32
    uses_limit = 1 << 31

    def __init__(self, address: Address, limits: Limits, dial: Dial | None = None) -> None:
        super().__init__(address, limits)
        self.dialing: dict[bytes, Flight] = {}
        self._dial = dial or self._plain

    def ask(self, body: bytes, end: int, now: float) -> Answer:
        """As in all pools; who waits for a connection is joined too."""
        flight = self.dialing.get(body)
        if flight is not None:
            self.hits += 1
            return flight.join()
        return super().ask(body, end, now)

    def ask_again(self, flight: Flight) -> None:
        """Send a flight once more, over a new connection."""
        flight.retried = True
        self.misses += 1
        flight.channel = None
        try:
            flight.channel = self._opened(monotonic())
            flight.channel.send(flight)
        except (OSError, UpstreamError) as error:
            self.unsent(flight, error)

    def close(self) -> None:
        """Close everything, what is being connected too."""
        super().close()
        for flight in list(self.dialing.values()):
            flight.channel.refused(UpstreamError("proxy: transport stopped"))

    def _connect(self, now: float) -> TcpChannel:
        channel = TcpChannel(self, now)
        channel.making = spawn(self._make(channel))
        return channel

    async def _make(self, channel: TcpChannel) -> None:
        try:
            async with asyncio.timeout(CONNECT):
                await self._dial(lambda: channel)
        except (OSError, UpstreamError) as error:
            channel.refused(faults.dial(self.kind, self.address.label, error, self.limits.source))

    async def _plain(self, factory: Callable[[], asyncio.Protocol]) -> None:
        loop = asyncio.get_running_loop()
        sock = await connect(self.address, self.limits.source)
        try:
            await loop.create_connection(factory, sock=sock)
        except BaseException:
            sock.close()
            raise


async def connect(address: Address, source: str = "") -> socket.socket:
    """A connected non-blocking TCP socket; raises OSError or `UpstreamError`."""
    target = address.sockaddr()
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        bind(sock, source)
        await asyncio.get_running_loop().sock_connect(sock, target)
    except BaseException:
        sock.close()
        raise
    return sock
