"""Response codes by name, as CoreDNS reads and writes them (RFC 6895 section 2.3)."""

from __future__ import annotations

from typing import Final

_TEXTS: Final = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
    6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE", 11: "DSOTYPENI",
    16: "BADSIG", 17: "BADKEY", 18: "BADTIME", 19: "BADMODE", 20: "BADNAME", 21: "BADALG",
    22: "BADTRUNC", 23: "BADCOOKIE",
}  # fmt: skip
_NUMBERS: Final = {text: number for number, text in _TEXTS.items()} | {"NOTIMPL": 4}

NAMES: Final = tuple(_NUMBERS)
"""All names there are, in upper case."""


def text(rcode: int) -> str | None:
    """The name of a code, None for one that has none."""
    return _TEXTS.get(rcode)


def parse(name: str) -> int | None:
    """The code of a name in upper or lower case, None for a word that is no such name."""
    return _NUMBERS.get(name.upper())
