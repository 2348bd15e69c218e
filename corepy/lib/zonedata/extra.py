"""Addresses of the hosts that an answer names, for its additional section."""

from __future__ import annotations

from collections.abc import Iterable

from corepy import names, wire
from corepy.lib.zonedata.store import ZoneData
from corepy.record import Record

_BEFORE_TARGET = {wire.MX: 12, wire.SRV: 16, 64: 12, 65: 12}
"""Where the target of MX, SRV, SVCB and HTTPS begins behind the owner name."""


def additional(zone: ZoneData, records: Iterable[Record], do: bool) -> list[Record]:
    """Addresses of targets in the zone, each once, found under exactly their name."""
    found: list[Record] = []
    seen: set[bytes] = set()
    for record in records:
        before = _BEFORE_TARGET.get(record.rdtype)
        if before is None:
            continue
        target = _name_at(record.tail, before).lower()
        if target not in seen and names.below(target, zone.origin):
            seen.add(target)
            found += addresses(zone, target, do)
    return found


def glue(zone: ZoneData, ns: Iterable[Record], do: bool) -> list[Record]:
    """Addresses of name servers that lie below the name they serve."""
    found: list[Record] = []
    for record in ns:
        if record.rdtype == wire.NS and names.below(record.rdata, record.owner):
            found += addresses(zone, record.rdata, do)
    return found


def addresses(zone: ZoneData, name: bytes, do: bool) -> list[Record]:
    """A and AAAA records of a name, with `do` their signatures too."""
    return zone.of(name, wire.A, do) + zone.of(name, wire.AAAA, do)


def _name_at(octets: bytes, at: int) -> bytes:
    start = at
    while size := octets[at]:
        at += size + 1
    return octets[start : at + 1]
