"""Answers transfer requests out of what other plugins have."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Final

from corepy import CorepyError, Next, Plugin, Record, Request, Response, names, wire
from corepy.errors import WireError
from corepy.plugin import Content, Transferer
from corepy.reply import BATCH
from corepy.stream import Stream
from corepy_plugins.transfer.notify import Notices
from corepy_plugins.transfer.rule import Rules

_TRANSFERS: Final = (wire.AXFR, wire.IXFR)
_NOT_OVER_UDP: Final = Response.failure(wire.REFUSED)
_FAILED: Final = Response.failure(wire.SERVFAIL)
_DENIED: Final = Response(wire.REFUSED, flags=0, fresh_until=0.0)
_SLICE: Final = 4096
"""Records that are counted between two turns of the event loop."""


class Transfer(Plugin):
    """The handler of a server block; `providers` are its plugins that have zones to give."""

    repeatable = True
    eager = True

    def __init__(
        self,
        rules: Rules,
        notices: Notices,
        providers: Callable[[], list[Transferer]],
        log: logging.Logger,
    ) -> None:
        self._rules = rules
        self._notices = notices
        self._find = providers
        self._providers: list[Transferer] = []
        self._log = log

    def notify(self, zone: str, failed: Callable[[str], None]) -> None:
        """Tell the servers of the zone's rule that it has changed."""
        self._notices.send(zone, failed)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Learn who has zones; notices that are under way end with the instance."""
        self._providers = self._find()
        try:
            yield
        finally:
            await self._notices.stop()

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """The zone, for those who may have it."""
        if request.qtype not in _TRANSFERS:
            return await next(request)
        if request.proto == "udp":
            return _NOT_OVER_UDP
        rule = self._rules.match(request.qname)
        if rule is None:
            return await next(request)
        if not rule.allows(request.client.host):
            return _DENIED
        serial = 0
        if request.qtype == wire.IXFR:
            known = _serial(request)
            if known is None:
                return _FAILED
            serial = known
        try:
            content = self._content(request.qname)
        except CorepyError as error:
            return Response.failure(wire.SERVFAIL, str(error))
        if content is None:
            return await next(request)
        return await self._hand_out(request, content, serial)

    def _content(self, zone: bytes) -> Content | None:
        for provider in self._providers:
            content = provider.transfer(zone)
            if content is not None:
                return content
        return None

    async def _hand_out(self, request: Request, content: Content, serial: int) -> Response:
        """The whole zone, or just its SOA record if the client has this `serial` (RFC 1995)."""
        soa = content.soa
        if soa is None:
            return Response.failure(wire.SERVFAIL, "no SOA")
        current = int.from_bytes(soa.tail[-20:-16], "big")
        to = (names.to_text(request.owner), request.client.host.partition("%")[0], current)
        if serial and serial == current:
            text = "Outgoing noop, incremental transfer for up to date zone"
            self._log.info('%s "%s" to %s for %d SOA serial', text, *to)
            return Response(answer=[soa], flags=0, fresh_until=0.0)
        stream = await _measured(content, soa)
        text = f"Outgoing transfer of {len(stream.answer)} records of zone"
        self._log.info('%s "%s" to %s for %d SOA serial', text, *to)
        return stream


def _serial(request: Request) -> int | None:
    """The serial of the one SOA record in the authority section, None without one."""
    octets = request.wire
    answers, authorities = (int.from_bytes(octets[at : at + 2], "big") for at in (6, 8))
    if authorities != 1:
        return None
    try:
        span = wire.scan_records(octets, request.end, answers + 1)[-1]
    except WireError:
        return None
    if span.rdtype != wire.SOA or span.end - span.fixed < 10 + 22:
        return None
    return int.from_bytes(octets[span.end - 20 : span.end - 16], "big")


async def _measured(content: Content, soa: Record) -> Stream:
    """The zone with its SOA record in front and behind, counted in small steps."""

    def records() -> Iterator[Record]:
        yield from content.records()
        yield soa

    count = octets = 0
    parts, room = 1, BATCH
    # Always one turn, so that the reply is a late one: only those can be several messages.
    await asyncio.sleep(0)
    for record in records():
        size = len(record.owner) + len(record.tail)
        if size > room and room < BATCH:
            parts, room = parts + 1, BATCH
        room -= size
        octets += size
        count += 1
        if count % _SLICE == 0:
            await asyncio.sleep(0)
    return Stream(records, count, octets, parts)
