"""The words of a rule, and the errors about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NoReturn

from corepy.corefile.faults import BareError
from corepy.corefile.token import Token
from corepy.lib import regex


class Words:
    """A row of words; `name` is the one before them, for errors about what is missing.

    Every message about them begins with `about`.
    """

    __slots__ = ("_about", "_words", "name")

    def __init__(self, name: Token, words: Sequence[Token], about: str = "") -> None:
        self.name = name
        self._words = tuple(words)
        self._about = about

    def __len__(self) -> int:
        return len(self._words)

    def __iter__(self) -> Iterator[Token]:
        return iter(self._words)

    def __getitem__(self, index: int) -> Token:
        return self._words[index]

    def after(self, count: int) -> Words:
        """Those behind the first `count`."""
        name = self._words[count - 1] if count else self.name
        return Words(name, self._words[count:])

    def before(self, count: int) -> Words:
        """The first `count`."""
        return Words(self.name, self._words[:count])

    def fail(self, message: str, token: Token | None = None, hint: str | None = None) -> NoReturn:
        """Raise an error at `token` or at the last word."""
        place = token or (self._words[-1] if self._words else self.name)
        raise BareError(self._about + message, place.span, hint)

    def about(self, text: str) -> Words:
        """The same words with `text` before every message."""
        return Words(self.name, self._words, text)


def compiled(words: Words, token: Token, message: str, where: str = "") -> regex.Pattern:
    """The expression in `token`; `message` is what to say if it is none.

    `where` goes into the message about an expression that is too long.
    """
    size = len(token.text.encode("utf-8", "surrogateescape"))
    if size > regex.MAX_LENGTH:
        words.fail(f"regex pattern too long{where}: {size} > {regex.MAX_LENGTH}", token)
    try:
        return regex.compile(token.text)
    except regex.RegexError as error:
        words.fail(message.replace("%v", str(error)), token, str(error))
