"""The inside of actions: pipelines, commands, operands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

from corepy.lib.gotemplate.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Literal,
    Nil,
    Numeral,
    Operand,
    Pipe,
    Variable,
)
from corepy.lib.gotemplate.numbers import number
from corepy.lib.gotemplate.quoting import quote, unquote
from corepy.lib.gotemplate.reader import Reader
from corepy.lib.gotemplate.tokens import Token

DEEPEST: Final = 60
"""Parentheses inside parentheses, and branches inside branches (Go stops at 10 000)."""

_OPERANDS: Final = frozenset(
    ("bool", "rune", "complex", "dot", "field", "name", "number", "nil", "string", "variable", "(")
)
_PLAIN: Final = (Literal, Dot, Nil, Numeral)


class Pipelines(Reader):
    """Reads pipelines; `variables` are the names that are known here."""

    def __init__(self, name: str, tokens: Iterator[Token], functions: Collection[str]) -> None:
        super().__init__(name, tokens)
        self.functions = functions
        self.variables = ["$"]
        self._depth = 0

    def pipeline(self, context: str, end: str = "close") -> Pipe:
        """A pipeline and the token that ends it; raises `TemplateError`."""
        start = self.peek_word().offset
        variables, assigns = self._declarations(context)
        commands: list[Command] = []
        while (token := self.next_word()).kind != end:
            if token.kind not in _OPERANDS:
                self.unexpected(token, context)
            self.back(token)
            commands.append(self._command())
        if not commands:
            self.fail(f"missing value for {context}")
        for stage, command in enumerate(commands[1:], 2):
            if isinstance(command.args[0], _PLAIN):
                self.fail(f"non executable command in pipeline stage {stage}")
        return Pipe(start, variables, assigns, tuple(commands))

    def _declarations(self, context: str) -> tuple[tuple[Variable, ...], bool]:
        """Variables up to `:=` or `=`, which also are known from there on."""
        variables: list[Variable] = []
        while (token := self.peek_word()).kind == "variable":
            self.next()
            after = self.peek()
            sign = self.peek_word()
            if sign.kind not in ("=", ":=") and sign.text != ",":
                self._return(token, after)
                break
            self.next_word()
            variables.append(Variable(token.offset, token.text))
            self.variables.append(token.text)
            if sign.text != ",":
                return tuple(variables), sign.kind == "="
            if context != "range" or len(variables) > 1:
                self.fail(f"too many declarations in {context}")
            if self.peek_word().kind not in ("variable", "close", ")"):
                self.fail("range can only initialize variables")
        return tuple(variables), False

    def _return(self, token: Token, after: Token) -> None:
        if after.kind == "space":
            self.back(token, after)
        else:
            self.back(token)

    def _command(self) -> Command:
        """Operands up to `|`, which is taken, or the end of the pipeline, which is not."""
        start = self.peek_word().offset
        args: list[Operand] = []
        while True:
            self.peek_word()
            operand = self._operand()
            if operand is not None:
                args.append(operand)
            token = self.next()
            if token.kind == "space":
                continue
            if token.kind in ("close", ")"):
                self.back(token)
            elif token.kind != "|":
                self.unexpected(token, "operand")
            break
        if not args:
            self.fail("empty command")
        return Command(start, tuple(args))

    def _operand(self) -> Operand | None:
        term = self._term()
        first = self.peek()
        if term is None or first.kind != "field":
            return term
        names: list[str] = []
        while self.peek().kind == "field":
            names.append(self.next().text[1:])
        if isinstance(term, Field):
            return Field(first.offset, (*term.names, *names))
        if isinstance(term, Variable):
            return Variable(first.offset, term.name, tuple(names))
        if isinstance(term, _PLAIN):
            self.fail(f"unexpected . after term {quote(str(term))}")
        return Chain(first.offset, term, tuple(names))

    def _term(self) -> Operand | None:
        token = self.next_word()
        text, offset = token.text, token.offset
        match token.kind:
            case "name":
                if text not in self.functions:
                    self.fail(f"function {quote(text)} not defined")
                return Function(offset, text)
            case "dot":
                return Dot(offset)
            case "nil":
                return Nil(offset)
            case "variable":
                if text not in self.variables:
                    self.fail(f"undefined variable {quote(text)}")
                return Variable(offset, text)
            case "field":
                return Field(offset, (text[1:],))
            case "bool":
                return Literal(offset, text, text == "true")
            case "rune" | "complex" | "number":
                return Numeral(offset, text, self.value(number, text, token.kind))
            case "string":
                return Literal(offset, text, self.value(unquote, text))
            case "(":
                return self._parenthesised()
        self.back(token)
        return None

    def _parenthesised(self) -> Pipe:
        self.deeper()
        pipe = self.pipeline("parenthesized pipeline", ")")
        self.shallower()
        return pipe

    def deeper(self) -> None:
        """Go one level down; too many of them are refused."""
        if self._depth >= DEEPEST:
            self.fail("max expression depth exceeded")
        self._depth += 1

    def shallower(self) -> None:
        """Come back from a level."""
        self._depth -= 1

    def value(self, read: Callable[..., Any], *text: str) -> Any:
        """The value of a constant."""
        try:
            return read(*text)
        except ValueError as error:
            self.fail(str(error))
