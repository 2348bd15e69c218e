"""Number constants: one text, several types that may hold its value."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from corepy.lib.gotemplate.quoting import character, quote

_INTEGER: Final = re.compile(
    r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|0(?:_?[0-7])*"
    r"|[1-9](?:_?[0-9])*)"
)
_FLOAT: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEX_FLOAT: Final = re.compile(
    r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+"
)
_COMPLEX: Final = re.compile(r"(.+?[^eEpP])([+-].*)i")
_LARGEST: Final = 1 << 63
_LONGEST: Final = 64
"""Digits of a number that may fit into 64 bits, whatever its base."""


class Number(NamedTuple):
    """The value as whole number with and without a sign, as float and as complex number.

    None where the type cannot hold it. `ideal` is the value where no type is asked for; None if an
    int has no room for it.
    """

    ideal: int | float | complex | None
    signed: int | None
    unsigned: int | None = None
    floating: float | None = None


def number(text: str, kind: str) -> Number:
    """The constant of a `number`, `complex` or `rune` token; `ValueError` in Go's words."""
    if kind == "rune":
        code = character(text)
        return Number(code, code, code, float(code))
    if kind == "complex":
        found = _COMPLEX.fullmatch(text)
        if found is None:
            raise ValueError("syntax error scanning complex number")
        return _complex(complex(_float(found[1], text), _float(found[2], text)))
    if text.endswith("i"):
        return _complex(complex(0, _float(text[:-1], text)))
    return _real(text)


def _complex(value: complex) -> Number:
    if value.imag:
        return Number(value, None)
    real = value.real
    whole = int(real) if real.is_integer() else None
    signed = whole if whole is not None and -_LARGEST <= whole < _LARGEST else None
    unsigned = whole if whole is not None and 0 <= whole < 2 * _LARGEST else None
    return Number(value, signed, unsigned, real)


def _real(text: str) -> Number:
    if _INTEGER.fullmatch(text):
        whole = _whole(text)
        signed = whole if -_LARGEST <= whole < _LARGEST else None
        unsigned = whole if 0 <= whole < 2 * _LARGEST and text[0] not in "+-" else None
        if signed == 0:
            unsigned = 0
        if signed is not None or unsigned is not None:
            return Number(signed, signed, unsigned, float(whole))
    value = _float(text, text)
    if not any(char in text for char in ".eEpP"):
        raise ValueError(f"integer overflow: {quote(text)}")
    whole_or_none = int(value) if value.is_integer() else None
    signed = whole_or_none
    if signed is not None and not -_LARGEST <= signed < _LARGEST:
        signed = None
    return Number(value, signed, signed if signed is not None and signed >= 0 else None, value)


def _whole(text: str) -> int:
    digits = text.lstrip("+-").replace("_", "")
    if len(digits) > _LONGEST and len(digits.lstrip("0xXoObB")) > _LONGEST:
        return -2 * _LARGEST if text[0] == "-" else 2 * _LARGEST
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdecimal()
    value = int(digits, 8) if octal else int(digits, 0)
    return -value if text[0] == "-" else value


def _float(text: str, whole: str) -> float:
    try:
        if _HEX_FLOAT.fullmatch(text):
            return float.fromhex(text)
        if _FLOAT.fullmatch(text):
            value = float(text)
            if value not in (float("inf"), float("-inf")):
                return value
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"illegal number syntax: {quote(whole)}")
