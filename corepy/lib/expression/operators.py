"""Operators: which natures they take, and what runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final

from corepy.lib import regex
from corepy.lib.expression import values
from corepy.lib.expression.faults import EvaluationError
from corepy.lib.expression.frame import Frame, Run, Typed, fixed
from corepy.lib.expression.natures import (
    BOOL,
    DURATION,
    FLOAT,
    INT,
    NIL,
    STRING,
    TIME,
    UNKNOWN,
    Nature,
    array_of,
    nature_of,
)


class Mismatch(Exception):  # noqa: N818 - says what is wrong with two types
    """What an operator was given does not go together; the text is the message."""


def unary(operator: str, part: Typed) -> Typed:
    """`not`, `!`, `-`, `+`."""
    nature, run = part.nature, part.run
    if operator in ("not", "!"):
        if nature.kind != "bool" and not nature.unknown:
            raise _mismatched(operator, nature)
        if nature.unknown:
            return Typed(BOOL, lambda frame: not values.truth(run(frame)))
        return Typed(BOOL, lambda frame: not run(frame), part.constant)
    if not nature.number and not nature.unknown:
        raise _mismatched(operator, nature)
    result = nature if nature.number else UNKNOWN
    if operator == "+":
        return Typed(result, run, part.constant)
    return Typed(result, lambda frame: values.negate(run(frame)), part.constant)


def _mismatched(operator: str, *natures: Nature) -> Mismatch:
    names = " and ".join(nature.text for nature in natures)
    types = "mismatched types" if len(natures) > 1 else "mismatched type"
    return Mismatch(f"invalid operation: {operator} ({types} {names})")


def binary(operator: str, left: Typed, right: Typed) -> Typed:
    """Any operator between two parts but `and` and `or`."""
    made = _MAKERS[operator](operator, left, right)
    if made is None:
        raise _mismatched(operator, left.nature, right.nature)
    if left.constant and right.constant and operator in values.ARITHMETIC:
        return _folded(made, left, right)
    return made


def _folded(made: Typed, left: Typed, right: Typed) -> Typed:
    """Work out now what will never change."""
    frame = Frame(None, 0)
    try:
        value = made.run(frame)
    except EvaluationError as fault:
        if "divide by zero" in str(fault) and left.nature == INT == right.nature:
            raise Mismatch("integer divide by zero") from None
        return made
    return fixed(nature_of(value), value)


def all_of(parts: Sequence[Typed]) -> Typed:
    """`and`: the first false one ends it."""
    return _row(parts, neutral=True)


def any_of(parts: Sequence[Typed]) -> Typed:
    """`or`: the first true one ends it."""
    return _row(parts, neutral=False)


def _row(parts: Sequence[Typed], *, neutral: bool) -> Typed:
    """What is `neutral` says nothing, its opposite decides, and the last part is the value."""
    known = {index: part.run(Frame(None, 0)) for index, part in enumerate(parts) if part.constant}
    if any(value is (not neutral) for value in known.values()):
        return fixed(BOOL, not neutral)
    left = [part for index, part in enumerate(parts) if known.get(index) is not neutral]
    if not left:
        return fixed(BOOL, neutral)
    runs = [_truth(part) for part in left[:-1]]
    last = left[-1].run
    if not runs:
        return Typed(BOOL, last)
    if len(runs) == 1:
        first = runs[0]
        if neutral:
            return Typed(BOOL, lambda frame: first(frame) and last(frame))
        return Typed(BOOL, lambda frame: first(frame) or last(frame))

    def run(frame: Frame) -> Any:
        for each in runs:
            if each(frame) is not neutral:
                return not neutral
        return last(frame)

    return Typed(BOOL, run)


def _truth(part: Typed) -> Run:
    run = part.run
    return run if part.nature.kind == "bool" else lambda frame: values.truth(run(frame))


def check_logical(operator: str, left: Nature, right: Nature) -> None:
    """Raise `Mismatch` unless both may be truth values."""
    if left.kind == right.kind == "bool" or left.maybe(right, "bool"):
        return
    raise _mismatched(operator, left, right)


# ---- each kind of operator: None if the natures do not go together


def _call(nature: Nature, work: Callable[[Any, Any], Any], left: Typed, right: Typed) -> Typed:
    one, two = left.run, right.run
    return Typed(nature, lambda frame: work(one(frame), two(frame)))


def _equality(operator: str, left: Typed, right: Typed) -> Typed | None:
    if not left.nature.comparable(right.nature):
        return None
    one, two = left.run, right.run
    if left.nature.kind == right.nature.kind in ("int", "string", "bool"):
        if operator == "==":
            return Typed(BOOL, lambda frame: one(frame) == two(frame))
        return Typed(BOOL, lambda frame: one(frame) != two(frame))
    equal = values.equal
    if operator == "==":
        return Typed(BOOL, lambda frame: equal(one(frame), two(frame)))
    return Typed(BOOL, lambda frame: not equal(one(frame), two(frame)))


def _order(operator: str, left: Typed, right: Typed) -> Typed | None:
    one, two = left.nature, right.nature
    kinds = ("int", "float", "string", "time", "duration")
    fits = (one.number and two.number) or (one.kind == two.kind and one.kind in kinds)
    if not fits and not one.maybe(two, *kinds):
        return None
    return _call(BOOL, values.ORDERINGS[operator], left, right)


_SUMS: Final[dict[tuple[str, str, str], Nature]] = {
    ("+", "string", "string"): STRING,
    ("+", "time", "duration"): TIME,
    ("+", "duration", "time"): TIME,
    ("+", "duration", "duration"): DURATION,
    ("-", "time", "time"): DURATION,
    ("-", "time", "duration"): TIME,
    ("-", "duration", "duration"): DURATION,
    ("*", "int", "duration"): DURATION,
    ("*", "float", "duration"): DURATION,
    ("*", "duration", "int"): DURATION,
    ("*", "duration", "float"): DURATION,
    ("*", "duration", "duration"): DURATION,
}
_SUM_KINDS: Final = {
    "+": ("int", "float", "string", "time", "duration"),
    "-": ("int", "float", "time", "duration"),
    "*": ("int", "float", "duration"),
}


def _arithmetic(operator: str, left: Typed, right: Typed) -> Typed | None:
    one, two = left.nature, right.nature
    result = _SUMS.get((operator, one.kind, two.kind))
    if result is None and one.number and two.number:
        result = FLOAT if "float" in (one.kind, two.kind) else INT
    if result is None and one.maybe(two, *_SUM_KINDS[operator]):
        result = UNKNOWN
    work = values.ARITHMETIC[operator]
    if result == STRING:
        return _call(STRING, lambda head, tail: head + tail, left, right)
    return _call(result, work, left, right) if result else None


def _quotient(operator: str, left: Typed, right: Typed) -> Typed | None:
    one, two = left.nature, right.nature
    if not (one.number and two.number) and not one.maybe(two, "int", "float"):
        return None
    return _call(FLOAT, values.ARITHMETIC[operator], left, right)


def _whole(operator: str, left: Typed, right: Typed) -> Typed | None:
    one, two = left.nature, right.nature
    if not one.kind == two.kind == "int" and not one.maybe(two, "int"):
        return None
    if operator == "%":
        return _call(INT, values.modulo, left, right)
    return Typed(array_of(INT), _range(left.run, right.run))


def _range(first: Run, last: Run) -> Run:
    def run(frame: Frame) -> list[int]:
        start, end = values.to_int(first(frame)), values.to_int(last(frame))
        frame.grow(max(0, end - start + 1))
        return list(range(start, end + 1))

    return run


def _membership(operator: str, left: Typed, right: Typed) -> Typed | None:  # noqa: ARG001
    needle, hay = left.nature, right.nature
    if hay.kind == "map":
        if not needle.unknown and not needle.fits(STRING) and "[string]" in hay.text:
            raise Mismatch(f"cannot use {needle.text} as type string in map key")
    elif hay.array:
        if not needle.comparable(hay.item()):
            message = f"cannot use {needle.text} as type {hay.item().text} in array"
            raise Mismatch(message)
        if right.constant and needle.kind in ("string", "int"):
            return _in_constants(left.run, right)
    elif not hay.unknown and not (needle.unknown and hay.kind == "string"):
        return None
    return _call(BOOL, values.contained, left, right)


def _in_constants(run: Run, hay: Typed) -> Typed:
    """A set is faster than a list; truth values are no numbers here either."""
    listed = hay.run(Frame(None, 0))
    found = frozenset(item for item in listed if type(item) in (str, int, float))
    return Typed(BOOL, lambda frame: run(frame) in found)


def _text_test(operator: str, left: Typed, right: Typed) -> Typed | None:
    one, two = left.nature, right.nature
    test = _TEXT_TESTS[operator]
    if one.kind == two.kind == "string":
        return _call(BOOL, test, left, right)
    if not one.maybe(two, "string"):
        return None

    def checked(value: Any, part: Any) -> bool:
        if value is None or part is None:
            return False
        return test(_text(value), _text(part))

    return _call(BOOL, checked, left, right)


def _text(value: Any) -> str:
    if type(value) is not str:
        shown = values.type_text(value)
        raise EvaluationError(f"interface conversion: interface {{}} is {shown}, not string")
    return value


_TEXT_TESTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "contains": lambda value, part: part in value,
    "startsWith": lambda value, part: value.startswith(part),
    "endsWith": lambda value, part: value.endswith(part),
}


@lru_cache(256)
def _pattern(source: str) -> regex.Pattern:
    return regex.compile(source)


def _matches(operator: str, left: Typed, right: Typed) -> Typed | None:  # noqa: ARG001
    one, two = left.nature, right.nature
    pattern = None
    if right.constant and two.kind == "string":
        try:
            pattern = regex.compile(right.run(Frame(None, 0)))
        except regex.RegexError as fault:
            raise Mismatch(str(fault)) from None
    fits = one.kind in ("string", "bytes") and two.kind == "string"
    if not fits and not one.maybe(two, "string"):
        return None
    if pattern is None:
        return _call(BOOL, _search_any, left, right)
    return Typed(BOOL, _searching(pattern, left))


def _searching(pattern: regex.Pattern, part: Typed) -> Run:
    run, search = part.run, pattern.search
    if part.nature.kind == "string":
        return lambda frame: search(run(frame)) is not None
    return lambda frame: _search(pattern, run(frame))


def _search(pattern: regex.Pattern, value: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    return pattern.search(_text(value)) is not None


def _search_any(value: Any, source: Any) -> bool:
    if value is None or source is None:
        return False
    try:
        return _search(_pattern(_text(source)), value)
    except regex.RegexError as fault:
        raise EvaluationError(str(fault)) from None


def _coalesce(operator: str, left: Typed, right: Typed) -> Typed:  # noqa: ARG001
    one, two = left.run, right.run

    def run(frame: Frame) -> Any:
        value = one(frame)
        return two(frame) if value is None else value

    if left.nature.kind == "nil":
        return Typed(right.nature, run)
    if right.nature.kind == "nil" or right.nature.fits(left.nature):
        return Typed(left.nature, run)
    return Typed(UNKNOWN, run)


_MAKERS: Final[dict[str, Callable[[str, Typed, Typed], Typed | None]]] = {
    **dict.fromkeys(("==", "!="), _equality),
    **dict.fromkeys(("<", ">", "<=", ">="), _order),
    **dict.fromkeys(("+", "-", "*"), _arithmetic),
    **dict.fromkeys(("/", "**", "^"), _quotient),
    **dict.fromkeys(("%", ".."), _whole),
    **dict.fromkeys(("contains", "startsWith", "endsWith"), _text_test),
    "in": _membership,
    "matches": _matches,
    "??": _coalesce,
}


def joint(one: Nature, two: Nature) -> Nature:
    """What a value is that is one or the other."""
    if "nil" in (one.kind, two.kind):
        return NIL if one.kind == two.kind else (two if one.kind == "nil" else one)
    if not one.fits(two):
        return UNKNOWN
    if one.array and two.array and one.item() != two.item():
        return nature_of([])
    return one
