"""The text of a quoted literal, with its escapes worked out (those of Go, and a few more)."""

from __future__ import annotations

import re
from typing import Final

_SIMPLE: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?",
}  # fmt: skip
_ESCAPE: Final = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})"
    r"|([0-7]{3})|(.))?",
    re.DOTALL,
)


def unescape(body: str) -> str:
    """The value of what stands between the quotes; raises `ValueError` for a bad escape.

    Its arguments are the message and, if known, the place.
    """
    body = body.replace("\r\n", "\n").replace("\r", "\n")
    return _ESCAPE.sub(_replacement, body) if "\\" in body else body


def unescape_octets(body: str) -> bytes:
    """The same for a literal of octets, where `\\x` and octal escapes are one octet each."""

    def octet(found: re.Match[str]) -> str:
        digits, base = (found[2], 16) if found[2] else (found[5], 8)
        if not digits:
            return _replacement(found).encode("utf-8", "surrogateescape").decode("latin-1")
        return chr(int(digits, base) & 0xFF)

    pieces: list[str] = []
    at = 0
    for found in _ESCAPE.finditer(body):
        pieces += (_latin(body[at : found.start()]), octet(found))
        at = found.end()
    return "".join([*pieces, _latin(body[at:])]).encode("latin-1")


def _latin(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _replacement(found: re.Match[str]) -> str:
    simple = found[6]
    if simple is not None:
        if simple not in _SIMPLE:
            raise ValueError("invalid char escape", found.start() + 1)
        return _SIMPLE[simple]
    if found[5]:
        return chr(int(found[5], 8) & 0xFF)
    digits = found[1] or found[2] or found[3] or found[4]
    if not digits or int(digits, 16) > 0x10FFFF:
        raise ValueError("unable to unescape string")
    return chr(int(digits, 16))
