"""One forward line at work: which names it takes, which upstreams it asks, what it makes of it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Final, cast

from corepy import Request, Response, metrics, names, wire
from corepy.errors import UpstreamError
from corepy.lib import labels
from corepy.lib.upstream.address import Address
from corepy.lib.upstream.faults import TIMEOUT, Mismatch
from corepy.lib.upstream.flight import Answer, truncated
from corepy.lib.upstream.server import Upstream
from corepy.response import WireResponse
from corepy.zone import Zones
from corepy_plugins.forward import policy
from corepy_plugins.forward.attempt import LONGEST, Attempt
from corepy_plugins.forward.query import body_of
from corepy_plugins.forward.settings import Settings, attempts
from corepy_plugins.forward.targets import Target, distinct

BUDGET: Final = 5.0
"""Seconds that one query may take in all, the first upstream's `read_timeout` always granted."""

_PAUSE: Final = 0.05
"""Seconds between rounds over upstreams that fail at once, where their number has no limit."""

NO_HEALTHY: Final = "no healthy proxies"

_broken = metrics.counter(
    "coredns_forward_healthcheck_broken_total", "Queries that found all upstreams unhealthy."
).labels()
_rejected = metrics.counter(
    "coredns_forward_max_concurrent_rejects_total",
    "Queries refused because too many were under way.",
).labels()


class Stanza:
    """FROM, TO and the options of one line.

    `labelled`: the upstream asked is published as metadata.
    """

    def __init__(self, zone: str, targets: Sequence[Target], settings: Settings) -> None:
        self.zone = zone
        self.settings = settings
        self.upstreams: list[Upstream] = []
        self._labelled = False
        self._targets = targets
        self._base = names.from_text(zone).lower()
        self._excepted = Zones(settings.excepted)
        self._order: Callable[[Sequence[Upstream]], Sequence[Upstream]]
        self._order = policy.make(settings.policy)
        self._max_fails = settings.max_fails or math.inf
        self._most = settings.max_concurrent
        self._under_way = 0
        self._attempts = 0.0
        self._force_tcp = settings.force_tcp
        self._prefer_udp = settings.prefer_udp
        self._failover = settings.failover
        self._selective = bool(settings.next_rcodes) or settings.next_on_nodata
        self.read_timeout = settings.limits.read_timeout
        # What an upstream says with one of these is not the last word.
        self.doubtful = self._failover | settings.next_rcodes
        if settings.next_on_nodata:
            self.doubtful |= {wire.NOERROR}
        self._usual = not self._force_tcp

    # ---- start and stop

    async def start(self, *, labelled: bool) -> None:
        """Look host names up; raises `ConfigError` for one that leads nowhere."""
        self._labelled = labelled
        self._usual = not labelled and not self._force_tcp
        found: list[Address] = []
        for target in self._targets:
            found += await target.resolve(self.settings.resolvers)
        limits, probing = self.settings.limits, self.settings.probing
        self.upstreams = [
            Upstream("forward", address, limits, probing) for address in distinct(found)
        ]
        self._attempts = attempts(self.settings, self.upstreams)
        for upstream in self.upstreams:
            upstream.start()

    async def stop(self) -> None:
        """Close all sockets."""
        for upstream in self.upstreams:
            await upstream.stop()

    # ---- queries

    @property
    def takes_all(self) -> bool:
        """Whether there is no name that it does not take."""
        return self._base == b"\0" and not self._excepted

    def takes(self, name: bytes) -> bool:
        """Whether a name (lower-case wire form) is below FROM and not excepted."""
        base = self._base
        if base != b"\0" and not names.below(name, base):
            return False
        return not self._excepted or name == base or name not in self._excepted

    def answer(self, request: Request, last: bool) -> Awaitable[Response | None]:
        """What the upstreams say, or None if the next line shall answer: never for the last one."""
        if self._most:
            return self._limited(request, last)
        order: Sequence[Upstream] = self.upstreams
        if len(order) > 1:
            order = self._order(order)
        if self._usual and request.plain and request.listener.proto == "udp":
            upstream, now = order[0], monotonic()
            well = upstream.health.fails <= self._max_fails
            body = request.wire[2:]
            if well and now < request.deadline and body not in upstream.udp.flights:
                attempt = Attempt(self, request, body, last, order, now)
                upstream.udp.launch(attempt, now)
                return attempt
        return self.search(request, last, order)

    async def _limited(self, request: Request, last: bool) -> Response | None:
        """`answer` with `max_concurrent`."""
        if self._under_way >= self._most:
            _rejected.value += 1
            text = f"concurrent queries exceeded maximum {self._most}"
            return Response.failure(wire.REFUSED, text)
        self._under_way += 1
        try:
            return await self.search(request, last, self._order(self.upstreams))
        finally:
            self._under_way -= 1

    async def search(
        self,
        request: Request,
        last: bool,
        order: Sequence[Upstream],
        first: Attempt | None = None,
    ) -> Response | None:
        """Ask one upstream after the other until one has answered well enough.

        `first` has been sent to the first of them already.
        """
        count = len(order)
        body = request.wire[2:] if request.plain else body_of(request)
        tcp = self._force_tcp or (request.listener.proto != "udp" and not self._prefer_udp)
        started = now = monotonic() if first is None else first.started
        limit = min(started + BUDGET, request.deadline)
        error: UpstreamError | None = None
        at = down = failed = failovers = 0
        while now < limit and failed < self._attempts:
            if at >= count:
                at = down = 0
            upstream = order[at]
            at += 1
            if upstream.health.fails > self._max_fails:
                down += 1
                if down < count:
                    continue
                _broken.value += 1
                if self.settings.failfast:
                    break
                upstream = policy.anyone(self.upstreams)
            if self._labelled:
                _publish(request, upstream)
            answer: Answer
            if first is not None:
                answer, first = cast("Answer", first), None
            else:
                answer = (upstream.tcp if tcp else upstream.udp).ask(body, request.end, now)
            try:
                if failed:
                    response = await _within(answer, BUDGET - (now - started))
                else:
                    response = await answer
                if not tcp and (len(response.wire) > LONGEST or response.flags & wire.TC):
                    response = await self._whole(request, body, upstream, response)
            except Mismatch:
                return Response(wire.FORMERR, flags=0, fresh_until=0.0)
            except UpstreamError as fault:
                error, failed = fault, failed + 1
                await self._failed(upstream, failed)
                if down >= count:
                    break
                now = monotonic()
                continue
            before, now = now, monotonic()
            upstream.answered(response.rcode, now - before)
            if response.rcode in self._failover:
                failovers += 1
                if failovers < count:
                    continue
            return None if self._selective and not last and self._passes(response) else response
        return Response.failure(wire.SERVFAIL, str(error) if error else NO_HEALTHY)

    async def _failed(self, upstream: Upstream, failed: int) -> None:
        """An upstream did not answer; this was the `failed`th time for the query."""
        if self._max_fails < math.inf:
            upstream.health.suspect()
        if failed > 2 * len(self.upstreams):
            await asyncio.sleep(_PAUSE)

    async def _whole(
        self, request: Request, body: bytes, upstream: Upstream, response: WireResponse
    ) -> WireResponse:
        """What is made of a long or cut reply over UDP; raises `UpstreamError`."""
        if len(response.wire) > LONGEST and len(response.wire) > request.size:
            # More than the client takes: it is to come back over TCP, as CoreDNS has it.
            response = truncated(response.wire, response.end)
        if response.flags & wire.TC and self._prefer_udp:
            return await upstream.tcp.ask(body, request.end, monotonic())
        return response

    def _passes(self, response: WireResponse) -> bool:
        """Whether the next line may know better than what an upstream said."""
        if response.rcode in self.settings.next_rcodes:
            return True
        return self.settings.next_on_nodata and not response.rcode and not response.counts[0]


def _publish(request: Request, upstream: Upstream) -> None:
    labels.publish(request, "forward/upstream", lambda: upstream.label)


async def _within(answer: Answer, seconds: float) -> WireResponse:
    """The answer if it comes in time; the query is not called back, others may wait for it."""
    loop = asyncio.get_running_loop()
    timer = loop.call_later(max(seconds, 0.0), answer.fail, UpstreamError(TIMEOUT))
    try:
        return await answer
    finally:
        timer.cancel()
