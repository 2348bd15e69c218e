"""What stands in the way down to a name: delegations and DNAME records."""

from __future__ import annotations

from corepy import wire
from corepy.lib.zonedata.alias import follow
from corepy.lib.zonedata.answer import Answer, Result
from corepy.lib.zonedata.referral import referred
from corepy.lib.zonedata.store import ZoneData
from corepy.record import Record


def referral(zone: ZoneData, name: bytes, qname: bytes, qtype: int, do: bool) -> Answer | None:
    """The referral at the zone cut `name`, None if there is none for this question."""
    sections = referred(zone, name, qname, qtype, do)
    return None if sections is None else Answer(Result.DELEGATION, (), *sections)


def dname(zone: ZoneData, name: bytes, qname: bytes, qtype: int, do: bool) -> Answer | None:
    """The answer for a name below `name` by the DNAME record there, None without one."""
    records = zone.of(name, wire.DNAME)
    if not records or qname == name:
        return None
    first = records[0]
    target = qname[: len(qname) - len(name)] + first.rdata
    if target.lower() == qname:
        return Answer(Result.SERVER_FAILURE)
    alias = Record.make(qname, wire.CNAME, first.ttl, target)
    if do:
        records += zone.signatures(name, wire.DNAME)
    if qtype == wire.CNAME:
        return Answer(Result.SUCCESS, [*records, alias], zone.ns_set(do))
    signatures = zone.signatures(name, wire.CNAME) if do else []
    return follow(zone, [alias, *signatures], target, qtype, do, before=records)
