"""From text to nodes: what belongs to which `end`, and which templates are defined."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from corepy.lib.gotemplate.faults import TemplateError
from corepy.lib.gotemplate.nodes import (
    Action,
    Arm,
    Block,
    Branch,
    Call,
    Jump,
    Pipe,
    Source,
    Statement,
    Text,
)
from corepy.lib.gotemplate.pipelines import Pipelines
from corepy.lib.gotemplate.quoting import quote, unquote
from corepy.lib.gotemplate.tokens import Token, tokens

LONGEST: Final = 65536
"""Characters of a template."""


def parse(name: str, text: str, functions: Collection[str]) -> Source:
    """Read a template that may use these functions; raises `TemplateError`."""
    if len(text) > LONGEST:
        raise TemplateError(f"template: {name}:1: template longer than {LONGEST} characters")
    source = Source(name, text)
    _Parser(source, tokens(text), functions).whole()
    return source


class _Arm(NamedTuple):
    """A condition, what it is for, and how that ends."""

    pipe: Pipe
    body: Block
    end: str


class _Parser(Pipelines):
    """Reads one template; a definition inside of it is another one's with the same tokens."""

    def __init__(
        self, source: Source, tokens: Iterator[Token], functions: Collection[str], depth: int = 0
    ) -> None:
        super().__init__(source.name, tokens, functions)
        self._source = source
        self._ranges = 0
        self._depth = depth

    def whole(self) -> None:
        """Everything to the end of the text."""
        statements: list[Statement] = []
        while (token := self.next()).kind != "end of text":
            if token.kind == "open":
                word = self.next_word()
                if word.kind == "define":
                    self._inner().definition()
                    continue
                self.back(token, word)
            else:
                self.back(token)
            statement = self._statement()
            if isinstance(statement, str):
                self.fail(f"unexpected {statement}")
            statements.append(statement)
        self._add(self.name, Block(0, tuple(statements)))

    def _add(self, name: str, block: Block) -> None:
        """Define a template; of two with one name, one must be empty."""
        known = self._source.defined.get(name)
        if known is None or known.empty:
            self._source.defined[name] = block
        elif not block.empty:
            self.fail(f"template: multiple definition of template {quote(name)}")

    def _inner(self) -> _Parser:
        """Another parser at this place, which knows no variables of this one."""
        self.deeper()
        inner = _Parser(self._source, self.tokens, self.functions, self._depth)
        self.shallower()
        return inner

    def definition(self) -> None:
        """Read what follows `define`."""
        token = self.next_word()
        if token.kind != "string":
            self.unexpected(token, "define clause")
        name: str = self.value(unquote, token.text)
        self.expect("close", "define clause")
        self.body(name, "define clause")

    def body(self, name: str, context: str) -> None:
        """Read what the template of this name consists of, and define it."""
        block, end = self._block()
        if end != "{{end}}":
            self.fail(f"unexpected {end} in {context}")
        self._add(name, block)

    def _block(self) -> tuple[Block, str]:
        """Statements up to `{{end}}` or `{{else}}`, which is returned too."""
        start = self.peek_word().offset
        statements: list[Statement] = []
        while True:
            if self.peek_word().kind == "end of text":
                self.fail("unexpected EOF")
            statement = self._statement()
            if isinstance(statement, str):
                return Block(start, tuple(statements)), statement
            statements.append(statement)

    def _statement(self) -> Statement | str:
        """A statement, or `{{end}}` or `{{else}}`."""
        token = self.next_word()
        if token.kind == "text":
            return Text(token.offset, token.text)
        if token.kind != "open":
            self.unexpected(token, "input")
        self.action = token.line
        statement = self._action()
        self.action = 0
        return statement

    def _action(self) -> Statement | str:
        token = self.next_word()
        match token.kind:
            case "if" | "with" | "range":
                return self._branch(token.kind)
            case "break" | "continue":
                return self._jump(token)
            case "else":
                return self._else()
            case "end":
                self.expect("close", "end")
                return "{{end}}"
            case "template":
                return self._call()
            case "block":
                return self._inline()
        self.back(token)
        return Action(token.offset, self.pipeline("command"))

    def _branch(self, word: str) -> Branch:
        self.deeper()
        known = len(self.variables)
        self._ranges += word == "range"
        arms = [self._arm(word)]
        self._ranges -= word == "range"
        otherwise = None
        while arms[-1].end == "{{else}}":
            if word == "range" or self.peek().kind != word:
                otherwise = self._otherwise()
                break
            self.next()  # {{else if}}: the one end ends both
            arms.append(self._arm(word))
        del self.variables[known:]
        self.shallower()
        plain = tuple(Arm(arm.pipe.offset, arm.pipe, arm.body) for arm in arms)
        return Branch(plain[0].offset, word, plain, otherwise)

    def _arm(self, word: str) -> _Arm:
        pipe = self.pipeline(word)
        return _Arm(pipe, *self._block())

    def _otherwise(self) -> Block:
        block, end = self._block()
        if end != "{{end}}":
            self.fail(f"expected end; found {end}")
        return block

    def _else(self) -> str:
        if self.peek_word().kind not in ("if", "with"):
            self.expect("close", "else")
        return "{{else}}"

    def _jump(self, token: Token) -> Jump:
        self.expect("close", f"{{{{{token.kind}}}}}")
        if not self._ranges:
            self.fail(f"{{{{{token.kind}}}}} outside {{{{range}}}}")
        return Jump(token.offset, token.kind)

    def _call(self) -> Call:
        token = self.next_word()
        name = self._name(token, "template clause")
        after = self.next_word()
        pipe = None
        if after.kind != "close":
            self.back(after)
            pipe = self.pipeline("template clause")
        return Call(token.offset, name, quote(name), pipe)

    def _inline(self) -> Call:
        """`block NAME PIPELINE`: a definition that is called where it stands."""
        token = self.next_word()
        name = self._name(token, "block clause")
        pipe = self.pipeline("block clause")
        self._inner().body(name, "block clause")
        return Call(token.offset, name, quote(name), pipe)

    def _name(self, token: Token, context: str) -> str:
        if token.kind != "string":
            self.unexpected(token, context)
        name: str = self.value(unquote, token.text)
        return name
