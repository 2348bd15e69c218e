"""Constants as Go writes them."""

from __future__ import annotations

import re
from typing import Final

_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.|$))",
    re.DOTALL,
)
_SIMPLE: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip


def string(quoted: str) -> str:
    """The value of a quoted or raw string; `ValueError` for an escape that Go does not know."""
    if quoted[0] == "`":
        return quoted[1:-1].replace("\r", "")
    return _ESCAPE.sub(lambda found: _escape(found, quoted[0]), quoted[1:-1])


def _escape(found: re.Match[str], quote: str) -> str:
    simple, hexadecimal, octal, short, long, other = found.groups()
    if other is not None or (simple in ("'", '"') and simple != quote):
        raise ValueError("invalid syntax")
    if simple:
        return _SIMPLE[simple]
    code = int(octal, 8) if octal else int(hexadecimal or short or long, 16)
    if code > 0x10FFFF or 0xD800 <= code < 0xE000 or (octal and code > 255):
        raise ValueError("invalid syntax")
    return chr(code)


def character(quoted: str) -> int:
    """The number of a character constant; `ValueError` unless it is one character."""
    value = string(quoted)
    if len(value) != 1:
        raise ValueError("malformed character constant: " + quoted)
    return ord(value)


def number(text: str) -> int | float:
    """The value of a number; `ValueError` for one that Go refuses."""
    bare = text.lstrip("+-")
    if bare.endswith("i"):
        raise ValueError(f'illegal number syntax: "{text}"')
    try:
        if len(bare) > 1 and bare[0] == "0" and bare[1].isdigit() and bare.isdigit():
            value: int | float = int(bare, 8)
        else:
            value = int(bare, 0)
    except ValueError:
        try:
            value = float(bare)
        except ValueError:
            raise ValueError(f'illegal number syntax: "{text}"') from None
        if value.is_integer() and abs(value) < 1 << 53:
            value = int(value)
    if isinstance(value, int) and value >> 64:
        raise ValueError(f"integer overflow: {text}")
    return -value if text.startswith("-") else value
