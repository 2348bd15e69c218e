"""Floats in Go's notation."""

from __future__ import annotations

import math
from typing import Final

LETTERS: Final = "beEfgGxX"
"""Formats: binary, with exponent, without, whatever is shorter, hexadecimal."""

_POINTLESS: Final = ("Inf", "NaN")


def text(value: float, letter: str = "g", precision: int | None = None) -> str:
    """The number in a format; without a precision with as few digits as tell it from others."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{value:+}".replace("inf", "Inf")
    if letter == "b":
        return _binary(value)
    if letter in "xX":
        shown = _hexadecimal(value, precision)
        return shown.upper() if letter == "X" else shown
    if precision is None:
        return _shortest(value, letter)
    return format(value, f".{precision}{letter}")


def _shortest(value: float, letter: str) -> str:
    sign = "-" if math.copysign(1, value) < 0 else ""
    if value == 0:
        return sign + "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, rest = mantissa.partition(".")
    digits = (whole + rest).lstrip("0")
    point = len(whole) + int(exponent or 0) - (len(whole + rest) - len(digits))
    digits = digits.rstrip("0")
    if not -4 <= point - 1 < _LARGE:
        tail = f".{digits[1:]}" if len(digits) > 1 else ""
        mark = "E" if letter == "G" else "e"
        return f"{sign}{digits[0]}{tail}{mark}{point - 1:+03d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return sign + digits.ljust(point, "0")
    return f"{sign}{digits[:point]}.{digits[point:]}"


_LARGE: Final = 6
"""From this power of ten on a number is shown with its exponent."""


def _binary(value: float) -> str:
    mantissa, exponent = math.frexp(abs(value))
    least = max(exponent - 53, -1074)
    whole = int(math.ldexp(mantissa, exponent - least))
    sign = "-" if math.copysign(1, value) < 0 else ""
    return f"{sign}{whole}p{least:+d}"


def _hexadecimal(value: float, precision: int | None) -> str:
    sign = "-" if math.copysign(1, value) < 0 else ""
    mantissa, exponent = math.frexp(abs(value))
    whole = int(math.ldexp(mantissa, 53))  # 1 and 52 bits behind the point, or 0
    digits = 13
    if precision is not None and precision < digits:
        drop = 4 * (digits - precision)
        half, left = 1 << (drop - 1), whole & ((1 << drop) - 1)
        whole >>= drop
        whole += left > half or (left == half and whole & 1)
        digits = precision
        if whole >> (4 * digits + 1):
            whole, exponent = whole >> 1, exponent + 1
    exponent = exponent - 1 if whole else 0
    behind = format(whole & ((1 << 4 * digits) - 1), f"0{digits}x") if digits else ""
    behind = behind.rstrip("0") if precision is None else behind.ljust(precision, "0")
    point = "." if behind else ""
    return f"{sign}0x{whole >> 4 * digits}{point}{behind}p{exponent:+03d}"


def pointed(digits: str, letter: str, precision: int) -> str:
    """With a point and the zeros behind it that the flag `#` keeps; `precision` -1 for none."""
    missing = 0
    if letter in "gGx":
        missing = 6 if precision < 0 else precision
    marks = "pP" if letter in "xX" else "pPeE"
    end = next((at for at, char in enumerate(digits) if char in marks), len(digits))
    number, tail = digits[:end], digits[end:]
    significant = number.replace(".", "").lstrip("0")
    missing -= len(significant)
    if "." not in number:
        missing -= number == "0"
        number += "."
    return number + "0" * missing + tail
