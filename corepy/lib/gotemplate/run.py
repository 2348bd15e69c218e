"""One execution of a template: its variables, what it put out, and the budget it has.

Text that a stranger's question fills in must not be able to hold a worker up, whatever the template
makes of it. So everything a run does is paid for out of two budgets: steps for what takes time,
text for what takes memory. Both are counted, so a template fails in the same way on any machine.
"""

from __future__ import annotations

from typing import Any, Final

from corepy.lib.gotemplate.faults import Failure

MOST_TEXT: Final = 1 << 18
"""Characters that a run may make: those it puts out, and those that functions return."""

MOST_STEPS: Final = 50_000
"""Parts of a template that a run may execute: fields, constants, functions, rounds of loops."""

DEEPEST: Final = 200
"""Branches, parentheses and calls of templates that may be within each other while it runs."""

UNSET: Final = object()
"""The value of a variable whose declaration was not executed."""

_CHARACTERS_PER_STEP: Final = 64
"""What a function can look at in about the time of one step."""


class Run:
    """What is left of the budget, and the state that the parts of a template share."""

    __slots__ = ("depth", "out", "room", "steps", "variables")

    def __init__(self, slots: int, data: object) -> None:
        self.out: list[str] = []
        self.variables: list[Any] = [data, *[UNSET] * (slots - 1)]
        self.room = MOST_TEXT
        self.steps = MOST_STEPS
        self.depth = 0

    def put(self, text: str) -> None:
        """Put text out; raises `Failure` when there is too much."""
        self.make(len(text))
        self.out.append(text)

    def make(self, size: int) -> None:
        """Pay for text of this size."""
        self.room -= size
        if self.room < 0:
            raise Failure(f"more than {MOST_TEXT} characters of text")

    def room_for(self, size: int) -> None:
        """Raise `Failure` if text of this size, which is still to be made, is too much."""
        if size > self.room:
            self.make(size)

    def step(self, steps: int) -> None:
        """Pay for parts about to be executed."""
        self.steps -= steps
        if self.steps < 0:
            raise Failure(f"more than {MOST_STEPS} steps")

    def read(self, size: int) -> None:
        """Pay for looking at so many characters or items."""
        if size >= _CHARACTERS_PER_STEP:
            self.step(size // _CHARACTERS_PER_STEP)
