"""The tokens of a template with as much looking ahead as its grammar needs, and its mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from corepy.lib.gotemplate.faults import TemplateError
from corepy.lib.gotemplate.tokens import Token


class Reader:
    """Takes tokens and gives them back.

    Messages name the line of the token that was cut last, as in Go, which need not be the one that
    they are about. `action` is the line in which the action began that is being read, else 0.
    """

    def __init__(self, name: str, tokens: Iterator[Token]) -> None:
        self.name = name
        self.tokens = tokens
        self.action = 0
        self._given_back: list[Token] = []
        self._line = 0

    def next(self) -> Token:
        """The next token."""
        if self._given_back:
            return self._given_back.pop()
        token = next(self.tokens)
        self._line = token.line
        return token

    def back(self, *tokens: Token) -> None:
        """Give tokens back, which come again in this order."""
        self._given_back += reversed(tokens)

    def peek(self) -> Token:
        """The next token, which stays."""
        token = self.next()
        self.back(token)
        return token

    def next_word(self) -> Token:
        """The next token that is no space."""
        token = self.next()
        while token.kind == "space":
            token = self.next()
        return token

    def peek_word(self) -> Token:
        """The next token that is no space, which stays; the space before it does not."""
        token = self.next_word()
        self.back(token)
        return token

    def expect(self, kind: str, context: str) -> Token:
        """The next token that is no space, which must be of this kind."""
        token = self.next_word()
        if token.kind != kind:
            self.unexpected(token, context)
        return token

    def fail(self, reason: str) -> NoReturn:
        """Raise the error for a mistake here."""
        raise TemplateError(f"template: {self.name}:{self._line}: {reason}")

    def unexpected(self, token: Token, context: str) -> NoReturn:
        """Raise the error for a token that cannot stand here."""
        if token.kind != "error":
            self.fail(f"unexpected {token.shown} in {context}")
        started = ""
        if self.action not in (0, token.line):
            started = f" in action started at {self.name}:{self.action}"
            if token.text.endswith(" action"):
                started = started.removeprefix(" in action")
        self.fail(token.text + started)
