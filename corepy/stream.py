"""A reply longer than one message, made while it is sent: a zone on its way to another server."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from corepy import wire
from corepy.record import Record
from corepy.response import Response

Source = Callable[[], Iterator[Record]]
"""Begins with the first record again at each call."""


class Records(Sequence[Record]):
    """`count` records that exist only while somebody looks at them."""

    def __init__(self, source: Source, count: int) -> None:
        self._source = source
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Record]:
        return self._source()

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return list(self._source())[index]
        at = range(self._count)[index]
        return next(islice(self._source(), at, None))


class Stream(Response):
    """The answer to AXFR or IXFR over TCP, sent as several messages if it needs them.

    To every plugin it is a response with a long answer; one that changes its records makes an
    ordinary response of it, which is sent in the same way. `octets` are those of the records
    without compression, `parts` the number of messages.
    """

    __slots__ = ("_source", "octets", "parts")

    def __init__(self, source: Source, count: int, octets: int, parts: int) -> None:
        super().__init__(answer=Records(source, count), flags=wire.AA, fresh_until=0.0)
        self._source = source
        self.octets = octets
        self.parts = parts

    def size(self, question: int) -> int:
        """Octets of all messages, without going through the records."""
        return self.octets + self.parts * (12 + question)

    def with_ttl(self, ttl: int) -> Stream:
        """The same with one TTL (seconds) on all records."""
        source = self._source

        def levelled() -> Iterator[Record]:
            return (record.with_ttl(ttl) for record in source())

        return Stream(levelled, len(self.answer), self.octets, self.parts)
