"""Services from a file beside the Corefile (`records`)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

from corepy_plugins.k8s_cross import files
from corepy_plugins.k8s_cross.imports import Document, Facts, Import, facts
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.watched import Watched, report

_SOURCE: Final = "records"


class Records:
    """Keeps the services of one file in an instance. A file that is bad leaves the old ones."""

    first = None

    def __init__(self, instance: Instance, path: Path) -> None:
        self._instance = instance
        self._file = Watched(path, _SOURCE, instance.log, self._read, self._take)

    def running(self) -> AbstractAsyncContextManager[None]:
        """Look at the file for as long as the context is open."""
        return self._file.running()

    def _read(self, path: Path) -> tuple[Document, Facts]:
        settings, pause = self._instance.settings, Pace()
        document = files.load(path, settings.cluster, pause, forced=False)
        faults = list(document.faults)

        def good() -> Iterator[Import]:
            for service in document.services:
                if service.headless or service.v4 or service.v6:
                    yield service
                else:
                    name = f"{service.service}.{service.namespace}"
                    faults.append(f"service {name}: a ClusterSetIP service needs ips")

        found = facts(good(), _SOURCE, settings.clusterset, pause)
        return document._replace(faults=tuple(faults)), found

    async def _take(self, found: tuple[Document, Facts]) -> None:
        document, told = found
        log = self._instance.log
        log.info("records %s: %d services", self._file.path, len(document.packed))
        report(log, _SOURCE, self._file.path, document.faults)
        await self._instance.include({_SOURCE: told})
