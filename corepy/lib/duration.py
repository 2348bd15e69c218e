"""Durations as Go writes them (`300ms`, `1h30m`, `-1.5s`), in seconds as Python counts them."""

from __future__ import annotations

import re

_NANOSECONDS = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,  # U+00B5
    "μs": 1_000,  # U+03BC, the Greek letter
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = re.compile(r"(\d*)(?:\.(\d*))?([^\d.]*)", re.ASCII)
_LONGEST = 1 << 63


def parse(text: str) -> float:
    """Seconds. Raises ValueError with Go's words for anything time.ParseDuration refuses."""
    return nanoseconds(text) / 1e9


def nanoseconds(text: str) -> int:
    """The same, exact. A bare number has no unit and is refused; `0` alone is fine."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if rest == "0":
        return 0
    if not rest:
        raise ValueError(f'time: invalid duration "{text}"')
    total = 0
    while rest:
        part = _PART.match(rest)
        assert part
        total += _part(part, text)
        if total > _LONGEST - (sign > 0):
            raise ValueError(f'time: invalid duration "{text}"')
        rest = rest[part.end() :]
    return sign * total


def _part(part: re.Match[str], text: str) -> int:
    whole, fraction, unit = part.groups()
    if not (whole or fraction):
        raise ValueError(f'time: invalid duration "{text}"')
    if not unit:
        raise ValueError(f'time: missing unit in duration "{text}"')
    scale = _NANOSECONDS.get(unit)
    if scale is None:
        raise ValueError(f'time: unknown unit "{unit}" in duration "{text}"')
    value = int(whole or "0") * scale
    return value + (int(fraction) * scale // 10 ** len(fraction) if fraction else 0)


def format(seconds: float) -> str:  # noqa: A001 - the pair of parse
    """Go's own way to print a duration: `1h0m0s`, `1.5s`, `300ms`, `0s`."""
    nanos = round(seconds * 1e9)
    sign, nanos = ("-", -nanos) if nanos < 0 else ("", nanos)
    if nanos == 0:
        return "0s"
    for unit in ("ns", "µs", "ms"):
        if nanos < _NANOSECONDS[unit] * 1000:
            return f"{sign}{_decimal(nanos, _NANOSECONDS[unit])}{unit}"
    minutes, rest = divmod(nanos, _NANOSECONDS["m"])
    hours, minutes = divmod(minutes, 60)
    shown = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{shown}{_decimal(rest, _NANOSECONDS['s'])}s"


def _decimal(nanos: int, scale: int) -> str:
    whole, rest = divmod(nanos, scale)
    digits = len(str(scale)) - 1
    return f"{whole}.{rest:0{digits}d}".rstrip("0") if rest else str(whole)
