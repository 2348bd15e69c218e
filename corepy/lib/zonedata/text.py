"""Names, strings and times as master files write them (RFC 1035 section 5.1).

Text is Latin-1: each character is one octet of the file.
"""

from __future__ import annotations

import re
from typing import Final

from corepy.lib.zonedata.errors import Fault

_ESCAPE: Final = re.compile(r"\\(?:([0-9]{3})|(.))", re.DOTALL)
_LABEL_PART: Final = re.compile(r"\\([0-9]{3})|\\([^0-9])|([^\\.]+)|(\.)", re.DOTALL)
_TTL: Final = re.compile(r"[0-9smhdwSMHDW]+")
_TTL_PART: Final = re.compile(r"([0-9]*)([smhdw])")
_UNIT: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

LONGEST_TTL: Final = 0xFFFFFFFF


def parse_name(text: str, origin: bytes) -> bytes:
    """Wire form of a name, case kept; relative ones get `origin` (wire form) behind them."""
    if text == "@":
        return origin
    if text == ".":
        return b"\0"
    absolute = False
    if "\\" in text:
        labels, absolute = _labels_with_escapes(text)
    else:
        if text.endswith("."):
            text, absolute = text[:-1], True
        labels = [label.encode("latin-1") for label in text.split(".")]
    if not all([0 < len(label) < 64 for label in labels]):  # noqa: C419 - a list is faster here
        raise Fault("label empty or longer than 63 octets")
    name = b"".join([b"%c%b" % (len(label), label) for label in labels])
    name += b"\0" if absolute else origin
    if len(name) > 255:
        raise Fault("name longer than 255 octets")
    return name


def _labels_with_escapes(text: str) -> tuple[list[bytes], bool]:
    labels, label, at = [], bytearray(), 0
    absolute = False
    while at < len(text):
        part = _LABEL_PART.match(text, at)
        if part is None:
            raise Fault("bad escape in name")
        at = part.end()
        number, single, plain, dot = part.groups()
        if dot:
            labels.append(bytes(label))
            label.clear()
            absolute = at == len(text)
        elif number:
            label.append(_octet(number))
        else:
            label += (single or plain).encode("latin-1")
    if not absolute:
        labels.append(bytes(label))
    return labels, absolute


def unescape(text: str) -> bytes:
    """The octets that a character string stands for."""
    if "\\" in text:
        text = _ESCAPE.sub(lambda m: chr(_octet(m[1])) if m[1] else m[2], text)
    return text.encode("latin-1")


def _octet(digits: str) -> int:
    number = int(digits)
    if number > 255:
        raise Fault("escape above 255")
    return number


def parse_ttl(text: str) -> int | None:
    """Seconds of `3600`, `1h`, `1w2d` and the like; None if it is nothing of the kind."""
    if text.isdecimal():
        seconds = int(text) if len(text) < 12 else LONGEST_TTL + 1
    elif len(text) < 64 and _TTL.fullmatch(text):
        rest = _TTL_PART.sub("", text.lower())
        parts = _TTL_PART.findall(text.lower())
        seconds = sum(int(number or "0") * _UNIT[unit] for number, unit in parts) + int(rest or "0")
    else:
        return None
    return seconds if seconds <= LONGEST_TTL else None
