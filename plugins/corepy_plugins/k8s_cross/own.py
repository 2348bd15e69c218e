"""The server's own addresses, for the NS record at the apex of a zone."""

from __future__ import annotations

import socket
from ipaddress import ip_address

# Documentation prefixes (RFC 5737, RFC 3849): connecting a UDP socket sends nothing, it only makes
# the kernel choose the address that the default route would use.
_FAR = ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1"))


def addresses(host: str) -> list[bytes]:
    """Where a listener bound to `host` is reached, in network order, IPv4 first."""
    try:
        bound = ip_address(host.partition("%")[0])
    except ValueError:
        return _outgoing()
    return _outgoing() if bound.is_unspecified else [bound.packed]


def _outgoing() -> list[bytes]:
    found = [_source(family, far) for family, far in _FAR]
    return [address for address in found if address]


def _source(family: socket.AddressFamily, far: str) -> bytes:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((far, 53))
            return socket.inet_pton(family, probe.getsockname()[0])
    except OSError:
        return b""
