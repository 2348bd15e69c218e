"""Addresses and networks as Go's net package reads them (ParseIP, ParseCIDR)."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(4096)
def address(text: str) -> Address | None:
    """An address without a scope, None if it is none; IPv4 in IPv6 form is IPv4."""
    if "%" in text:
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found


@lru_cache(1024)
def network(text: str) -> Network | None:
    """`ADDRESS/BITS`, None if it is none; what is set beyond the bits does not matter."""
    base, slash, bits = text.partition("/")
    if not slash or not (bits.isascii() and bits.isdigit()) or "%" in base:
        return None
    try:
        return ipaddress.ip_network((base, int(bits)), strict=False)
    except ValueError:
        return None


def contains(block: Network, found: Address) -> bool:
    """Whether an address is in a network; IPv4 in IPv6 form counts as IPv4 on both sides."""
    if isinstance(block, ipaddress.IPv6Network) and block.prefixlen >= 96:
        mapped = block.network_address.ipv4_mapped
        if mapped is not None:
            block = ipaddress.IPv4Network((mapped, block.prefixlen - 96))
    return found in block
