"""The stream of words with `import`s put in place.

A snippet of that name comes first, then files: relative to the file the `import` stands in, with
at most one `*` and one `?`. What is brought in starts on a line of its own.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from corepy.corefile.faults import argument_error
from corepy.corefile.lexer import tokenize
from corepy.corefile.token import Source, Token
from corepy.corefile.tree import Notice
from corepy.errors import ConfigError

Substitute = Callable[[str], str]

# CoreDNS's budgets per reading; both messages print the first number.
MAX_SNIPPETS = 10_000
MAX_FILES = 100_000
# Words one Corefile may grow to; CoreDNS would run out of memory first.
MAX_TOKENS = 2_000_000


class Frame:
    """A run of words being read: a file or the body of a snippet."""

    __slots__ = ("at", "name", "tokens")

    def __init__(self, name: str, tokens: list[Token]) -> None:
        self.name = name
        self.tokens = tokens
        self.at = 0

    def rest_of_line(self) -> list[Token]:
        """The words that follow on the same line, not taken yet."""
        stop = self.at
        while stop < len(self.tokens) and not self.tokens[stop].first:
            stop += 1
        return self.tokens[self.at : stop]


class Stream:
    """Hands out words one by one; `expand` replaces an `import` by what it names."""

    def __init__(self, source: Source) -> None:
        self.sources = {source.name: source}
        self.snippets: dict[str, list[Token]] = {}
        self.notices: list[Notice] = []
        self._frames = [Frame(f"file {_absolute(source.name)}", tokenize(source))]
        self._files: dict[Path, list[Token]] = {}
        self._snippet_count = self._file_count = self._taken = 0
        self.last: Token | None = None

    def take(self) -> Token | None:
        """The next word, or None at the end."""
        while self._frames:
            frame = self._frames[-1]
            if frame.at < len(frame.tokens):
                token = frame.tokens[frame.at]
                frame.at += 1
                self.last = token
                self._taken += 1
                if self._taken > MAX_TOKENS:
                    raise ConfigError("the Corefile is too large", token.span)
                return token
            self._frames.pop()
        return None

    def expand(self, statement: Token, substitute: Substitute) -> None:
        """Put in place what `statement`, an `import` just taken, names. Raises `ConfigError`."""
        frame = self._frames[-1]
        args = frame.rest_of_line()
        if not args:
            raise argument_error(statement.text, statement.span)
        frame.at += 1
        pattern = substitute(args[0].text)
        if not pattern:
            raise ConfigError("Import requires a non-empty filepath", args[0].span)
        if len(args) > 1:
            frame.at += next(
                (i for i, arg in enumerate(args[1:]) if arg.text in ("{", "}")), len(args) - 1
            )
            message = "Import takes only one argument (glob pattern or file)"
            raise ConfigError(message, args[1].span)
        if pattern in self.snippets:
            self._snippet_count += 1
            if self._fits(self._snippet_count, MAX_SNIPPETS, "snippet", args[0]):
                self._push(f"snippet {pattern}", self.snippets[pattern], args[0])
        else:
            self._file_count += 1
            if self._fits(self._file_count, MAX_FILES, "file", args[0]):
                for path in reversed(self._matches(pattern, args[0])):
                    self._push(f"file {path}", self._read(path, args[0]), args[0])

    def _push(self, name: str, tokens: list[Token], place: Token) -> None:
        names = [frame.name for frame in self._frames]
        if name in names:
            chain = " -> ".join([*names[names.index(name) :], name])
            raise _too_deep(name.partition(" ")[0], place, f"it imports itself: {chain}")
        self._frames.append(Frame(name, tokens))

    @staticmethod
    def _fits(count: int, most: int, what: str, place: Token) -> bool:
        """Whether a budget allows one more; the first that it does not is an error."""
        if count == most + 1:
            raise _too_deep(what, place)
        return count <= most

    def _matches(self, pattern: str, place: Token) -> list[Path]:
        full = os.path.normpath(Path(_absolute(place.file)).parent / pattern)
        if full.count("*") > 1 or full.count("?") > 1 or ("[" in full and "]" in full):
            message = f"Glob pattern may only contain one wildcard (*), but has others: {full}"
            raise ConfigError(message, place.span)
        if not any(mark in full for mark in "*?[]"):
            if not os.path.lexists(full):
                raise ConfigError(f"File to import not found: {pattern}", place.span)
            return [Path(full)]
        found = _glob(full)
        if not found:
            self.notices.append(
                Notice(f"No files matching import glob pattern: {pattern}", place.span)
            )
        return found

    def _read(self, path: Path, place: Token) -> list[Token]:
        if path not in self._files:
            try:
                text = path.read_bytes().decode("utf-8", "replace")
            except IsADirectoryError:
                raise ConfigError(f"Could not import {path}: is a directory", place.span) from None
            except OSError as fault:
                reason = f"open {path}: {(fault.strerror or str(fault)).lower()}"
                raise ConfigError(f"Could not import {path}: {reason}", place.span) from None
            source = self.sources[str(path)] = Source(str(path), text)
            self._files[path] = tokenize(source)
        return self._files[path]


def _too_deep(what: str, place: Token, hint: str | None = None) -> ConfigError:
    message = f"maximum {what} import depth ({MAX_SNIPPETS}) exceeded"
    return ConfigError(message, place.span, hint)


def _absolute(name: str) -> str:
    return os.path.normpath(Path.cwd() / name)


def _glob(pattern: str) -> list[Path]:
    """Existing paths in order; unlike Python's own, `*` takes hidden files too, as Go's does."""
    found = [Path("/")]
    for part in Path(pattern).parts[1:]:
        if any(mark in part for mark in "*?"):
            wanted = re.compile(re.escape(part).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
            found = [
                path / name for path in found for name in _names(path) if wanted.fullmatch(name)
            ]
        else:
            found = [path / part for path in found]
    return [path for path in found if os.path.lexists(path)]


def _names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError:
        return []
