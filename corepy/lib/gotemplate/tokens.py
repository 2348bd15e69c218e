"""The words of a template, cut one by one so that of two mistakes the first is reported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from corepy.lib.gotemplate.quoting import quote

KEYWORDS: Final = frozenset(
    (
        *("if", "with", "range", "break", "continue", "else", "end"),
        *("template", "define", "block", "nil"),
    )
)
_SPACE: Final = " \t\r\n"
_SPACES: Final = re.compile(r"[ \t\r\n]+")
_STRINGS: Final = {
    '"': (re.compile(r'"(?:\\[^\n]|[^"\\\n])*"', re.DOTALL), "string", "quoted string"),
    "'": (re.compile(r"'(?:\\[^\n]|[^'\\\n])*'", re.DOTALL), "rune", "character constant"),
    "`": (re.compile(r"`[^`]*`"), "string", "raw quoted string"),
}
_SIGNS: Final = {"=": "=", "|": "|", "(": "(", ")": ")"}
_NUMBER: Final = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?"
    r"|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?"
    r"|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?"
)


class Token(NamedTuple):
    """A piece of a template.

    `kind` is `text`, `open`, `close`, `space`, `field`, `variable`, `dot`, `name`, `bool`,
    `number`, `complex`, `rune`, `string`, `char` (any other), `error`, `end of text`, a keyword, or
    one of the signs `=`, `:=`, `|`, `(` and `)`. `offset` is in characters, `line` begins at 1.
    """

    kind: str
    text: str
    offset: int
    line: int

    @property
    def shown(self) -> str:
        """As messages show it."""
        if self.kind == "error":
            return self.text
        if self.kind == "end of text":
            return "EOF"
        if self.kind in KEYWORDS or self.kind == "dot":
            return f"<{self.text}>"
        return quote(self.text) if len(self.text) <= 10 else f"{quote(self.text[:10])}..."


class _Mistake(Exception):  # noqa: N818 - becomes a token
    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.offset = offset


def tokens(text: str) -> Iterator[Token]:
    """All tokens, those of comments left out; a mistake is a token of the kind `error`.

    After a mistake or the end of the text the token for the end comes again and again.
    """
    scanner = _Scanner(text)
    try:
        yield from scanner.run()
    except _Mistake as mistake:
        yield scanner.token("error", mistake.offset, str(mistake))
    while True:
        yield scanner.token("end of text", len(text), "")


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0

    def token(self, kind: str, offset: int, text: str) -> Token:
        """A token; offsets only grow."""
        self._line += self._text.count("\n", self._counted, offset)
        self._counted = max(self._counted, offset)
        return Token(kind, text, offset, self._line)

    def run(self) -> Iterator[Token]:
        text = self._text
        while True:
            start, begin = self._at, text.find("{{", self._at)
            literal = text[start:begin] if begin >= 0 else text[start:]
            trims = begin >= 0 and _trims_left(text, begin + 2)
            if trims:
                literal = literal.rstrip(_SPACE)
            if literal:
                yield self.token("text", start, literal)
            if begin < 0:
                return
            self._at = begin + 4 if trims else begin + 2
            if text.startswith("/*", self._at):
                self._comment()
                continue
            yield self.token("open", begin, "{{")
            yield from self._action()

    def _comment(self) -> None:
        start = self._at
        close = self._text.find("*/", start + 2)
        if close < 0:
            raise _Mistake("unclosed comment", start)
        self._at = close + 2
        width = self._closes()
        if not width:
            raise _Mistake("comment ends before closing delimiter", start)
        self._leave(width)

    def _closes(self) -> int:
        """The width of a right delimiter that stands here, with its trim marker; 0 for none."""
        text, at = self._text, self._at
        if text[at : at + 1] in tuple(_SPACE) and text.startswith("-}}", at + 1):
            return 4
        return 2 if text.startswith("}}", at) else 0

    def _leave(self, width: int) -> None:
        self._at += width
        if width > 2:
            found = _SPACES.match(self._text, self._at)
            self._at = found.end() if found else self._at

    def _action(self) -> Iterator[Token]:
        """The tokens behind `{{`, the closing delimiter included."""
        depth = 0
        while True:
            width = self._closes()
            if width and depth:
                raise _Mistake("unclosed left paren", self._at)
            if width:
                yield self.token("close", self._at + width - 2, "}}")
                self._leave(width)
                return
            token = self._next()
            depth += (token.kind == "(") - (token.kind == ")")
            if depth < 0:
                raise _Mistake("unexpected right paren", token.offset)
            yield token
            self._at = token.offset + len(token.text)

    def _next(self) -> Token:
        text, at = self._text, self._at
        if at >= len(text):
            raise _Mistake("unclosed action", at)
        first = text[at]
        if first in _SPACE:
            return self._space(at)
        if first in _SIGNS:
            return self.token(_SIGNS[first], at, first)
        if first == ":":
            if not text.startswith(":=", at):
                raise _Mistake("expected :=", at)
            return self.token(":=", at, ":=")
        if first in _STRINGS:
            pattern, kind, name = _STRINGS[first]
            found = pattern.match(text, at)
            if found is None:
                raise _Mistake(f"unterminated {name}", at)
            return self.token(kind, at, found[0])
        after = text[at + 1 : at + 2]
        if first == "$" or (first == "." and after and after not in "0123456789"):
            return self._reference(at)
        if first in ".+-0123456789":
            return self._number(at)
        if _wordly(first):
            return self._word(at)
        if " " < first <= "~":
            return self.token("char", at, first)
        raise _Mistake(f"unrecognized character in action: {_code_point(first)}", at)

    def _space(self, at: int) -> Token:
        found = _SPACES.match(self._text, at)
        assert found is not None
        end = found.end()
        if self._text.startswith("-}}", end):  # the last blank belongs to the trim marker
            end -= 1
        return self.token("space", at, self._text[at:end])

    def _run(self, at: int) -> int:
        while at < len(self._text) and _wordly(self._text[at]):
            at += 1
        return at

    def _ends(self, start: int, at: int) -> None:
        """Complain unless a name may end here."""
        text = self._text
        if at >= len(text) or text[at] in " \t\r\n.,|:)(" or text.startswith("}}", at):
            return
        raise _Mistake(f"bad character {_code_point(text[at])}", start)

    def _reference(self, at: int) -> Token:
        """A field, a variable, or the dot."""
        end = self._run(at + 1)
        self._ends(at, end)
        kind = "variable" if self._text[at] == "$" else "field" if end > at + 1 else "dot"
        return self.token(kind, at, self._text[at:end])

    def _word(self, at: int) -> Token:
        end = self._run(at)
        self._ends(at, end)
        word = self._text[at:end]
        kind = word if word in KEYWORDS else "bool" if word in ("true", "false") else "name"
        return self.token(kind, at, word)

    def _number(self, at: int) -> Token:
        end = self._digits(at, at)
        kind = "number"
        if self._text[end : end + 1] in ("+", "-"):
            end = self._digits(at, end)
            if self._text[end - 1] != "i":
                raise _Mistake(f"bad number syntax: {quote(self._text[at:end])}", at)
            kind = "complex"
        return self.token(kind, at, self._text[at:end])

    def _digits(self, start: int, at: int) -> int:
        found = _NUMBER.match(self._text, at)
        end = found.end() if found else at
        if end < len(self._text) and _wordly(self._text[end]):
            raise _Mistake(f"bad number syntax: {quote(self._text[start : end + 1])}", start)
        return end


def _trims_left(text: str, at: int) -> bool:
    return text[at : at + 1] == "-" and text[at + 1 : at + 2] in tuple(_SPACE)


def _wordly(char: str) -> bool:
    return char == "_" or char.isalpha() or char.isdecimal()


def _code_point(char: str) -> str:
    return f"U+{ord(char):04X}" + (f" '{char}'" if char.isprintable() else "")
