"""One query on its way to an upstream, and everybody who waits for its answer."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from corepy import wire
from corepy.errors import WireError
from corepy.lib.upstream.faults import Mismatch
from corepy.response import WireResponse
from corepy.waiter import Waiter

if TYPE_CHECKING:
    from corepy.errors import UpstreamError

_header: Final = struct.Struct(">5H").unpack_from  # flags and the four counts

Answer = Waiter[WireResponse]
"""Gives the response or raises `UpstreamError`."""


class Flight(Waiter[WireResponse]):
    """The first asker awaits the flight itself, those who join it a `Waiter` of their own.

    `body` is the query behind its id, `end` the offset behind its question, counted with the id.

    `deadline` is in monotonic seconds. Replies that do not fit are not the end, for anybody can
    send them (CVE-2023-28452); what the last one amounts to is kept in case that no other comes.
    """

    __slots__ = ("body", "channel", "deadline", "end", "id", "more", "retried", "spoiled")

    id: bytes

    def __init__(self, body: bytes, end: int, deadline: float) -> None:
        # All that `Waiter` sets, without a call: one flight is made per query.
        self._set = False
        self._error = None
        self._coro = None
        self._future = None
        self.body = body
        self.end = end
        self.deadline = deadline
        self.channel: Any = None
        self.more: list[Answer] | None = None
        self.retried = False
        self.spoiled: WireResponse | Mismatch | None = None

    def join(self) -> Answer:
        """Wait for the same answer as the first asker."""
        answer: Answer = Waiter()
        if self.more is None:
            self.more = [answer]
        else:
            self.more.append(answer)
        return answer

    def read(self, reply: bytes) -> WireResponse | None:
        """The reply as a response, None if it is not one to this query; the id is known to fit.

        The question must be the one that was asked; the case of its letters may differ, as in
        CoreDNS.
        """
        body, end = self.body, self.end
        if reply[12:end] != body[10 : end - 2] and not _same(reply[12:end], body[10 : end - 2]):
            self.spoiled = Mismatch("reply to another question")
            return None
        if reply[2] < 0x80 or (reply[2] ^ body[0]) & 0x78:
            self.spoiled = Mismatch("no reply")
            return None
        # Most replies are a row of records that all point into the question: seen at a glance.
        flags, questions, an, ns, ar = _header(reply, 2)
        at, size = end, len(reply)
        for _ in range(an + ns + ar):
            if at + 12 > size or reply[at] < 0xC0:
                break
            at += 12 + (reply[at + 10] << 8 | reply[at + 11])
        else:
            if at == size and questions == 1:
                return WireResponse.assembled(
                    reply, end, (an, ns, ar), flags & 15, flags=flags & ~15
                )
        try:
            return WireResponse(reply)
        except WireError:
            self.spoiled = truncated(reply, end)
            return None

    def unsent(self, error: OSError) -> None:
        """It could not be sent."""
        self.channel.unsent(self, error)

    def land(self, response: WireResponse) -> None:
        """Give everybody the response."""
        self.wake(response)
        for answer in self.more or ():
            answer.wake(response)

    def crash(self, error: UpstreamError) -> None:
        """Give everybody the error."""
        self.fail(error)
        for answer in self.more or ():
            answer.fail(error)

    def give_up(self, error: UpstreamError) -> None:
        """End with what a reply that did not fit amounts to, or with `error` if none came."""
        if isinstance(self.spoiled, WireResponse):
            self.land(self.spoiled)
        else:
            self.crash(self.spoiled or error)


def _same(heard: bytes, asked: bytes) -> bool:
    # Names differ in case at most, type and class not at all.
    return heard[:-4].lower() == asked[:-4].lower() and heard[-4:] == asked[-4:]


def truncated(reply: bytes, end: int) -> WireResponse:
    """A reply without its records and with TC=1, so that the client asks again over TCP."""
    flags = bytes((reply[2] | wire.TC >> 8, reply[3]))
    return WireResponse(reply[:2] + flags + b"\0\1\0\0\0\0\0\0" + reply[12:end])
