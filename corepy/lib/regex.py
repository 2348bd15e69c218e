"""Regular expressions as Go's regexp package reads them (RE2 syntax), matched in bounded time.

The expression is read here, so that it is refused with Go's words whatever engine matches it: the
package google-re2 (extra `re2`) where it is installed. Otherwise Python's `re` matches what it
cannot try in many ways, and `regex_linear` the rest.
"""

from __future__ import annotations

import importlib
import re
from contextlib import suppress
from typing import Any, Final, Protocol

from corepy.lib.regex_linear import Linear
from corepy.lib.regex_syntax import RegexError, translate
from corepy.lib.regex_tree import TEXT, Group

MAX_LENGTH: Final = 10_000
"""Octets of an expression that a Corefile may hold, as in CoreDNS."""

MOST_WAYS: Final = TEXT * TEXT * 4
"""Ways to try an expression that are left to a backtracking engine: about a millisecond."""

MOST_STEPS: Final = 2000
"""Steps of an expression that is matched without RE2."""

MOST_NESTED: Final = 200
"""Its nesting, which Python's recursion must bear."""

_MEMORY: Final = (8 << 20, 128 << 20)
"""Octets for what RE2 keeps of an expression: usually, and for the largest that Go takes."""

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
    """Compile an expression.

    Raises `RegexError`: with Go's message if Go would refuse it, with one of ours if it is too
    large to be matched in linear time.
    """
    size = len(source.encode("utf-8", "surrogateescape"))
    if size > MAX_LENGTH:
        raise RegexError(f"regex pattern too long: {size} > {MAX_LENGTH}")
    tree, names = translate(source)
    return Pattern(source, names, _re2(source, len(names) - 1) or _own(tree, len(names) - 1))


def _own(tree: Group, groups: int) -> Any:
    starts = 1 if tree.anchored else TEXT
    if tree.ways * starts <= MOST_WAYS:
        return re.compile(tree.text)
    if tree.size > MOST_STEPS or tree.height > MOST_NESTED:
        raise RegexError(
            f"regex pattern too large: {tree.size} steps > {MOST_STEPS}, {tree.height} levels"
            f" > {MOST_NESTED}; larger ones need corepy-dns[re2]"
        )
    return Linear(tree, groups)


def _re2(source: str, groups: int) -> Any:
    try:
        re2 = importlib.import_module("re2")
    except ImportError:
        return None
    options = re2.Options()
    options.log_errors = False
    for octets in _MEMORY:
        options.max_mem = octets
        with suppress(re2.error, ValueError):
            compiled = re2.compile(source, options)
            return compiled if compiled.groups == groups else None
    return None
