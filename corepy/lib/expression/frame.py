"""One evaluation: what is asked about, the variables, and how much work is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from corepy.lib.expression.faults import EvaluationError
from corepy.lib.expression.natures import Nature

MEMORY: Final = 1_000_000
"""Elements and characters that one evaluation may make, as in expr-lang."""

STEPS: Final = 100_000
"""Elements that all predicates of one evaluation may look at: it runs between two queries."""


class Frame:
    """`slots` are variables and the elements at hand in predicates, by number."""

    __slots__ = ("memory", "slots", "steps", "subject")

    def __init__(self, subject: Any, size: int) -> None:
        self.subject = subject
        self.slots: list[Any] = [None] * size
        self.memory = MEMORY
        self.steps = STEPS

    def grow(self, size: int) -> None:
        """Account for `size` more elements; raises `EvaluationError` when it is too much."""
        self.memory -= size
        if self.memory < 0:
            raise EvaluationError("memory budget exceeded")

    def step(self) -> None:
        """Account for one element that is looked at."""
        self.steps -= 1
        if self.steps < 0:
            raise EvaluationError("too many steps")


Run = Callable[[Frame], Any]


class Typed(NamedTuple):
    """A compiled part: what it will be, and how to find out; `constant` if it never changes."""

    nature: Nature
    run: Run
    constant: bool = False


def fixed(nature: Nature, value: Any) -> Typed:
    """A part that is known already."""
    return Typed(nature, lambda _: value, constant=True)
