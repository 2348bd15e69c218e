"""Numbers as Go's strconv reads them, with its complaints."""

from __future__ import annotations

import re
from typing import Final

_PREFIXED: Final = re.compile(
    r"0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0[xX](?:_?[0-9a-fA-F])+|0(?:_?[0-7])+|0|[1-9](?:_?[0-9])*"
)
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def parse_uint(text: str, base: int, bits: int) -> int:
    """An unsigned number below 2**`bits`; `bits` 0 stands for 64.

    Base 0 reads `0x`, `0o`, `0b` and underscores as Go's own literals. Raises `ValueError`.
    """
    about = f'strconv.ParseUint: parsing "{text}": '
    if base != 0 and not 2 <= base <= 36:
        raise ValueError(f"{about}invalid base {base}")
    if not 0 <= bits <= 64:
        raise ValueError(f"{about}invalid bit size {bits}")
    value = _literal(text) if base == 0 else _plain(text, base)
    if value is None:
        raise ValueError(about + "invalid syntax")
    if value >> (bits or 64):
        raise ValueError(about + "value out of range")
    return value


def _literal(text: str) -> int | None:
    if not _PREFIXED.fullmatch(text):
        return None
    if text[0] == "0" and len(text) > 1 and text[1] in "01234567_":
        return int(text.replace("_", ""), 8)
    return int(text.replace("_", ""), 0)


def _plain(text: str, base: int) -> int | None:
    digits = _DIGITS[:base]
    if not text or len(text) > 4096 or any(char not in digits for char in text.lower()):
        return None
    return int(text, base)
