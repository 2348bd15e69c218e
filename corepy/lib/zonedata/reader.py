"""Reads the text of a master file into a zone (RFC 1035 section 5).

Lines of the usual kind are taken with one regular expression; whatever it does not know goes the
general way. Reading is a generator: the caller decides when it goes on, and opens the files that
`$INCLUDE` names.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from corepy import wire
from corepy.lib.zonedata.entry import Header, header
from corepy.lib.zonedata.errors import Fault, Misread, NoSoa, Unchanged
from corepy.lib.zonedata.generate import expand, parse_range
from corepy.lib.zonedata.rdata import lowered, parse_rdata
from corepy.lib.zonedata.store import ZoneData
from corepy.lib.zonedata.text import parse_name, parse_ttl
from corepy.lib.zonedata.words import Entry, Misplaced, Word, cut, join
from corepy.record import Record

Steps = Generator[Path | None, str | None, None]
"""Yields None now and then, or the path of a file whose text it wants sent back."""

DEEPEST: Final = 7
"""Files that include each other, one inside the other, as in CoreDNS."""

MOST_GENERATED: Final = 1 << 20
"""Records that `$GENERATE` may make in one zone."""

_SLICE: Final = 256
"""Lines between two turns of the event loop: one or two milliseconds."""

_GENERATED_TTL: Final = 3600
"""What generated records get without a TTL of their own, whatever `$TTL` says, as in CoreDNS."""

_SKIP: Final = re.compile(r"(?:[ \t\r]*(?:;[^\n]*)?\n)+")
_LINE: Final = re.compile(
    r"""([\w*@-][\w.*-]*+)?[ \t]++
        (?:([0-9][0-9smhdw]{0,12}+)[ \t]++)?
        (?:(?:IN|in)[ \t]++(?:([0-9][0-9smhdw]{0,12}+)[ \t]++)?)?
        (?:(A|AAAA|a|aaaa)[ \t]++([0-9a-fA-F:.]++)
          |(NS|CNAME|PTR|ns|cname|ptr)[ \t]++([\w*-][\w.*-]*+)
          |(TXT|txt)[ \t]++"([^"\\\n]{0,255}+)"
        )[ \t\r]*+(?:;[^\n]*+)?(?:\n|\Z)""",
    re.VERBOSE | re.ASCII,
)
_FAMILY: Final = {"A": socket.AF_INET, "AAAA": socket.AF_INET6}
_FAMILY.update({name.lower(): family for name, family in _FAMILY.items()})
_NUMBER: Final = {"A": 1, "AAAA": 28, "NS": 2, "CNAME": 5, "PTR": 12, "TXT": 16}
_NUMBER.update({name.lower(): number for name, number in _NUMBER.items()})
_SIZE: Final = [bytes((size,)) for size in range(256)]


@dataclass
class Scope:
    """What holds from one line to the next in one file.

    * `origin`, `owner`: in wire form; the owner is None before the first record;
    * `ttl`: seconds for records without a TTL of their own, None before there is one;
    * `fixed`: that TTL comes from `$TTL`, so those of records do not replace it;
    * `depth`: how many files include this one; `generating`: these are lines of a `$GENERATE`.
    """

    path: Path
    text: str
    origin: bytes
    owner: bytes | None = None
    ttl: int | None = None
    fixed: bool = False
    depth: int = 0
    generating: bool = False


class Reader:
    """Fills one zone."""

    def __init__(self, zone: ZoneData, serial: int | None = None) -> None:
        """With `serial`, reading ends with `Unchanged` if the zone's first SOA record has it."""
        self._zone = zone
        self._serial = serial
        self._generated = 0
        self._heads: dict[tuple[str, int, int], bytes] = {}

    def read(self, path: Path) -> Steps:
        """Read the file and close the zone; raises `ZoneError`, `Unchanged` or `OSError`."""
        text = yield path
        assert text is not None
        yield from self._lines(Scope(path, text, self._zone.origin))
        if self._zone.soa is None:
            raise NoSoa("no SOA record")
        yield from self._zone.finish()

    def _lines(self, scope: Scope) -> Steps:
        text, at, end = scope.text, 0, len(scope.text)
        plain, skip = _LINE.match, _SKIP.match
        count = 0
        while at < end:
            count += 1
            if count % _SLICE == 0:
                yield None
            found = plain(text, at)
            if found is None or not self._plain(scope, found):
                found = skip(text, at)
            at = (yield from self._general(scope, at)) if found is None else found.end()

    # ---- the usual lines

    def _plain(self, scope: Scope, line: re.Match[str]) -> bool:
        """Take a line that the expression knows; False if it has to go the general way."""
        written, ttl, late_ttl, address, value, pointer, target, text, string = line.groups()
        owner = scope.owner if written is None else _name(written, scope.origin)
        seconds = scope.ttl if ttl is None and late_ttl is None else _ttl(ttl, late_ttl)
        if owner is None or seconds is None:
            return False
        if address:
            try:
                data = socket.inet_pton(_FAMILY[address], value)
            except OSError:
                return False
            self._zone.put(owner.lower(), self._head(address, seconds, len(data)) + data)
        elif text:
            octets = string.encode("latin-1")
            head = self._head(text, seconds, len(octets) + 1)
            self._zone.put(owner.lower(), head + _SIZE[len(octets)] + octets)
        else:
            name = _name(target, scope.origin)
            if name is None:
                return False
            self._zone.add(Record(owner, self._head(pointer, seconds, len(name)) + name))
        scope.owner = owner
        if not scope.fixed:
            scope.ttl = seconds
        return True

    def _head(self, rdtype: str, ttl: int, size: int) -> bytes:
        """Type, class, TTL and length; the same octets for all records that share them."""
        key = (rdtype, ttl, size)
        head = self._heads.get(key)
        if head is None:
            if len(self._heads) > 4096:
                self._heads.clear()
            head = self._heads[key] = b"%b\0\1%b%b" % (
                _NUMBER[rdtype].to_bytes(2, "big"),
                ttl.to_bytes(4, "big"),
                size.to_bytes(2, "big"),
            )
        return head

    # ---- everything else

    def _general(self, scope: Scope, at: int) -> Generator[Path | None, str | None, int]:
        """Take the entry at offset `at`; returns the offset behind it."""
        try:
            entry = cut(scope.text, at)
            words = entry.words
            directive = "" if entry.indented or not words else words[0].text.upper()
            if directive == "$INCLUDE":
                yield from self._include(scope, words)
            elif directive == "$GENERATE":
                yield from self._generate(scope, words)
            elif directive in ("$TTL", "$ORIGIN"):
                _set(scope, directive, words)
            elif words:
                self._record(scope, entry)
        except Misplaced as fault:
            raise _located(scope, str(fault), fault.token, fault.at) from fault
        return entry.end

    def _record(self, scope: Scope, entry: Entry) -> None:
        try:
            head = header(entry, scope.ttl)
            owner = _owner(head, scope)
            rdata = parse_rdata(head.rdtype, head.rdclass, head.data, scope.origin)
        except Misplaced:
            raise
        except Fault as fault:
            # Mostly it is the last word that is not what the type asks for.
            word = entry.words[-1]
            raise _located(scope, str(fault), word.text, word.at) from fault
        scope.owner = owner
        if head.explicit and not scope.fixed:
            scope.ttl = head.ttl
        self._take(scope, head, owner, rdata)

    def _take(self, scope: Scope, head: Header, owner: bytes, rdata: bytes) -> None:
        if head.rdtype == wire.SOA and self._zone.soa is None and self._serial is not None:
            serial = int.from_bytes(lowered(wire.SOA, rdata)[-20:-16], "big")
            if serial == self._serial:
                raise Unchanged(f"serial {serial}")
        if scope.generating:
            self._generated += 1
            if self._generated > MOST_GENERATED:
                raise Misplaced("too many generated records", head.at)
        self._zone.add(Record.make(owner, head.rdtype, head.ttl, rdata, head.rdclass))

    def _include(self, scope: Scope, words: list[Word]) -> Steps:
        if len(words) < 2:
            raise Misplaced("expecting $INCLUDE value, not this...", words[0].at, words[0].text)
        if scope.depth >= DEEPEST:
            raise Misplaced("too deeply nested $INCLUDE", words[1].at, words[1].text)
        origin = _origin(words[2], scope) if len(words) > 2 else scope.origin
        path = scope.path.parent / words[1].text
        try:
            text = yield path
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            fault = f"failed to open `{words[1].text}' as `{path}': {reason}"
            raise _located(scope, fault, words[1].text, words[1].at) from error
        assert text is not None
        inner = Scope(path, text, origin, None, scope.ttl, scope.fixed, scope.depth + 1)
        yield from self._lines(inner)

    def _generate(self, scope: Scope, words: list[Word]) -> Steps:
        if scope.generating:
            raise Misplaced("nested $GENERATE directive not allowed", words[0].at)
        if len(words) < 3:
            raise Misplaced("expecting $GENERATE value, not this...", words[0].at, words[0].text)
        inner = Scope(
            scope.path, "", scope.origin, None, _GENERATED_TTL, depth=scope.depth, generating=True
        )
        try:
            lines = expand(join(words[2:]), parse_range(words[1].text))
            for count, line in enumerate(lines):
                inner.text = line
                if count % _SLICE == 0:
                    yield None
                yield from self._general(inner, 0)
        except Misread as error:
            raise _located(scope, f"in $GENERATE: {error}", words[1].text, words[1].at) from error
        except Misplaced:
            raise
        except Fault as fault:
            raise _located(scope, str(fault), words[1].text, words[1].at) from fault


def _name(text: str, origin: bytes) -> bytes | None:
    """Wire form of a name without escapes, None for one that is not as simple."""
    if "." not in text and len(text) < 64 and len(text) + len(origin) < 255:
        if text == "@":
            return origin
        return _SIZE[len(text)] + text.encode("latin-1") + origin
    try:
        return parse_name(text, origin)
    except Fault:
        return None


def _owner(head: Header, scope: Scope) -> bytes:
    if head.owner is not None:
        return parse_name(head.owner.text, scope.origin)
    if scope.owner is None:
        raise Misplaced("no owner name", head.at)
    return scope.owner


def _ttl(early: str | None, late: str | None) -> int | None:
    """The TTL that stands before or behind the class; None for both or for no number."""
    if early and late:
        return None
    return parse_ttl(early or late or "")


def _set(scope: Scope, directive: str, words: list[Word]) -> None:
    if len(words) < 2:
        raise Misplaced(f"expecting {directive} value, not this...", words[0].at, words[0].text)
    if len(words) > 2:
        raise Misplaced("garbage after rdata", words[2].at, words[2].text)
    if directive == "$ORIGIN":
        scope.origin = _origin(words[1], scope)
        return
    ttl = parse_ttl(words[1].text)
    if ttl is None:
        raise Misplaced("expecting $TTL value, not this...", words[1].at, words[1].text)
    scope.ttl, scope.fixed = ttl, True


def _origin(word: Word, scope: Scope) -> bytes:
    try:
        return parse_name(word.text, scope.origin)
    except Fault as fault:
        raise Misplaced("bad origin name", word.at, word.text) from fault


def _located(scope: Scope, message: str, token: str, at: int) -> Misread:
    line = scope.text.count("\n", 0, at) + 1
    column = at - (scope.text.rfind("\n", 0, at) + 1) + 1
    return Misread(f'{scope.path}: dns: {message}: "{token}" at line: {line}:{column}')
