"""`eq`, `lt` and their kin: integers compare with integers only, with or without a sign."""

from __future__ import annotations

from typing import Any, Final

from corepy.lib.gotemplate.faults import Failure
from corepy.lib.gotemplate.values import NOTHING, show, type_name

_ORDERED: Final = (int, float, str)


def _kind(value: Any) -> type | None:
    """What a value can be compared as; None for values that are more than one."""
    for kind in (bool, int, float, complex, str):
        if isinstance(value, kind):
            return kind
    return None


def _equal(first: Any, second: Any) -> bool:
    one, other = _kind(first), _kind(second)
    if one is not None and one is other:
        return bool(first == second)
    if first is NOTHING or second is NOTHING:
        return first in (NOTHING, None) and second in (NOTHING, None)
    if one is not other:
        raise _incompatible(first, second)
    return _same(first, second)


def _same(first: Any, second: Any) -> bool:
    """Of values that are no numbers or texts."""
    if first is None or second is None:
        return first is second
    for kind in (list, dict):
        if isinstance(first, kind) is not isinstance(second, kind):
            types = f"{show(first)}: {type_name(first)}, {type_name(second)}: {show(second)}"
            raise Failure(f"non-comparable types {types}")
    if isinstance(second, list | dict):
        raise Failure(f"non-comparable type {show(second)}: {type_name(second)}")
    return first is second


def _incompatible(first: Any, second: Any) -> Failure:
    types = f"{type_name(first)} and {type_name(second)}"
    return Failure(f"incompatible types for comparison: {types}")


def equal(first: Any, *rest: Any) -> bool:
    """Whether the first is one of the others."""
    if not rest:
        raise Failure("missing argument for comparison")
    return any(_equal(first, other) for other in rest)


def differs(first: Any, second: Any) -> bool:
    """The contrary for two values."""
    return not _equal(first, second)


def less(first: Any, second: Any) -> bool:
    """Whether one number or text comes before another."""
    one, other = _kind(first), _kind(second)
    if one is None or other is None:
        raise Failure("invalid type for comparison")
    if one is not other:
        raise _incompatible(first, second)
    if one is str:
        return _octets(first) < _octets(second)
    if one not in _ORDERED:
        raise Failure("invalid type for comparison")
    return bool(first < second)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def less_or_equal(first: Any, second: Any) -> bool:
    """Whether one comes before another, or is the same."""
    return less(first, second) or _equal(first, second)


def greater(first: Any, second: Any) -> bool:
    """Whether one comes behind another."""
    return not less_or_equal(first, second)


def greater_or_equal(first: Any, second: Any) -> bool:
    """Whether one comes behind another, or is the same."""
    return not less(first, second)
