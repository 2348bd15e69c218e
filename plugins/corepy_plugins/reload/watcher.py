"""Compares the Corefile with the running configuration from time to time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import ClassVar, Final, NamedTuple

from corepy.corefile.report import headline
from corepy.errors import ConfigErrors, CorepyError
from corepy.host import Host
from corepy.metrics import Family, Series
from corepy.plugin import Home
from corepy.tasks import spawn

_SETTLE: Final = 0.05
"""Seconds in which a start that fails has ended this watcher again."""

_HASH: Final = "sha512"


class Counts(NamedTuple):
    """The metrics of the plugin."""

    failed: Series
    version: Family[Series]


class Watcher:
    """Not part of any chain. One is active in each instance, the one set up last."""

    home: ClassVar[Home] = "supervisor"

    def __init__(self, interval: float, host: Host, log: logging.Logger, counts: Counts) -> None:
        self.interval = interval
        self._host = host
        self._log = log
        self._counts = counts
        self._running = host.fingerprint
        self._complaint = ""

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Watch as long as the instance lives."""
        if self._host.shared.get("reload") is not self:
            yield
            return
        watch = spawn(self._watch(), name="reload")
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    async def _watch(self) -> None:
        await asyncio.sleep(_SETTLE)
        self._log.info("Running configuration SHA512 = %s", self._running)
        while True:
            await asyncio.sleep(self.interval)
            try:
                found = await asyncio.to_thread(self._host.read)
            except ConfigErrors as error:
                await self._refused(error)
            except (CorepyError, OSError) as error:
                self._is_news(f"Corefile cannot be read: {error}")
            else:
                self._complaint = ""
                if found != self._running:
                    await self._swap(found)

    async def _refused(self, error: ConfigErrors) -> None:
        """A broken Corefile is told once, however often it is looked at, and is no attempt."""
        text = "; ".join(headline(one) for one in error.errors)
        if all(one.message.startswith("Unknown directive") for one in error.errors):
            # To CoreDNS this is well-formed: it tries.
            if self._is_news(text, log=False):
                await self._attempt()
        else:
            self._is_news(f"Corefile parse failed: {text}")

    def _is_news(self, text: str, *, log: bool = True) -> bool:
        """False if the same was said the last time; else it is a warning for the log."""
        if text == self._complaint:
            return False
        self._complaint = text
        if log:
            self._log.warning("%s", text)
        return True

    async def _swap(self, found: str) -> None:
        """Try a changed configuration, once."""
        self._counts.version.forget(_HASH, self._running)
        self._running = found
        # Set first: when the attempt succeeds, this task has ended.
        self._counts.version.labels(_HASH, found).set(1)
        await self._attempt()

    async def _attempt(self) -> None:
        # A reload that succeeds ends this task, which must not end the reload.
        await asyncio.shield(spawn(self._reload(), name="reload swap"))

    async def _reload(self) -> None:
        if reason := await self._host.reload():
            self._counts.failed.value += 1
            self._log.error(
                "Corefile changed but reload failed: starting with listener file descriptors: %s",
                reason,
            )
