"""Strings and characters between quotes, as Go writes and reads them."""

from __future__ import annotations

import re
from typing import Final

_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.|$))",
    re.DOTALL,
)
_READ: Final = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    "\\": "\\", "'": "'", '"': '"',
}  # fmt: skip
_WRITTEN: Final = {code: "\\" + letter for letter, code in _READ.items() if letter not in "'\""}


def quote(text: str, mark: str = '"', *, ascii_only: bool = False) -> str:
    """A string or (`mark` `'`) a character as Go's `%q` and `%+q` write it."""
    return mark + "".join([_written(char, mark, ascii_only) for char in text]) + mark


def _written(char: str, mark: str, ascii_only: bool) -> str:
    if char == mark:
        return "\\" + char
    if char in _WRITTEN:
        return _WRITTEN[char]
    code = ord(char)
    if char.isprintable() and (code < 128 or not ascii_only):
        return char
    if 0xDC80 <= code <= 0xDCFF:  # an octet that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x80 and (code < 0x20 or code == 0x7F):
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def backquotable(text: str) -> bool:
    """Whether the text can stand between backquotes."""
    return not any(
        char in "`\x7f\ufeff" or (char < " " and char != "\t") or 0xDC80 <= ord(char) <= 0xDCFF
        for char in text
    )


def unquote(quoted: str) -> str:
    """The value of a quoted or raw string; `ValueError` for an escape that Go does not know."""
    if quoted[0] == "`":
        return quoted[1:-1].replace("\r", "")
    octets = bytearray()
    at, inner, mark = 0, quoted[1:-1], quoted[0]
    for found in _ESCAPE.finditer(inner):
        octets += inner[at : found.start()].encode("utf-8", "surrogateescape")
        octets += _value(found, mark)
        at = found.end()
    octets += inner[at:].encode("utf-8", "surrogateescape")
    return octets.decode("utf-8", "surrogateescape")


def _value(found: re.Match[str], mark: str) -> bytes:
    simple, octet, octal, short, long, other = found.groups()
    if other is not None or (simple in ("'", '"') and simple != mark):
        raise ValueError("invalid syntax")
    if simple:
        return _READ[simple].encode()
    if octet or octal:
        number = int(octet, 16) if octet else int(octal, 8)
        if number > 255:
            raise ValueError("invalid syntax")
        return bytes((number,))
    return _code_point(int(short or long, 16)).encode()


def _code_point(code: int) -> str:
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise ValueError("invalid syntax")
    return chr(code)


def character(quoted: str) -> int:
    """The number of a character constant; `ValueError` unless it is one character."""
    inner = quoted[1:-1]
    found = _ESCAPE.fullmatch(inner)
    if found is not None:
        value = _value(found, "'")
        # An octet is the character of that number, whatever it is in UTF-8.
        return value[0] if found[2] or found[3] else ord(value.decode())
    if inner[:1] in ("", "'"):
        raise ValueError("invalid syntax")
    if inner[0] == "\\":
        first = _ESCAPE.match(inner)
        if first is not None:
            _value(first, "'")
    if len(inner) != 1:
        raise ValueError("malformed character constant: " + quoted)
    return ord(inner)
