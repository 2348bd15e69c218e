"""A directive or a property: a name, its arguments, and the checks every plugin needs on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NoReturn

from corepy.corefile.faults import argument_error
from corepy.corefile.token import Token
from corepy.errors import ConfigError
from corepy.lib import duration
from corepy.lib.suggest import hint as did_you_mean


class Line:
    """A name and the words behind it on the same line. Every check raises `ConfigError`."""

    __slots__ = ("args", "brace", "name")

    def __init__(self, name: Token, args: list[Token], brace: Token | None = None) -> None:
        self.name = name
        self.args = args
        self.brace = brace  # the `{` at the end of the line, if there is one

    def values(self) -> list[str]:
        """The arguments as text."""
        return [arg.text for arg in self.args]

    def count(self, least: int, most: int | None = None) -> list[Token]:
        """The arguments, if there are `least` to `most` of them; no `most` means no limit.

        A `}` left at the end of a one-line block is forgiven where it is one word too many, as by
        CoreDNS's plugins that only look at the arguments they know.
        """
        args = self.args
        if most is not None and len(args) == most + 1 and _closing(args[-1]):
            args = args[:-1]
        if len(args) < least and self.brace:
            raise argument_error("", self.brace.span, brace=True)
        if len(args) < least or (most is not None and len(args) > most):
            last = args[-1] if args else self.name
            raise argument_error(last.shown, last.span)
        return args

    def only(self) -> Token:
        """The one and only argument."""
        return self.count(1, 1)[0]

    def none(self) -> None:
        """There is no argument at all."""
        self.count(0, 0)

    def bare(self) -> None:
        """There is neither an argument nor a block."""
        self.none()
        if self.brace:
            raise argument_error("", self.brace.span, brace=True)

    def integer(self, index: int = 0, least: int | None = None, most: int | None = None) -> int:
        """The argument at `index` as a whole number between `least` and `most`."""
        token = self._at(index)
        digits = token.text.removeprefix("-").removeprefix("+")
        if not (digits.isascii() and digits.isdigit()):
            raise self.error(f"invalid number '{token.shown}'", token)
        number = int(token.text)
        if (least is not None and number < least) or (most is not None and number > most):
            raise self.error(f"number out of range: {number}", token, _range(least, most))
        return number

    def seconds(self, index: int = 0, least: int = 0, most: int = 2**31 - 1) -> int:
        """The argument at `index`: whole seconds, written as a bare number."""
        return self.integer(index, least, most)

    def duration(self, index: int = 0) -> float:
        """The argument at `index`: a Go duration such as `1m30s`, in seconds."""
        token = self._at(index)
        try:
            return duration.parse(token.text)
        except ValueError as fault:
            hint = f"write {token.text}s for seconds" if token.text.isdigit() else None
            raise self.error(str(fault), token, hint) from None

    def choice(self, *allowed: str, index: int = 0) -> str:
        """The argument at `index`, one of `allowed`."""
        token = self._at(index)
        if token.text not in allowed:
            hint = did_you_mean(token.text, allowed) or "one of: " + ", ".join(allowed)
            raise self.error(f"unknown {self.name.text} '{token.shown}'", token, hint)
        return token.text

    def error(
        self, message: str, token: Token | None = None, hint: str | None = None
    ) -> ConfigError:
        """An error to raise, placed at `token` or at the last word of the line."""
        for arg in self.args:
            if arg.secret and arg.text:
                message = message.replace(arg.text, "***")
        return ConfigError(message, (token or (self.args or [self.name])[-1]).span, hint)

    def _at(self, index: int) -> Token:
        if index >= len(self.args):
            self.count(index + 1)
        return self.args[index]

    def __repr__(self) -> str:
        words = " ".join(token.shown for token in (self.name, *self.args))
        return f"{type(self).__name__}({words!r})"


class Property(Line):
    """A line inside a plugin's block; `body` are the lines of a block of its own."""

    __slots__ = ("body", "opened")

    def __init__(
        self,
        name: Token,
        args: list[Token],
        brace: Token | None = None,
        body: list[Property] | None = None,
    ) -> None:
        super().__init__(name, args, brace)
        self.body = body or []
        self.opened = False  # a plugin has asked for the block

    def block(self) -> list[Property]:
        """The lines of the block behind the line, none without one.

        A block that the plugin does not ask for in this way is an error at its brace.
        """
        self.opened = True
        return self.body

    def unknown(self, *known: str) -> NoReturn:
        """Raise that there is no such property, with the one that was probably meant."""
        hint = did_you_mean(self.name.text, known)
        if hint is None and known:
            hint = "one of: " + ", ".join(sorted(known))
        raise self.error(f"unknown property '{self.name.text}'", self.name, hint)


class Directive(Line):
    """One occurrence of a plugin in a server block, with the lines of its `{ ... }`."""

    __slots__ = ("body",)

    def __init__(
        self,
        name: Token,
        args: list[Token],
        body: list[Property] | None = None,
        brace: Token | None = None,
    ) -> None:
        super().__init__(name, args, brace)
        self.body = body or []

    @property
    def has_block(self) -> bool:
        """Whether there is a block, an empty one included."""
        return self.brace is not None

    def goes_on(self, other: Directive) -> bool:
        """Whether CoreDNS takes another one for more words of this line, by file and line."""
        last, first = (self.args or [self.name])[-1], other.name
        return not self.brace and (last.file, last.line) == (first.file, first.line)

    def joined(self, other: Directive) -> Directive:
        """This one with the words of another behind its own."""
        return Directive(self.name, [*self.args, other.name, *other.args], other.body, other.brace)

    def flat(self) -> Iterator[Line]:
        """The lines as CoreDNS's plugins without options read them: a `{` begins another one."""
        yield self
        if self.brace:
            yield Line(self.brace, [])
            for prop in _within(self.body):
                yield prop
                if prop.brace:
                    yield Line(prop.brace, [])

    def lines(self) -> Iterator[Line]:
        """All lines in file order: the directive's own, those of its block, those within these."""
        yield self
        yield from _within(self.body)

    def unopened(self) -> Iterator[ConfigError]:
        """Errors for the blocks of properties that have none, once the plugin was set up."""
        for prop in _within(self.body):
            if prop.brace and not prop.opened:
                # CoreDNS's plugins take the brace for the next property's name.
                hint = f"{prop.name.shown} takes no block"
                yield ConfigError("unknown property '{'", prop.brace.span, hint)


def _within(body: Iterable[Property]) -> Iterator[Property]:
    for prop in body:
        yield prop
        yield from _within(prop.body)


def _closing(token: Token) -> bool:
    return token.text == "}" and not token.quoted


def _range(least: int | None, most: int | None) -> str:
    if most is None:
        return f"at least {least}"
    return f"at most {most}" if least is None else f"{least} to {most}"
