"""The language's functions on lists, maps and numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cmp_to_key
from typing import Any, Final

from corepy.lib.expression.faults import EvaluationError
from corepy.lib.expression.values import (
    equal,
    fetch,
    is_number,
    less,
    more,
    to_int,
    type_text,
    weigh,
)


def _listed(values: Any, action: str) -> list[Any]:
    if isinstance(values, list | bytes):
        return list(values)
    raise EvaluationError(f"cannot {action} {type_text(values)}")


def _mapped(value: Any, action: str) -> dict[Any, Any]:
    if isinstance(value, dict):
        return value
    raise EvaluationError(f"cannot {action} {type_text(value)}")


def first(values: Any) -> Any:
    """The first element, nil of an empty list."""
    return get(values, 0)


def last(values: Any) -> Any:
    """The last element."""
    return get(values, -1)


def get(base: Any, key: Any) -> Any:
    """`base[key]`, nil where there is nothing."""
    if base is None or not isinstance(base, list | dict | str | bytes):
        return None
    if isinstance(base, dict):
        return fetch(base, key)
    size = len(base.encode("utf-8", "surrogateescape")) if isinstance(base, str) else len(base)
    return fetch(base, key) if -size <= to_int(key) < size else None


def take(values: Any, count: Any) -> list[Any]:
    """The first elements."""
    found = _listed(values, "take from")
    if type(count) is not int or count < 0:
        raise EvaluationError(f"cannot take {count} elements")
    return found[:count]


def keys(value: Any) -> list[Any]:
    """The keys of a map."""
    return list(_mapped(value, "get keys from"))


def values_of(value: Any) -> list[Any]:
    """The values of a map."""
    return list(_mapped(value, "get values from").values())


def to_pairs(value: Any) -> list[list[Any]]:
    """Key and value of each entry of a map."""
    return [[key, item] for key, item in _mapped(value, "transform").items()]


def from_pairs(values: Any) -> dict[Any, Any]:
    """A map out of lists of two."""
    made: dict[Any, Any] = {}
    for pair in _listed(values, "transform"):
        if not isinstance(pair, list) or len(pair) != 2:
            raise EvaluationError("invalid pair")
        made[pair[0]] = pair[1]
    return made


def reverse(values: Any) -> list[Any]:
    """The other way round."""
    return _listed(values, "reverse")[::-1]


def uniq(values: Any) -> list[Any]:
    """Each element once."""
    kept: list[Any] = []
    simple: set[tuple[object, Any]] = set()  # the usual elements, found without going through all
    for value in _listed(values, "uniq"):
        kind = type(value)
        if kind in (int, float, str, bool):
            key = ("number" if kind in (int, float) else kind, value)
            if key not in simple or value != value:  # noqa: PLR0124 - no NaN equals another
                simple.add(key)
                kept.append(value)
        elif not any(equal(value, other) for other in kept):
            kept.append(value)
    return kept


def concat(*lists: Any) -> list[Any]:
    """Lists one after the other."""
    return [item for values in lists for item in _listed(values, "concat")]


def flatten(values: Any) -> list[Any]:
    """The elements of lists in the list, and of those in them."""
    weigh(values)
    return _flat(_listed(values, "flatten"))


def _flat(values: Any) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        flat += _flat(value) if isinstance(value, list | bytes) else [value]
    return flat


def sort(values: Any, order: Any = "asc") -> list[Any]:
    """From the least to the greatest, or with `desc` the other way."""
    return sort_by(values if isinstance(values, list) else [], [], order)


def sort_by(values: list[Any], ranks: list[Any], order: Any) -> list[Any]:
    """Sorted by `ranks`, by the elements themselves if there are none."""
    if order not in ("asc", "desc"):
        raise EvaluationError(f"invalid order {order}, expected asc or desc")
    ranked = [*zip(ranks or values, values, strict=True)]
    ranked.sort(key=_RANK, reverse=order == "desc")
    return [value for _, value in ranked]


def _compare(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
    return -1 if less(left[0], right[0]) else int(more(left[0], right[0]))


_RANK: Final = cmp_to_key(_compare)


def _numbers(name: str, values: Iterable[Any]) -> Iterable[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _numbers(name, value)
        elif is_number(value):
            yield value
        else:
            raise EvaluationError(f"invalid argument for {name} (type {type_text(value)})")


def extreme(name: str, better: Callable[[Any, Any], bool]) -> Callable[..., Any]:
    """`max` or `min` of numbers and of lists of numbers."""

    def best(*values: Any) -> Any:
        if len(values) == 1 and not isinstance(values[0], list | int | float):
            return values[0]
        found: Any = None
        for number in _numbers(name, values):
            if found is None or better(number, found):
                found = number
        return found

    return best


def mean(*values: Any) -> float:
    """The sum by the count, 0 of nothing."""
    numbers = [float(number) for number in _numbers("mean", values)]
    return sum(numbers) / len(numbers) if numbers else 0.0


def median(*values: Any) -> float:
    """The number in the middle, or between the two there."""
    numbers = sorted(float(number) for number in _numbers("median", values))
    if not numbers:
        return 0.0
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return (numbers[middle - 1] + numbers[middle]) / 2


def absolute(value: Any) -> Any:
    """A number without its sign."""
    if not is_number(value):
        raise EvaluationError(f"invalid argument for abs (type {type_text(value)})")
    return abs(value)


def bits(name: str, work: Callable[[int, int], int]) -> Callable[[Any, Any], int]:
    """A function on the bits of two whole numbers."""

    def combine(left: Any, right: Any) -> int:
        for value in (left, right):
            if type(value) is not int:
                message = f"cannot use {type_text(value)} as argument (type int) to call {name}"
                raise EvaluationError(message)
        if "sh" in name and right < 0:
            message = f"invalid operation: negative shift count {right} (type int)"
            raise EvaluationError(message)
        return work(left, right)

    return combine


def shift_left(left: int, right: int) -> int:
    """The low 64 bits of what is shifted, with their sign."""
    shifted = left << min(right, 64) & (1 << 64) - 1
    return shifted - (1 << 64) if shifted >> 63 else shifted


def shift_unsigned(left: int, right: int) -> int:
    """To the right, zeros coming in from the left."""
    shifted = (left & (1 << 64) - 1) >> min(right, 64)
    return shifted - (1 << 64) if shifted >> 63 else shifted


def complement(value: Any) -> int:
    """All bits turned."""
    if type(value) is not int:
        message = f"cannot use {type_text(value)} as argument (type int) to call bitnot"
        raise EvaluationError(message)
    return ~value
