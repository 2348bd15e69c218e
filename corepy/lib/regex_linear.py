"""Matches an expression in time linear in the text, whatever the expression.

It tries alternatives in their order, as a backtracking engine does, but no step twice at one place:
what failed there fails again. What it finds is what Go's regexp package finds.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final, NamedTuple

from corepy.lib.regex_tree import Group, Part, Repeat

_READ: Final = 0
_FORK: Final = 1
_MARK: Final = 2
_FOUND: Final = 3


class _Step(NamedTuple):
    """_READ: what `data` (a match method) takes. _FORK: step `data`, else the next.

    _MARK: this is where mark number `data` is. After all but _FOUND, step `next` follows.
    """

    kind: int
    data: Any
    next: int


class Found:
    """A match, with what is asked of `re.Match`."""

    __slots__ = ("_marks", "_text")

    def __init__(self, text: str, marks: list[int]) -> None:
        self._text = text
        self._marks = marks

    def group(self, group: int = 0, /) -> str | None:
        """As `re.Match.group`."""
        begin, end = self._marks[2 * group : 2 * group + 2]
        return None if begin < 0 or end < 0 else self._text[begin:end]

    def start(self, group: int = 0, /) -> int:
        """As `re.Match.start`."""
        return self._marks[2 * group]

    def end(self, group: int = 0, /) -> int:
        """As `re.Match.end`."""
        return self._marks[2 * group + 1]

    def groups(self) -> tuple[str | None, ...]:
        """As `re.Match.groups`."""
        return tuple(self.group(number) for number in range(1, len(self._marks) // 2))


class Linear:
    """An expression as a program; time and octets of a search are steps times characters."""

    def __init__(self, part: Part, groups: int) -> None:
        self._steps: list[_Step] = [_Step(_FOUND, None, 0)]
        self._marks = 2 * groups + 2
        end = self._mark(1, 0)
        self._first = self._mark(0, self._part(part, end))

    def search(self, text: str) -> Found | None:
        """The leftmost match."""
        steps, width = self._steps, len(text) + 1
        tried = bytearray(len(steps) * width)
        marks = [-1] * self._marks
        for start in range(width):
            # Each entry is a step to try at a place, or (below 0) a mark to be set back.
            waiting = [(self._first, start)]
            while waiting:
                number, at = waiting.pop()
                if number < 0:
                    marks[~number] = at
                    continue
                while not tried[number * width + at]:
                    tried[number * width + at] = 1
                    kind, data, number = steps[number]
                    if kind == _READ:
                        taken = data(text, at)
                        if taken is None:
                            break
                        at = taken.end()
                    elif kind == _FORK:
                        waiting.append((number, at))
                        number = data
                    elif kind == _MARK:
                        waiting.append((~data, marks[data]))
                        marks[data] = at
                    else:
                        return Found(text, marks)
        return None

    # ---- the program, from its end to its beginning: what is added knows what follows it

    def _add(self, kind: int, data: Any, following: int) -> int:
        self._steps.append(_Step(kind, data, following))
        return len(self._steps) - 1

    def _mark(self, number: int, following: int) -> int:
        return self._add(_MARK, number, following)

    def _choice(self, repeat: Repeat, more: int, less: int) -> int:
        return self._add(_FORK, less, more) if repeat.lazy else self._add(_FORK, more, less)

    def _part(self, part: Part, following: int) -> int:
        if isinstance(part, Group):
            return self._group(part, following)
        if isinstance(part, Repeat):
            return self._repeat(part, following)
        return self._add(_READ, _reader(part.text), following)

    def _group(self, group: Group, following: int) -> int:
        if group.number:
            following = self._mark(2 * group.number + 1, following)
        first = -1
        for parts in reversed(group.alternatives):
            at = following
            for part in reversed(parts):
                at = self._part(part, at)
            first = at if first < 0 else self._add(_FORK, at, first)
        return self._mark(2 * group.number, first) if group.number else first

    def _repeat(self, repeat: Repeat, following: int) -> int:
        if repeat.most is None:
            at = self._endless(repeat, following)
        else:
            at = following
            for _ in range(repeat.most - repeat.least):
                at = self._choice(repeat, self._part(repeat.part, at), following)
            if repeat.least:
                at = self._part(repeat.part, at)
        for _ in range(repeat.least - 1):
            at = self._part(repeat.part, at)
        return at

    def _endless(self, repeat: Repeat, following: int) -> int:
        """Once, if it must be, and as often as it goes."""
        again = self._add(_FORK, None, following)
        body = self._part(repeat.part, again)
        ways = (following, body) if repeat.lazy else (body, following)
        self._steps[again] = _Step(_FORK, *ways)
        if repeat.least:
            return body
        # What may be empty is tried once even so: Go finds an empty group, not none.
        return self._choice(repeat, body, following) if repeat.part.empty else again


@cache
def _reader(text: str) -> Any:
    return re.compile(text).match
