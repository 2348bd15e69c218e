"""Regular expressions as Go's regexp package reads them (RE2 syntax), matched by `re` or by RE2.

The expression is read here, so that it is refused with Go's words whatever engine matches it. With
the package google-re2 (extra `re2`) matching takes time linear in the text; without it the
expression is rewritten for Python's `re`, which means the same but may backtrack.
"""

from __future__ import annotations

import importlib
import re
from typing import Any, Final, Protocol

from corepy.lib.regex_syntax import RegexError, Translation, translate

MAX_LENGTH: Final = 10_000
"""Octets of an expression that a Corefile may hold, as in CoreDNS."""

__all__ = ["MAX_LENGTH", "Match", "Pattern", "RegexError", "compile"]


class Match(Protocol):
    """What both engines return for a hit."""

    def group(self, group: int = 0, /) -> str | None:
        """The text of a group, None if it took no part."""
        ...

    def start(self, group: int = 0, /) -> int:
        """Where the group begins, in characters."""
        ...

    def end(self, group: int = 0, /) -> int:
        """Where the group ends."""
        ...

    def groups(self) -> tuple[str | None, ...]:
        """The texts of all groups, the whole match excepted."""
        ...


class Pattern:
    """A compiled expression; `names[i]` is the name of group i, empty if it has none."""

    __slots__ = ("_engine", "names", "source")

    def __init__(self, source: str, names: tuple[str, ...], engine: Any) -> None:
        self.source = source
        self.names = names
        self._engine = engine

    def search(self, text: str) -> Match | None:
        """The leftmost match anywhere in `text`."""
        found: Match | None = self._engine.search(text)
        return found

    def __repr__(self) -> str:
        return f"Pattern({self.source!r})"


def compile(source: str) -> Pattern:  # noqa: A001 - as in re
    """Compile an expression; raises `RegexError` with Go's message if Go would refuse it."""
    size = len(source.encode("utf-8", "surrogateescape"))
    if size > MAX_LENGTH:
        raise RegexError(f"regex pattern too long: {size} > {MAX_LENGTH}")
    translation = translate(source)
    engine = _re2(source, translation)
    if engine is None:
        engine = re.compile(translation.text)
    return Pattern(source, translation.names, engine)


def _re2(source: str, translation: Translation) -> Any:
    try:
        re2 = importlib.import_module("re2")
        options = re2.Options()
        options.log_errors = False
        compiled = re2.compile(source, options)
    except (ImportError, AttributeError, re.error, ValueError):
        return None
    except Exception:  # noqa: BLE001 - re2.error is a class of its own
        return None
    return compiled if compiled.groups + 1 == len(translation.names) else None
