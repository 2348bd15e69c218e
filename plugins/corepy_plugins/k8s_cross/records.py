"""Services from a file beside the Corefile, read again when it changes (`records`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from corepy.tasks import spawn
from corepy_plugins.k8s_cross import files
from corepy_plugins.k8s_cross.imports import BadDocument, Document, Facts, facts, read
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.source import Stamp, stamp

LOOK: Final = 1.0
"""Seconds between two looks at the file."""

_SOURCE: Final = "records"
_LINES: Final = 10


class Records:
    """Keeps the services of one file in an instance. A file that is bad leaves the old ones."""

    def __init__(self, instance: Instance, path: Path) -> None:
        self._instance = instance
        self._path = path
        self._seen: Stamp | None = None
        self._said = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look at the file for as long as the context is open."""
        await self.look()
        task = spawn(self._run(), name="k8s_cross records")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(LOOK)
            await self.look()

    async def look(self) -> None:
        """Read the file if it has changed."""
        now = stamp(self._path)
        if now is not None and now == self._seen:
            return
        self._seen = now
        try:
            document, found = await asyncio.to_thread(self._read)
        except (OSError, BadDocument) as error:
            self._say(str(getattr(error, "strerror", None) or error).lower())
            return
        self._said = ""
        self._report(document)
        await self._instance.include({_SOURCE: found})

    def _read(self) -> tuple[Document, Facts]:
        settings = self._instance.settings
        document = read(files.load(self._path), settings.cluster, Pace())
        good, faults = [], list(document.faults)
        for service in document.services:
            if service.headless or service.v4 or service.v6:
                good.append(service)
            else:
                name = f"{service.service}.{service.namespace}"
                faults.append(f"service {name}: a ClusterSetIP service needs ips")
        return Document(tuple(good), tuple(faults)), facts(good, _SOURCE, settings.clusterset)

    def _report(self, document: Document) -> None:
        log = self._instance.log
        log.info("records %s: %d services", self._path, len(document.services))
        for fault in document.faults[:_LINES]:
            log.warning("records %s: %s", self._path, fault)
        if len(document.faults) > _LINES:
            log.warning("records %s: ... and more", self._path)

    def _say(self, reason: str) -> None:
        if reason != self._said:
            self._said = reason
            self._instance.log.warning("records %s is not used: %s", self._path, reason)
