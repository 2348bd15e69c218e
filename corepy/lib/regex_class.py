"""Named sets of characters in RE2 syntax, written as the inside of a Python character class."""

from __future__ import annotations

import sys
import unicodedata
from functools import cache
from typing import Final

Members = tuple[str, bool]
"""The inside of a character class, and whether all other characters are meant."""

_WORD: Final = "0-9A-Za-z_"

SHORT: Final[dict[str, Members]] = {
    r"\d": ("0-9", False),
    r"\D": ("0-9", True),
    r"\s": (r"\t\n\f\r ", False),
    r"\S": (r"\t\n\f\r ", True),
    r"\w": (_WORD, False),
    r"\W": (_WORD, True),
}
"""Perl's classes, ASCII only."""

_POSITIVE: Final = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`\{-~",
    "space": r"\t-\r ",
    "upper": "A-Z",
    "word": _WORD,
    "xdigit": "0-9A-Fa-f",
}

POSIX: Final[dict[str, Members]] = {
    f"[:{sign}{name}:]": (members, sign == "^")
    for name, members in _POSITIVE.items()
    for sign in ("", "^")
}
"""`[:alpha:]` and the others, with their negations `[:^alpha:]`."""

_CATEGORIES: Final = {
    "C": "cfos", "L": "lmotu", "M": "cen", "N": "dlo", "P": "cdefios", "S": "ckmo", "Z": "lps",
}  # fmt: skip


@cache
def unicode_class(name: str) -> str | None:
    r"""The members of `\\p{NAME}` for a general category such as `L` or `Lu`, or `Any`.

    None for anything else; Python knows nothing of scripts.
    """
    if name == "Any":
        return r"\x00-\U0010ffff"
    if not name or len(name) > 2 or name[1:] not in _CATEGORIES.get(name[0], ""):
        return None
    ranges, begin = [], -1
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and unicodedata.category(chr(code)).startswith(name)
        if inside and begin < 0:
            begin = code
        elif not inside and begin >= 0:
            ranges.append(f"\\U{begin:08x}-\\U{code - 1:08x}")
            begin = -1
    return "".join(ranges)
