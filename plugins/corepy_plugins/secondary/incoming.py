"""Fetches a zone from a primary server (AXFR, RFC 5936), one message at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

from corepy import Record, names, wire
from corepy.errors import UpstreamError, WireError
from corepy.lib.upstream import faults
from corepy.lib.upstream.address import Address
from corepy.lib.upstream.exchange import exchange, question
from corepy.lib.upstream.tcp import connect
from corepy.record import Expander

_PATIENCE: Final = 5.0  # seconds for the connection and for each message
_MOST: Final = 1 << 30  # octets of one transfer
_SLICE: Final = 128  # records between two turns of the event loop


def answers(message: bytes) -> Iterator[Record]:
    """The answer section, made as it is asked for; raises `WireError`."""
    if len(message) < 12:
        raise WireError("short message")
    at = 12
    for _ in range(int.from_bytes(message[4:6], "big")):
        at = wire.skip_name(message, at) + 4
    spans = wire.scan_records(message, at, int.from_bytes(message[6:8], "big"))
    return Expander(message).records(spans)


async def serial_of(address: Address, zone: str) -> int | None:
    """The serial the primary has, None if it answers without one; raises `UpstreamError`."""
    reply = await exchange(address, question(zone, wire.SOA), timeout=_PATIENCE, tcp=True)
    if reply[3] & wire.RCODE_MASK:
        return None
    try:
        for record in answers(reply):
            if record.rdtype == wire.SOA:
                return int.from_bytes(record.tail[-20:-16], "big")
    except WireError as error:
        raise UpstreamError(str(error)) from error
    return None


async def fetch(address: Address, zone: str) -> AsyncIterator[Record]:
    """The records of the zone, SOA first and last; raises `UpstreamError`."""
    try:
        async for record in _records(address, zone):
            yield record
    except TimeoutError:
        raise UpstreamError(f"read tcp {address.label}: {faults.TIMEOUT}") from None
    except EOFError:
        raise UpstreamError("EOF") from None
    except WireError as error:
        raise UpstreamError(f"dns: {error}") from error
    except OSError as error:
        raise UpstreamError(f"tcp {address.label}: {faults.reason(error)}") from None


async def _records(address: Address, zone: str) -> AsyncIterator[Record]:
    query = question(zone, wire.AXFR, recursion=False)
    async with asyncio.timeout(_PATIENCE):
        sock = await connect(address)
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        writer.write(len(query).to_bytes(2, "big") + query)
        count = octets = 0
        origin = names.from_text(zone).lower()
        while True:
            message = await _message(reader, query)
            octets += len(message)
            if octets > _MOST:
                raise UpstreamError("dns: the zone is too large")
            last: Record | None = None
            for last in answers(message):
                if not count:
                    _check_first(last, origin)
                count += 1
                yield last
                if count % _SLICE == 0:
                    await asyncio.sleep(0)
            if not count:
                raise UpstreamError("dns: no SOA")
            if count > 1 and last is not None and last.rdtype == wire.SOA:
                return
            await asyncio.sleep(0)
    finally:
        writer.close()


async def _message(reader: asyncio.StreamReader, query: bytes) -> bytes:
    async with asyncio.timeout(_PATIENCE):
        size = int.from_bytes(await reader.readexactly(2), "big")
        message = await reader.readexactly(size)
    if len(message) < 12 or message[:2] != query[:2]:
        raise UpstreamError("dns: id mismatch")
    if rcode := message[3] & wire.RCODE_MASK:
        raise UpstreamError(f"dns: bad xfr rcode: {rcode}")
    return message


def _check_first(record: Record, origin: bytes) -> None:
    if record.rdtype != wire.SOA or record.owner.lower() != origin:
        raise UpstreamError("dns: no SOA")
