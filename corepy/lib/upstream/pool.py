"""What the pools of all transports have in common: flights, their time, and idle sockets."""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Generic, Protocol, TypeVar

from corepy.errors import UpstreamError
from corepy.lib.upstream import faults
from corepy.lib.upstream.address import Address
from corepy.lib.upstream.flight import Answer, Flight
from corepy.lib.upstream.ids import Ids
from corepy.response import WireResponse

MAX_FLIGHTS: Final = 32768
"""Queries under way in one pool; more would make free ids rare."""

_EARLY: Final = 0.002


@dataclass(frozen=True, slots=True)
class Limits:
    """How sockets are used; times in seconds.

    `read_timeout`: for a reply. `expire`: an unused socket is closed after it. `max_age`: any
    socket is, 0 for no limit. `max_idle`: unused sockets that are kept, 0 for no limit. `source`:
    the address to send from, empty for whichever the system takes.
    """

    read_timeout: float = 2.0
    expire: float = 10.0
    max_age: float = 0.0
    max_idle: int = 0
    source: str = ""


class Channel(Protocol):
    """A socket of a pool."""

    created: float
    used: float
    uses: int
    idle: bool
    retired: bool
    pending: dict[bytes, Flight]

    @property
    def local(self) -> str:
        """The socket's own address and port."""
        ...

    def send(self, flight: Flight) -> None:
        """Give the flight an id and send it; raises OSError or `UpstreamError`."""
        ...

    def close(self) -> None:
        """Close the socket, whatever is pending."""
        ...


C = TypeVar("C", bound=Channel)


class Pool(ABC, Generic[C]):
    """The sockets to one upstream over one transport.

    Idle sockets are used again, the one that rested longest first. A query that is on its way
    already is not sent a second time (CVE-2023-30464): who asks it too gets the same answer. `hits`
    and `misses` count queries that found a socket and those that had one opened.
    """

    kind: str
    """`udp` or `tcp`, as in metrics and error texts."""

    channels_limit: int
    """Sockets open at a time; with more queries than that, sockets are shared."""

    uses_limit: int
    """Queries a socket is used for before another one, with another port, takes its place."""

    def __init__(self, address: Address, limits: Limits) -> None:
        self.address = address
        self.limits = limits
        self.flights: dict[bytes, Flight] = {}
        self.ids = Ids()
        self.hits = 0
        self.misses = 0
        self.closed = False
        self._idle: deque[C] = deque()
        self._open: list[C] = []
        self._leaving: set[C] = set()
        self._turn = 0
        self._timer: asyncio.TimerHandle | None = None
        self.due = math.inf
        self._aging = limits.max_age > 0
        self._expire = limits.expire
        self._read_timeout = limits.read_timeout

    def ask(self, body: bytes, end: int, now: float) -> Answer:
        """Send a query and wait; `now` is the time in monotonic seconds.

        `body` is the message without its id, `end` the offset behind the question counted with it.
        """
        flight = self.flights.get(body)
        if flight is not None:
            self.hits += 1
            return flight.join()
        flight = Flight(body, end, now + self._read_timeout)
        self.launch(flight, now)
        return flight

    def launch(self, flight: Flight, now: float) -> None:
        """Send a query that is not among `flights`."""
        idle = self._idle
        try:
            # What `_channel` begins with, without a call for the usual case.
            if idle and now - idle[0].used <= self._expire and not self._aging:
                channel = idle.popleft()
                channel.idle = False
                self.hits += 1
            else:
                channel = self._channel(now)
            flight.channel = channel
            channel.uses += 1
            channel.send(flight)
        except (OSError, UpstreamError) as error:
            self.unsent(flight, error)

    @property
    def open(self) -> int:
        """Sockets that are open now."""
        return len(self._open) + len(self._leaving)

    def track(self, flight: Flight) -> None:
        """Begin the flight's time: it has been sent. Deadlines must not go back in time."""
        self.flights[flight.body] = flight
        if flight.deadline < self.due:
            self.arm(monotonic())

    def landed(self, flight: Flight, response: WireResponse) -> None:
        """A reply has come."""
        self.flights.pop(flight.body, None)
        flight.land(response)

    def unsent(self, flight: Flight, error: OSError | UpstreamError) -> None:
        """A query could not be sent."""
        channel: Any = flight.channel
        if channel is None:
            flight.crash(faults.dial(self.kind, self.address.label, error, self.limits.source))
            return
        if channel.pending.get(flight.id) is flight:
            del channel.pending[flight.id]
        if self.flights.get(flight.body) is flight:
            del self.flights[flight.body]
        if isinstance(error, OSError):
            text = f"write {self.kind} {channel.local}->{self.address.label}: "
            error = UpstreamError(f"{text}write: {faults.reason(error)}")
        self.retire(channel)
        flight.crash(error)

    def failed(self, channel: C, error: UpstreamError) -> None:
        """A socket is of no use any more; everything that waits for it fails."""
        lost = list(channel.pending.values())
        channel.pending.clear()
        for flight in lost:
            self.flights.pop(flight.body, None)
        self.discard(channel)
        for flight in lost:
            flight.give_up(error)

    def release(self, channel: C) -> None:
        """Nothing is pending on a socket: keep it for later, or close it."""
        if channel.retired or channel.uses >= self.uses_limit:
            self.discard(channel)
            return
        most = self.limits.max_idle
        if most and len(self._idle) >= most:
            self.discard(channel)
            return
        channel.used = monotonic()
        channel.idle = True
        self._idle.append(channel)

    def retire(self, channel: C) -> None:
        """Send nothing more through a socket; it is closed when nothing is pending on it."""
        if not channel.retired:
            channel.retired = True
            if channel in self._open:
                self._open.remove(channel)
            if channel.idle:
                channel.idle = False
                self._idle.remove(channel)
            self._leaving.add(channel)
        # Retired before, it may have waited for this last one.
        if not channel.pending:
            self.discard(channel)

    def discard(self, channel: C) -> None:
        """Close a socket and forget it."""
        channel.retired = True
        self._leaving.discard(channel)
        if channel in self._open:
            self._open.remove(channel)
        if channel.idle:
            channel.idle = False
            self._idle.remove(channel)
        channel.close()

    def close(self) -> None:
        """Close everything; what is under way fails."""
        self.closed = True
        self._disarm()
        for channel in [*self._open, *self._leaving]:
            self.failed(channel, UpstreamError("proxy: transport stopped"))

    @abstractmethod
    def _connect(self, now: float) -> C:
        """A new socket; raises OSError or `UpstreamError`."""

    def _channel(self, now: float) -> C:
        idle = self._idle
        while idle:
            channel = idle.popleft()
            channel.idle = False
            if self._stale(channel, now):
                self.discard(channel)
                continue
            self.hits += 1
            return channel
        if len(self._open) == self.channels_limit:
            if len(self.flights) >= MAX_FLIGHTS:
                raise UpstreamError(faults.NO_ROOM)
            self._turn = turn = (self._turn + 1) % self.channels_limit
            channel = self._open[turn]
            if channel.uses < self.uses_limit and not (self._aging and self._too_old(channel, now)):
                self.hits += 1
                return channel
            self.retire(channel)
        self.misses += 1
        return self._opened(now)

    def _opened(self, now: float) -> C:
        if self.closed:
            raise UpstreamError("proxy: transport stopped")
        channel = self._connect(now)
        self._open.append(channel)
        return channel

    def _stale(self, channel: C, now: float) -> bool:
        return now - channel.used > self.limits.expire or self._too_old(channel, now)

    def _too_old(self, channel: C, now: float) -> bool:
        return self._aging and now - channel.created > self.limits.max_age

    # ---- time: one timer per pool, set to the oldest flight

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self.due = None, math.inf

    def arm(self, now: float) -> None:
        """Set the timer to the oldest flight, or else to the oldest idle socket."""
        self._disarm()
        oldest = next(iter(self.flights.values()), None)
        if oldest is not None:
            self.due = oldest.deadline
        elif self._idle:
            self.due = self._idle[0].used + self.limits.expire + 2 * _EARLY
        else:
            return
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(self.due - now, 0.001), self._sweep)

    def _sweep(self) -> None:
        now = monotonic()
        late: list[Flight] = []
        for flight in self.flights.values():
            if flight.deadline > now + _EARLY:
                break
            late.append(flight)
        for flight in late:
            del self.flights[flight.body]
            flight.channel.pending.pop(flight.id, None)
        while self._idle and self._stale(self._idle[0], now):
            self.discard(self._idle[0])
        self.arm(now)
        for flight in late:
            channel = flight.channel
            error = faults.read(self.kind, channel.local, self.address.label)
            # A late reply must find nobody, and the next query another port.
            self.retire(channel)
            flight.give_up(error)
