"""Server-block keys and zone arguments: `[SCHEME://]ZONE[:PORT]`, CIDR blocks as reverse zones."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from corepy.corefile.faults import BareError
from corepy.corefile.token import Token

PORTS = {"dns": 53, "tls": 853, "quic": 853, "grpc": 443, "https": 443, "https3": 443, "unix": 0}

_PORT = re.compile(r"[+-]?[0-9]{1,18}")
_ESCAPE = rb"\\(?:[01][0-9]{2}|2[0-4][0-9]|25[0-5]|[^0-9])"
_LABEL = re.compile(rb"(?:" + _ESCAPE + rb"|[^.\\])+\.")
_ATOM = re.compile(_ESCAPE + rb"|[^\\]")
_PREFERRED = re.compile(r"(?:[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+")


@dataclass(frozen=True, slots=True)
class Key:
    """One zone to be served on one port. `zone` is lower-case with the final dot."""

    scheme: str
    zone: str
    port: int
    token: Token = field(compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.zone}:{self.port}"


def keys(token: Token, default_port: int) -> list[Key]:
    """The keys one word of an address line stands for. Raises `ConfigError` in CoreDNS's words."""
    scheme, rest = split_scheme(token.text)
    try:
        zones, port = split(rest)
    except ValueError as fault:
        hint = "put a space before '{'" if rest.endswith("{") else None
        raise BareError(f"error inspecting server blocks: {fault}", token.span, hint) from None
    if port is None:
        port = default_port if scheme == "dns" else PORTS[scheme]
    if not 0 <= port <= 0xFFFF:
        raise BareError(f"address {port}: invalid port", token.span)
    return [Key(scheme, zone, port, token) for zone in zones]


def normalize(text: str) -> tuple[str, ...]:
    """The zones a zone argument of a plugin stands for; none when it is not valid."""
    try:
        return split(split_scheme(text)[1])[0]
    except ValueError:
        return ()


def preferred(zone: str) -> bool:
    """Whether a zone has RFC 1035's preferred syntax; root and reverse zones are exempt."""
    if zone == "." or zone.endswith((".in-addr.arpa.", ".ip6.arpa.")):
        return True
    return _PREFERRED.fullmatch(zone) is not None


def split_scheme(text: str) -> tuple[str, str]:
    """The scheme, `dns` when there is none that is known, and the rest."""
    scheme, separator, rest = text.partition("://")
    return (scheme, rest) if separator and scheme in PORTS else ("dns", text)


def split(text: str) -> tuple[tuple[str, ...], int | None]:
    """Zones and port of a key without its scheme. Raises ValueError in CoreDNS's words."""
    host, colon, port = text.rpartition(":")
    if not text or text.endswith(":"):
        raise ValueError(f'expecting data after last colon: "{text}"')
    number = None
    if colon and _PORT.fullmatch(port):
        text, number = host, int(port)
    size = len(text.encode("utf-8", "replace"))
    if size > 255:
        raise ValueError(f"specified zone is too long: {size} > 255")
    if not is_domain_name(text):
        raise ValueError(f"zone is not a valid domain name: {text}")
    if (zones := _reverse_zones(text)) is not None:
        return zones, number
    return ((text if _is_absolute(text) else text + ".").lower(),), number


def is_domain_name(text: str) -> bool:
    """Whether presentation form with `\\DDD` and `\\X` escapes is a legal name (RFC 1035 2.3.4)."""
    if text == ".":
        return True
    octets = text.encode("utf-8", "replace")
    if not _is_absolute(text):
        octets += b"."
    labels = _LABEL.findall(octets)
    if b"".join(labels) != octets:
        return False
    sizes = [len(_ATOM.findall(label[:-1])) for label in labels]
    return max(sizes, default=64) < 64 and sum(sizes) + len(sizes) < 255


def _is_absolute(text: str) -> bool:
    head = text.removesuffix(".")
    return head != text and (len(head) - len(head.rstrip("\\"))) % 2 == 0


def _reverse_zones(text: str) -> tuple[str, ...] | None:
    """Reverse zones of a CIDR block, split at octets (IPv4) or nibbles (IPv6); None: no CIDR."""
    address, slash, bits = text.partition("/")
    if not (slash and bits.isascii() and bits.isdigit()):
        return None
    import ipaddress  # noqa: PLC0415 - few Corefiles have a CIDR key

    try:
        network = ipaddress.ip_network(f"{address}/{int(bits)}", strict=False)
    except ValueError:
        return None
    if "%" in address:
        return None
    if text[0] == ":" or (text[0] == "0" and ":" in text):
        raise ValueError(f"invalid CIDR {text}")
    step = 8 if network.version == 4 else 4
    aligned = -(-network.prefixlen // step) * step
    drop = (network.max_prefixlen - aligned) // step
    return tuple(
        ".".join(subnet.network_address.reverse_pointer.split(".")[drop:]) + "."
        for subnet in network.subnets(new_prefix=aligned)
    )


def check_overlaps(entries: Iterable[tuple[Key, str, bool]]) -> list[BareError]:
    """What of the `(key, bind address or "", has view)` entries cannot be served side by side.

    A key may stand once for each address, and not both bound and unbound; blocks with a view may
    share a key with others.
    """
    errors: list[BareError] = []
    taken: set[tuple[Key, str]] = set()
    bound: dict[Key, str] = {}
    for key, address, filtered in entries:
        shown = _on(key, address)
        if (key, address) in taken:
            if not filtered:
                message = f"cannot serve {shown} - it is already defined"
                errors.append(BareError(message, key.token.span))
            continue
        other = bound.get(key)
        if other is not None and address and (key, "") in taken:
            other = ""
        elif other is not None and address:
            other = None
        if other is not None:
            message = (
                f"cannot serve {shown} - zone overlap listener capacity with {_on(key, other)}"
            )
            errors.append(BareError(message, key.token.span))
        elif not filtered:
            taken.add((key, address))
            bound[key] = address
    return errors


def _on(key: Key, address: str) -> str:
    return f"{key} on {address}" if address else str(key)
