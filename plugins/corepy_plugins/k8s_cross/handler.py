"""Answers queries for cross-cluster services, from data that is always at hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from typing import Final, Protocol

from corepy import names, wire
from corepy.metrics import Series
from corepy.plugin import Next, Plugin
from corepy.request import Repeat, Request
from corepy.response import Response
from corepy_plugins.k8s_cross import metrics
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.metadata import describe
from corepy_plugins.k8s_cross.poll import Poller
from corepy_plugins.k8s_cross.source import Source
from corepy_plugins.k8s_cross.zone import Zone

START: Final = 5.0
"""Seconds that the start waits for node lists, all instances together."""

_REFUSED = Response.failure(wire.REFUSED)


class Companion(Protocol):
    """What runs beside the poller of a line: probes, catalogs, files."""

    @property
    def first(self) -> asyncio.Event | None:
        """Set when answers need not wait for it any more; None if they never do."""
        ...

    def running(self) -> AbstractAsyncContextManager[None]:
        """At work for as long as the context is open."""
        ...


class K8sCross(Plugin):
    """All `k8s_cross` lines of one server block; each has its own zones."""

    repeatable = True
    eager = True

    def __init__(self) -> None:
        self._zones: tuple[Zone, ...] = ()
        self._pollers: list[Poller] = []
        self._companions: list[tuple[Instance, Companion]] = []
        self._counts: dict[str, tuple[Series, Repeat]] = {}

    def add(self, instance: Instance, source: Source, *companions: Companion) -> None:
        """Take one line in. The longest zone stands first: it is the one that counts."""
        zones = [*self._zones, *instance.zones.values()]
        self._zones = tuple(sorted(zones, key=lambda zone: -len(zone.origin)))
        self._pollers.append(Poller(instance, source))
        self._companions += [(instance, companion) for companion in companions]

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Answer what is in a zone; pass the rest on, and by fallthrough what is not there."""
        zone = self._zone(request.qname)
        if zone is None or request.qclass != wire.IN:
            return await next(request)
        address = request.listener.address
        series, repeat = self._counts.get(address) or self._count(address)
        series.value += 1
        request.on_repeat(repeat)
        if request.qtype in (wire.AXFR, wire.IXFR):
            return _REFUSED
        response = zone.answer(request)
        if response is not None:
            return response
        if zone.settings.fallthrough.passes(request.qname):
            return await next(request)
        return zone.denial(request, wire.NXDOMAIN)

    def metadata(self, request: Request) -> dict[str, Callable[[], str]]:
        """What the question asks for, under `k8s_cross/...`."""
        zone = self._zone(request.qname)
        return {} if zone is None else describe(request.qname, zone.origin)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Poll in the background; begin when the first attempts have ended, or without them."""
        async with AsyncExitStack() as stack:
            for poller in self._pollers:
                await stack.enter_async_context(poller.running())
            for _, companion in self._companions:
                await stack.enter_async_context(companion.running())
            with suppress(TimeoutError):
                await asyncio.wait_for(self._settled(), START)
            yield

    async def _settled(self) -> None:
        for poller in self._pollers:
            await poller.first.wait()
        for instance, companion in self._companions:
            if companion.first is not None and instance.known:
                await companion.first.wait()

    def _zone(self, qname: bytes) -> Zone | None:
        for zone in self._zones:
            origin = zone.origin
            if qname.endswith(origin) and (qname in zone.full or names.below(qname, origin)):
                return zone
        return None

    def _count(self, address: str) -> tuple[Series, Repeat]:
        found = self._counts[address] = metrics.requests(address)
        return found
