"""The functions of the language: which arguments they take, what they give, and what runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from corepy.lib.expression import lists, moments, texts, values
from corepy.lib.expression.natures import (
    ANY,
    ANY_MAP,
    ANYS,
    DURATION,
    FLOAT,
    INT,
    INTS,
    LOCATION,
    NIL,
    STRING,
    STRINGS,
    TIME,
    Nature,
    function,
)
from corepy.lib.expression.operators import Mismatch

Check = Callable[[Sequence[Nature]], Nature]


@dataclass(frozen=True, slots=True)
class Function:
    """One function. Either `overloads` say what it takes, or `check` looks at the arguments.

    `sized`: what it makes counts as memory. `volatile`: its value is another one each time.
    """

    run: Callable[..., Any]
    overloads: tuple[Nature, ...] = ()
    check: Check | None = None
    sized: bool = False
    volatile: bool = False


class Misfit(Exception):  # noqa: N818 - says which argument does not fit
    """Arguments that a function does not take; `index` is that of the argument, if it is one."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


def _takes(result: Nature, *overloads: Sequence[Nature]) -> tuple[Nature, ...]:
    return tuple(function(tuple(parameters), result) for parameters in overloads)


_COUNT: Final = "invalid number of arguments (expected {}, got {})"


def _shown(nature: Nature) -> str:
    return "%!s(<nil>)" if nature.kind == "nil" else nature.text


def _one(refusal: str, kinds: Sequence[str], result: Nature | None) -> Check:
    """For a single argument of one of `kinds`; without a `result` it gives what it takes."""

    def check(natures: Sequence[Nature]) -> Nature:
        if len(natures) != 1:
            raise Mismatch(_COUNT.format(1, len(natures)))
        nature = natures[0]
        if not nature.unknown and nature.kind not in kinds:
            raise Mismatch(refusal.format(_shown(nature)))
        return result or nature

    return check


def _element(refusal: str) -> Check:
    one = _one(refusal, ("array", "bytes"), None)

    def check(natures: Sequence[Nature]) -> Nature:
        nature = one(natures)
        return nature.item() if nature.array and nature.text != ANYS.text else ANY

    return check


def _aggregate(name: str) -> Check:
    def check(natures: Sequence[Nature]) -> Nature:
        if not natures:
            raise Mismatch(f"not enough arguments to call {name}")
        for nature in natures:
            if nature.unknown or nature.array:
                return ANY
            if not nature.number:
                raise Mismatch(f"invalid argument for {name} (type {_shown(nature)})")
        return natures[0]

    return check


def _check_concat(natures: Sequence[Nature]) -> Nature:
    if not natures:
        raise Mismatch(_COUNT.format("at least 1", 0))
    for nature in natures:
        if not nature.unknown and not nature.array:
            raise Mismatch(f"cannot concat {_shown(nature)}")
    return ANYS


def _check_take(natures: Sequence[Nature]) -> Nature:
    if len(natures) != 2:
        raise Mismatch(_COUNT.format(2, len(natures)))
    source, count = natures
    if not source.unknown and not source.array:
        raise Mismatch(f"cannot take from {_shown(source)}")
    if not count.unknown and count.kind not in ("int", "duration"):
        raise Mismatch(f"cannot take {_shown(count)} elements")
    return source


def _check_now(natures: Sequence[Nature]) -> Nature:
    if natures and (len(natures) > 1 or natures[0] != LOCATION):
        raise Mismatch(_COUNT.format(0, len(natures)))
    return TIME


def _check_date(natures: Sequence[Nature]) -> Nature:
    if not natures:
        raise Mismatch(_COUNT.format("at least 1", 0))
    if len(natures) - (natures[0] == LOCATION) > 3:
        raise Mismatch(_COUNT.format("at most 3", len(natures)))
    return TIME


def _check_get(natures: Sequence[Nature]) -> Nature:
    if len(natures) != 2:
        raise Mismatch(_COUNT.format(2, len(natures)))
    base, key = natures
    if base.unknown:
        return base
    if base.array:
        if key.kind != "int" and not key.unknown:
            raise Misfit(f"non-integer slice index {key.text}", 1)
        return base.item()
    if base.kind != "map":
        raise Misfit(f"type {base.text} does not support indexing", 0)
    if key.kind != "string" and not key.unknown and "[string]" in base.text:
        raise Misfit(f"cannot use {key.text} to get an element from {base.text}", 1)
    return base.item()


def _text(run: Callable[..., Any], result: Nature, *counts: int) -> Function:
    """A function of texts; `counts` say how many it takes."""
    return Function(run, _takes(result, *((STRING,) * count for count in counts)))


_S, _N = STRING, INT
_NUMBERS: Final = ("int", "float")
_LISTS: Final = ("array", "bytes")

_TEXTS: Final = {
    "trim": _text(texts.trim, STRING, 1, 2),
    "trimPrefix": _text(
        lambda value, part=" ": texts.text(value).removeprefix(texts.text(part)), STRING, 2, 1
    ),
    "trimSuffix": _text(
        lambda value, part=" ": texts.text(value).removesuffix(texts.text(part)), STRING, 2, 1
    ),
    "upper": _text(lambda value: texts.text(value).upper(), STRING, 1),
    "lower": _text(lambda value: texts.text(value).lower(), STRING, 1),
    "split": Function(texts.split, _takes(STRINGS, (_S, _S), (_S, _S, _N))),
    "splitAfter": Function(texts.split_after, _takes(STRINGS, (_S, _S), (_S, _S, _N))),
    "replace": Function(texts.replace, _takes(STRING, (_S, _S, _S, _N), (_S, _S, _S))),
    "repeat": Function(texts.repeat, _takes(STRING, (_S, _N)), sized=True),
    "join": Function(
        texts.join, _takes(STRING, (STRINGS, _S), (ANYS, _S), (ANYS,), (STRINGS, _S), (STRINGS,))
    ),
    "indexOf": _text(texts.index_of, INT, 2),
    "lastIndexOf": _text(texts.last_index_of, INT, 2),
    "hasPrefix": _text(
        lambda value, part: texts.text(value).startswith(texts.text(part)),
        Nature("bool", "bool"),
        2,
    ),
    "hasSuffix": _text(
        lambda value, part: texts.text(value).endswith(texts.text(part)),
        Nature("bool", "bool"),
        2,
    ),
    "toJSON": Function(texts.to_json, _takes(STRING, (ANY,))),
    "fromJSON": _text(texts.from_json, ANY, 1),
    "toBase64": _text(texts.to_base64, STRING, 1),
    "fromBase64": _text(texts.from_base64, STRING, 1),
    "string": Function(texts.to_string, _takes(STRING, (ANY,))),
}
_VALUES: Final = {
    "len": Function(
        texts.length,
        check=_one("invalid argument for len (type {})", (*_LISTS, "map", "string"), INT),
    ),
    "int": Function(
        texts.to_number,
        check=_one(
            "invalid argument for int (type {})",
            (*_NUMBERS, "string", "duration", "weekday", "month"),
            INT,
        ),
    ),
    "float": Function(
        texts.to_float,
        check=_one(
            "invalid argument for float (type {})", (*_NUMBERS, "string", "duration"), FLOAT
        ),
    ),
    "abs": Function(
        lists.absolute, check=_one("invalid argument for abs (type {})", _NUMBERS, None)
    ),
    **{
        name: Function(
            texts.rounded(name),
            check=_one(f"invalid argument for {name} (type {{}})", _NUMBERS, FLOAT),
        )
        for name in ("ceil", "floor", "round")
    },
    "max": Function(lists.extreme("max", values.more), check=_aggregate("max")),
    "min": Function(lists.extreme("min", values.less), check=_aggregate("min")),
    "mean": Function(lists.mean, check=_aggregate("mean")),
    "median": Function(lists.median, check=_aggregate("median")),
    **{
        name: Function(lists.bits(name, work), _takes(INT, (INT, INT)))
        for name, work in {
            "bitand": int.__and__,
            "bitor": int.__or__,
            "bitxor": int.__xor__,
            "bitnand": lambda left, right: left & ~right,
            "bitshl": lists.shift_left,
            "bitshr": lambda left, right: left >> min(right, 64),
            "bitushr": lists.shift_unsigned,
        }.items()
    },
    "bitnot": Function(lists.complement, _takes(INT, (INT,))),
}
_LISTED: Final = {
    "first": Function(lists.first, check=_element("cannot get first element from {}")),
    "last": Function(lists.last, check=_element("cannot get last element from {}")),
    "get": Function(lists.get, check=_check_get),
    "take": Function(lists.take, check=_check_take),
    "keys": Function(lists.keys, check=_one("cannot get keys from {}", ("map",), ANYS)),
    "values": Function(lists.values_of, check=_one("cannot get values from {}", ("map",), ANYS)),
    "toPairs": Function(lists.to_pairs, check=_one("cannot transform {} to pairs", ("map",), ANYS)),
    "fromPairs": Function(
        lists.from_pairs, check=_one("cannot transform {} from pairs", _LISTS, ANY_MAP)
    ),
    "reverse": Function(lists.reverse, check=_one("cannot reverse {}", _LISTS, ANYS), sized=True),
    "uniq": Function(lists.uniq, check=_one("cannot uniq {}", _LISTS, ANYS)),
    "concat": Function(lists.concat, check=_check_concat, sized=True),
    "flatten": Function(lists.flatten, check=_one("cannot flatten {}", _LISTS, ANYS), sized=True),
    "sort": Function(
        lists.sort,
        _takes(ANYS, (ANYS, _S), (STRINGS, _S), (ANYS,), (STRINGS,), (INTS,)),
        sized=True,
    ),
}
_MOMENTS: Final = {
    "now": Function(moments.now, check=_check_now, volatile=True),
    "duration": _text(moments.duration, DURATION, 1),
    "date": Function(moments.date, check=_check_date),
    "timezone": _text(moments.timezone_named, LOCATION, 1),
}

FUNCTIONS: Final[dict[str, Function]] = {**_TEXTS, **_VALUES, **_LISTED, **_MOMENTS}
"""By name, without those that take a predicate."""


def match(name: str, overloads: Sequence[Nature], natures: Sequence[Nature]) -> Nature:
    """The result of a call; raises `Misfit` for the last overload if none takes the arguments."""
    fault: Misfit | None = None
    for overload in overloads:
        try:
            return fit(name, overload, natures)
        except Misfit as misfit:
            fault = misfit
    assert fault
    raise fault


def fit(name: str, wanted: Nature, natures: Sequence[Nature]) -> Nature:
    """The result of calling a function of one nature; raises `Misfit`."""
    parameters = wanted.parameters
    if len(natures) != len(parameters):
        amount = "too many" if len(natures) > len(parameters) else "not enough"
        raise Misfit(f"{amount} arguments to call {name}")
    for index, (nature, parameter) in enumerate(zip(natures, parameters, strict=True)):
        if parameter.kind == "float" and nature.kind == "int":
            continue
        if nature == NIL:
            if parameter.text == ANY.text:
                continue
            message = f"cannot use nil as argument (type {parameter.text}) to call {name}"
            raise Misfit(message, index)
        if not nature.unknown and not nature.fits(parameter):
            message = (
                f"cannot use {nature.text} as argument (type {parameter.text}) to call {name} "
            )
            raise Misfit(message, index)
    assert wanted.result
    return wanted.result
