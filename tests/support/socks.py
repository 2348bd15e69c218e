"""A stand-in for tailscaled's SOCKS5 proxy, behind which every address is on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address

from corepy.tasks import spawn
from corepy_plugins.k8s_cross.socks import Proxy


class Socks:
    """Leads to the port in `ports` whatever was asked for, or refuses with `code`.

    `asked` are the addresses and ports of all requests; with `trouble` it sends that instead of a
    greeting.
    """

    def __init__(self) -> None:
        self.ports: dict[tuple[str, int], int] = {}
        self.asked: list[tuple[str, int]] = []
        self.code = 0
        self.trouble = b""
        self.bound = b"\1\0\0\0\0\0\0"
        self.proxy = Proxy("127.0.0.1", 0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(3) == b"\5\1\0"
        if self.trouble:
            writer.write(self.trouble)
            return
        writer.write(b"\5\0")
        *command, kind = await reader.readexactly(4)
        assert command == [5, 1, 0]
        host = str(ip_address(await reader.readexactly(4 if kind == 1 else 16)))
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append((host, port))
        writer.write(bytes((5, self.code, 0)) + self.bound)
        if self.code:
            return
        inner, outer = await asyncio.open_connection("127.0.0.1", self.ports[host, port])
        back = spawn(_copy(inner, writer))
        await _copy(reader, outer)
        await back


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(1 << 16):
        writer.write(piece)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def socks() -> AsyncIterator[Socks]:
    """A running stand-in."""
    found = Socks()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.proxy = Proxy("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield found
    finally:
        server.close()
