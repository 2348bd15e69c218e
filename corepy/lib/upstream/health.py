"""Health of an upstream: probed only from a failure on, until it answers again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from corepy.errors import UpstreamError
from corepy.tasks import spawn

_SHORTEST = 0.01
"""Seconds between probes at least: an interval of 0 must not become a busy loop."""


class Health:
    """Counts failed probes in a row; `probe` raises `UpstreamError` when there is no answer.

    `interval` is in seconds.
    """

    def __init__(self, probe: Callable[[], Awaitable[object]], interval: float) -> None:
        self.fails = 0
        self._probe = probe
        self._interval = max(interval, _SHORTEST)
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    def suspect(self) -> None:
        """Something went wrong: probe now, and again until all is well. One loop at a time."""
        if self._task is None and not self._stopped:
            self._task = spawn(self._run(), name="upstream health")

    async def stop(self) -> None:
        """End probing, for good."""
        self._stopped = True
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while not await self._well():  # noqa: ASYNC110 - nobody says when it is up again
            await asyncio.sleep(self._interval)
        self._task = None

    async def _well(self) -> bool:
        try:
            await self._probe()
        except UpstreamError:
            self.fails += 1
            return False
        self.fails = 0
        return True
