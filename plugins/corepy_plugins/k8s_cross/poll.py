"""The background loop that asks for the node list, and what it does when there is none."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from corepy.lib import duration
from corepy.tasks import spawn
from corepy_plugins.k8s_cross import metrics
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.listing import Malformed
from corepy_plugins.k8s_cross.source import FetchError, Source

LOOK: Final = 1.0
"""Seconds between two looks at a file: a watched source, or the key file after a failure."""

_QUICK: Final = 5.0
_LONGEST_BACKOFF: Final = 60.0
_DENIED: Final = 60.0
_LONGEST: Final = 300.0
_REMIND: Final = 300.0
_SLACK: Final = 0.01


class Poller:
    """Keeps one instance up to date. `first` is set once the first attempt has ended."""

    def __init__(self, instance: Instance, source: Source) -> None:
        self._instance = instance
        self._source = source
        self._failures = 0
        self._denied = False
        self._said_at = 0.0
        self.first = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Poll for as long as the context is open."""
        instance = self._instance
        unwatch = metrics.watch(instance)
        await instance.adopt()
        if instance.known:
            self.first.set()
        task = spawn(self._run(), name="k8s_cross poll")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._source.close()
            instance.forget()
            unwatch()

    async def _run(self) -> None:
        await asyncio.to_thread(self._source.load)
        while True:
            delay = await self._poll()
            self.first.set()
            await self._wait(time.monotonic() + delay)

    async def _poll(self) -> float:
        """One attempt; seconds until the next."""
        started = time.monotonic()
        try:
            await self._instance.take(await self._source.fetch())
        except (FetchError, Malformed) as error:
            return self._failed(error)
        except Exception as error:
            # A bug in the reader must not end the polling: the old data stays.
            if not self._failures:
                self._instance.log.exception("reading %s", self._source.name)
            return self._failed(Malformed(type(error).__name__))
        self._instance.succeeded(time.monotonic() - started)
        self._recovered()
        return self._interval()

    async def _wait(self, due: float) -> None:
        """Until then, or until another attempt makes sense; see to deadlines on the way."""
        instance = self._instance
        while (now := time.monotonic()) < due:
            until = min(due, instance.due + _SLACK, instance.next_state() + _SLACK)
            if self._failures:
                until = min(until, now + LOOK)
            await asyncio.sleep(max(until - now, 0))
            instance.consider_age()
            if time.monotonic() > instance.due:
                await self._reconsider()
            if self._failures and self._source.renewed():
                return

    async def _reconsider(self) -> None:
        try:
            await self._instance.reconsider()
        except Exception:
            self._instance.log.exception("looking again at the list of %s", self._source.name)
            self._instance.due = math.inf

    def _interval(self) -> float:
        if self._source.watched:
            return LOOK
        refresh, interval = self._instance.settings.refresh, self._instance.interval
        if self._instance.starting:
            return min(_QUICK, refresh)
        jittered = interval * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, no secret
        return min(jittered, max(_LONGEST, refresh))

    # ---- failures

    def _failed(self, error: FetchError | Malformed) -> float:
        """Say it, and how long to wait."""
        denied = isinstance(error, FetchError) and error.denied
        self._failures += 1
        self._instance.trouble = str(error)
        now = time.monotonic()
        if self._failures == 1 or denied != self._denied or now - self._said_at >= _REMIND:
            self._said_at = now
            say = self._instance.log.error if denied else self._instance.log.warning
            say("%s: %s; %s", self._source.name, error, self._consequence())
        self._denied = denied
        if self._source.watched:
            return LOOK
        if denied:
            return _DENIED
        if isinstance(error, FetchError) and error.retry_after is not None:
            return max(error.retry_after, 1.0)
        backoff = 2.0 ** min(self._failures - 1, 16) * random.uniform(1.0, 1.2)  # noqa: S311
        # What may be asked each interval when it works can bear that when it does not.
        return min(backoff, _LONGEST_BACKOFF, self._instance.interval)

    def _consequence(self) -> str:
        if not self._instance.known:
            return "services are answered with SERVFAIL until there is a list"
        age = duration.format(round(time.time() - self._instance.last_success))
        return f"answers come from the list of {age} ago"

    def _recovered(self) -> None:
        instance = self._instance
        if self._failures:
            instance.log.info("%s: answers again", self._source.name)
        elif not self.first.is_set():
            count = sum(instance.summary.services.values())
            clusterset = instance.settings.clusterset
            instance.log.info(
                "%s: %d services in clusterset %s", self._source.name, count, clusterset
            )
        self._failures, self._denied, instance.trouble = 0, False, ""
