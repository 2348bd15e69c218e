"""Words of a Corefile and where they stand: lines from 1, columns in characters from 1."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

_SURROGATE = re.compile("[\ud800-\udfff]")


def legible(text: str) -> str:
    """Octets that are not UTF-8 become U+FFFD, as in CoreDNS, however Python kept them."""
    return _SURROGATE.sub("\ufffd", text)


class Source:
    """One file that was read: its name as messages print it, and its text for source lines."""

    __slots__ = ("_lines", "name", "text")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = legible(text)
        self._lines: list[str] | None = None

    def line(self, number: int) -> str:
        """The text of one line without its line end; empty beyond the end of the file."""
        if self._lines is None:
            self._lines = self.text.removeprefix("\ufeff").split("\n")
        return self._lines[number - 1].rstrip("\r") if 0 < number <= len(self._lines) else ""

    def __repr__(self) -> str:
        return f"Source({self.name!r})"


@dataclass(frozen=True, slots=True)
class Span:
    """The place of a word: what a caret is drawn under. `length` is in characters of the source."""

    file: str
    line: int
    column: int
    length: int = 1
    source: Source | None = field(default=None, compare=False, repr=False)

    @property
    def source_line(self) -> str:
        """The whole line the word stands on; empty when the text is not at hand."""
        return self.source.line(self.line) if self.source else ""


class Token(NamedTuple):
    """One word. `text` is after quotes and environment variables; the place is the source's.

    `first` says whether the word is the first of its line: that, not a line number, decides where
    a directive ends, so words that an `import` brings in never join the line before them.
    `secret` words are shown as `***` in every message.
    """

    text: str
    source: Source
    line: int
    column: int
    length: int
    quoted: bool = False
    first: bool = False
    secret: bool = False

    @property
    def file(self) -> str:
        return self.source.name

    @property
    def span(self) -> Span:
        return Span(self.source.name, self.line, self.column, self.length, self.source)

    @property
    def shown(self) -> str:
        """The text as messages may quote it."""
        return "***" if self.secret else self.text

    def __str__(self) -> str:
        return self.text
