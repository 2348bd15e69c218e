"""An HTTP client small enough to see what a server really sends."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import NamedTuple


class Reply(NamedTuple):
    """What came back; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


async def fetch(
    port: int,
    path: str,
    *,
    method: str = "GET",
    host: str = "127.0.0.1",
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    body: bytes = b"",
) -> Reply:
    """One request on a connection of its own."""
    sent = {"Host": host, "Connection": "close", **(headers or {})}
    if body:
        sent["Content-Length"] = str(len(body))
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    octets = "\r\n".join([*lines, "", ""]).encode() + body
    return parse(await exchange(port, octets, host=host, tls=tls))


async def exchange(
    port: int,
    octets: bytes,
    *,
    host: str = "127.0.0.1",
    tls: ssl.SSLContext | None = None,
    timeout: float = 10.0,
) -> bytes:
    """Send octets as they are, and read until the server closes."""
    async with asyncio.timeout(timeout):
        name = "localhost" if tls else None
        reader, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname=name)
        try:
            writer.write(octets)
            return await reader.read()
        finally:
            writer.close()


def parse(octets: bytes) -> Reply:
    """A response with everything behind its header as body."""
    head, _, body = octets.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    pairs = (line.partition(":") for line in rest)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Reply(int(first.split()[1]), headers, body)
