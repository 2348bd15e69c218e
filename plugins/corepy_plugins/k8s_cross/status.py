"""What is known and how it is going, as JSON over HTTP (`status`).

It has what DNS would tell to whoever asks long enough, and what an operator looks for in the log;
never a key, and nothing of a list but what is understood of it.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from corepy.host import Host
from corepy.lib.http import Listener, Page, listener
from corepy_plugins.k8s_cross.catalogs import Catalogs
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.service import Backend, Service
from corepy_plugins.k8s_cross.services import Catalogue
from corepy_plugins.k8s_cross.tags import Port

if TYPE_CHECKING:
    from aiohttp import web

PATH: Final = "/k8s_cross/v1/status"
FRESH: Final = 1.0
"""Seconds that a page is shown again: all of it is worked out for each new one."""

_KIND: Final = "application/json"


class Board:
    """All lines of the configuration that are shown at one address."""

    def __init__(self, address: Listener) -> None:
        self._listener = address
        self._lines: list[Status] = []
        self._turn = asyncio.Lock()
        self._made = (b"", b"")
        self._until = 0.0

    @asynccontextmanager
    async def showing(self, line: Status) -> AsyncIterator[None]:
        """Show this line too."""
        self._lines.append(line)
        self._until = 0.0
        try:
            async with self._listener.showing(PATH, self.page):
                yield
        finally:
            self._lines.remove(line)

    async def page(self, request: web.BaseRequest) -> Page:
        """The state as it was at most a second ago."""
        async with self._turn:  # whoever asks in the meantime gets the same page
            if time.monotonic() >= self._until:
                heads = [(one.head(), one) for one in self._lines]
                self._made = await asyncio.to_thread(_make, heads)
                self._until = time.monotonic() + FRESH
        octets, packed = self._made
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return Page(200, packed, {**headers, "Content-Encoding": "gzip"}, _KIND)
        return Page(200, octets, headers, _KIND)


def _make(heads: list[tuple[dict[str, Any], Status]]) -> tuple[bytes, bytes]:
    """The page, plain and packed; for a thread."""
    pause = Pace()
    lines = [_line(head, one, pause) for head, one in heads]
    octets = f'{{"lines": [{", ".join(lines)}]}}\n'.encode()
    return octets, gzip.compress(octets, 1, mtime=0)


def board(host: Host, address: str) -> Board:
    """The one of this address in this instance of the server."""
    key = ("k8s_cross", "status", address)
    found = host.shared.get(key)
    if found is None:
        found = host.shared[key] = Board(listener(host, address))
    made: Board = found
    return made


class Status:
    """One line, for the board."""

    first = None

    def __init__(self, instance: Instance, catalogs: Catalogs, shown: Board) -> None:
        self._instance = instance
        self._catalogs = catalogs
        self._shown = shown

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """On the board for as long as the context is open."""
        async with self._shown.showing(self):
            yield

    def head(self) -> dict[str, Any]:
        """All but what takes time; on the event loop."""
        instance = self._instance
        settings = instance.settings
        return {
            "zones": list(settings.zones),
            "source": settings.place,
            "cluster": settings.cluster,
            "clusterset": settings.clusterset,
            "state": instance.state.name.lower(),
            "last_success": _time(instance.last_success),
            "error": instance.trouble or None,
            "interval": instance.interval,
            "catalogs": list(self._catalog_rows()),
        }

    def _catalog_rows(self) -> Iterator[dict[str, Any]]:
        taken, faults = self._catalogs.taken, self._catalogs.faults
        now, wall = time.monotonic(), time.time()
        for id_ in sorted({*taken, *faults} - {""}):
            one = taken.get(id_)
            yield {
                "node": id_,
                "cluster": one.cluster if one else None,
                "generation": one.facts.generation if one else None,
                "services": len(one.catalog.document.packed) if one and one.catalog else None,
                "confirmed": _time(wall - (now - one.at)) if one else None,
                "error": faults.get(id_),
            }

    def survey(self, pause: Pace) -> tuple[Catalogue, dict[str, Any]] | None:
        """What takes time; in a thread. None without a list."""
        return self._instance.survey(pause)


def _line(head: dict[str, Any], line: Status, pause: Pace) -> str:
    """One line's object. Services are written one by one: there may be thousands."""
    surveyed = line.survey(pause)
    if surveyed is None:
        return json.dumps({**head, "services": []})
    found, rest = surveyed
    clusters: dict[str, dict[str, int]] = {}
    for (cluster, ready), count in sorted(found.endpoints.items()):
        clusters.setdefault(cluster, {"ready": 0, "not_ready": 0})
        clusters[cluster]["ready" if ready else "not_ready"] += count
    rest["clusters"] = clusters
    rest["conflicts"] = found.conflicts
    rows = ",\n".join(_services(found.services, pause))
    return f'{json.dumps({**head, **rest})[:-1]}, "services": [\n{rows}\n]}}'


def _services(services: Iterable[Service], pause: Pace) -> Iterator[str]:
    for service in services:
        pause()
        yield json.dumps(
            {
                "namespace": service.namespace,
                "name": service.name,
                "type": service.type,
                "clusters": service.clusters,
                "ports": list(map(_port, service.ports)),
                "endpoints": [_backend(one) for one in (*service.backends, *service.named)],
            }
        )


def _backend(one: Backend) -> dict[str, Any]:
    return {
        "cluster": one.cluster,
        "hostname": one.label,
        "addresses": [str(ip_address(address)) for address in one.v4 + one.v6],
        "ready": one.ready,
    }


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "protocol": port.protocol.upper(), "port": port.number}


def _time(seconds: float) -> str | None:
    """RFC 3339, to the second; None for never."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat() if seconds else None
