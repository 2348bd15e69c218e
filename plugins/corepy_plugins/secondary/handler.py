"""Finds the zone for a question and answers from what was transferred."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from corepy import CorepyError, Next, Plugin, Request, Response, Zones, names, wire
from corepy.lib.notices import Tell
from corepy.lib.zonedata import ZoneData, chase, look_up, special
from corepy_plugins.secondary.catalog import Member, read
from corepy_plugins.secondary.follower import Follower
from corepy_plugins.secondary.options import Options

_FAILED: Final = Response.failure(wire.SERVFAIL)
_REFUSED: Final = Response.failure(wire.REFUSED)


class Secondary(Plugin):
    """The handler of a server block: its own zones and the members of its catalogs."""

    repeatable = True
    eager = True

    def __init__(self, options: Options, tell: Tell, log: logging.Logger) -> None:
        self._options = options
        self._tell = tell
        self._log = log
        self._last = False
        self.zones: dict[str, Follower] = {}
        self._owners: dict[str, tuple[str, Member]] = {}
        self._catalogs: dict[str, dict[str, Member]] = {}
        self._allowed = {zone: Zones(only) for zone, only in options.catalogs.items() if only}
        self._names = Zones(options.zones)

    def placed(self, following: str) -> None:
        """With no plugin behind it, questions outside the zones are refused."""
        self._last = not following

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """The zone's answer; questions outside the zones go on."""
        qname = request.qname
        zone = self._names.match(qname)
        if zone is None:
            return _REFUSED if self._last else await next(request)
        follower = self.zones[zone]
        if request.opcode or request.qtype in (wire.AXFR, wire.IXFR):
            response = self._special(request, follower)
            if response is not None:
                return response
        data = follower.data
        if data is None or follower.expired:
            return _FAILED
        answer = look_up(data, request)
        if answer.target is not None:
            answer = await chase(data, answer, request)
        if answer.empty and self._options.fallthrough.passes(qname):
            return await next(request)
        return answer.response

    def _special(self, request: Request, follower: Follower) -> Response | None:
        transfers = (wire.AXFR, wire.IXFR)
        if request.opcode == wire.NOTIFY and request.qtype not in transfers:
            host = request.client.host.partition("%")[0]
            if follower.notified(host):
                return Response(fresh_until=0.0)
        return special(request, follower.zone, self._log)

    def transfer(self, zone: bytes) -> ZoneData | None:
        """What *transfer* hands out."""
        name = self._names.match(zone)
        if name is None or names.from_text(name) != zone:
            return None
        follower = self.zones[name]
        if follower.data is None or follower.expired:
            raise CorepyError(f"zone {name} is expired" if follower.data else "no SOA")
        return follower.data

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Follow all zones; queries are answered before they are there."""
        for zone, primaries in self._options.zones.items():
            accept = self._accept if zone in self._options.catalogs else None
            self.zones[zone] = Follower(zone, primaries, self._renewed, self._log, accept)
        for follower in list(self.zones.values()):
            follower.start()
        try:
            yield
        finally:
            for follower in list(self.zones.values()):
                follower.stop()

    def _renewed(self, zone: str) -> None:
        self.changed()
        if zone:
            self._tell(zone)

    def _accept(self, catalog: str, data: ZoneData) -> Callable[[], None]:
        return partial(self._apply, catalog, read(catalog, data.records()))

    def _apply(self, catalog: str, members: list[Member]) -> None:
        """Follow the members that are new, and no longer those that have gone."""
        self._catalogs[catalog] = {member.zone: member for member in members}
        allowed = self._allowed.get(catalog)
        wanted = [
            member
            for member in members
            if allowed is None or allowed.match(names.from_text(member.zone)) is not None
        ]
        if len(wanted) < len(members):
            text = "Skipped %d member zones from catalog %s: outside configured member zones"
            self._log.warning(text, len(members) - len(wanted), catalog)
        for member in wanted:
            self._take(catalog, member)
        listed = {member.zone for member in wanted}
        for zone, (owner, _) in list(self._owners.items()):
            if owner == catalog and zone not in listed:
                self.zones.pop(zone).stop()
                del self._owners[zone]
                self._log.info("Removed catalog member zone %s from catalog %s", zone, catalog)
        self._names = Zones(self.zones)
        self.changed()
        text = "Parsed catalog zone %s with %d member zones"
        self._log.info(text, catalog, len(members))

    def _take(self, catalog: str, member: Member) -> None:
        zone = member.zone
        old = self.zones.get(zone)
        owner, known = self._owners.get(zone, ("", member))
        if owner == catalog and known.id == member.id:
            return
        keep = False
        if old is not None and owner != catalog:
            source = self._catalogs.get(owner, {}).get(zone)
            if source is None or source.heir != catalog:
                text = "Skipping catalog member zone %s from %s: zone already exists"
                self._log.warning(text, zone, catalog)
                return
            keep = known.id == source.id == member.id
        new = Follower(zone, self._options.zones[catalog], self._renewed, self._log)
        if old is not None:
            old.stop()
            if keep:
                new.data, new.expired = old.data, old.expired
        self.zones[zone] = new
        self._owners[zone] = (catalog, member)
        self._log.info("Added catalog member zone %s from catalog %s", zone, catalog)
        new.start()
