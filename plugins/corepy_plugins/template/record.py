"""A line of text to a record (RFC 1035 section 5)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from corepy.errors import CorepyError
from corepy.lib.zonedata.entry import header
from corepy.lib.zonedata.errors import Fault
from corepy.lib.zonedata.rdata import parse_rdata
from corepy.lib.zonedata.text import parse_name
from corepy.lib.zonedata.words import Entry, Misplaced, cut
from corepy.record import Record

_DEFAULT_TTL: Final = 3600
_ROOT: Final = b"\0"
_PLAIN: Final = re.compile(r"[A-Za-z0-9_*-][A-Za-z0-9_.*-]*").fullmatch


class RecordError(CorepyError):
    """Text that is no record."""


def parse(text: str, name: str = "", wire: bytes = b"") -> Record:
    """The first record in `text`; names are absolute, the TTL is an hour if there is none.

    `name` is one whose form in `wire` is known. Raises `RecordError`.
    """
    # Templates put the name in front and then, mostly, always the same: that is read once.
    owner, space, rest = text.partition(" ")
    if space and _PLAIN(owner):
        try:
            return Record(wire if owner == name else parse_name(owner, _ROOT), _tail(rest))
        except (CorepyError, Fault):
            pass  # the whole text tells the place
    return _parse(text)


@lru_cache(4096)
def _tail(text: str) -> bytes:
    """Everything behind the owner's name, in wire form."""
    return _parse(f". {text}").tail


def _parse(text: str) -> Record:
    octets = text.encode("utf-8", "surrogateescape").decode("latin-1")
    entry: Entry | None = None
    try:
        entry = _first(octets)
        if entry is None:
            raise RecordError("dns: no record")
        head = header(entry, _DEFAULT_TTL)
        owner = _ROOT if head.owner is None else parse_name(head.owner.text, _ROOT)
        rdata = parse_rdata(head.rdtype, head.rdclass, head.data, _ROOT)
    except Misplaced as fault:
        raise _error(octets, fault, fault.token, fault.at) from fault
    except Fault as fault:
        word = entry.words[-1] if entry else None
        raise _error(octets, fault, word.text if word else "", word.at if word else 0) from fault
    return Record.make(owner, head.rdtype, head.ttl, rdata, head.rdclass)


def _first(text: str) -> Entry | None:
    at = 0
    while at < len(text):
        entry = cut(text, at)
        if entry.words:
            return entry
        at = entry.end
    return None


def _error(text: str, fault: Fault, token: str, at: int) -> RecordError:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return RecordError(f'dns: {fault}: "{token}" at line: {line}:{column}')
