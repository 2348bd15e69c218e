"""The beginning of a record in a master file: owner, TTL, class and type, in their many orders."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from corepy import wire
from corepy.lib.mnemonics import type_text
from corepy.lib.zonedata.text import parse_ttl
from corepy.lib.zonedata.words import Entry, Misplaced, Word

_TYPES: Final = {type_text(number).upper(): number for number in (*range(512), 32768, 32769)}
_CLASSES: Final = {"IN": 1, "CS": 2, "CH": 3, "HS": 4, "NONE": 254, "ANY": 255}
_NUMBERED: Final = re.compile(r"(TYPE|CLASS)([0-9]{1,5})", re.IGNORECASE)


class Header(NamedTuple):
    """What stands before the data of a record.

    * `owner`: None for that of the record before;
    * `ttl`: in seconds, `explicit` if the record has one of its own;
    * `data`: the words of the data; `at`: the offset of the type.
    """

    owner: Word | None
    ttl: int
    explicit: bool
    rdclass: int
    rdtype: int
    data: list[Word]
    at: int


def header(entry: Entry, default: int | None) -> Header:
    """Read the words up to the type; `default` is the TTL for records without one.

    A record of a file without any TTL so far has TTL 0 if a class stands before its type, as in
    CoreDNS; raises `Misplaced` for anything that cannot be told apart.
    """
    words = entry.words
    at = 0 if entry.indented else 1
    ttl: int | None = None
    rdclass: int | None = None
    for word in words[at:]:
        at += 1
        text = word.text.upper()
        number = _CLASSES.get(text)
        if number is None and text in _TYPES:
            rdtype: int | None = _TYPES[text]
        else:
            kind, rdtype = _numbered(text, word)
            number = kind if number is None else number
        if rdtype is not None:
            break
        if number is not None:
            if rdclass is not None:
                raise Misplaced("expecting RR type or TTL, not this...", word.at, word.text)
            rdclass = number
        elif ttl is None:
            ttl = parse_ttl(word.text)
            if ttl is None:
                raise Misplaced("not a TTL", word.at, word.text)
        else:
            raise Misplaced("unknown RR type", word.at, word.text)
    else:
        raise Misplaced("expecting RR type, TTL or class, not this...", words[-1].at)
    if ttl is None and default is None and rdclass is None and not entry.indented:
        raise Misplaced("missing TTL with no previous value", word.at, word.text)
    owner = None if entry.indented else words[0]
    if owner is not None and owner.quoted:
        raise Misplaced("syntax error at beginning", owner.at, owner.text)
    return Header(
        owner,
        ttl if ttl is not None else default or 0,
        ttl is not None,
        wire.IN if rdclass is None else rdclass,
        rdtype,
        words[at:],
        word.at,
    )


def _numbered(text: str, word: Word) -> tuple[int | None, int | None]:
    """Class and type of `CLASS1` and `TYPE1` (RFC 3597); one of them or both are None."""
    found = _NUMBERED.fullmatch(text)
    if found is None:
        return None, None
    number = int(found[2])
    if number > 0xFFFF:
        raise Misplaced("unknown RR type", word.at, word.text)
    return (number, None) if found[1].upper() == "CLASS" else (None, number)
