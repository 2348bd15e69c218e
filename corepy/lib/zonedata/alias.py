"""Follows aliases inside a zone, and out of it."""

from __future__ import annotations

from collections.abc import Sequence

from corepy import names, wire
from corepy.lib.zonedata.answer import Answer, Result
from corepy.lib.zonedata.extra import additional
from corepy.lib.zonedata.referral import first_cut
from corepy.lib.zonedata.store import ZoneData
from corepy.record import Record
from corepy.response import DROP, Response

_MOST_LINKS = 8
"""Further aliases behind the first one that are followed in the zone; one more is still shown."""


def follow(
    zone: ZoneData,
    records: Sequence[Record],
    target: bytes,
    qtype: int,
    do: bool,
    *,
    before: Sequence[Record] = (),
    wildcard: bytes | None = None,
) -> Answer:
    """The answer that begins with `records`, the last of which is an alias for `target`.

    `before` stands in front of them and gets no additional records.
    """
    chain = list(records)
    links = 0
    while True:
        name = target.lower()
        sections = first_cut(zone, name, qtype, do)
        if sections is not None:
            return Answer(Result.DELEGATION, [*before, *chain], *sections, wildcard=wildcard)
        if (
            name not in zone.nodes
            or qtype == wire.NS
            or (qtype == wire.SOA and name == zone.origin)
        ):
            return Answer(Result.SUCCESS, [*before, *chain], target=target, wildcard=wildcard)
        alias = zone.of(name, wire.CNAME) if links <= _MOST_LINKS else []
        if not alias:
            break
        chain += alias
        if do:
            chain += zone.signatures(name, wire.CNAME)
        target = alias[0].rdata
        links += 1
    if links <= _MOST_LINKS:
        chain += zone.of(name, qtype, do)
    extra = additional(zone, chain, do)
    return Answer(Result.SUCCESS, [*before, *chain], zone.ns_set(do), extra, wildcard=wildcard)


def complete(zone: ZoneData, found: Answer, reply: Response, do: bool) -> Answer:
    """`found`, which ends in an alias, with the server's reply about the alias's target."""
    result = _result(reply)
    records = [*found.answer, *reply.answer]
    denial = result in (Result.NAME_ERROR, Result.NO_DATA)
    return Answer(
        result,
        records,
        zone.soa_set(do) if denial else zone.ns_set(do),
        additional(zone, records, do),
        wildcard=found.wildcard,
        fresh_until=reply.fresh_until,
    )


def too_long(zone: ZoneData, found: Answer, target: bytes) -> Answer:
    """`found`, whose last record is an alias for a name over 255 octets (by a DNAME record).

    RFC 6672 has YXDOMAIN for this. CoreDNS sends that record, which no client can read, and denies
    its target if that would be in the zone; so it is here.
    """
    inside = names.below(target.lower(), zone.origin)
    return Answer(
        Result.NAME_ERROR if inside else Result.SUCCESS,
        found.answer,
        zone.soa_set(do=False) if inside else zone.ns_set(do=False),
    )


def _result(reply: Response) -> Result:
    if reply is DROP:
        return Result.SUCCESS
    if reply.rcode == wire.NXDOMAIN:
        return Result.NAME_ERROR
    if reply.rcode == wire.SERVFAIL:
        return Result.SERVER_FAILURE
    if reply.rcode == wire.NOERROR and not reply.answer:
        return Result.NO_DATA
    return Result.SUCCESS
