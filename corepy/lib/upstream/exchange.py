"""One question to one server over a socket of its own: for probes and look-ups at start."""

from __future__ import annotations

import asyncio
import os

from corepy import names
from corepy.errors import UpstreamError
from corepy.lib.upstream import faults
from corepy.lib.upstream.address import Address
from corepy.lib.upstream.tcp import connect
from corepy.lib.upstream.udp import connected


def question(name: str, qtype: int, *, recursion: bool = True) -> bytes:
    """A query with a random id for a name in text form; `WireError` if it is no legal name."""
    flags = b"\1\0" if recursion else b"\0\0"
    head = os.urandom(2) + flags + b"\0\1\0\0\0\0\0\0"
    return head + names.from_text(name) + qtype.to_bytes(2, "big") + b"\0\1"


async def exchange(
    address: Address, query: bytes, *, timeout: float, tcp: bool = False, source: str = ""
) -> bytes:
    """The reply: whatever has a header with the query's id. Raises `UpstreamError`.

    `timeout` is in seconds, for all of it.
    """
    kind = "tcp" if tcp else "udp"
    try:
        async with asyncio.timeout(timeout):
            return await (_tcp if tcp else _udp)(address, query, source)
    except TimeoutError:
        text = f"read {kind} {address.label}: {faults.TIMEOUT}"
        raise UpstreamError(text) from None
    except EOFError:
        raise UpstreamError("EOF") from None
    except UpstreamError as error:
        raise UpstreamError(f"dial {kind}: {error}") from None
    except OSError as error:
        raise UpstreamError(f"{kind} {address.label}: {faults.reason(error)}") from None


async def _udp(address: Address, query: bytes, source: str) -> bytes:
    loop = asyncio.get_running_loop()
    with connected(address, source) as sock:
        await loop.sock_sendall(sock, query)
        while True:
            reply = await loop.sock_recv(sock, 65535)
            if len(reply) >= 12 and reply[:2] == query[:2]:
                return reply


async def _tcp(address: Address, query: bytes, source: str) -> bytes:
    with await connect(address, source) as sock:
        reader, writer = await asyncio.open_connection(sock=sock)
        try:
            writer.write(len(query).to_bytes(2, "big") + query)
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                reply = await reader.readexactly(size)
                if len(reply) >= 12 and reply[:2] == query[:2]:
                    return reply
        finally:
            writer.close()
