"""Names, values, TTLs and response codes of the answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from corepy import names, wire
from corepy.errors import WireError
from corepy.record import Record
from corepy.response import Edns
from corepy_plugins.rewrite.draft import Draft
from corepy_plugins.rewrite.matching import Change
from corepy_plugins.rewrite.rule import MessageUndo, RecordUndo

_NAPTR: Final = 35
# Octets before the name that an `answer value` rule rewrites.
_BEFORE: Final = {
    wire.NS: 0,
    wire.CNAME: 0,
    wire.SOA: 0,
    wire.PTR: 0,
    wire.MX: 2,
    wire.SRV: 6,
    wire.DNAME: 0,
}

_DO: Final = 0x8000
_KEPT: Final = 1024

Rename = Callable[[bytes], bytes]
"""A name to another one, both in wire form, letters kept; `WireError` if it is none."""


def renamer(change: Change) -> Rename:
    """`change` for names in wire form."""

    def rename(name: bytes) -> bytes:
        text = names.to_text(name)
        new = change(text)
        return name if new is None or new == text else names.from_text(new)

    return rename


def kept(change: Change) -> Rename:
    """A renamer that remembers, for rules that do the same for every query."""
    return lru_cache(_KEPT)(renamer(change))


def back(new: bytes, old: bytes) -> Rename:
    """Turns `new`, and names below it (of the root none), into `old` again."""

    def rename(name: bytes) -> bytes:
        if name == new:
            return old
        if len(new) == 1 or not names.below(name, new):
            return name
        changed = name[: len(name) - len(new)] + old
        if len(changed) > wire.MAX_NAME:
            raise WireError("name longer than 255 octets")
        return changed

    return rename


def again(new: str, old: str) -> tuple[RecordUndo, RecordUndo]:
    """Gives what is called `new`, and what is below it, the name `old` back."""
    rename = back(names.from_text(new), names.from_text(old))
    return Owner(rename), Value(rename)


class Owner(RecordUndo):
    """Renames owners."""

    __slots__ = ("_rename",)

    def __init__(self, rename: Rename) -> None:
        self._rename = rename

    def record(self, record: Record) -> Record:
        """The record under another name."""
        owner = self._rename(record.owner)
        return record if owner == record.owner else Record(owner, record.tail)


class Value(RecordUndo):
    """Renames the names in the data of CNAME, DNAME, MX, NAPTR, NS, PTR, SOA and SRV records."""

    __slots__ = ("_rename",)

    def __init__(self, rename: Rename) -> None:
        self._rename = rename

    def record(self, record: Record) -> Record:
        """The record with another name in its data; of a SOA record the first one."""
        tail, rdtype = record.tail, record.rdtype
        if rdtype == _NAPTR:
            at = _behind_texts(tail)
        elif rdtype in _BEFORE:
            at = 10 + _BEFORE[rdtype]
        else:
            return record
        end = _behind_name(tail, at)
        old = tail[at:end]
        new = self._rename(old)
        if new == old:
            return record
        data = tail[10:at] + new + tail[end:]
        return Record(record.owner, tail[:8] + len(data).to_bytes(2, "big") + data)


class Ttl(RecordUndo):
    """Keeps TTLs between two bounds, in seconds."""

    __slots__ = ("_least", "_most")

    def __init__(self, least: int, most: int) -> None:
        self._least = least
        self._most = most

    def record(self, record: Record) -> Record:
        """The record with a TTL within the bounds."""
        ttl = record.ttl
        if ttl < self._least:
            return record.with_ttl(self._least)
        return record.with_ttl(self._most) if ttl > self._most else record

    def opt(self, edns: Edns) -> Edns:
        """CoreDNS takes the flags, which stand in the place of a TTL, for one."""
        flags = min(max(_DO if edns.do else 0, self._least), self._most)
        return Edns(edns.size, bool(flags & _DO), edns.options)


class Rcode(MessageUndo):
    """Exchanges one response code for another."""

    __slots__ = ("_new", "_old")

    def __init__(self, old: int, new: int) -> None:
        self._old = old
        self._new = new

    def message(self, draft: Draft) -> None:
        """Set the code, if it is the old one."""
        if draft.rcode == self._old:
            draft.rcode = self._new


def _behind_texts(tail: bytes) -> int:
    """Offset of a NAPTR record's replacement (RFC 3403 section 4.1)."""
    at = 14
    for _ in range(3):
        at += tail[at] + 1
    return at


def _behind_name(tail: bytes, at: int) -> int:
    while size := tail[at]:
        at += size + 1
    return at + 1
