"""The handler: fixed answers, and what is done to every n-th of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from corepy import DROP, Next, Plugin, Record, Request, Response, wire
from corepy_plugins.erratic.transfer import transfer

_COPIES: Final = 30
_TAILS: Final = {
    wire.A: Record.make(b"", wire.A, 0, bytes((192, 0, 2, 53))).tail,
    wire.AAAA: Record.make(b"", wire.AAAA, 0, bytes.fromhex("20010db8") + bytes(11) + b"\x53").tail,
}
_FAILURE: Final = Response.failure(wire.SERVFAIL)


@dataclass
class Habits:
    """What is done to queries by their number, counted from 0; 0 means never.

    `drop` and `delay` go by multiples, `truncate` hits numbers that have none of its bits, as in
    CoreDNS: with 2, two in a row and then not two. `duration` is in seconds; `large` makes an A
    answer 30 records long.
    """

    drop: int = 2
    delay: int = 0
    truncate: int = 0
    duration: float = 0.1
    large: bool = False


class Erratic(Plugin):
    """Answers A, AAAA and AXFR for all names, fails for other types, and ends a chain."""

    eager = True

    def __init__(self, habits: Habits) -> None:
        self.habits = habits
        self.seen = 0

    def ready(self) -> bool:
        """After three or four queries, so that readiness comes and goes."""
        return self.seen in (3, 4)

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002, ARG002
        """What this query's number has in store for it."""
        habits, number = self.habits, self.seen
        self.seen += 1
        if habits.drop and number % habits.drop == 0:
            return DROP
        if habits.delay and number % habits.delay == 0 and habits.duration > 0:
            await asyncio.sleep(habits.duration)
        cut = habits.truncate > 0 and number & habits.truncate == 0
        if request.qtype == wire.AXFR:
            return transfer(request.owner, cut=cut)
        tail = _TAILS.get(request.qtype)
        if tail is None:
            return _FAILURE
        record = Record(request.owner, tail)
        count = _COPIES if habits.large and request.qtype == wire.A else 1
        flags = wire.AA | wire.TC if cut else wire.AA
        return Response(0, (record,) * count, flags=flags, fresh_until=0.0)
