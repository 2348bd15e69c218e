"""What becomes of the records a primary sends: a whole zone, or changes to the one there is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from corepy import Record, wire
from corepy.errors import UpstreamError
from corepy.lib.zonedata import Amendment, ZoneData, ZoneError


class Mismatch(UpstreamError):  # noqa: N818 - nothing is broken
    """Changes that are not those from our zone to a newer one; the whole zone is needed."""


class Arriving(Protocol):
    """Takes records one by one; `complete` is looked at between two messages.

    `take` raises `UpstreamError` or `ZoneError`. `data` is the new zone once `finish` is through.
    """

    data: ZoneData

    @property
    def complete(self) -> bool:
        """Whether no more messages are to come."""
        ...

    def take(self, record: Record) -> None:
        """The next record."""

    def finish(self) -> Iterator[None]:
        """Close the new zone, in small steps."""
        ...


class Whole:
    """A zone with its SOA record first and last (RFC 5936)."""

    def __init__(self, origin: bytes) -> None:
        self.data = ZoneData(origin)
        self._count = 0
        self._ended = False

    @property
    def complete(self) -> bool:
        """The last record of a message, and not the only one of all, is a SOA record."""
        return self._ended and self._count > 1

    def take(self, record: Record) -> None:
        """The next record of the zone."""
        if not self._count:
            _check_soa(record, self.data.origin)
        self._count += 1
        self._ended = record.rdtype == wire.SOA
        self.data.add(record)

    def finish(self) -> Iterator[None]:
        """Close the zone."""
        return self.data.finish()


class Changes:
    """The answer to IXFR (RFC 1995): sequences of records that go and come, each behind its SOA.

    A primary may send the whole zone instead. Raises `Mismatch` for anything else than the way
    from the old zone to a newer one without a gap.
    """

    def __init__(self, old: ZoneData) -> None:
        self.data = old
        self._amendment = Amendment(old)
        self._whole: Whole | None = None
        self._soa: Record | None = None
        self._serial = old.serial  # how far the sequences lead until now
        self._begun = self._adding = self._ended = False

    @property
    def complete(self) -> bool:
        """Whether all changes, or all of the zone, are there."""
        return self._ended if self._whole is None else self._whole.complete

    def take(self, record: Record) -> None:
        """The next record of the answer."""
        if self._whole is not None:
            self._whole.take(record)
        elif self._soa is None:
            _check_soa(record, self.data.origin)
            if not newer(serial(record), self._serial):
                raise Mismatch("dns: no newer zone")
            self._soa = record
        elif not self._begun:
            self._begin(record)
        elif self._ended:
            raise Mismatch("dns: records behind the end")
        elif record.rdtype == wire.SOA:
            self._turn(record)
        else:
            self._change(record)

    def finish(self) -> Iterator[None]:
        """Close the new zone."""
        if self._whole is not None:
            yield from self._whole.finish()
            self.data = self._whole.data
            return
        assert self._soa is not None
        yield from self._amendment.finish(self._soa)
        self.data = self._amendment.data

    def _begin(self, record: Record) -> None:
        """The second record tells what is coming."""
        assert self._soa is not None
        if record.rdtype == wire.SOA and serial(record) != serial(self._soa):
            if serial(record) != self._serial:
                raise Mismatch("dns: changes from another serial")
            self._begun = True
            return
        self._whole = Whole(self.data.origin)
        self._whole.take(self._soa)
        self._whole.take(record)

    def _turn(self, record: Record) -> None:
        """From what goes to what comes, from one sequence to the next, or to the end."""
        assert self._soa is not None
        _check_soa(record, self.data.origin)
        number = serial(record)
        if not self._adding:
            if not newer(number, self._serial):
                raise Mismatch("dns: changes to an older serial")
            self._serial, self._adding = number, True
            return
        if number != self._serial:
            raise Mismatch("dns: changes with a gap")
        if number == serial(self._soa):
            self._ended = True
        self._adding = False

    def _change(self, record: Record) -> None:
        try:
            (self._amendment.add if self._adding else self._amendment.remove)(record)
        except ZoneError as error:
            raise Mismatch(f"dns: {error}") from error


def serial(soa: Record) -> int:
    """The serial of a SOA record."""
    return int.from_bytes(soa.tail[-20:-16], "big")


def newer(number: int, than: int) -> bool:
    """Compares serials (RFC 1982)."""
    return 0 < (number - than) % (1 << 32) < 1 << 31


def _check_soa(record: Record, origin: bytes) -> None:
    if record.rdtype != wire.SOA or record.owner.lower() != origin:
        raise UpstreamError("dns: no SOA")
