"""The parts of a regular expression, as read: what each is for Python's `re`, and what it may cost.

A part is made of finished parts, so all that is asked of it is added up from the bottom.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Final

TEXT: Final = 256
"""Characters of the text that `ways` supposes: those of a long name."""

_MANY: Final = 1e12  # counts of ways end here
_ROUNDS: Final = 25  # and those of rounds that multiply them

START: Final = r"(?:\A)"
"""The leaf for the beginning of the text."""


class Part:
    """Attributes of all parts.

    `text` is for `re.compile`. `ways` says in how many ways a backtracking engine may try it from
    one place of a text of `TEXT` characters before it gives up. `size` is its length as a program,
    `height` the depth of its nesting. `empty` says that it may match nothing, `anchored` that it
    matches at the beginning of the text alone.
    """

    __slots__ = ("anchored", "empty", "height", "size", "text", "ways")

    text: str
    ways: float
    size: int
    height: int
    empty: bool
    anchored: bool


class Leaf(Part):
    """One character of a class, or (if `empty`) a place between characters."""

    __slots__ = ()

    def __init__(self, text: str, *, empty: bool = False) -> None:
        self.text = text
        self.ways = 1.0
        self.size = 1
        self.height = 1
        self.empty = empty
        self.anchored = text == START


class Group(Part):
    """Alternatives, each a sequence of parts; `number` is that of a group that captures, else 0."""

    __slots__ = ("alternatives", "number")

    def __init__(self, alternatives: Sequence[Sequence[Part]], number: int = 0) -> None:
        self.alternatives = alternatives
        self.number = number
        parts = [part for several in alternatives for part in several]
        texts = ["".join([part.text for part in several]) for several in alternatives]
        self.text = ("(" if number else "(?:") + "|".join(texts) + ")"
        self.ways = min(
            _MANY, sum(prod([part.ways for part in several]) for several in alternatives)
        )
        self.size = 2 * len(alternatives) + sum(part.size for part in parts)
        self.height = 1 + max((part.height for part in parts), default=0)
        self.empty = any(all(part.empty for part in several) for several in alternatives)
        self.anchored = all(several and several[0].anchored for several in alternatives)


class Repeat(Part):
    """A part `least` to `most` times; `most` is None for no limit, `lazy` prefers fewer."""

    __slots__ = ("lazy", "least", "most", "part")

    def __init__(self, part: Part, written: str, least: int, most: int | None, lazy: bool) -> None:
        self.part = part
        self.least = least
        self.most = most
        self.lazy = lazy
        inner = f"(?:{part.text})" if isinstance(part, Repeat) else part.text
        self.text = inner + written + ("?" if lazy else "")
        copies = max(1, least) if most is None else most
        self.size = (part.size + 1) * copies + 2
        self.height = 1 + part.height
        self.empty = part.empty or not least
        self.anchored = part.anchored and least > 0
        self.ways = self._ways()

    def _ways(self) -> float:
        ways, most = self.part.ways, self.most
        if ways == 1 and not self.part.empty:
            # No choice within: only where it ends is open.
            return float(TEXT if most is None else most - self.least + 1)
        # Each round multiplies what there is to try.
        rounds = _ROUNDS if most is None else min(most, _ROUNDS)
        return min(_MANY, max(ways, 2.0) ** rounds)
