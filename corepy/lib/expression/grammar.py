"""The shape of an expression: what brackets, commas and words hold together.

Which operator binds tighter is not said here but in `corepy.lib.expression.climb`: a chain is the
flat row of operands and operators.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken
from lark.lexer import Lexer as LarkLexer

from corepy.lib.expression.faults import ExpressionError
from corepy.lib.expression.lexer import Lexer, describe

_GRAMMAR: Final = r"""
start: sequence

sequence: (closed SEMICOLON)* open
?expression: open
?open: chain
    | chain QUESTION expression COLON open -> ternary
    | chain QUESTION COLON open -> elvis
    | LET NAME EQUALS closed SEMICOLON sequence -> let
    | when
?closed: chain
    | chain QUESTION expression COLON closed -> ternary
    | chain QUESTION COLON closed -> elvis
    | when
when: IF expression LBRACE sequence RBRACE ELSE (when | LBRACE sequence RBRACE)

chain: operand link*
link: (OP | SIGN | WORD | NOT WORD) operand
    | PIPE NAME arguments -> pipe
    | PIPE PREDICATE arguments -> pipe
operand: (SIGN | BANG | NOT)* (literal | postfix)
literal: NUMBER | CONSTANT

?postfix: primary
    | postfix (DOT | QDOT) NAME -> member
    | postfix (DOT | QDOT) NAME arguments -> method
    | postfix LSQB expression RSQB -> index
    | postfix QDOT LSQB expression RSQB -> optional_index
    | postfix QDOT? LSQB [expression] COLON [expression] RSQB -> slice
?primary: NAME -> name
    | STRING -> string
    | BYTES -> octets
    | NAME arguments -> call
    | PREDICATE arguments -> call
    | DCOLON NAME arguments -> plain_call
    | LPAR sequence RPAR -> group
    | HASH NAME? -> pointer
    | DOT NAME -> field
    | DOT NAME arguments -> field_method
    | LSQB [expression (COMMA expression)* COMMA?] RSQB -> array
    | LBRACE [pair (COMMA pair)* COMMA?] RBRACE -> map
pair: (NAME | CONSTANT | NUMBER | STRING | key) COLON expression
key: LPAR sequence RPAR

arguments: LPAR [argument (COMMA argument)* COMMA?] RPAR
?argument: expression
    | BLOCK sequence RBRACE -> block

%declare NAME NUMBER STRING BYTES CONSTANT PREDICATE BLOCK
%declare LPAR RPAR LSQB RSQB LBRACE RBRACE COMMA SEMICOLON COLON DCOLON QUESTION DOT QDOT
%declare PIPE HASH EQUALS BANG SIGN OP WORD NOT LET IF ELSE
"""

_DOT_AT_END: Final = re.compile(r"[^.\s]\s*\.\s*$")


class _Tokens(LarkLexer):
    def __init__(self, conf: Any) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any = None) -> Iterator[Token]:  # noqa: ARG002
        tokens: Iterator[Token] = lexer_state.tokens()
        return tokens


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer=_Tokens, maybe_placeholders=True)


def parse(text: str, functions: frozenset[str]) -> Tree[Token]:
    """The tree of an expression; `functions` are names that hide predicate functions."""
    try:
        return _parser().parse(Lexer(text, functions))
    except UnexpectedToken as fault:
        token = fault.token
        if token.type == "$END":
            missing = _DOT_AT_END.search(text)  # the name of a member
            reason = "unexpected end of expression" if missing else "unexpected token EOF"
            raise ExpressionError(reason, text, max(0, len(text) - 1)) from None
        message = f"unexpected token {describe(token)}"
        raise ExpressionError(message, text, token.start_pos or 0) from None
    except UnexpectedInput as fault:
        raise ExpressionError("unexpected end of expression", text, len(text)) from fault
