"""Finds the zone for a question and answers from it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from corepy import CorepyError, Next, Plugin, Request, Response, Token, Zones, names, wire
from corepy.lib.notices import Tell
from corepy.lib.zonedata import Result, ZoneData, chase, look_up
from corepy.tasks import spawn
from corepy_plugins.auto.options import Options
from corepy_plugins.auto.zones import AutoZones

_REFUSED: Final = Response.failure(wire.REFUSED)
_TRANSFERS: Final = (wire.AXFR, wire.IXFR)

Refuse = Callable[[str, Token], CorepyError]
"""Makes the error that fails the start, placed at a word of the Corefile."""


class Auto(Plugin):
    """The handler of a server block."""

    repeatable = True
    eager = True

    def __init__(
        self,
        options: Options,
        zones: AutoZones,
        tell: Tell,
        refuse: Refuse,
        log: logging.Logger,
    ) -> None:
        self.zones = zones
        self._options = options
        self._origins = Zones(options.zones)
        self._tell = tell
        self._refuse = refuse
        self._log = log
        self._last = False

    def placed(self, following: str) -> None:
        """With no plugin behind it, names without a zone are refused."""
        self._last = not following

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """The zone's answer; questions outside the zones go on."""
        qname = request.qname
        if self._origins.match(qname) is None:
            return await next(request)
        zone = self.zones.names.match(qname)
        data = None if zone is None else self.zones.data(zone)
        if data is None:
            return _REFUSED if self._last else await next(request)
        if request.qtype in _TRANSFERS:
            return _REFUSED
        answer = look_up(data, request)
        if answer.target is not None:
            answer = await chase(data, answer, request)
        response = answer.response
        if answer.result is Result.DELEGATION and response.flags & wire.AA:
            # Unlike *file*, CoreDNS's *auto* does so behind an alias too.
            return response.replace(flags=response.flags & ~wire.AA)
        return response

    def transfer(self, zone: bytes) -> ZoneData | None:
        """What *transfer* hands out."""
        name = self.zones.names.match(zone)
        if name is None or names.from_text(name) != zone:
            return None
        return self.zones.data(name)

    def started(self) -> None:
        """Other servers may have missed a change while this one was down."""
        for zone in self.zones.names:
            self._tell(zone)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Read all zones before the first question, then look at the folder now and then."""
        await self._look()
        await self.zones.scan()
        watcher = spawn(self._watch(), name="auto")
        try:
            yield
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher

    async def _look(self) -> None:
        """A folder may come later; one that cannot be looked at fails the start."""
        folder, token = self._options.directory, self._options.token
        if token is None:
            return
        try:
            await asyncio.to_thread(folder.stat)
        except FileNotFoundError:
            self._log.warning("Directory does not exist: %s", folder)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            fault = f"Unable to access root path '{folder}': stat {folder}: {reason}"
            raise self._refuse(fault, token) from error

    async def _watch(self) -> None:
        while self._options.reload:
            await asyncio.sleep(self._options.reload)
            renewed, gone = await self.zones.scan()
            if renewed or gone:
                self.changed()
            for zone in renewed:
                self._tell(zone)
