"""The sections of a referral to the servers of a delegated part of the zone."""

from __future__ import annotations

from corepy import wire
from corepy.lib.zonedata.extra import glue
from corepy.lib.zonedata.store import ZoneData
from corepy.record import Record

Sections = tuple[list[Record], list[Record]]
"""Authority and additional section."""


def referred(zone: ZoneData, name: bytes, qname: bytes, qtype: int, do: bool) -> Sections | None:
    """The referral at `name` for `qname`; None if `name` is no cut or the parent answers itself."""
    if qtype == wire.DS and name == qname:
        return None
    ns = zone.of(name, wire.NS)
    if not ns:
        return None
    extra = glue(zone, ns, do)
    return (ns + zone.of(name, wire.DS, do) if do else ns), extra


def first_cut(zone: ZoneData, qname: bytes, qtype: int, do: bool) -> Sections | None:
    """The referral at the highest cut above or at `qname`, which may be outside the zone."""
    if not zone.cuts:
        return None
    below, at = [], 0
    while size := qname[at]:
        below.append(at)
        at += size + 1
    for at in reversed(below[: len(below) - zone.depth]):
        if qname[at:] in zone.cuts:
            sections = referred(zone, qname[at:], qname, qtype, do)
            if sections is not None:
                return sections
    return None
