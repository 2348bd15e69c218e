"""The services as extra records of Headscale's own DNS (`extra_records_out`).

Headscale hands these to every device (`dns.extra_records_path`, since 0.24). They are addresses
only, so ports are not in the file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from corepy_plugins.k8s_cross.files import replace
from corepy_plugins.k8s_cross.outputs import News
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.service import Backend, Service, unpacked

MODE: Final = 0o644
"""Headscale runs as another user, and there is nothing secret in it."""

_LONGEST_NAME: Final = 253


class ExtraRecords:
    """One instance's file; all methods block: call them in a thread.

    `zone` has no final dot. Headscale reads the file at each write, so it is left alone as long as
    its text stays the same.
    """

    def __init__(self, path: Path, zone: str) -> None:
        self.path = path
        self._zone = zone

    def write(self, news: News) -> None:
        """Bring the file up to date. Raises `OSError`."""
        rows = ",\n".join(self._rows(news))
        octets = f"[\n{rows}\n]\n".encode()
        with suppress(FileNotFoundError):
            if self.path.read_bytes() == octets:
                return
        replace(self.path, octets, MODE)

    def touch(self) -> None:
        """The file's time says nothing."""

    def _rows(self, news: News) -> Iterator[str]:
        pause = Pace()
        for service in map(unpacked, news.services):
            pause()
            name = f"{service.name}.{service.namespace}.svc.{self._zone}"
            yield from _records(name, service.backends)
            for backend in _named(service):
                yield from _records(f"{backend.label}.{backend.cluster}.{name}", (backend,))


def _named(service: Service) -> tuple[Backend, ...]:
    """The endpoints that have names of their own."""
    return service.backends if service.headless else service.named


def _records(name: str, backends: tuple[Backend, ...]) -> Iterator[str]:
    if len(name) > _LONGEST_NAME:
        return
    v4 = dict.fromkeys(address for backend in backends for address in backend.v4)
    v6 = dict.fromkeys(address for backend in backends for address in backend.v6)
    for rdtype, addresses in (("A", v4), ("AAAA", v6)):
        for address in addresses:
            row = {"name": name, "type": rdtype, "value": str(ip_address(address))}
            yield json.dumps(row)
