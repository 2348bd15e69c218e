"""`$GENERATE`: one line for a range of numbers (an extension of BIND's to RFC 1035)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from corepy.lib.zonedata.errors import Fault

MOST_STEPS: Final = 65535
"""Steps of one directive, as in CoreDNS: 65536 lines at most."""

_HIGHEST: Final = (1 << 31) - 1
_RANGE: Final = re.compile(r"([0-9]{1,19})-([0-9]{1,19})(?:/([0-9]{1,19}))?")
_PIECE: Final = re.compile(r"\\(.)|\$(\$)|\$(?:\{([^}]*)(\})?)?|([^\\$]+)", re.DOTALL)
_MODIFIER: Final = re.compile(r"([+-]?[0-9]+)(?:,([0-9]{1,3})(?:,([odxX]))?)?")


def parse_range(text: str) -> range:
    """The numbers of `START-STOP[/STEP]`."""
    found = _RANGE.fullmatch(text)
    if found is None:
        raise Fault("bad start-stop in $GENERATE range")
    start, stop, step = int(found[1]), int(found[2]), int(found[3] or "1")
    if step == 0:
        raise Fault("bad step in $GENERATE range")
    if stop < start or (stop - start) // step > MOST_STEPS:
        raise Fault("bad range in $GENERATE range")
    return range(start, stop + 1, step)


def expand(template: str, numbers: range) -> Iterator[str]:
    """The lines that a template stands for: `$`, `${OFFSET[,WIDTH[,BASE]]}`, `$$` and `\\$`."""
    pieces = _pieces(template, numbers)
    for number in numbers:
        yield "".join(
            [
                piece if isinstance(piece, str) else format(number + piece[0], piece[1])
                for piece in pieces
            ]
        )


def _pieces(template: str, numbers: range) -> list[str | tuple[int, str]]:
    """The template as plain text and numbers to come, each with its offset and its format."""
    pieces: list[str | tuple[int, str]] = []
    for found in _PIECE.finditer(template):
        escaped, dollar, modifier, closed, plain = found.groups()
        if plain:
            pieces.append(plain)
        elif dollar:
            pieces.append("$")
        elif escaped:
            pieces.append(escaped if escaped in "$\\" else f"\\{escaped}")
        elif modifier is None:
            pieces.append((0, "d"))
        elif closed is None:
            raise Fault("bad modifier in $GENERATE")
        else:
            pieces.append(_modifier(modifier, numbers))
    return pieces


def _modifier(text: str, numbers: range) -> tuple[int, str]:
    found = _MODIFIER.fullmatch(text)
    if found is None:
        raise Fault("bad modifier in $GENERATE")
    offset, width, base = int(found[1]), int(found[2] or "0"), found[3] or "d"
    if width > 255:
        raise Fault("bad width in $GENERATE")
    if numbers.start + offset < 0 or numbers.stop - 1 + offset > _HIGHEST:
        raise Fault("bad offset in $GENERATE")
    return offset, f"0{width}{base}" if width else base
