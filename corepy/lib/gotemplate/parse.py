"""From text to nodes: what belongs to which `end`, which variables there are, which functions."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, NoReturn, cast

from lark import Token, Tree

from corepy.lib.gotemplate import literals
from corepy.lib.gotemplate.faults import TemplateError
from corepy.lib.gotemplate.grammar import Unexpected, read
from corepy.lib.gotemplate.nodes import (
    Action,
    Block,
    Branch,
    Call,
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Jump,
    Literal,
    Nil,
    Operand,
    Pipe,
    Source,
    Statement,
    Text,
    Variable,
)
from corepy.lib.gotemplate.scan import Piece, scan

_BRANCHES: Final = ("if", "with", "range")
_KEYWORDS: Final = frozenset(
    (*_BRANCHES, "else", "end", "define", "template", "block", "break", "continue")
)
DEEPEST: Final = 100
"""Branches inside branches, and parentheses inside parentheses."""

LONGEST: Final = 65536
"""Characters of a template."""


def parse(name: str, text: str, functions: Collection[str]) -> Source:
    """Read a template that may use these functions; raises `TemplateError`."""
    if len(text) > LONGEST:
        raise TemplateError(name, text, 0, f"template longer than {LONGEST} characters")
    return _Parser(name, text, functions).source()


class _Parser:
    def __init__(self, name: str, text: str, functions: Collection[str]) -> None:
        self._name = name
        self._text = text
        self._functions = functions
        self._pieces = list(scan(name, text))
        self._next = 0
        self._variables = ["$"]
        self._slots = 1
        self._ranges = 0
        self._depth = 0
        self._defined: dict[str, Block] = {}

    def source(self) -> Source:
        root, _ = self._block(0, top=True)
        return Source(self._name, self._text, root, self._defined, self._slots)

    def _fail(self, reason: str, offset: int) -> NoReturn:
        raise TemplateError(self._name, self._text, offset, reason)

    # ---- statements

    def _block(self, offset: int, *, top: bool = False) -> tuple[Block, Piece]:
        """Statements up to `end` or `else`, which is returned too; at the top to the end."""
        statements: list[Statement] = []
        while self._next < len(self._pieces):
            piece = self._pieces[self._next]
            self._next += 1
            if not piece.action:
                statements.append(Text(piece.offset, piece.text))
                continue
            word, _ = _keyword(piece)
            if word in ("end", "else"):
                if top:
                    self._fail(f"unexpected {{{{{word}}}}}", piece.offset)
                return Block(offset, tuple(statements)), piece
            statement = self._statement(piece, top=top)
            if statement is not None:
                statements.append(statement)
        if not top:
            self._fail("unexpected EOF", len(self._text))
        return Block(offset, tuple(statements)), Piece(True, "", len(self._text))

    def _statement(self, piece: Piece, *, top: bool) -> Statement | None:
        word, rest = _keyword(piece)
        if word in _BRANCHES:
            return self._branch(word, rest)
        if word in ("break", "continue"):
            self._nothing(rest, word)
            if not self._ranges:
                self._fail(f"{{{{{word}}}}} outside {{{{range}}}}", piece.offset)
            return Jump(piece.offset, word)
        if word == "define":
            if not top:
                self._fail("unexpected {{define}}", piece.offset)
            self._define(rest)
            return None
        if word == "template":
            return self._call(rest)
        if word == "block":
            return self._inline(rest)
        return Action(piece.offset, self._pipeline(piece, "command"))

    def _branch(self, word: str, rest: Piece) -> Branch:
        self._deeper(rest)
        known = len(self._variables)
        pipe = self._pipeline(rest, word)
        self._ranges += word == "range"
        body, closing = self._block(rest.offset)
        self._ranges -= word == "range"
        otherwise = None
        if _keyword(closing)[0] == "else":
            otherwise = self._else(word, closing)
        else:
            self._nothing(_keyword(closing)[1], "end")
        del self._variables[known:]
        self._depth -= 1
        return Branch(rest.offset, word, pipe, body, otherwise)

    def _else(self, word: str, closing: Piece) -> Block:
        _, rest = _keyword(closing)
        again, inner = _keyword(rest)
        if again == word and word != "range":
            return Block(rest.offset, (self._branch(word, inner),))
        self._nothing(rest, "else")
        block, end = self._block(rest.offset)
        if _keyword(end)[0] != "end":
            self._fail("expected end; found {{else}}", end.offset)
        return block

    def _define(self, rest: Piece) -> None:
        name, left = self._template_name(rest, "define clause")
        self._nothing(left, "define clause")
        self._defined[name] = self._separate(rest)

    def _inline(self, rest: Piece) -> Call:
        """`block NAME PIPELINE`: a definition that is called where it stands."""
        name, left = self._template_name(rest, "block clause")
        pipe = self._pipeline(left, "block clause")
        self._defined.setdefault(name, self._separate(rest))
        return Call(rest.offset, name, rest.text.split()[0], pipe)

    def _separate(self, rest: Piece) -> Block:
        """The body of a definition, which sees no variables of what stands around it."""
        self._deeper(rest)
        outer, self._variables, ranges, self._ranges = self._variables, ["$"], self._ranges, 0
        body, closing = self._block(rest.offset)
        if _keyword(closing)[0] != "end":
            self._fail("unexpected {{else}} in define clause", closing.offset)
        self._variables, self._ranges = outer, ranges
        self._depth -= 1
        return body

    def _call(self, rest: Piece) -> Call:
        name, left = self._template_name(rest, "template clause")
        pipe = self._pipeline(left, "template clause") if left.text.strip() else None
        return Call(rest.offset, name, rest.text.split()[0], pipe)

    def _template_name(self, rest: Piece, context: str) -> tuple[str, Piece]:
        text = rest.text.lstrip()
        end = 1
        while text[:1] in ('"', "`") and end < len(text) and text[end] != text[0]:
            end += 2 if text[end] == "\\" and text[0] == '"' else 1
        if text[:1] not in ('"', "`"):
            self._fail(
                f'unexpected "{text.split()[0] if text else "}}"}" in {context}', rest.offset
            )
        offset = rest.offset + len(rest.text) - len(text) + end + 1
        return self._string(text[: end + 1], rest.offset), Piece(True, text[end + 1 :], offset)

    def _nothing(self, rest: Piece, context: str) -> None:
        if rest.text.strip():
            self._fail(f'unexpected "{rest.text.split()[0]}" in {context}', rest.offset)

    def _deeper(self, piece: Piece) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail("max expression depth exceeded", piece.offset)

    # ---- pipelines

    def _pipeline(self, piece: Piece, context: str) -> Pipe:
        text = piece.text.lstrip()
        offset = piece.offset + len(piece.text) - len(text)
        text = text.rstrip()
        if not text:
            self._fail(f"missing value for {context}", piece.offset)
        if text.count("(") > DEEPEST:
            self._fail("max expression depth exceeded", piece.offset)
        try:
            tree = read(text)
        except Unexpected as error:
            self._fail(str(error), offset + error.at)
        return self._pipe(_trees(tree)[0], offset, context)

    def _pipe(self, tree: Tree[Token], offset: int, context: str) -> Pipe:
        parts = _trees(tree)
        variables: list[Variable] = []
        assigns, names = False, list[Token]()
        if parts[0].data == "declaration":
            names = [token for token in _tokens(parts[0]) if token.type == "VARIABLE"]
            assigns = any(token.type == "ASSIGN" for token in _tokens(parts[0]))
            if len(names) > 1 and context != "range":
                self._fail(f"too many declarations in {context}", offset + _at(names[1]))
            parts = parts[1:]
        if assigns:
            variables = [self._variable(name, offset) for name in names]
        commands = tuple(self._command(part, offset) for part in parts)
        for stage, command in enumerate(commands[1:], 2):
            if isinstance(command.args[0], Dot | Nil | Literal):
                reason = f"non executable command in pipeline stage {stage}"
                self._fail(reason, command.offset)
        if not assigns:
            variables = [self._declare(name, offset) for name in names]
        start = commands[0].offset
        return Pipe(start, tuple(variables), assigns, commands)

    def _declare(self, token: Token, offset: int) -> Variable:
        self._variables.append(str(token))
        self._slots = max(self._slots, len(self._variables))
        return Variable(offset + _at(token), str(token), len(self._variables) - 1)

    def _variable(self, token: Token, offset: int) -> Variable:
        name = str(token)
        for slot in range(len(self._variables) - 1, -1, -1):
            if self._variables[slot] == name:
                return Variable(offset + _at(token), name, slot)
        return self._fail(f'undefined variable "{name}"', offset + _at(token))

    def _command(self, tree: Tree[Token], offset: int) -> Command:
        args = tuple(
            self._operand(part, offset)
            for part in tree.children
            if not (isinstance(part, Token) and part.type == "SPACE")
        )
        return Command(args[0].offset, args)

    def _operand(self, part: Token | Tree[Token], offset: int) -> Operand:
        if isinstance(part, Token):
            return self._term(part, offset + _at(part))
        if part.data == "paren":
            return self._pipe(_trees(part)[0], offset, "parenthesized pipeline")
        first, fields = part.children[0], cast("list[Token]", part.children[1:])
        inner = self._operand(first, offset)
        names = tuple(field[1:] for field in fields)
        at = offset + _at(fields[0])
        if isinstance(inner, Field):
            return Field(at, inner.names + names)
        if isinstance(inner, Variable):
            return Variable(at, inner.name, inner.slot, names)
        if isinstance(inner, Dot | Nil | Literal):
            shown = str(inner) if not isinstance(inner, Dot) else "."
            self._fail(f'unexpected . after term "{shown}"', at)
        return Chain(at, inner, names)

    def _term(self, token: Token, offset: int) -> Operand:
        text = str(token)
        match token.type:
            case "DOT":
                return Dot(offset)
            case "FIELD":
                return Field(offset, (text[1:],))
            case "VARIABLE":
                return self._variable(token, offset - _at(token))
            case "NAME":
                return self._word(text, offset)
            case "NUMBER":
                return Literal(offset, text, self._value(literals.number, text, offset))
            case "CHAR":
                return Literal(offset, text, self._value(literals.character, text, offset))
            case _:
                return Literal(offset, text, self._string(text, offset))

    def _word(self, text: str, offset: int) -> Operand:
        if text in ("true", "false"):
            return Literal(offset, text, text == "true")
        if text == "nil":
            return Nil(offset)
        if text in _KEYWORDS:
            self._fail(f"unexpected <{text}> in operand", offset)
        if text not in self._functions:
            self._fail(f'function "{text}" not defined', offset)
        return Function(offset, text)

    def _string(self, text: str, offset: int) -> str:
        value = self._value(literals.string, text, offset)
        return str(value)

    def _value(self, convert: Any, text: str, offset: int) -> Any:
        try:
            return convert(text)
        except ValueError as error:
            self._fail(str(error), offset)


def _keyword(piece: Piece) -> tuple[str, Piece]:
    """The keyword that an action begins with, or nothing, and what follows it."""
    text = piece.text.lstrip()
    at = piece.offset + len(piece.text) - len(text)
    end = 0
    while end < len(text) and (text[end].isalnum() or text[end] == "_"):
        end += 1
    word = text[:end]
    if word not in _KEYWORDS:
        return "", piece
    return word, Piece(True, text[end:], at + end)


def _trees(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree)]


def _tokens(tree: Tree[Token]) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token)]


def _at(token: Token) -> int:
    at = token.start_pos
    return at or 0
