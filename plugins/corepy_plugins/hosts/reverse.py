"""From the name of a PTR question to the address it is about (RFC 1035 section 3.5, RFC 3596)."""

from __future__ import annotations

from typing import Final

from corepy_plugins.hosts.table import pack

_IPV4: Final = b".in-addr.arpa"
_IPV6: Final = b".ip6.arpa"


def address_of(key: bytes) -> bytes | None:
    """The packed address of a reverse name, given as a key; None for all other names.

    An IPv4 address in IPv6 form is the IPv4 address. As in CoreDNS, up to three labels below a
    whole IPv6 name are not looked at.
    """
    if b"%" in key:
        return None
    if key.endswith(_IPV4):
        octets = key[: -len(_IPV4)].split(b".")
        return pack(b".".join(octets[::-1])) if len(octets) == 4 else None
    if key.endswith(_IPV6):
        digits = key[: -len(_IPV6)].split(b".")[::-1]
        groups = [b"".join(digits[at : at + 4]) for at in range(0, len(digits) // 4 * 4, 4)]
        return pack(b":".join(groups))
    return None
