"""Asking again: ahead of expiry, behind a stale answer, or before one is given.

There is at most one background refresh of an entry at a time, so their number is bounded by that
of the entries in use, not by that of the queries.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from corepy import wire
from corepy.ends import Listener
from corepy.plugin import Next
from corepy.request import Request
from corepy.response import DROP, Response
from corepy.tasks import spawn
from corepy_plugins.cache.counters import Counters
from corepy_plugins.cache.entry import Entry
from corepy_plugins.cache.keeper import Keeper, Settled, matches
from corepy_plugins.cache.kind import ANSWER, OTHER, judge
from corepy_plugins.cache.options import Options


def authenticated(request: Request) -> Request:
    """The request with AD set: the answer is kept with AD, for whoever understands it."""
    if request.wire[3] & 0x20:
        return request
    derived = _copy(request, request.listener)
    derived.parent = request
    derived.depth = request.depth
    derived.via = request.via
    return derived


def _copy(request: Request, listener: Listener) -> Request:
    octets = request.wire
    octets = b"%b%c%b" % (octets[:3], octets[3] | 0x20, octets[4:])
    copy = Request(octets, request.end, request.opt, request.plain, request.peer, listener)
    copy.zone = request.zone
    copy.view = request.view
    return copy


class _Behind:
    """Where a query of the cache's own comes from: no client, so a reply of any size is welcome.

    CoreDNS gives these a TCP address too; *forward* then asks its upstream over TCP.
    """

    proto = "tcp"

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.address = listener.address
        self.local = listener.local

    async def resolve(self, request: Request) -> Response:
        """As the listener that the first query came to."""
        return await self._listener.resolve(request)


class Refresher:
    """Runs the refreshes of one cache."""

    def __init__(self, keeper: Keeper, options: Options) -> None:
        self._keeper = keeper
        self._stale = options.stale
        self._tasks: set[asyncio.Task[Any]] = set()
        self._verifying: dict[Entry, asyncio.Task[Settled | None]] = {}

    async def stop(self) -> None:
        """End what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ---- in the background

    def later(
        self,
        request: Request,
        next: Next,  # noqa: A002
        key: bytes,
        entry: Entry,
        counters: Counters,
    ) -> None:
        """Ask again behind the client's back, unless somebody does so already."""
        now = self._keeper.now()
        overdue = now - entry.stored - entry.ttl
        recheck = self._stale.recheck if overdue >= 0 else 0.0
        if not entry.begin(now, recheck):
            return
        counters.prefetches.value += 1
        behind = _copy(request, _Behind(request.listener))
        self._spawn(self._refresh(behind, next, key, entry, counters, overdue >= 0, now, recheck))

    async def _refresh(
        self,
        request: Request,
        next: Next,  # noqa: A002
        key: bytes,
        entry: Entry,
        counters: Counters,
        stale: bool,
        now: float,
        recheck: float,
    ) -> None:
        keeper, refreshed = self._keeper, False
        try:
            response = await next(request)
            if stale:
                refreshed = self._accept(request, key, response, counters, True) is not None
            else:
                keeper.settle(request, key, response, counters, authenticated=True, replaces=True)
                refreshed = True
            newer = keeper.denial.entries.get(key) or keeper.success.entries.get(key)
            if refreshed and newer is not None:
                # A popular name stays popular.
                newer.hits = entry.hits
                newer.last_hit = now if not stale else entry.stored + entry.ttl
        finally:
            entry.finish(keeper.now(), recheck, refreshed=refreshed)

    # ---- before a stale answer is given

    async def verify(
        self,
        request: Request,
        next: Next,  # noqa: A002
        key: bytes,
        entry: Entry,
        counters: Counters,
    ) -> Settled | None:
        """Ask whether there is something newer; None if the stale answer is to be given."""
        recheck = self._stale.recheck
        if recheck and not entry.begin(self._keeper.now(), recheck):
            return None
        if not self._stale.timeout:
            return await self._verify(authenticated(request), next, key, entry, counters, False)
        running = None if recheck else self._verifying.get(entry)
        if running is None:
            copy = _copy(request, request.listener)
            copy.values.update(request.values)
            running = self._spawn(self._verify(copy, next, key, entry, counters, True))
            if not recheck:
                # Whoever comes meanwhile waits for the same refresh.
                self._verifying[entry] = running
                running.add_done_callback(lambda _: self._verifying.pop(entry, None))
        await asyncio.wait((running,), timeout=self._stale.timeout)
        if not running.done() or running.cancelled() or running.exception() is not None:
            return None
        return running.result()

    async def _verify(
        self,
        request: Request,
        next: Next,  # noqa: A002
        key: bytes,
        entry: Entry,
        counters: Counters,
        replaces: bool,
    ) -> Settled | None:
        settled = None
        try:
            response = await next(request)
            settled = self._accept(request, key, response, counters, replaces)
        finally:
            if self._stale.recheck:
                now = self._keeper.now()
                entry.finish(now, self._stale.recheck, refreshed=settled is not None)
        return settled

    def _accept(
        self,
        request: Request,
        key: bytes,
        response: Response,
        counters: Counters,
        replaces: bool,
    ) -> Settled | None:
        """Keep a response that is better than the stale answer; None for any other.

        That is a complete NOERROR or NXDOMAIN (RFC 8767 section 4), with `prefer_positive` only
        one that answers. What that policy turns down is kept for when the answer is too old.
        """
        if response.implicit or response is DROP or response.flags & wire.TC:
            return None
        if not matches(request, response):
            return None
        verdict = judge(request, response)
        good = True
        if self._stale.prefer_positive:
            good = verdict is ANSWER
        elif response.rcode not in (wire.NOERROR, wire.NXDOMAIN) or verdict is OTHER:
            return None
        settled = self._keeper.settle(
            request, key, response, counters, authenticated=True, replaces=replaces
        )
        return settled if good else None

    def _spawn(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = spawn(coro, name="cache refresh")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
