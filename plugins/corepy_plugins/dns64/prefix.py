"""Prefixes and what they make of IPv4 addresses (RFC 6052 section 2.2)."""

from __future__ import annotations

import ipaddress
from typing import Final

from corepy.lib import cidr

WELL_KNOWN: Final = bytes.fromhex("0064ff9b") + bytes(8)
"""`64:ff9b::/96`."""

_SHORTEST: Final = 32
_LONGEST: Final = 96
_U: Final = 8  # this octet stays zero in what a prefix of up to 64 bits makes


class PrefixFault(ValueError):  # noqa: N818 - reads as what it says
    """Not a prefix to translate with; `bare` if CoreDNS says so without the place."""

    def __init__(self, message: str, *, bare: bool = False, hint: str | None = None) -> None:
        super().__init__(message)
        self.bare = bare
        self.hint = hint


def prefix_of(text: str) -> bytes:
    """The octets of `ADDRESS/BITS`, 4 to 12 of them; `PrefixFault` for any other text."""
    network = cidr.network(text)
    if network is None:
        hint = "an IPv6 prefix such as 64:ff9b::/96"
        raise PrefixFault(f"invalid CIDR address: {text}", bare=True, hint=hint)
    if isinstance(network, ipaddress.IPv4Network):
        raise PrefixFault(f'invalid netmask 32 IPv6 address: "{network}"')
    bits = network.prefixlen
    if bits % 8 or not _SHORTEST <= bits <= _LONGEST:
        hint = "a multiple of 8 bits from 32 to 96"
        raise PrefixFault(f'invalid prefix length "{network}"', hint=hint)
    return network.network_address.packed[: bits // 8]


def embed(prefix: bytes, address: bytes) -> bytes:
    """The IPv6 address (16 octets) that stands for an IPv4 address (4 octets)."""
    octets = prefix + address
    if len(prefix) <= _U:
        octets = octets[:_U] + b"\0" + octets[_U:]
    return octets.ljust(16, b"\0")
