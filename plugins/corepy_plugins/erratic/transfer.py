"""A zone of five records, whatever its name."""

from __future__ import annotations

from typing import Final

from corepy import Record, Response, names, wire

_TIMES: Final = b"".join(
    number.to_bytes(4, "big") for number in (2018050825, 7200, 3600, 1209600, 3600)
)
_SOA: Final = names.from_text("sns.dns.icann.org.") + names.from_text("noc.dns.icann.org.") + _TIMES
_ADDRESSES: Final = (
    (b"\1a", bytes.fromhex("20010bd8") + bytes(11) + b"\x53"),
    (b"\1b", bytes.fromhex("20010500") + bytes(11) + b"\x54"),
)


def transfer(zone: bytes, *, cut: bool) -> Response:
    """The whole zone in one message, without the SOA at its end if it is `cut` (RFC 5936).

    `zone` is in wire form. A name that leaves no room for a host below it is SERVFAIL.
    """
    if len(zone) + 2 > wire.MAX_NAME:
        return Response.failure(wire.SERVFAIL)
    soa = Record.make(zone, wire.SOA, 0, _SOA)
    records = [soa]
    records += [Record.make(zone, wire.NS, 0, label + zone) for label in (b"\1b", b"\1a")]
    records += [Record.make(label + zone, wire.AAAA, 0, octets) for label, octets in _ADDRESSES]
    if not cut:
        records.append(soa)
    return Response(0, records, fresh_until=0.0)
