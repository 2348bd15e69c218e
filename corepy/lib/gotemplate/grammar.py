"""The inside of an action: pipelines of commands, read by Lark.

Space separates arguments, so it is a token where it can; around `|` and inside parentheses it means
nothing and belongs to those.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

_GRAMMAR: Final = r"""
start: pipeline
pipeline: command (PIPE command)*
    | declaration command (PIPE command)*
declaration: VARIABLE (COMMA VARIABLE)? (DECLARE | ASSIGN)
command: operand (SPACE operand)*
?operand: term | term FIELD+ -> chain
?term: NAME | VARIABLE | FIELD | DOT | NUMBER | CHAR | STRING | RAW
    | LPAR pipeline RPAR -> paren

PIPE.3: /[ \t\r\n]*\|[ \t\r\n]*/
DECLARE.3: /[ \t\r\n]*:=[ \t\r\n]*/
ASSIGN.3: /[ \t\r\n]*=[ \t\r\n]*/
COMMA.3: /[ \t\r\n]*,[ \t\r\n]*/
RPAR.3: /[ \t\r\n]*\)/
LPAR.3: /\([ \t\r\n]*/
SPACE.1: /[ \t\r\n]+/
NUMBER.2: /[+-]?(0[xbo][0-9a-f_]+|([0-9][\d_]*(\.[\d_]*)?|\.[0-9][\d_]*)(e[+-]?[0-9]+)?)i?(?!\w)/i
FIELD.2: /\.[^\W\d]\w*/
DOT.1: "."
VARIABLE.2: /\$\w*/
NAME.2: /[^\W\d]\w*/
CHAR.2: /'(\\.|[^'\\\n])*'/
STRING.2: /"(\\.|[^"\\\n])*"/
RAW.2: /`[^`]*`/
"""


class Unexpected(Exception):  # noqa: N818 - on its way to become a `TemplateError`
    """A word that cannot stand where it does; `at` is its offset in the action."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.at = at


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="basic")


def read(text: str) -> Tree[Token]:
    """The tree of a pipeline; raises `Unexpected` in Go's words."""
    try:
        return _parser().parse(text)
    except UnexpectedToken as error:
        raise _unexpected(error.token, text) from error
    except UnexpectedCharacters as error:
        at: Any = error.pos_in_stream
        if text[at].isdigit() or text[at] in "+-":
            word = text[at:].split(maxsplit=1)[0]
            raise Unexpected(f'bad number syntax: "{word}"', at) from error
        shown = f"U+{ord(text[at]):04X} '{text[at]}'"
        raise Unexpected(f"unrecognized character in action: {shown}", at) from error


def _unexpected(token: Token, text: str) -> Unexpected:
    at: Any = token.start_pos
    if token.type == "$END":
        if text.count("(") > text.count(")"):
            return Unexpected("unclosed left paren", len(text))
        if not text.strip() or text.rstrip().endswith("("):
            return Unexpected("missing value for command", len(text))
        return Unexpected("empty command", len(text))
    shown = token.strip()
    if token.type == "RPAR" and text.count(")", 0, at + 1) >= text.count("(", 0, at):
        reason = "missing value for parenthesized pipeline"
        if text.count(")") > text.count("("):
            reason = "unexpected right paren"
        return Unexpected(reason, at)
    quoted = f'"{shown}"' if len(shown) <= 10 else f'"{shown[:10]}"...'
    return Unexpected(f"unexpected {quoted} in operand", at)
