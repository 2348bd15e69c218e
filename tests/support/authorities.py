"""Other name servers on loopback that serve a zone file: what *file* is compared with."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from corepy.testing import free_port

LIMIT = 15.0
"""Seconds a server may take to start, and to answer."""


def knot(folder: Path, origin: str, port: int) -> list[str]:
    """Knot DNS: its configuration and its command line."""
    (folder / "knot.conf").write_text(
        f"server:\n  listen: 127.0.0.1@{port}\n  rundir: {folder}\n"
        f"database:\n  storage: {folder}/knot\n"
        "log:\n  - target: stderr\n    any: warning\n"
        f"zone:\n  - domain: {origin}\n    file: {folder}/zone\n"
        "    zonefile-sync: -1\n    journal-content: none\n"
    )
    return ["knotd", "-c", f"{folder}/knot.conf"]


def nsd(folder: Path, origin: str, port: int) -> list[str]:
    """NSD: its configuration and its command line."""
    (folder / "nsd.conf").write_text(
        f'server:\n  ip-address: 127.0.0.1\n  port: {port}\n  username: ""\n  database: ""\n'
        f'  zonesdir: "{folder}"\n  pidfile: "{folder}/nsd.pid"\n'
        f'  xfrdfile: "{folder}/xfrd.state"\n  xfrdir: "{folder}"\n'
        f'  zonelistfile: "{folder}/zone.list"\n  server-count: 1\n  rrl-ratelimit: 0\n'
        f'remote-control:\n  control-enable: no\nzone:\n  name: "{origin}"\n  zonefile: "zone"\n'
    )
    return ["nsd", "-d", "-c", f"{folder}/nsd.conf"]


SERVERS: dict[str, Callable[[Path, str, int], list[str]]] = {"knotd": knot, "nsd": nsd}


@asynccontextmanager
async def serving(name: str, folder: Path, origin: str, zone: str) -> AsyncIterator[int]:
    """The server `name` with this zone, and its port on 127.0.0.1; skips where it is missing."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    (folder / "zone").write_text(zone)
    port = free_port()
    command = SERVERS[name](folder, origin, port)
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    try:
        await _ready(process, port)
        yield port
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _ready(process: asyncio.subprocess.Process, port: int) -> None:
    async with asyncio.timeout(LIMIT):
        while True:
            assert process.returncode is None, (await process.communicate())[1].decode()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return


class Client(asyncio.DatagramProtocol):
    """Asks one server over UDP, one question after the other."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport
        self._reply: asyncio.Future[bytes] | None = None

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int) -> AsyncIterator[Client]:
        """A client of the server on this port of 127.0.0.1."""
        loop = asyncio.get_running_loop()
        transport, client = await loop.create_datagram_endpoint(
            cls, remote_addr=("127.0.0.1", port)
        )
        client._transport = transport
        try:
            yield client
        finally:
            transport.close()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(data)

    async def ask(self, query: bytes) -> bytes:
        """The reply to a query, both in wire form."""
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.sendto(query)
        async with asyncio.timeout(LIMIT):
            return await self._reply
