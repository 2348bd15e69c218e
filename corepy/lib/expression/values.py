"""What operators do with values, as Go's numbers and texts have it.

Whole numbers have 64 bits and wrap around; a truth value is no number; text compares by octets.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import tzinfo
from decimal import Decimal
from typing import Any, Final

from corepy.lib.expression.faults import EvaluationError
from corepy.lib.expression.times import Duration, Time

_HALF: Final = 1 << 63
_NUMBERS: Final = (int, float)

_HEAVIEST: Final = 100_000
_DEEPEST: Final = 100


def wrap(number: int) -> int:
    """A whole number as 64 bits hold it."""
    if -_HALF <= number < _HALF:
        return number
    return (number + _HALF) % (2 * _HALF) - _HALF


def type_text(value: Any) -> str:
    """Go's name for the type of a value, as run-time messages have it."""
    names = {
        type(None): "<nil>", bool: "bool", int: "int", float: "float64", str: "string",
        bytes: "[]uint8", list: "[]interface {}", dict: "map[string]interface {}",
        Time: "time.Time", Duration: "time.Duration",
    }  # fmt: skip
    return names.get(type(value), "func")


def is_number(value: Any) -> bool:
    """True for whole and other numbers, not for truth values and durations."""
    return type(value) in _NUMBERS


def weigh(value: Any) -> None:
    """Raise `EvaluationError` for what is too much, or too deep, to be gone through.

    A list in which one list stands twice is small and looks large: it counts as it looks.
    """
    if type(value) not in (list, dict):
        return
    left, todo = _HEAVIEST, [(value, 1)]
    while todo:
        inner, depth = todo.pop()
        left -= len(inner)
        if left < 0 or depth > _DEEPEST:
            raise EvaluationError("memory budget exceeded")
        items = inner.values() if type(inner) is dict else inner
        todo += [(item, depth + 1) for item in items if type(item) in (list, dict)]


def equal(left: Any, right: Any) -> bool:
    """`==`: numbers by value, everything else only if the types are the same too.

    Raises `EvaluationError` for values that are too large to be compared.
    """
    if type(left) in (list, dict):
        weigh(left)
    return _same(left, right)


def _same(left: Any, right: Any) -> bool:
    kind = type(left)
    if kind is not type(right):
        return kind in _NUMBERS and type(right) in _NUMBERS and left == right
    if kind is list:
        return len(left) == len(right) and all(map(_same, left, right))
    if kind is dict:
        return left.keys() == right.keys() and all(_same(left[key], right[key]) for key in left)
    return bool(left == right)


def contained(needle: Any, hay: Any) -> bool:
    """`in`: an element of a list, or a key of a map."""
    if hay is None:
        return False
    if isinstance(hay, list | bytes):
        return any(equal(item, needle) for item in hay)
    if isinstance(hay, dict):
        return _hashable(needle) and any(equal(key, needle) for key in hay)
    raise EvaluationError(f'operator "in" not defined on {type_text(hay)}')


def _hashable(value: Any) -> bool:
    return not isinstance(value, list | dict)


def _pair(left: Any, right: Any, *kinds: type) -> bool:
    if is_number(left) and is_number(right):
        return True
    return type(left) is type(right) and type(left) in kinds


def _ordering(sign: str, compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def ordered(left: Any, right: Any) -> bool:
        if not _pair(left, right, str, Time, Duration):
            raise _unfit(sign, left, right)
        if type(left) is str and not (left.isascii() and right.isascii()):
            left, right = left.encode(errors="replace"), right.encode(errors="replace")
        return compare(left, right)

    return ordered


def _unfit(sign: str, left: Any, right: Any) -> EvaluationError:
    return EvaluationError(f"invalid operation: {type_text(left)} {sign} {type_text(right)}")


less: Final = _ordering("<", lambda left, right: left < right)
more: Final = _ordering(">", lambda left, right: left > right)
ORDERINGS: Final = {
    "<": less,
    ">": more,
    "<=": _ordering("<=", lambda left, right: left <= right),
    ">=": _ordering(">=", lambda left, right: left >= right),
}


def add(left: Any, right: Any) -> Any:
    """`+`, of numbers, texts, and times with durations."""
    if _pair(left, right, str):
        total = left + right
        return wrap(total) if type(total) is int else total
    if type(left) is Duration and type(right) in (Time, Duration):
        left, right = right, left
    if type(right) is Duration and type(left) in (Time, Duration):
        return left.plus(int(right))
    raise _unfit("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    """`-`."""
    if _pair(left, right):
        rest = left - right
        return wrap(rest) if type(rest) is int else rest
    if type(left) is Time and type(right) is Time:
        return Duration(left.nanoseconds - right.nanoseconds)
    if type(right) is Duration and type(left) in (Time, Duration):
        return left.plus(-int(right))
    raise _unfit("-", left, right)


def multiply(left: Any, right: Any) -> Any:
    """`*`; a duration times a number is a duration."""
    if _pair(left, right):
        product = left * right
        return wrap(product) if type(product) is int else product
    if Duration in (type(left), type(right)) and all(
        type(value) in (int, float, Duration) for value in (left, right)
    ):
        factors = [int(value) if type(value) is Duration else value for value in (left, right)]
        return Duration(wrap(int(factors[0] * factors[1])))
    raise _unfit("*", left, right)


def divide(left: Any, right: Any) -> float:
    """`/`, never of whole numbers; by nothing it is infinite."""
    if not _pair(left, right):
        raise _unfit("/", left, right)
    if right:
        return float(left) / float(right)
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def modulo(left: Any, right: Any) -> int:
    """`%`, with the sign of the left side."""
    if type(left) is not int or type(right) is not int:
        raise _unfit("%", left, right)
    if right == 0:
        raise EvaluationError("runtime error: integer divide by zero")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def power(left: Any, right: Any) -> float:
    """`**`."""
    for value in (left, right):
        if not is_number(value):
            raise EvaluationError(f"invalid operation: float({type_text(value)})")
    try:
        return math.pow(left, right)
    except OverflowError:
        return -math.inf if left < 0 and right % 2 == 1 else math.inf
    except ValueError:
        return math.inf if left == 0 else math.nan


def negate(value: Any) -> Any:
    """`-` before an operand."""
    if not is_number(value):
        raise EvaluationError(f"invalid operation: - {type_text(value)}")
    return wrap(-value) if type(value) is int else -value


ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo, "**": power, "^": power,
}  # fmt: skip


def truth(value: Any) -> bool:
    """A truth value, which nothing else stands for."""
    if value is True or value is False:
        return bool(value)
    raise EvaluationError(f"interface conversion: interface {{}} is {type_text(value)}, not bool")


def to_int(value: Any) -> int:
    """A number as a whole one, for indexes and the like."""
    if type(value) is int:
        return value
    if type(value) is float and math.isfinite(value):
        return wrap(int(value))
    raise EvaluationError(f"invalid operation: int({type_text(value)})")


def fetch(base: Any, key: Any) -> Any:
    """`base[key]` and `base.key`."""
    if isinstance(base, dict):
        return base.get(key) if _hashable(key) else None
    if isinstance(base, list | bytes | str):
        index = to_int(key)
        octets = base.encode("utf-8", "surrogateescape") if isinstance(base, str) else base
        size = len(octets)
        if not -size <= index < size:
            at = index if index >= 0 else index + size
            raise EvaluationError(f"index out of range: {at} (array length is {size})")
        return octets[index]
    raise EvaluationError(f"cannot fetch {format_value(key)} from {type_text(base)}")


def cut(base: Any, start: Any, end: Any) -> Any:
    """`base[start:end]`; places beyond the ends are the ends, negative ones count from there."""
    if not isinstance(base, list | bytes | str):
        raise EvaluationError(f"cannot slice {type_text(base)}")
    whole: Any = base.encode("utf-8", "surrogateescape") if isinstance(base, str) else base
    first, last = (to_int(place) for place in (start, len(whole) if end is None else end))
    size = len(whole)
    first = max(0, first + size) if first < 0 else first
    last = max(0, last + size) if last < 0 else min(last, size)
    part = whole[min(first, last) : last]
    return part.decode("utf-8", "surrogateescape") if isinstance(base, str) else part


def format_value(value: Any) -> str:
    """A value as Go prints it (`%v`); raises `EvaluationError` for one that is too large."""
    weigh(value)
    return _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, list | bytes):
        return "[" + " ".join(_shown(item) for item in value) + "]"
    if isinstance(value, dict):
        pairs = sorted((_shown(key), _shown(item)) for key, item in value.items())
        return "map[" + " ".join(f"{key}:{item}" for key, item in pairs) + "]"
    return str(value) if isinstance(value, int | Time | tzinfo) else "func"


def _float_text(value: float) -> str:
    """The shortest digits that mean the number, as Go's `%g` has them."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    if value == 0:
        return "-0" if math.copysign(1.0, value) < 0 else "0"
    exact = Decimal(repr(value)).normalize()
    exponent = exact.adjusted()
    if -4 <= exponent < 6:
        return f"{exact:f}"
    figures = f"{exact.scaleb(-exponent):f}"
    return f"{figures}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
