"""TCP connections through a SOCKS5 proxy (RFC 1928), such as tailscaled's in userspace mode."""

from __future__ import annotations

import asyncio
import struct
from ipaddress import ip_address
from typing import Final, NamedTuple

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_VERSION: Final = 5
_CONNECT: Final = b"\5\1\0"
_IPV4: Final = 1
_NAME: Final = 3
_IPV6: Final = 4
_SIZES: Final = {_IPV4: 4, _IPV6: 16}
_REFUSALS: Final = {
    1: "general failure",
    2: "not allowed",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "timed out",
}


class Proxy(NamedTuple):
    """Where a proxy is."""

    host: str
    port: int


async def connect(proxy: Proxy | None, host: str, port: int) -> Streams:
    """A connection to an IP address, through the proxy if there is one. Raises `OSError`."""
    if proxy is None:
        return await asyncio.open_connection(host, port)
    reader, writer = await asyncio.open_connection(*proxy)
    try:
        await _ask(reader, writer, host, port)
    except BaseException as error:
        writer.close()
        if isinstance(error, asyncio.IncompleteReadError):
            raise OSError("the proxy hangs up") from None
        raise
    return reader, writer


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
) -> None:
    writer.write(b"\5\1\0")  # one method: no authentication
    if await reader.readexactly(2) != b"\5\0":
        raise OSError("the proxy is no SOCKS5 proxy, or wants a password")
    address = ip_address(host)
    kind = _IPV4 if address.version == 4 else _IPV6
    writer.write(_CONNECT + bytes((kind,)) + address.packed + struct.pack("!H", port))
    version, code, _, kind = await reader.readexactly(4)
    if version != _VERSION:
        raise OSError("the proxy is no SOCKS5 proxy")
    if code:
        raise OSError(f"the proxy says: {_REFUSALS.get(code, code)}")
    size = (await reader.readexactly(1))[0] if kind == _NAME else _SIZES.get(kind, 0)
    await reader.readexactly(size + 2)  # the address that the proxy has bound
