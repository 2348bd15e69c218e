"""Domain names between text and wire form, without building an object per name.

Wire form is uncompressed labels with the root octet, text form is RFC 1035 presentation with the
final dot and `\\DDD` for octets that are not printable ASCII, as CoreDNS prints them.
"""

from __future__ import annotations

from functools import lru_cache

from corepy.errors import WireError

_ESCAPED = frozenset(b".\"\\()@;' ")
_PLAIN = {
    octet: chr(octet)
    if 0x21 <= octet <= 0x7E and octet not in _ESCAPED
    else (f"\\{chr(octet)}" if octet in _ESCAPED else f"\\{octet:03d}")
    for octet in range(256)
}


def to_text(wire: bytes) -> str:
    """Presentation form of an uncompressed name, case kept, with the final dot."""
    if wire == b"\0":
        return "."
    text: list[str] = []
    at = 0
    while size := wire[at]:
        label = wire[at + 1 : at + 1 + size]
        if label.isalnum():
            text.append(label.decode("ascii"))
        else:
            text.append("".join([_PLAIN[octet] for octet in label]))
        at += size + 1
    return ".".join(text) + "."


@lru_cache(4096)
def from_text(text: str) -> bytes:
    """Wire form of a name in presentation form, case kept; the final dot may be missing.

    Raises `WireError` for an empty label, a label over 63 or a name over 255 octets.
    """
    if text in (".", ""):
        return b"\0"
    if "\\" not in text:
        labels = [label.encode("utf-8") for label in text.removesuffix(".").split(".")]
    else:
        labels = _labels_with_escapes(text)
    if not all(0 < len(label) < 64 for label in labels):
        raise WireError(f"label empty or longer than 63 octets: {text}")
    wire = b"".join([bytes((len(label),)) + label for label in labels]) + b"\0"
    if len(wire) > 255:
        raise WireError(f"name longer than 255 octets: {text}")
    return wire


def _labels_with_escapes(text: str) -> list[bytes]:
    labels, label = [], bytearray()
    octets = text.encode("utf-8")
    at = 0
    while at < len(octets):
        octet = octets[at]
        if octet == 0x5C:
            digits = octets[at + 1 : at + 4]
            if len(digits) == 3 and digits.isdigit() and int(digits) < 256:
                label.append(int(digits))
                at += 4
            elif at + 1 < len(octets) and not digits[:1].isdigit():
                label.append(octets[at + 1])
                at += 2
            else:
                raise WireError(f"bad escape in name: {text}")
            continue
        if octet == 0x2E:
            labels.append(bytes(label))
            label.clear()
        else:
            label.append(octet)
        at += 1
    if label:
        labels.append(bytes(label))
    return labels


def below(name: bytes, zone: bytes) -> bool:
    """True if `name` is `zone` or under it; both in wire form and lower case."""
    at = len(name) - len(zone)
    if at <= 0:
        return at == 0 and name == zone
    if not name.endswith(zone):
        return False
    i = 0
    while i < at:
        i += name[i] + 1
    return i == at


def parent(name: bytes) -> bytes:
    """The name without its first label; the root has none and is returned as it is."""
    return name[name[0] + 1 :] if len(name) > 1 else name


def labels(name: bytes) -> list[bytes]:
    """The labels of a name, without length octets and the root."""
    found, at = [], 0
    while size := name[at]:
        found.append(name[at + 1 : at + 1 + size])
        at += size + 1
    return found
