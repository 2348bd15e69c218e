"""Functions that work an expression out for each element of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from corepy.lib.expression import values
from corepy.lib.expression.faults import EvaluationError
from corepy.lib.expression.frame import Frame, Run
from corepy.lib.expression.lists import sort_by

Elements = Callable[[Frame], Iterator[Any]]
"""The elements one by one, each put in its slot before it is handed out."""


def elements(run: Run, slot: int) -> Elements:
    """How a predicate walks over the list that `run` gives; slot + 1 holds the index."""

    def walk(frame: Frame, *, backwards: bool = False) -> Iterator[Any]:
        found = listed(run(frame))
        order = range(len(found))
        slots = frame.slots
        for index in reversed(order) if backwards else order:
            frame.step()
            slots[slot] = item = found[index]
            slots[slot + 1] = index
            yield item

    return walk


def listed(found: Any) -> Any:
    """What a predicate can walk over."""
    if isinstance(found, list | bytes):
        return found
    if isinstance(found, str):
        return found.encode("utf-8", "surrogateescape")
    kind = values.type_text(found)
    raise EvaluationError(f"reflect: call of reflect.Value.Len on {kind} Value")


def _all(walk: Any, test: Run) -> Run:
    return lambda frame: all(values.truth(test(frame)) for _ in walk(frame))


def _none(walk: Any, test: Run) -> Run:
    return lambda frame: not any(values.truth(test(frame)) for _ in walk(frame))


def _any(walk: Any, test: Run) -> Run:
    return lambda frame: any(values.truth(test(frame)) for _ in walk(frame))


def _one(walk: Any, test: Run) -> Run:
    return lambda frame: _count(walk, test)(frame) == 1


def _count(walk: Any, test: Run) -> Run:
    return lambda frame: sum(values.truth(test(frame)) for _ in walk(frame))


def _filter(walk: Any, test: Run) -> Run:
    def run(frame: Frame) -> list[Any]:
        kept = [item for item in walk(frame) if values.truth(test(frame))]
        frame.grow(len(kept))
        return kept

    return run


def _map(walk: Any, make: Run) -> Run:
    def run(frame: Frame) -> list[Any]:
        made = [make(frame) for _ in walk(frame)]
        frame.grow(len(made))
        return made

    return run


def _find(walk: Any, test: Run, *, backwards: bool = False) -> Run:
    def run(frame: Frame) -> Any:
        for item in walk(frame, backwards=backwards):
            if values.truth(test(frame)):
                return item
        return None

    return run


def _find_last(walk: Any, test: Run) -> Run:
    return _find(walk, test, backwards=True)


def _group_by(walk: Any, rank: Run) -> Run:
    def run(frame: Frame) -> dict[Any, list[Any]]:
        groups: dict[Any, list[Any]] = {}
        for item in walk(frame):
            key = rank(frame)
            if isinstance(key, list | dict):
                raise EvaluationError("hash of unhashable type " + values.type_text(key))
            groups.setdefault(key, []).append(item)
        return groups

    return run


def _sum(walk: Any, amount: Run) -> Run:
    def run(frame: Frame) -> Any:
        total: Any = 0
        for _ in walk(frame):
            total = values.add(total, amount(frame))
        return total

    return run


WALKERS: Final[dict[str, Callable[[Any, Run], Run]]] = {
    "all": _all,
    "none": _none,
    "any": _any,
    "one": _one,
    "count": _count,
    "filter": _filter,
    "map": _map,
    "find": _find,
    "findLast": _find_last,
    "groupBy": _group_by,
    "sum": _sum,
}


def find_index(walk: Any, test: Run, slot: int, *, backwards: bool) -> Run:
    """The place of the first or last element that passes, nil if none does."""

    def run(frame: Frame) -> Any:
        for _ in walk(frame, backwards=backwards):
            if values.truth(test(frame)):
                return frame.slots[slot + 1]
        return None

    return run


def sort_elements(walk: Any, rank: Run, order: Run) -> Run:
    """Sorted by what the predicate gives."""

    def run(frame: Frame) -> list[Any]:
        direction = order(frame)
        found, ranks = [], []
        for item in walk(frame):
            found.append(item)
            ranks.append(rank(frame))
        frame.grow(len(found))
        return sort_by(found, ranks, direction)

    return run


def reduce_elements(walk: Any, step: Run, start: Run | None, slot: int) -> Run:
    """One value out of all: slot + 2 holds what there is so far."""

    def run(frame: Frame) -> Any:
        slots = frame.slots
        total = start(frame) if start else None
        for item in walk(frame):
            if start is None and slots[slot + 1] == 0:
                total = item
                continue
            slots[slot + 2] = total
            total = step(frame)
        if start is None and total is None:
            raise EvaluationError("reduce of empty array with no initial value")
        return total

    return run
