"""Words to terminals of the grammar: what each word is follows from lines, braces and imports.

Everything CoreDNS decides by looking at line numbers is decided here, so the grammar stays small.
Mistakes that leave the structure alone (an unknown directive, a failing import) are collected in
`errors`, and reading goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import pairwise

from corepy.corefile.faults import SetupError
from corepy.corefile.imports import MAX_SNIPPETS, Stream, Substitute
from corepy.corefile.token import Token
from corepy.corefile.tree import Notice
from corepy.errors import ConfigError
from corepy.lib.suggest import hint as did_you_mean

Lexeme = tuple[str, Token]
Known = Callable[[str], bool]

# Properties whose arguments from this index on are secrets, never to be printed.
SECRETS = {"headscale_url": 1}

# Directives that CoreDNS refuses to read with a '{' on a line of its own behind them.
STRICT = frozenset({
    "autopath", "bind", "cache", "errors", "file", "forward", "hosts", "prometheus", "ready",
    "template", "view",
})  # fmt: skip


class Layout:
    """Iterates once over `(terminal, word)`."""

    def __init__(
        self, stream: Stream, substitute: Substitute, known: Known, names: Iterable[str]
    ) -> None:
        self.stream = stream
        self.errors: list[ConfigError] = []
        self.later: list[ConfigError] = []  # what CoreDNS leaves to the plugins to find
        self._substitute = substitute
        self._known = known
        self._names = names
        self._over = False  # the block ended, rightly or not, within a directive

    def __iter__(self) -> Iterator[Lexeme]:
        take = self.stream.take
        while token := take():
            keys, after = self._keys(token)
            if len(keys) == 1 and _is_snippet(keys[0][1].text):
                yield from self._snippet(keys[0][1], after)
            else:
                yield from keys
                if after:
                    yield from self._block(after, bool(keys))

    def _keys(self, token: Token | None) -> tuple[list[Lexeme], Token | None]:
        """The addresses from `token` on, and the word behind them."""
        keys: list[Lexeme] = []
        expecting = False
        while token:
            text = self._substitute(token.text)
            if text == "import" and token.first:
                self._import(token)
                token = self.stream.take()
                continue
            if text == "{":
                break
            if text:  # an empty word is no address
                expecting = text.endswith(",")
                keys.append(("KEY", token._replace(text=text.removesuffix(","))))
                if expecting:
                    keys.append(("_COMMA", token))
            token = self.stream.take()
            if token and token.first and not expecting:
                break
        return keys, token

    def _snippet(self, key: Token, token: Token | None) -> Iterator[Lexeme]:
        name = key.text[1:-1]
        yield "SNIPPET", key
        if token is None or token.text != "{":
            if token:
                yield "WORD", token
            return
        yield "_OPEN", token
        body: list[Token] = []
        depth = 1
        while depth and (token := self.stream.take()):
            depth += {"{": 1, "}": -1}.get(token.text, 0)
            if depth:
                body.append(token)
            yield ("WORD" if depth else "_CLOSE"), token
        if name in self.stream.snippets:
            message = f"redeclaration of previously declared snippet {name}"
            self.errors.append(ConfigError(message, key.span))
        elif not depth:
            self.stream.snippets[name] = self._checked(name, body)

    def _checked(self, name: str, body: list[Token]) -> list[Token]:
        """The body of a snippet, standing on lines of its own; it may not import itself."""
        if body:
            body[0] = body[0]._replace(first=True)
        for word, argument in pairwise(body):
            if word.text == "import" and word.first and self._substitute(argument.text) == name:
                end = self.stream.last or word  # CoreDNS names the line of the closing brace
                message = (
                    f"{end.file}:{end.line} - Error during parsing: "
                    f"maximum snippet import depth ({MAX_SNIPPETS}) exceeded"
                )
                hint = f"the snippet '{name}' imports itself"
                self.errors.append(ConfigError(message, argument.span, hint))
                return []
        return body

    def _block(self, token: Token | None, keyed: bool) -> Iterator[Lexeme]:
        assert token
        braced = token.text == "{"
        if braced:
            if not keyed:
                self.stream.notices.append(
                    Notice("a server block without an address is ignored", token.span)
                )
            yield "_OPEN", token
            token = self.stream.take()
        while token:
            if token.text == "}":
                yield "_CLOSE", token
                return
            if token.text == "import":
                self._import(token)
                token = self.stream.take()
            else:
                name = self._substitute(token.text)
                if not self._known(name):
                    self._unknown(token, name, braced)
                yield "NAME", token._replace(text=name)
                token = yield from self._directive(name)
                if self._over:
                    return
        last = self.stream.last
        if braced and last and last.text == "}":
            message = "the '}' of the last server block is missing"
            self.stream.notices.append(Notice(message, last.span))
            yield "_CLOSE", last

    def _directive(self, head: str) -> Generator[Lexeme, None, Token | None]:
        """The rest of a directive with its block; returns the word behind it."""
        lines = _Lines(head)
        self._over = False
        while token := self.stream.take():
            text = token.text
            if not lines.depth and token.first and text != "{":
                break
            if text == "import" and token.first:
                self._import(token)
                continue
            if token.first:
                yield from lines.ends(token)
            if text == "{":
                if token.first and not lines.depth:
                    self._alone(token, head)
                yield from lines.opens(token)
            elif text == "}" and not lines.depth:
                self._over = True
                yield "_CLOSE", token
                return None
            elif text == "}" and lines.may_close:
                yield from lines.closes(token)
            else:
                self.stream.last = word = self._word(token, lines)
                yield "WORD", word
        if lines.depth:
            self._over = True
        elif end := token or self.stream.last:
            yield from lines.ends(end)
            yield "_EOL", end
        return token

    def _word(self, token: Token, lines: _Lines) -> Token:
        lines.takes(token)
        secret = lines.index >= SECRETS.get(lines.head, lines.index + 1)
        if not secret and "{" not in token.text:
            return token
        return token._replace(text=self._substitute(token.text), secret=secret)

    def _alone(self, brace: Token, head: str) -> None:
        hint = "put it at the end of the line before"
        if head in STRICT:
            message = "Unexpected token '{', expecting argument"
            self.later.append(SetupError(head, ConfigError(message, brace.span, hint)))
            return
        message = "'{' stands on a line of its own; CoreDNS does not see it there"
        self.stream.notices.append(Notice(message, brace.span, hint))

    def _import(self, statement: Token) -> None:
        try:
            self.stream.expand(statement, self._substitute)
        except ConfigError as error:
            self.errors.append(error)

    def _unknown(self, token: Token, name: str, braced: bool) -> None:
        self._names = list(self._names)  # it may be an iterator: looked up only now
        hint = did_you_mean(name, self._names)
        if name[-1:] in ("{", "}") and self._known(name[:-1]):
            hint = f"put a space before '{name[-1]}'"
        elif not hint and "." in name:
            hint = (
                "is this a zone, and the '}' of the block before it missing?"
                if braced
                else "is this a zone? More than one server block needs braces around each"
            )
        self.errors.append(ConfigError(f"Unknown directive '{name}'", token.span, hint))


class _Lines:
    """Where the words of one directive stand: which line they belong to, which block is open."""

    __slots__ = ("depth", "head", "index", "late", "may_close", "open", "starting")

    def __init__(self, head: str) -> None:
        self.head = head  # the first word of the current line, and how many follow so far
        self.index = -1
        self.depth = 0
        self.late = 0  # blocks closed by a '}' behind other words: plugins see it as an argument
        self.open = True  # the current line has words
        self.starting = False  # the next word is the first of a line
        self.may_close = False  # the next word is a '}' that closes, if it is a '}'

    def ends(self, token: Token) -> Iterator[Lexeme]:
        """Before the first word of a line, and at the end."""
        for _ in range(self.late):
            yield "_EOL", token
            yield "_END", token
        self.late = 0
        if self.depth and self.open:
            yield "_EOL", token
            self.open = False
        self.starting = self.may_close = True

    def opens(self, token: Token) -> Iterator[Lexeme]:
        yield "BEGIN", token
        self.depth += 1
        self.open = False
        self.starting = self.may_close = True

    def closes(self, token: Token) -> Iterator[Lexeme]:
        if self.open:
            yield "_EOL", token
        yield "_END", token
        self.depth -= 1
        self.starting, self.open = False, True

    def takes(self, token: Token) -> None:
        """A word that is no brace, or a '}' behind other words."""
        if token.text == "}":
            self.depth -= 1
            self.late += 1
        if self.starting:
            self.head, self.index = token.text, -2
        self.index += 1
        self.may_close = token.text == "}"
        self.starting, self.open = False, True


def _is_snippet(key: str) -> bool:
    return len(key) > 1 and key[0] == "(" and key[-1] == ")"
