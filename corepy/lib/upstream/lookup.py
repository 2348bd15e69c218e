"""Addresses of a host name, asked once: from given resolvers, or the way the system does it."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence

from corepy import wire
from corepy.errors import UpstreamError, WireError
from corepy.lib.upstream.address import Address
from corepy.lib.upstream.exchange import exchange, question
from corepy.response import WireResponse

TIMEOUT = 2.0
"""Seconds that each question to a resolver may take."""


async def lookup(name: str, resolvers: Sequence[Address] = ()) -> list[str]:
    """IPv4 and IPv6 addresses in text form, at least one. Raises `UpstreamError`.

    Resolvers are asked in turn until one knows an address; without any, the system is asked.
    """
    if not resolvers:
        return await _system(name)
    last: UpstreamError | None = None
    for resolver in resolvers:
        try:
            found = await _ask(name, resolver)
        except UpstreamError as error:
            last = error
        else:
            if found:
                return found
    reason = f": {last}" if last else ""
    raise UpstreamError(f'no addresses found for "{name}"{reason}')


async def _system(name: str) -> list[str]:
    loop = asyncio.get_running_loop()
    try:
        rows = await loop.getaddrinfo(name.removesuffix("."), 0, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        reason = "no such host" if isinstance(error, socket.gaierror) else str(error)
        raise UpstreamError(f"lookup {name}: {reason}") from None
    return list(dict.fromkeys(str(row[4][0]) for row in rows))


async def _ask(name: str, resolver: Address) -> list[str]:
    found: list[str] = []
    for qtype in (wire.A, wire.AAAA):
        try:
            reply = await exchange(resolver, question(name, qtype), timeout=TIMEOUT)
            found += _addresses(reply, qtype)
        except (UpstreamError, WireError) as error:
            if found:
                break
            raise UpstreamError(str(error)) from None
    return found


def _addresses(reply: bytes, qtype: int) -> list[str]:
    answer = WireResponse(reply).answer
    sizes = {wire.A: 4, wire.AAAA: 16}
    return [
        str(ipaddress.ip_address(record.rdata))
        for record in answer
        if record.rdtype == qtype and len(record.rdata) == sizes[qtype]
    ]
