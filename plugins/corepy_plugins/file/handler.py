"""Finds the zone for a question and answers from it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final

from corepy import CorepyError, Fallthrough, Next, Plugin, Request, Response, Zones, names, wire
from corepy.lib.notices import Tell
from corepy.lib.zonedata import ZoneData, chase, look_up, special
from corepy.tasks import spawn
from corepy_plugins.file.zonefile import ZoneFile

_FAILED: Final = Response.failure(wire.SERVFAIL)
_REFUSED: Final = Response.failure(wire.REFUSED)


class File(Plugin):
    """The handler for all zones of a server block."""

    repeatable = True
    eager = True

    def __init__(
        self,
        zones: dict[str, ZoneFile],
        fallthrough: Fallthrough,
        tell: Tell,
        log: logging.Logger,
    ) -> None:
        self.zones = zones
        self._names = Zones(zones)
        self._fallthrough = fallthrough
        self._tell = tell
        self._log = log
        self._last = False

    def placed(self, following: str) -> None:
        """With no plugin behind it, questions outside the zones are refused."""
        self._last = not following

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """The zone's answer; questions outside the zones go on."""
        qname = request.qname
        zone = self._names.match(qname)
        if zone is None:
            return _REFUSED if self._last else await next(request)
        if request.opcode or request.qtype in (wire.AXFR, wire.IXFR):
            response = special(request, zone, self._log)
            if response is not None:
                return response
        data = self.zones[zone].data
        if data is None:
            return _FAILED
        answer = look_up(data, request)
        if answer.target is not None:
            answer = await chase(data, answer, request)
        if answer.empty and self._fallthrough.passes(qname):
            return await next(request)
        return answer.response

    def transfer(self, zone: bytes) -> ZoneData | None:
        """What *transfer* hands out."""
        name = self._names.match(zone)
        if name is None or names.from_text(name) != zone:
            return None
        data = self.zones[name].data
        if data is None:
            raise CorepyError("no SOA")
        return data

    def started(self) -> None:
        """Other servers may have missed a change while this one was down."""
        for zone in self.zones:
            self._tell(zone)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Read all zones before the first question, then look at their files now and then."""
        for zone in self.zones.values():
            await zone.load_first()
        watchers = [
            spawn(zone.watch(partial(self._renewed, zone.origin)), name=f"file {zone.origin}")
            for zone in self.zones.values()
        ]
        try:
            yield
        finally:
            for watcher in watchers:
                watcher.cancel()
            for watcher in watchers:
                with suppress(asyncio.CancelledError):
                    await watcher

    def _renewed(self, zone: str) -> None:
        self.changed()
        self._tell(zone)
