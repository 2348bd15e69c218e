"""Counts what passes: the place of *prometheus* in a server block's chain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from time import perf_counter
from typing import ClassVar

from corepy import DROP, Next, Plugin, Request, Response, Zones, series
from corepy.lib.query_size import query_size
from corepy.lib.rewritten import latest
from corepy.plugin import Home

from .enabled import Enabled
from .endpoint import Endpoint


class Prometheus(Plugin):
    """Measures every query of one server block and takes part in the endpoint."""

    eager = True
    repeatable = True
    home: ClassVar[Home] = "both"

    def __init__(self, zones: tuple[str, ...], endpoint: Endpoint, enabled: Enabled) -> None:
        self._zones = Zones(zones)
        self._zone = zones[0] if len(zones) == 1 else None
        self.endpoint = endpoint
        self._enabled = enabled
        self._following = ""

    def placed(self, following: str) -> None:
        """What answers, as far as this plugin can tell, is whatever stands next."""
        self._following = following

    def add_zone(self, zone: str) -> None:
        """Count the questions of one more zone under its own name."""
        self._label({**dict.fromkeys(self._zones), zone: None})

    def remove_zone(self, zone: str) -> None:
        """Count them as those of the zone above again."""
        self._label({known: None for known in self._zones if known != zone})

    def _label(self, zones: Iterable[str]) -> None:
        self._zones = Zones(zones)
        self._zone = self._zones.texts[0] if len(self._zones) == 1 else None

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Show the metrics for as long as the block is served."""
        with self._enabled.shown():
            async with self.endpoint.open():
                yield

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Pass on, then count the question, the time and the answer."""
        started = perf_counter()
        response = await next(request)
        duration = perf_counter() - started
        zone = self._zone or self._zones.match(request.qname) or "."
        if response.implicit or response is DROP:
            # Nobody wrote a message: CoreDNS knows neither its size nor its author.
            plugin, size = "", 0
        else:
            plugin = self._following
            size = response.size(len(request.shown) if request.shown else request.end - 12)
        tally = series.tally(latest(request), zone, response.rcode, plugin)
        cell = tally.add(duration, query_size(request), size)
        if response.fresh_until and request.repeatable:
            request.on_repeat(cell.repeat)
        return response
