"""Requests and zones: what plugins that serve whole zones have in common."""

from __future__ import annotations

import logging
from typing import Final

from corepy import names, wire
from corepy.lib import labels
from corepy.lib.lookup import lookup
from corepy.lib.zonedata.alias import complete, too_long
from corepy.lib.zonedata.answer import Answer, Result
from corepy.lib.zonedata.find import find
from corepy.lib.zonedata.store import ZoneData
from corepy.request import Request
from corepy.response import DROP, Response

_REFUSED: Final = Response.failure(wire.REFUSED)

_KEPT_ANSWERS: Final = 4096
_KEPT_RECORDS: Final = 64


def special(request: Request, zone: str, log: logging.Logger) -> Response | None:
    """The response to a transfer request or a NOTIFY, None for an ordinary question.

    Transfers belong to *transfer*, which stands before the plugins with zones; a NOTIFY is of no
    use to a zone that has no primary server.
    """
    if request.qtype in (wire.AXFR, wire.IXFR):
        return _REFUSED
    if request.opcode == wire.NOTIFY:
        log.info("Dropping notify from %s for %s", request.client.host, zone)
        return DROP
    return None


def look_up(zone: ZoneData, request: Request) -> Answer:
    """The zone's own answer to a request; ask `chase` next if it has a `target`."""
    do = zone.signed and request.do
    key = (request.qname, request.qtype, do)
    answer = zone.kept.get(key)
    if answer is None:
        answer = find(zone, *key)
        if answer.wildcard is not None:
            _publish(request, answer.wildcard)
        elif answer.result != Result.NAME_ERROR and len(answer.answer) <= _KEPT_RECORDS:
            if len(zone.kept) >= _KEPT_ANSWERS:
                zone.kept.clear()
            zone.kept[key] = answer
    return answer


async def chase(zone: ZoneData, found: Answer, request: Request) -> Answer:
    """`found`, whose last alias leads to its `target`, with what the server says about that."""
    target = found.target
    assert target is not None
    if len(target) > wire.MAX_NAME:
        return too_long(zone, found, target)
    reply = await lookup(request, target, request.qtype)
    return complete(zone, found, reply, zone.signed and request.do)


def _publish(request: Request, wildcard: bytes) -> None:
    labels.publish(request, "zone/wildcard", lambda: names.to_text(wildcard))
