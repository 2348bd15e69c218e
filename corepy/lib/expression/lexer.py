"""Tokens of the expression language, as the grammar wants them.

Read one by one, so that of two mistakes the first is reported. What the grammar cannot tell by
itself is told by the token's type: a predicate function from another, and the brace that opens a
predicate's block from the one of a map.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lark import Token

from corepy.lib.expression.escapes import unescape, unescape_octets
from corepy.lib.expression.faults import ExpressionError

_TESTS: Final = (
    "all", "none", "any", "one", "filter", "map", "find", "findIndex", "findLast", "findLastIndex",
    "groupBy",
)  # fmt: skip
PREDICATES: Final[dict[str, tuple[int, int]]] = {
    **dict.fromkeys(_TESTS, (2, 2)),
    "count": (1, 2),
    "sum": (1, 2),
    "sortBy": (2, 3),
    "reduce": (2, 3),
}
"""Functions whose second argument is worked out for each element: least and most arguments."""

_WORDS: Final = {
    "not": "NOT", "in": "WORD", "matches": "WORD", "contains": "WORD", "startsWith": "WORD",
    "endsWith": "WORD", "or": "OP", "and": "OP", "let": "LET", "if": "IF", "else": "ELSE",
    "true": "CONSTANT", "false": "CONSTANT", "nil": "CONSTANT",
}  # fmt: skip
_SIGNS: Final = {
    "(": "LPAR", ")": "RPAR", "[": "LSQB", "]": "RSQB", "{": "LBRACE", "}": "RBRACE",
    ",": "COMMA", ";": "SEMICOLON", ":": "COLON", "::": "DCOLON", "?": "QUESTION", ".": "DOT",
    "?.": "QDOT", "|": "PIPE", "#": "HASH", "=": "EQUALS", "!": "BANG", "+": "SIGN", "-": "SIGN",
} | dict.fromkeys(
    ("||", "&&", "==", "!=", "<", ">", ">=", "<=", "..", "*", "/", "%", "**", "^", "??"), "OP"
)  # fmt: skip
_WORD_TYPES: Final = frozenset(("NAME", *_WORDS.values()))
_BRACKETS: Final = frozenset("()[]{}")

_NOT_COUNTED: Final = -1_000_000  # commas bring it nowhere near 1

_BLANK: Final = re.compile(r"(?:\s|//[^\n]*\n?|/\*.*?\*/)*", re.DOTALL)
_NUMBER: Final = re.compile(
    r"(?:0[xX][0-9a-fA-F_]*|0[oO][0-7_]*|0[bB][01_]*|[0-9_]*)"
    r"(?:\.(?!\.)[0-9_]*)?(?:[eE][+-]?[0-9_]*)?"
)
_STRING: Final = re.compile(r"""(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")""", re.DOTALL)
_RAW: Final = re.compile(r"`((?:[^`]|``)*)`")
_NAME: Final = re.compile(r"[^\W\d]\w*|\$\w*")
_WIDE_NAME: Final = re.compile(r"[\w$]+")
_SIGN: Final = re.compile(r"\|\|?|::?|\?[.?]?|##?|[&!=*<>][&=*]?|\.\.?|[(){}\[\],;%+\-^/]")


class Lexer:
    """The tokens of one expression. `tokens` yields them, ExpressionError where there is none."""

    def __init__(self, text: str, functions: frozenset[str]) -> None:
        self._text = text
        self._functions = functions  # of the environment: they hide predicates of their name
        # For each open bracket the number of the argument in it if a predicate function opened it
        # (1 is the predicate), else a negative number.
        self._arguments: list[int] = []
        self._piped = False

    def tokens(self) -> Iterator[Token]:
        """All of them, a semicolon at the very end left out."""
        before = ""
        pending: Token | None = None
        for token in self._raw():
            if pending is not None:
                yield (settled := self._settle(pending, before, token))
                before = settled.type
            pending = token
        if pending is not None and pending.type != "SEMICOLON":
            yield self._settle(pending, before, None)

    def _settle(self, token: Token, before: str, after: Token | None) -> Token:
        """Give a token the type that its neighbours make of it."""
        kind = token.type
        if before in ("DOT", "QDOT") and kind in _WORD_TYPES and token[:1].isalpha():
            return token.update(type="NAME")
        called = after is not None and after.type == "LPAR"
        if kind == "NAME" and called and token in PREDICATES and token not in self._functions:
            self._piped = before == "PIPE"
            return token.update(type="PREDICATE")
        if kind == "LBRACE" and self._opens_block(before):
            token = token.update(type="BLOCK")
        self._track(token, before)
        return token

    def _opens_block(self, before: str) -> bool:
        return bool(self._arguments) and self._arguments[-1] == 1 and before in ("LPAR", "COMMA")

    def _track(self, token: Token, before: str) -> None:
        """Keep count of brackets and of the arguments in them."""
        kind = token.type
        if kind == "LPAR" and before == "PREDICATE":
            self._arguments.append(1 if self._piped else 0)
        elif kind in ("LPAR", "LSQB", "LBRACE", "BLOCK"):
            self._arguments.append(_NOT_COUNTED)
        elif kind in ("RPAR", "RSQB", "RBRACE"):
            if self._arguments:
                self._arguments.pop()
        elif kind == "COMMA" and self._arguments:
            self._arguments[-1] += 1

    def _raw(self) -> Iterator[Token]:
        text, at = self._text, 0
        while True:
            blank = _BLANK.match(text, at)
            at = blank.end() if blank else at
            if at >= len(text):
                return
            if text.startswith("/*", at):
                raise ExpressionError("unclosed comment", text, len(text))
            token = self._next(at)
            yield token
            at = token.end_pos or len(text)

    def _next(self, at: int) -> Token:
        text, first = self._text, self._text[at]
        if first in "'\"":
            return self._string(at, at)
        if first in "bB" and text[at + 1 : at + 2] in ("'", '"'):
            return self._string(at, at + 1)
        if first == "`":
            raw = _RAW.match(text, at)
            if raw is None:
                raise ExpressionError("literal not terminated", text, len(text))
            return self._token("STRING", raw[1].replace("``", "`"), at, raw.end())
        if first.isdigit() or (first == "." and text[at + 1 : at + 2].isdigit()):
            return self._number(at)
        if (word := _NAME.match(text, at)) is not None:
            end = _WIDE_NAME.match(text, at).end()  # type: ignore[union-attr]
            name = text[at:end]
            return self._token(_WORDS.get(name, "NAME"), name, at, max(end, word.end()))
        if (sign := _SIGN.match(text, at)) is not None:
            return self._token(_SIGNS.get(sign[0], "STRAY"), sign[0], at, sign.end())
        shown = f"U+{ord(first):04X}" + (f" '{first}'" if first.isprintable() else "")
        raise ExpressionError(f"unrecognized character: {shown}", text, at)

    def _number(self, at: int) -> Token:
        found = _NUMBER.match(self._text, at)
        end = found.end() if found else at
        if _WIDE_NAME.match(self._text, end):
            word = self._text[at : end + 1]
            raise ExpressionError(f'bad number syntax: "{word}"', self._text, end)
        return self._token("NUMBER", self._text[at:end], at, end)

    def _string(self, start: int, quote: int) -> Token:
        found = _STRING.match(self._text, quote)
        if found is None:
            line = self._text.find("\n", quote)
            end = len(self._text) if line < 0 else line
            raise ExpressionError("literal not terminated", self._text, end)
        body = found[0][1:-1]
        try:
            if start == quote:
                return self._token("STRING", unescape(body), start, found.end())
            value = unescape_octets(body).decode("latin-1")
            return self._token("BYTES", value, start, found.end())
        except ValueError as fault:
            reason, *place = fault.args
            at = quote + 1 + place[0] if place else found.end() - 1
            raise ExpressionError(reason, self._text, at) from None

    @staticmethod
    def _token(kind: str, value: str, start: int, end: int) -> Token:
        return Token(kind, value, start_pos=start, end_pos=end)


def describe(token: Token) -> str:
    """A token as expr-lang names it in messages."""
    kinds = {"NAME": "Identifier", "PREDICATE": "Identifier", "CONSTANT": "Identifier"}
    kinds |= {"NUMBER": "Number", "STRING": "String", "BYTES": "Bytes"}
    kind = kinds.get(token.type)
    if kind is None:
        kind = "Bracket" if str(token) in _BRACKETS else "Operator"
    shown = str(token).replace("\\", "\\\\").replace('"', '\\"')
    return f'{kind}("{shown}")' if token else kind
