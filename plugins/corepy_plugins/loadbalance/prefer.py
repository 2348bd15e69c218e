"""Networks whose addresses come first."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import NamedTuple

from corepy.record import Record

_MAPPED = bytes(10) + b"\xff\xff"


class Network(NamedTuple):
    """Prefix and mask as numbers of 32 or 128 bits, by the family."""

    version: int
    prefix: int
    mask: int


def parse_network(text: str) -> Network:
    """A network in CIDR form, bits behind the prefix ignored; `ValueError` in Go's words.

    IPv4 networks in IPv6 form are IPv4 networks.
    """
    address, slash, length = text.partition("/")
    wrong = ValueError(f"invalid CIDR address: {text}")
    if not slash or not (length.isascii() and length.isdigit()) or "%" in address:
        raise wrong
    try:
        network = ipaddress.ip_network((address, int(length)), strict=False)
    except ValueError:
        raise wrong from None
    if isinstance(network, ipaddress.IPv6Network):
        mapped = network.network_address.ipv4_mapped
        if mapped is not None and network.prefixlen >= 96:
            network = ipaddress.IPv4Network((mapped, network.prefixlen - 96))
    return Network(network.version, int(network.network_address), int(network.netmask))


def by_network(addresses: Sequence[Record], networks: Sequence[Network]) -> list[Record]:
    """Those of the first network first, and so on; among equals the order stays."""

    def place(record: Record) -> int:
        version, number = _number(record.rdata)
        for index, network in enumerate(networks):
            if network.version == version and number & network.mask == network.prefix:
                return index
        return len(networks)

    return sorted(addresses, key=place)


def _number(rdata: bytes) -> tuple[int, int]:
    if len(rdata) == 16 and not rdata.startswith(_MAPPED):
        return 6, int.from_bytes(rdata, "big")
    return 4, int.from_bytes(rdata[-4:], "big")
