"""A file beside the Corefile that is read again when it changes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final, Generic, TypeVar

from corepy.tasks import spawn
from corepy_plugins.k8s_cross.imports import BadDocument
from corepy_plugins.k8s_cross.source import Stamp, stamp

T = TypeVar("T")

LOOK: Final = 1.0
"""Seconds between two looks at a file."""


class Watched(Generic[T]):
    """`read` runs in a thread for each new state of the file, `take` is told what came of it.

    A file that cannot be read, or is refused with `BadDocument`, is reported once and leaves
    everybody with what there was.
    """

    def __init__(
        self,
        path: Path,
        label: str,
        log: logging.Logger,
        read: Callable[[Path], T],
        take: Callable[[T], Awaitable[None]],
    ) -> None:
        self.path = path
        self._label = label
        self._log = log
        self._read = read
        self._take = take
        self._seen: Stamp | None = None
        self._said = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look at the file for as long as the context is open, and once before."""
        await self.look()
        task = spawn(self._run(), name=f"k8s_cross {self._label}")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - one bad moment must not end the watch
                self._log.exception("%s %s", self._label, self.path)

    async def look(self) -> None:
        """Read the file if it has changed."""
        now = stamp(self.path)
        if now is not None and now == self._seen:
            return
        self._seen = now
        try:
            found = await asyncio.to_thread(self._read, self.path)
        except (OSError, BadDocument) as error:
            self._say(str(getattr(error, "strerror", None) or error).lower())
            return
        self._said = ""
        await self._take(found)

    def _say(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            self._log.warning("%s %s is not used: %s", self._label, self.path, reason)


def report(log: logging.Logger, label: str, path: Path, faults: tuple[str, ...]) -> None:
    """Say what was left out of a file, the first of it."""
    for fault in faults[:_LINES]:
        log.warning("%s %s: %s", label, path, fault)
    if len(faults) > _LINES:
        log.warning("%s %s: ... and %d more", label, path, len(faults) - _LINES)


_LINES: Final = 10
