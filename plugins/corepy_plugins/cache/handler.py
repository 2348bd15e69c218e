"""The plugin itself: look up, answer, or pass on and keep what comes back."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, ClassVar, Final

from corepy import wire
from corepy.lib import labels
from corepy.plugin import Next, Plugin
from corepy.request import Repeat, Request
from corepy.response import Response, WireResponse
from corepy.zone import Zones
from corepy_plugins.cache.counters import Counters
from corepy_plugins.cache.entry import Entry
from corepy_plugins.cache.keeper import WILDCARD, Keeper, Settled, good_of, without_ad
from corepy_plugins.cache.options import Options
from corepy_plugins.cache.refresh import Refresher, authenticated

_OPCODE: Final = wire.OPCODE_MASK >> 8
# DO and CD at the head of a key; the index is their bits.
_HEADS: Final = (b"00", b"01", b"10", b"11")


class Cache(Plugin):
    """One cache of a server block. `published` says whether metadata is, once the block runs."""

    repeatable: ClassVar[bool] = True
    eager: ClassVar[bool] = True

    def __init__(
        self,
        options: Options,
        *,
        now: Callable[[], float] = monotonic,
        published: Callable[[], bool] = bool,
    ) -> None:
        self.options = options
        self.keeper = Keeper(options, now)
        self.refresher = Refresher(self.keeper, options)
        self._now = now
        self._published = published
        self._zones = None if "." in options.zones else Zones(options.zones)
        self._label = ",".join(options.zones)
        self._counters: dict[str, Counters] = {}
        self._success = self.keeper.success.entries
        self._denial = self.keeper.denial.entries
        self._grace = int(options.stale.up_to)
        self._prefer = options.stale.prefer_positive and options.stale.up_to > 0
        self._keep_ttl = options.keep_ttl
        self._amount = options.prefetch.amount

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Background refreshes end with the instance."""
        self.keeper.metadata = self._published()
        try:
            yield
        finally:
            await self.refresher.stop()

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Answer from the cache, or pass the request on with AD set and keep the answer."""
        if self._zones is not None and self._zones.match(request.qname) is None:
            before = request.amended
            response = await next(request)
            if response.implicit and request.amended is not before:
                request.forget_amended(before)
            return response
        octets, end, opt = request.wire, request.end, request.opt
        head = 2 if opt and octets[opt + 7] & 0x80 else 0
        if octets[3] & 0x10:
            head += 1
        key = _HEADS[head] + octets[end - 4 : end] + request.qname
        counters = self._counters.get(request.listener.address) or self._count(request)
        counters.requests.value += 1
        now = self._now()
        entry = self._find(key, now)
        if octets[2] & _OPCODE and request.qtype == wire.SOA:
            entry = None  # news of a zone (RFC 1996) is for the plugin that has the zone
        wanted = head > 1 or octets[3] & 0x20 != 0
        if entry is None:
            counters.misses.value += 1
            before = request.amended
            response = await next(authenticated(request))
            if response.implicit and request.amended is not before:
                request.forget_amended(before)
            settled = self.keeper.settle(request, key, response, counters, authenticated=wanted)
            if settled.response.fresh_until > 0:
                request.on_repeat(counters.on_miss)
            return settled.response
        hits = counters.denials if entry.denial else counters.successes
        hits.value += 1
        if now - entry.stored < entry.ttl:
            return self._fresh(request, next, key, entry, now, counters, wanted)
        return await self._stale(request, next, key, entry, counters, wanted)

    def _count(self, request: Request) -> Counters:
        server = request.listener.address
        counters = self._counters[server] = Counters(server, self._label, request.view)
        return counters

    # ---- looking up

    def _find(self, key: bytes, now: float) -> Entry | None:
        """What the query is answered from; expired entries count as long as they may be used."""
        grace = self._grace
        success = self._success.get(key)
        if self._prefer and success is not None:
            good = good_of(success)
            if good is not None and _usable(good, now, grace):
                return good
        denial = self._denial.get(key)
        if success is not None and not _usable(success, now, grace):
            success = None
        if denial is None or not _usable(denial, now, grace):
            return success
        # A failure may pass; it does not hide an answer that is there.
        return success if success and denial.rcode == wire.SERVFAIL else denial

    # ---- answering

    def _fresh(
        self,
        request: Request,
        next: Next,  # noqa: A002
        key: bytes,
        entry: Entry,
        now: float,
        counters: Counters,
        wanted: bool,
    ) -> WireResponse:
        age = int(now - entry.stored)
        repeat = counters.on_denial if entry.denial else counters.on_success
        if self._keep_ttl:
            ttl, fresh_until = entry.ttl, entry.stored + entry.ttl
        else:
            ttl, fresh_until = entry.ttl - age, entry.stored + age + 1
        if self._amount:
            prefetch = self.options.prefetch
            entry.touch(now, prefetch.gap)
            last = math.ceil(prefetch.percentage / 100 * entry.ttl)
            if entry.ttl - age <= last:
                # Every query counts from here on.
                fresh_until = 0.0
                if entry.hits >= self._amount:
                    self.refresher.later(request, next, key, entry, counters)
            else:
                fresh_until = min(fresh_until, entry.stored + entry.ttl - last)
                repeat = _touching(repeat, entry, prefetch.gap)
        if fresh_until:
            request.on_repeat(repeat)
        if entry.wildcard is not None:
            labels.publish(request, WILDCARD, entry.wildcard)
        return entry.answer(request, ttl, fresh_until, authenticated=wanted)

    async def _stale(
        self,
        request: Request,
        next: Next,  # noqa: A002
        key: bytes,
        entry: Entry,
        counters: Counters,
        wanted: bool,
    ) -> Response:
        stale = self.options.stale
        if stale.verify:
            settled = await self.refresher.verify(request, next, key, entry, counters)
            if settled is not None:
                return self._verified(request, settled, wanted)
        else:
            self.refresher.later(request, next, key, entry, counters)
        counters.stale.value += 1
        if entry.wildcard is not None:
            labels.publish(request, WILDCARD, entry.wildcard)
        ttl = stale.ttl or (entry.ttl if self._keep_ttl else 0)
        return entry.answer(request, ttl, 0.0, authenticated=wanted)

    def _verified(self, request: Request, settled: Settled, wanted: bool) -> Response:
        """What came instead of a stale answer; within a time limit it is given as a hit."""
        response, entry = settled
        if entry is not None and self.options.stale.timeout:
            ttl = entry.ttl - (0 if self._keep_ttl else int(self._now() - entry.stored))
            return entry.answer(request, ttl, 0.0, authenticated=wanted)
        if wanted or not response.flags & wire.AD:
            return response
        return without_ad(response)


def _usable(entry: Entry, now: float, grace: int) -> bool:
    return now - entry.stored < entry.ttl + grace


def _touching(repeat: Repeat, entry: Entry, gap: float) -> Repeat:
    def touch(query: bytes, peer: Any, started: float) -> None:
        repeat(query, peer, started)
        entry.touch(started, gap)

    return touch
