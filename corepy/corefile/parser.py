"""Text to tree: the layout feeds Lark's LALR parser, which builds the blocks as it reduces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import lark
from lark.exceptions import UnexpectedToken
from lark.lexer import Lexer

from corepy.corefile.env import substitute
from corepy.corefile.imports import Stream
from corepy.corefile.layout import Known, Layout, Lexeme
from corepy.corefile.line import Directive, Property
from corepy.corefile.token import Source, Token
from corepy.corefile.tree import Block, Tree
from corepy.errors import ConfigError


def parse(
    source: Source, *, known: Known, environ: Mapping[str, str], names: Iterable[str] = ()
) -> Tree:
    """The tree of a Corefile. Mistakes are in its `errors`: with any, the tree is a torso."""
    stream = Stream(source)
    layout = Layout(stream, lambda text: substitute(text, environ), known, names)
    blocks: list[Block] = []
    try:
        blocks = _lark().parse(
            iter(layout),
            on_error=lambda fault: _recover(fault, layout),
        )  # type: ignore[assignment]
    except UnexpectedToken:
        pass  # noted by _recover
    except ConfigError as error:
        layout.errors.append(error)
    errors = [*layout.errors, *layout.later]
    return Tree(blocks, stream.snippets, stream.sources, stream.notices, errors)


class _Terminals(Lexer):
    """Hands the layout's terminals to Lark; `value` is the word with its place."""

    __future_interface__ = 2

    def __init__(self, _conf: Any) -> None:
        pass

    def lex(self, lexer_state: Any, parser_state: Any) -> Iterator[lark.Token]:  # noqa: ARG002
        lexemes: Iterator[Lexeme] = lexer_state.text
        for name, token in lexemes:
            yield _terminal(name, token)


def _terminal(name: str, token: Token) -> lark.Token:
    terminal = lark.Token(name, token.text, line=token.line, column=token.column)
    terminal.value = token
    return terminal


class _Builder:
    """One method per rule of grammar.lark."""

    @staticmethod
    def start(children: list[Any]) -> list[Block]:
        return [child for child in children if child is not None]

    @staticmethod
    def block(children: list[Any]) -> Block:
        keys = children.pop(0) if children and isinstance(children[0], list) else []
        return Block(keys, children)

    tail = block

    @staticmethod
    def snippet(_children: list[Any]) -> None:
        """Its words were taken by the layout, for `import` to find."""

    @staticmethod
    def keys(children: list[Any]) -> list[Token]:
        return [child.value for child in children]

    @staticmethod
    def body(children: list[Any]) -> tuple[Token, list[Property]]:
        return children[0].value, children[1:]

    @staticmethod
    def directive(children: list[Any]) -> Directive:
        brace, body = children.pop() if isinstance(children[-1], tuple) else (None, None)
        name, *args = [child.value for child in children]
        return Directive(name, args, body, brace)

    @staticmethod
    def property(children: list[Any]) -> Property:
        brace, body = children.pop() if isinstance(children[-1], tuple) else (None, None)
        name, *args = [child.value for child in children]
        return Property(name, args, brace, body)


@cache
def _lark() -> lark.Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text("utf-8")
    return lark.Lark(grammar, parser="lalr", lexer=_Terminals, transformer=_Builder())


def _recover(fault: Any, layout: Layout) -> bool:
    """Note a syntax error in CoreDNS's words; True when the parser was brought back on course."""
    parser = fault.interactive_parser
    accepts: set[str] = parser.accepts()
    kind = fault.token.type
    if kind == "$END":
        layout.errors.append(_ends(accepts, layout.stream.last))
        return False
    token: Token = fault.token.value
    if kind == "_CLOSE" and "_EOL" in accepts:
        message = "Unexpected '}' because no matching opening brace"
        layout.errors.append(ConfigError(message, token.span, "put '}' on a line of its own"))
        parser.feed_token(lark.Token("_EOL", ""))
        parser.feed_token(fault.token)
        return True
    if kind == "BEGIN" and "WORD" in accepts:  # to a plugin it is a property named `{`
        parser.feed_token(_terminal("WORD", token))
        parser.feed_token(fault.token)
        return True
    if kind == "_OPEN" and "KEY" in accepts:
        message = "Expected another address but had '{' - check for extra comma"
        layout.errors.append(ConfigError(message, token.span))
        return False
    message = f"Syntax error: Unexpected token '{token.shown}'"
    if kind == "WORD" and "_EOL" in accepts:
        hint = "a line ends with the '}' of a block"
        layout.later.append(ConfigError(message, token.span, hint))
        return True
    expected = ", expecting '{'" if "_OPEN" in accepts else ""
    layout.errors.append(ConfigError(message + expected, token.span))
    return False


def _ends(accepts: set[str], last: Token | None) -> ConfigError:
    """The file ends too early."""
    assert last
    for terminal, brace in (("_CLOSE", "}"), ("_OPEN", "{")):
        if terminal in accepts:
            message = f"Syntax error: Unexpected token '{last.shown}', expecting '{brace}'"
            return ConfigError(message, last.span, f"the file ends before '{brace}'")
    return ConfigError("Unexpected EOF", last.span)
