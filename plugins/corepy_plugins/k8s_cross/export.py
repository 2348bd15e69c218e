"""Serves the catalog of this cluster to the others (`export`)."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from corepy.lib.http import Listener, Page
from corepy.lib.listen import split
from corepy_plugins.k8s_cross import files
from corepy_plugins.k8s_cross.catalog import PATH, VERSION
from corepy_plugins.k8s_cross.imports import Document, Facts, Import, facts
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.node import usable
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.settings import Export
from corepy_plugins.k8s_cross.watched import Watched, report

if TYPE_CHECKING:
    from aiohttp import web

_SOURCE: Final = "export"
_KIND: Final = "application/json"
_NONE_YET: Final = Page(503, b"there is no catalog yet\n")


class Rendered(NamedTuple):
    """A catalog as it is served."""

    octets: bytes
    packed: bytes
    etag: str


class Exporter:
    """The services of a file, for the other clusters and for the own one."""

    first = None

    def __init__(self, instance: Instance, settings: Export, listener: Listener) -> None:
        self._instance = instance
        self._listener = listener
        self._own = _own(settings.address)
        self._file = Watched(settings.file, _SOURCE, instance.log, self._read, self._take)
        self._rendered: Rendered | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve, and look at the file, for as long as the context is open."""
        async with self._file.running(), self._listener.showing(PATH, self.page):
            yield

    async def page(self, request: web.BaseRequest) -> Page:
        """The newest good catalog, or that it is the one the client has."""
        found = self._rendered
        if found is None:
            return _NONE_YET
        headers = {"ETag": found.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if found.etag in _words(request.headers.get("If-None-Match", "")):
            return Page(304, b"", headers, _KIND)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return Page(200, found.packed, {**headers, "Content-Encoding": "gzip"}, _KIND)
        return Page(200, found.octets, headers, _KIND)

    def _read(self, path: Path) -> tuple[Document, Facts, Rendered]:
        settings, pause = self._instance.settings, Pace()
        # Milliseconds: the same in every replica that has the file, and higher after a change.
        generation = path.stat().st_mtime_ns // 1_000_000
        document = files.load(path, settings.cluster, pause, forced=True)
        octets = render(document.services, settings.cluster, settings.clusterset, generation, pause)
        etag = f'"{hashlib.blake2b(octets, digest_size=16).hexdigest()}"'
        rendered = Rendered(octets, gzip.compress(octets, 1, mtime=0), etag)
        here = map(self._located, document.services)
        return document, facts(here, _SOURCE, settings.clusterset, pause), rendered

    def _located(self, service: Import) -> Import:
        """Other clusters reach a service without ips at this server, and so does this one."""
        v4, v6 = self._own
        return service._replace(v4=v4, v6=v6, vip=False) if _homeless(service) else service

    async def _take(self, found: tuple[Document, Facts, Rendered]) -> None:
        document, told, self._rendered = found
        log = self._instance.log
        log.info("export %s: %d services", self._file.path, len(document.packed))
        faults = document.faults
        if not any(self._own) and (count := sum(map(_homeless, document.services))):
            fault = f"{count} services have no ips, and the address in `export` is none of its own"
            faults = (*faults, f"{fault}: they are answered in other clusters only")
        report(log, _SOURCE, self._file.path, faults)
        await self._instance.include({_SOURCE: told})


def _homeless(service: Import) -> bool:
    return not (service.headless or service.v4 or service.v6)


def render(
    services: Iterable[Import], cluster: str, clusterset: str, generation: int, pause: Pace
) -> bytes:
    """A catalog as JSON."""
    head = {
        "version": VERSION,
        "cluster": cluster,
        "clusterset": clusterset,
        "generation": generation,
    }
    rows = ",\n".join(_rows(services, pause))
    return f'{json.dumps(head)[:-1]}, "services": [\n{rows}\n]}}\n'.encode()


def _rows(services: Iterable[Import], pause: Pace) -> Iterator[str]:
    for service in services:
        pause()
        yield json.dumps(_row(service))


def _row(service: Import) -> dict[str, Any]:
    row: dict[str, Any] = {
        "namespace": service.namespace,
        "name": service.service,
        "type": "Headless" if service.headless else "ClusterSetIP",
    }
    if service.created < float("inf"):
        row["exportedAt"] = datetime.fromtimestamp(service.created, UTC).isoformat()
    if service.v4 or service.v6:
        row["ips"] = _texts(service.v4 + service.v6)
    if service.ports:
        row["ports"] = [
            {"name": port.name, "protocol": port.protocol.upper(), "port": port.number}
            for port in service.ports
        ]
    if service.endpoints:
        row["endpoints"] = [
            {"hostname": one.hostname, "addresses": _texts(one.v4 + one.v6), "ready": one.ready}
            for one in service.endpoints
        ]
    return row


def _texts(addresses: tuple[bytes, ...]) -> list[str]:
    return [str(ip_address(address)) for address in addresses]


def _words(header: str) -> list[str]:
    """The tags of an If-None-Match (RFC 9110 section 13.1.2), weak ones too."""
    return [word.strip().removeprefix("W/") for word in header.split(",")]


def _own(address: str) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Where this server is reached by the others, if its catalog listens on one address."""
    found, _ = usable(split(address)[0])
    if found is None:
        return (), ()
    return ((found.packed,), ()) if found.version == 4 else ((), (found.packed,))
