"""Finds the answer to a question in a zone (RFC 1034 section 4.3.2, RFC 4592, RFC 6672).

Where the RFCs leave a choice, and in a few places where they do not, this does as CoreDNS does: the
origin's NS records follow each positive answer, aliases are followed up to ten links, an empty
non-terminal next to a wildcard gets the wildcard's records.
"""

from __future__ import annotations

from corepy import names, wire
from corepy.lib.zonedata.alias import follow
from corepy.lib.zonedata.answer import Answer, Result
from corepy.lib.zonedata.cut import dname, referral
from corepy.lib.zonedata.extra import additional, glue
from corepy.lib.zonedata.store import NSEC, ZoneData
from corepy.record import Record


def find(zone: ZoneData, qname: bytes, qtype: int, do: bool) -> Answer:
    """The answer to a question; `qname` is lower-case wire form at or below the zone's origin."""
    if qname == zone.origin:
        if qtype == wire.SOA:
            return Answer(Result.SUCCESS, zone.soa_set(do), zone.ns_set(do))
        if qtype == wire.NS:
            ns = zone.ns_set(do)
            return Answer(Result.SUCCESS, ns, (), glue(zone, ns, do))
    if zone.cuts or (zone.wildcards and qname not in zone.nodes):
        return _walk(zone, qname, qtype, do)
    if qname in zone.nodes:
        return _at(zone, qname, qname, qtype, do)
    return _denied(zone, qname, do)


def _walk(zone: ZoneData, qname: bytes, qtype: int, do: bool) -> Answer:
    """From the origin down, label by label: cuts end the walk, wildcards are remembered."""
    nodes, empty, cuts = zone.nodes, zone.empty, zone.cuts
    wildcard, level = b"", b""
    for name in lineage(zone, qname):
        if name not in nodes:
            star = b"\1*" + names.parent(name)
            if name != b"\0" and (star in nodes or star in empty):
                wildcard, level = star, name
        elif name in cuts:
            answer = dname(zone, name, qname, qtype, do) or referral(zone, name, qname, qtype, do)
            if answer is not None:
                return answer
    if qname in nodes:
        return _at(zone, qname, qname, qtype, do)
    if wildcard and (level == qname or level not in empty):
        if wildcard not in nodes:
            return _no_data(zone, None, do)
        return _at(zone, wildcard, qname, qtype, do)
    return _denied(zone, qname, do)


def lineage(zone: ZoneData, qname: bytes) -> list[bytes]:
    """The origin and all names from there down to `qname`."""
    found, at, end = [zone.origin], 0, len(qname) - len(zone.origin)
    while at < end:
        found.insert(1, qname[at:])
        at += qname[at] + 1
    return found


def _at(zone: ZoneData, name: bytes, owner: bytes, qtype: int, do: bool) -> Answer:
    """From the records of `name`, which is `owner` itself or the wildcard that stands for it."""
    wildcard = name if name != owner else None
    if qtype != wire.CNAME and (alias := zone.of(name, wire.CNAME)):
        target = alias[0].rdata
        records = _under(owner, alias, wildcard)
        if do:
            records = records + zone.signatures(name, wire.CNAME)
        return follow(zone, records, target, qtype, do, wildcard=wildcard)
    found = _under(owner, zone.of(name, qtype), wildcard)
    if not found:
        return _no_data(zone, name, do, wildcard)
    extra = additional(zone, found, do)
    authority = zone.ns_set(do)
    if do:
        found = found + _under(owner, zone.signatures(name, qtype), wildcard)
        if wildcard:
            authority = [*authority, *_nsec_before(zone, owner)]
    return Answer(Result.SUCCESS, found, authority, extra, wildcard=wildcard)


def _under(owner: bytes, records: list[Record], wildcard: bytes | None) -> list[Record]:
    """The records of a wildcard as those of the name that was asked for."""
    return [record.with_owner(owner) for record in records] if wildcard else records


def _no_data(zone: ZoneData, name: bytes | None, do: bool, wildcard: bytes | None = None) -> Answer:
    """The name exists without the type; `name` is None for a wildcard without any records."""
    if not do and wildcard is None:
        return zone.no_data
    proof = zone.of(name, NSEC, do) if do and name else []
    return Answer(Result.NO_DATA, (), [*zone.soa_set(do), *proof], wildcard=wildcard)


def _denied(zone: ZoneData, qname: bytes, do: bool) -> Answer:
    """There is no such name, or nothing but names below it."""
    exists = qname in zone.empty
    if not do:
        return zone.nothing_here if exists else zone.nxdomain
    result = Result.SUCCESS if exists else Result.NAME_ERROR
    authority = zone.soa_set(do)
    before = zone.order.floor(qname) if zone.order else None
    if before is not None:
        authority += zone.of(before, NSEC, do)
        if not exists:
            authority += _no_wildcard(zone, qname, before)
    return Answer(result, (), authority)


def _no_wildcard(zone: ZoneData, qname: bytes, before: bytes) -> list[Record]:
    """The NSEC that denies a wildcard at the closest encloser, unless it is that of `before`."""
    name = qname
    while name not in zone.nodes:
        if name == b"\0":
            return []
        name = names.parent(name)
    star = b"\1*" + name
    proof = zone.order.floor(star) if zone.order else None
    return zone.of(proof, NSEC, do=True) if proof is not None and proof != before else []


def _nsec_before(zone: ZoneData, name: bytes) -> list[Record]:
    before = zone.order.floor(name) if zone.order else None
    return zone.of(before, NSEC, do=True) if before is not None else []
