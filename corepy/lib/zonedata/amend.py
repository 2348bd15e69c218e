"""Makes a newer zone of one that is served and what has changed since (RFC 1995)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from corepy import names, wire
from corepy.lib.zonedata.errors import ZoneError
from corepy.lib.zonedata.rdata import lowered
from corepy.lib.zonedata.store import ZoneData
from corepy.record import Record

_SLICE: Final = 512
"""Names that are taken over between two turns of the event loop."""


class Amendment:
    """Collects the changes; each of them must make a difference, or the zones were not the same.

    Names that do not change are shared with the old zone, which stays as it is.
    """

    def __init__(self, old: ZoneData) -> None:
        self.data = ZoneData(old.origin)
        self._old = old
        # All that the changed names have by now, in order.
        self._names: dict[bytes, dict[bytes, None]] = {}
        self._spelled = dict(old.spelled)

    def remove(self, record: Record) -> None:
        """Take a record away; `ZoneError` if it is not there."""
        owner, tail = _stored(record)
        known = self._name(owner)
        if tail not in known:
            raise ZoneError(f"{names.to_text(owner)} has no such record to remove")
        del known[tail]
        self._spelled.pop((owner, tail), None)

    def add(self, record: Record) -> None:
        """Put a record in; `ZoneError` if it is there already."""
        owner, tail = _stored(record)
        known = self._name(owner)
        if tail in known:
            raise ZoneError(f"{names.to_text(owner)} has the record already")
        known[tail] = None
        if record.rdtype == wire.SRV and record.owner != owner:
            self._spelled[owner, tail] = record.owner

    def finish(self, soa: Record) -> Iterator[None]:
        """Close the new zone, with this SOA record, in small steps; `data` is it then."""
        old, data, changed = self._old, self.data, self._names
        data.add(soa)
        for record in old.apart():
            if record.owner not in changed:
                data.add(record)
        for count, (name, node) in enumerate(old.nodes.items()):
            if name not in changed:
                data.adopt(name, node)
            if count % _SLICE == 0:
                yield
        data.spelled.update(self._spelled)
        count = 0
        for name, tails in changed.items():
            for tail in tails:
                data.add(Record(self._spelled.get((name, tail), name), tail))
                count += 1
                if count % _SLICE == 0:
                    yield
        yield from data.finish()

    def _name(self, owner: bytes) -> dict[bytes, None]:
        known = self._names.get(owner)
        if known is None:
            apart = [record.tail for record in self._old.apart() if record.owner == owner]
            known = dict.fromkeys((*apart, *self._old.nodes.get(owner, ())))
            self._names[owner] = known
        return known


def _stored(record: Record) -> tuple[bytes, bytes]:
    """Owner and tail as a zone keeps them."""
    rdata = record.rdata
    data = lowered(record.rdtype, rdata)
    return record.owner.lower(), record.tail if data is rdata else record.tail[:10] + data
