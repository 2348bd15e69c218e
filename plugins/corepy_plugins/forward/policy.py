"""The order in which upstreams are tried for a query."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

# Load is spread with it, nothing is kept secret.
_random = random.Random()  # noqa: S311


def shuffled(servers: Sequence[T]) -> Sequence[T]:
    """All of them, in random order."""
    if len(servers) == 1:
        return servers
    return _random.sample(servers, len(servers))


def anyone(servers: Sequence[T]) -> T:
    """One of them, at random."""
    return _random.choice(servers)


class RoundRobin:
    """Begins with the next one each time; the others follow as they were written."""

    __slots__ = ("_turn",)

    def __init__(self) -> None:
        self._turn = 0

    def __call__(self, servers: Sequence[T]) -> Sequence[T]:
        self._turn = at = (self._turn + 1) % len(servers)
        return [servers[at], *servers[:at], *servers[at + 1 :]]


def sequential(servers: Sequence[T]) -> Sequence[T]:
    """As they were written."""
    return servers


POLICIES: Final = ("random", "round_robin", "sequential")


def make(name: str) -> Callable[[Sequence[T]], Sequence[T]]:
    """The policy of this name, with a state of its own if it has any."""
    if name == "round_robin":
        return RoundRobin()
    return sequential if name == "sequential" else shuffled
