"""Fetches a zone or its changes from a primary server, one message at a time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Final

from corepy import Record, names, wire
from corepy.errors import UpstreamError, WireError
from corepy.lib.upstream import faults
from corepy.lib.upstream.address import Address
from corepy.lib.upstream.exchange import exchange, question
from corepy.lib.upstream.tcp import connect
from corepy.lib.zonedata import ZoneData
from corepy.record import Expander
from corepy_plugins.secondary.arriving import Arriving, Changes, Whole, serial

_PATIENCE: Final = 5.0  # seconds for the connection and for each message
_MOST: Final = 1 << 30  # octets of one transfer
_SLICE: Final = 128  # records between two turns of the event loop


class Unreachable(UpstreamError):  # noqa: N818 - a state of the network
    """There is no connection to the primary."""


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
                return serial(record)
    except WireError as error:
        raise UpstreamError(str(error)) from error
    return None


async def whole(address: Address, zone: str) -> ZoneData:
    """The zone by AXFR; raises `UpstreamError` or `ZoneError`."""
    query = question(zone, wire.AXFR, recursion=False)
    return await _fetch(address, query, Whole(names.from_text(zone).lower()))


async def changed(address: Address, zone: str, old: ZoneData) -> ZoneData:
    """The zone by IXFR from `old` on; raises `Mismatch` where AXFR is needed, else as `whole`."""
    assert old.soa is not None
    query = question(zone, wire.IXFR, recursion=False)
    query = b"%b\0\1%b\xc0\x0c%b" % (query[:8], query[10:], old.soa.tail)
    return await _fetch(address, query, Changes(old))


async def _fetch(address: Address, query: bytes, arriving: Arriving) -> ZoneData:
    try:
        await _receive(await _connection(address), query, arriving)
    except TimeoutError:
        raise UpstreamError(f"read tcp {address.label}: {faults.TIMEOUT}") from None
    except EOFError:
        raise UpstreamError("EOF") from None
    except WireError as error:
        raise UpstreamError(f"dns: {error}") from error
    except OSError as error:
        raise UpstreamError(f"tcp {address.label}: {faults.reason(error)}") from None
    for _ in arriving.finish():
        await asyncio.sleep(0)
    return arriving.data


async def _connection(address: Address) -> socket.socket:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await connect(address)
    except TimeoutError:
        raise Unreachable(f"read tcp {address.label}: {faults.TIMEOUT}") from None
    except OSError as error:
        raise Unreachable(f"tcp {address.label}: {faults.reason(error)}") from None


async def _receive(sock: socket.socket, query: bytes, arriving: Arriving) -> None:
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        writer.write(len(query).to_bytes(2, "big") + query)
        count = octets = 0
        while True:
            message = await _message(reader, query)
            octets += len(message)
            if octets > _MOST:
                raise UpstreamError("dns: the zone is too large")
            for record in answers(message):
                arriving.take(record)
                count += 1
                if count % _SLICE == 0:
                    await asyncio.sleep(0)
            if not count:
                raise UpstreamError("dns: no SOA")
            if arriving.complete:
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
