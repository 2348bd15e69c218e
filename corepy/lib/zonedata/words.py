"""Cuts the general form of a master-file entry into words: parentheses, comments, quotes."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from corepy.lib.zonedata.errors import Fault

_TOKEN: Final = re.compile(
    r"""(?P<blank>[ \t\r]+)
      | (?P<end>\n)
      | (?P<comment>;[^\n]*)
      | (?P<brace>[()])
      | "(?P<quoted>(?>[^"\\]+|\\.)*+)"
      | (?P<word>(?>[^ \t\r\n;"()\\]+|\\[^\n])++)
      | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)

MOST_WORDS: Final = 1 << 16
"""Words of one entry: more do not fit into a record."""


class Word(NamedTuple):
    """A word or a quoted string, escapes as they stand."""

    text: str
    at: int
    """Offset in the text of the file."""
    quoted: bool = False
    glued: bool = False
    """Follows the word before it without a blank."""

    @property
    def raw(self) -> str:
        """As it was written, quotes included."""
        return f'"{self.text}"' if self.quoted else self.text


class Entry(NamedTuple):
    """The words of one record or directive, and where the next one begins."""

    indented: bool
    """The line begins with a blank: the owner is that of the entry before."""
    words: list[Word]
    end: int


class Misplaced(Fault):
    """A mistake together with the word it is about and the offset of that."""

    def __init__(self, message: str, at: int, token: str = "") -> None:
        super().__init__(message)
        self.at = at
        self.token = token


def cut(text: str, at: int) -> Entry:
    """The entry that begins at offset `at`, which is the beginning of a line."""
    words: list[Word] = []
    start, depth, glued = at, 0, False
    while found := _TOKEN.match(text, at):
        kind, before, at = found.lastgroup, at, found.end()
        if kind == "word" or kind == "quoted":  # noqa: PLR1714 - the usual case first
            words.append(Word(found[kind], before, kind == "quoted", glued and bool(words)))
            if len(words) > MOST_WORDS:
                raise Misplaced("too many words in one record", before)
        elif kind == "brace":
            depth += 1 if text[before] == "(" else -1
            if depth < 0:
                raise Misplaced("extra closing brace", before)
        elif kind == "end" and depth == 0:
            break
        elif kind == "other":
            fault = "unbalanced quote" if text[before] == '"' else "bad escape"
            raise Misplaced(fault, before)
        glued = kind in ("word", "quoted")
    if depth:
        raise Misplaced("unbalanced brace", start)
    return Entry(text[start : start + 1] in (" ", "\t"), words, at)


def join(words: list[Word]) -> str:
    """The words on one line again, as they were written."""
    return "".join([word.raw if word.glued else f" {word.raw}" for word in words])[1:]
