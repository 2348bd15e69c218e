"""DNS over TCP (RFC 1035 section 4.2.2, RFC 7766): two octets of length, then the message.

All queries of one read are parsed together and their replies written together, in order: a query is
not begun before the one in front of it is answered, as in CoreDNS. Nothing is begun either while
the client leaves more than `_WRITE_BUFFER` octets of replies unread, which bounds the memory of a
connection.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from time import monotonic
from typing import Any, Final, cast

from corepy.server import Listener

_READ_AHEAD: Final = 1 << 18
_WRITE_BUFFER: Final = 1 << 16


class Timeouts:
    """Limits of a connection, in seconds and queries (CoreDNS's *timeouts* plugin).

    `read`: for the first query to come in; `idle`: for each further one, from the answer to the one
    before it on; `write`: for the client to take a reply; `queries`: a connection's number of
    queries, -1 for no limit.
    """

    __slots__ = ("idle", "queries", "read", "write")

    def __init__(
        self, read: float = 3.0, write: float = 5.0, idle: float = 10.0, queries: int = -1
    ) -> None:
        self.read = read
        self.write = write
        self.idle = idle
        self.queries = queries


class Connections(set["TcpConnection"]):
    """The open connections of one listening socket.

    A connection that was accepted for them but is made only after they were given away goes to
    their `heir`, or is closed if they are `retired`.
    """

    heir: tuple[Listener, Timeouts, Connections] | None = None
    retired: bool = False


class TcpConnection(asyncio.Protocol):
    """One client's connection."""

    def __init__(self, listener: Listener, timeouts: Timeouts, connections: Connections) -> None:
        self._listener = listener
        self._timeouts = timeouts
        self._connections = connections
        self._buffer = b""
        self._busy = False
        self._blocked = False
        self._ended = False
        self._messages: Iterator[bytes] | None = None  # those of a transfer still to be sent
        self._answered = 0
        self._deadline = 0.0
        self._due = math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._peer: Any = ("", 0)
        self._local: Any = None
        self._transport: asyncio.Transport | None = None

    # ---- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the clock of the first query."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        self._peer = transport.get_extra_info("peername") or ("", 0)
        self._local = (transport.get_extra_info("sockname") or (None,))[:2]
        while (heir := self._connections.heir) is not None:
            self._listener, self._timeouts, self._connections = heir
        self._connections.add(self)
        self._allow(self._timeouts.read)
        if self._connections.retired:
            self.retire()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget the connection."""
        self._ended = True
        self._transport = None
        self._connections.discard(self)
        self._messages = None
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Answer every whole query that is there."""
        self._buffer = self._buffer + data if self._buffer else data
        if self._busy or self._blocked:
            if len(self._buffer) > _READ_AHEAD and self._transport is not None:
                self._transport.pause_reading()
            return
        self._work()

    def eof_received(self) -> bool:
        """A client may shut its side down and still wait for its replies."""
        self.retire()
        return self._busy or self._blocked

    def pause_writing(self) -> None:
        """The client does not take its replies: begin nothing more, and give it `write` seconds."""
        self._blocked = True
        self._allow(self._timeouts.write)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._blocked = False
        self._allow(self._timeouts.idle)
        if self._messages is not None:
            self._loop.call_soon(self._pour)
        elif self._transport is not None and not self._busy:
            self._transport.resume_reading()
            self._work()

    # ---- queries

    def _work(self) -> None:
        buffer, at = self._buffer, 0
        replies: list[bytes] = []
        waiting = 0
        handle, memo, now = self._listener.handle, self._listener.memo, monotonic()
        while len(buffer) - at >= 2 and not self._blocked and not self._spent():
            end = at + 2 + (buffer[at] << 8 | buffer[at + 1])
            if end > len(buffer):
                break
            query = buffer[at + 2 : end]
            at = end
            self._answered += 1
            key = query[2:]
            entry = memo.young.get(key)
            if entry is not None and entry[1] <= now:
                entry = memo.variant(key, entry, self._peer[0], now)
            if entry is not None:
                for repeat in entry[2]:
                    repeat(query, self._peer, now)
                body = entry[0]
                replies += ((len(body) + 2).to_bytes(2, "big"), query[:2], body)
                waiting += len(body) + 4
            else:
                reply = handle(query, self._peer, self._late, self._local)
                if reply is None:
                    self._busy = True
                    break
                if reply:
                    replies += (len(reply).to_bytes(2, "big"), reply)
                    waiting += len(reply) + 2
            if waiting > _WRITE_BUFFER:
                self._write(b"".join(replies))
                replies.clear()
                waiting = 0
        self._buffer = buffer[at:]
        if replies:
            self._write(b"".join(replies))
        self._after(answered=at > 0)

    def _write(self, octets: bytes) -> None:
        if self._transport is not None:
            self._transport.write(octets)

    def _late(self, reply: Any, peer: Any, via: Any) -> None:  # noqa: ARG002 - this client's
        if self._transport is not None and not isinstance(reply, bytes):
            self._messages = reply
            self._pour()
            return
        self._busy = False
        if self._transport is None:
            return
        if reply:
            self._transport.write(len(reply).to_bytes(2, "big") + reply)
        if not self._blocked:
            self._allow(self._timeouts.idle)
            self._transport.resume_reading()
            self._work()

    def _pour(self) -> None:
        """Send the next message of several, then let others have a turn."""
        if self._messages is None or self._blocked or self._transport is None:
            return
        message = next(self._messages, b"")
        if not message:
            self._messages = None
            self._late(b"", self._peer, self._local)
            return
        self._allow(self._timeouts.idle)
        self._transport.write(len(message).to_bytes(2, "big") + message)
        if not self._blocked:
            self._loop.call_soon(self._pour)

    def _spent(self) -> bool:
        return 0 <= self._timeouts.queries <= self._answered

    def _after(self, *, answered: bool) -> None:
        if self._busy or self._blocked:
            return
        if self._spent() or self._ended:
            self.close()
        elif answered:
            self._allow(self._timeouts.idle)

    # ---- time

    def _allow(self, seconds: float) -> None:
        self._deadline = self._loop.time() + seconds
        # A later deadline is left to the timer that runs already.
        if self._deadline < self._due and not self._ended:
            self._schedule()

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._due = self._deadline
        self._timer = self._loop.call_at(self._due, self._tick)

    def _tick(self) -> None:
        self._timer, self._due = None, math.inf
        if self._transport is None:
            return
        if self._deadline > self._loop.time():
            self._schedule()
        elif self._blocked:
            self._transport.abort()
        elif not self._busy:
            self.close()

    # ---- the end, or another instance

    def close(self) -> None:
        """Close once what was answered has been written, for which there are `write` seconds."""
        transport = self._transport
        if transport is not None:
            transport.close()
            if transport.get_write_buffer_size():
                self._loop.call_later(self._timeouts.write, transport.abort)

    def retire(self) -> None:
        """Close, after the query that is under way if there is one."""
        self._ended = True
        if not self._busy and not self._blocked:
            self.close()

    def adopt(self, listener: Listener, timeouts: Timeouts, connections: Connections) -> None:
        """Ask the listener of a new instance from the next query on."""
        self._connections.discard(self)
        self._listener, self._timeouts, self._connections = listener, timeouts, connections
        if self._transport is not None:
            connections.add(self)


def connection_factory(
    listener: Listener, timeouts: Timeouts, connections: Connections
) -> Callable[[], TcpConnection]:
    """What `loop.create_server` needs; `connections` is kept up to date."""
    listener.streams = True
    return lambda: TcpConnection(listener, timeouts, connections)
