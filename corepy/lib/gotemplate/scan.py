"""Cuts a template into text and actions: delimiters, trim markers, comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from corepy.lib.gotemplate.faults import TemplateError

_SPACE: Final = " \t\r\n"
_TOKEN: Final = re.compile(
    r"""(?P<end>[ \t\r\n]-\}\}|\}\})
      | "(?:\\.|[^"\\\n])*"
      | '(?:\\.|[^'\\\n])*'
      | `[^`]*`
      | (?P<open>["'`])
      | .""",
    re.VERBOSE | re.DOTALL,
)
_UNCLOSED: Final = {
    '"': "unterminated quoted string",
    "'": "unterminated character constant",
    "`": "unterminated raw quoted string",
}


class Piece(NamedTuple):
    """Text, or what stands between the delimiters of an action; `offset` is where it begins."""

    action: bool
    text: str
    offset: int


def scan(name: str, text: str) -> Iterator[Piece]:
    """The pieces in order, comments left out; raises `TemplateError`."""
    at, trim = 0, False
    while True:
        start = text.find("{{", at)
        literal = text[at:] if start < 0 else text[at:start]
        if trim:
            at += len(literal) - len(literal.lstrip(_SPACE))
            literal = literal.lstrip(_SPACE)
        if start < 0:
            if literal:
                yield Piece(False, literal, at)
            return
        begin = start + 2
        if text[begin : begin + 1] == "-" and text[begin + 1 : begin + 2] in tuple(_SPACE):
            literal = literal.rstrip(_SPACE)
            begin += 2
        if literal:
            yield Piece(False, literal, at)
        if text.startswith("/*", begin):
            at, trim = _behind_comment(name, text, begin)
            continue
        end, at, trim = _action(name, text, begin)
        yield Piece(True, text[begin:end], begin)


def _behind_comment(name: str, text: str, begin: int) -> tuple[int, bool]:
    close = text.find("*/", begin + 2)
    if close < 0:
        raise TemplateError(name, text, begin, "unclosed comment")
    at = close + 2
    if text.startswith("}}", at):
        return at + 2, False
    if text[at : at + 1] in tuple(_SPACE) and text.startswith("-}}", at + 1):
        return at + 4, True
    raise TemplateError(name, text, begin, "comment ends before closing delimiter")


def _action(name: str, text: str, begin: int) -> tuple[int, int, bool]:
    """Where the content ends, where the text goes on, and whether space is trimmed there."""
    at = begin
    while at < len(text):
        token = _TOKEN.match(text, at)
        assert token is not None
        if token["open"]:
            raise TemplateError(name, text, at, _UNCLOSED[token["open"]])
        if token["end"]:
            return at, token.end(), len(token["end"]) > 2
        at = token.end()
    raise TemplateError(name, text, len(text), "unclosed action")
