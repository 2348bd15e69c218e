"""A long JSON document read bit by bit: no step of it holds up other threads for long.

The parser of the standard library takes a whole text in one go, and a list of ten thousand nodes
keeps the interpreter for a tenth of a second. Here the elements of the lists that matter are parsed
one by one, and neither the text nor the parsed document is ever in memory as a whole.
"""

from __future__ import annotations

import codecs
import json
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

CHUNK: Final = 1 << 16
"""Octets that are looked at in one step."""

Take = Callable[[Any], None]
"""Is given the elements of a list."""

_BLANK: Final = re.compile(r"[ \t\n\r]*")
_AFTER_NUMBER: Final = " \t\n\r,]}"


class Broken(ValueError):  # noqa: N818 - what the octets are, in one word
    """Octets that are no text, whatever they would say."""


def pieces(octets: bytes | bytearray, *, packed: bool, limit: int) -> Iterator[bytes]:
    """The octets in chunks, gzip undone. Raises `Broken` for bad gzip or more than `limit`."""
    total = 0
    for piece in _unpacked(octets) if packed else _slices(octets):
        total += len(piece)
        if total > limit:
            raise Broken("too large")
        yield piece


def _slices(octets: bytes | bytearray) -> Iterator[bytes]:
    for at in range(0, len(octets), CHUNK):
        yield bytes(octets[at : at + CHUNK])


def _unpacked(octets: bytes | bytearray) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for piece in _slices(octets):
            while piece:
                yield unpacker.decompress(piece, CHUNK)
                piece = unpacker.unconsumed_tail
    except zlib.error:
        raise Broken("not the gzip it claims to be") from None
    if not unpacker.eof:
        raise Broken("cut short")


def read(chunks: Iterator[bytes], takes: Callable[[str], Take | None]) -> dict[str, Any]:
    """The members of a document that is an object (RFC 8259).

    For a member that is a list `takes` is asked, by its name, for a function to give its elements
    to one by one; without one, and for all other members, the value is returned. Raises `Broken`
    as `pieces` does, any other `ValueError` for what is no such document, `RecursionError` for one
    that is too deep.
    """
    return _Reader(chunks).document(takes)


class _Reader:
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._decode = codecs.getincrementaldecoder("utf-8-sig")("strict").decode
        self._parse = json.JSONDecoder(parse_constant=_refuse).raw_decode
        self._text = ""
        self._at = 0
        self._ended = False

    def document(self, takes: Callable[[str], Take | None]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        self._expect("{")
        if not self._skip("}"):
            while True:
                if self._peek() != '"':
                    raise ValueError("a member without a name")
                name = self._value()
                self._expect(":")
                take = takes(name) if self._peek() == "[" else None
                if take is not None:
                    self._elements(take)
                else:
                    found[name] = self._value()
                if not self._skip(","):
                    break
            self._expect("}")
        if self._peek():
            raise ValueError("something behind the document")
        return found

    def _elements(self, take: Take) -> None:
        self._expect("[")
        if self._skip("]"):
            return
        take(self._value())
        while self._skip(","):
            take(self._value())
        self._expect("]")

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = self._parse(self._text, self._at)
            except ValueError:
                if self._more():
                    continue  # perhaps the rest of it is not here yet
                raise
            after = self._text[end : end + 1]
            if isinstance(value, int | float) and (not after or after not in _AFTER_NUMBER):
                if self._more():
                    continue  # perhaps there are more digits
                if after:
                    raise ValueError("not a number")
            self._at = end
            return value

    def _expect(self, mark: str) -> None:
        if not self._skip(mark):
            raise ValueError(f"no {mark}")

    def _skip(self, mark: str) -> bool:
        found = self._peek() == mark
        self._at += found
        return found

    def _peek(self) -> str:
        """The next character that is no blank, empty at the end."""
        while True:
            match = _BLANK.match(self._text, self._at)
            assert match is not None
            self._at = match.end()
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _more(self) -> bool:
        """Get as much text again as is waiting, so that a long value is tried a few times only."""
        rest = self._text[self._at :]
        parts, size = [rest], 0
        while not self._ended and size <= len(rest):
            chunk = next(self._chunks, None)
            self._ended = chunk is None
            parts.append(self._decode(chunk or b"", self._ended))
            size += len(parts[-1])
        self._text, self._at = "".join(parts), 0
        return size > 0


def _refuse(constant: str) -> float:
    raise ValueError(constant)
