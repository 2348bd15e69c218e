"""Go's values as Python has them, and what Go's templates do with any of them.

Strings, truth values, numbers, lists (slices) and dicts (maps with string keys) stand for
themselves, None for nil, `Struct` for what has fields and methods. `NOTHING` is the value of a key
that a map does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from corepy.lib.gotemplate.faults import Failure


class _Nothing:
    """No value at all, which is less than nil."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING: Final = _Nothing()

KINDS: Final = {"string": str, "int": int, "bool": bool}


class Method(NamedTuple):
    """Something that can be called: with how many arguments, of which kinds (see `KINDS`).

    `call` raises `Failure` or `ValueError` for arguments it cannot work with. `most` None: any
    number. Arguments beyond `params` may be of any kind.
    """

    call: Callable[..., Any]
    params: tuple[str, ...] = ()
    least: int = 0
    most: int | None = 0


def method(call: Callable[..., Any], *params: str) -> Method:
    """A method or function with exactly these parameters."""
    return Method(call, params, len(params), len(params))


Fields = Mapping[str, Callable[[Any], Any]]
"""What gives each field of a `Struct`, by its name."""


class Struct:
    """A value with named fields and methods; `fields` and `methods` get the object first."""

    type_name: ClassVar[str] = "struct"
    fields: ClassVar[Fields] = {}
    methods: ClassVar[Mapping[str, Method]] = {}

    def text(self) -> str:
        """How it is put out."""
        return "{" + " ".join(show(get(self)) for get in self.fields.values()) + "}"


def type_name(value: object) -> str:
    """The Go type a message calls a value by."""
    if isinstance(value, Struct):
        return value.type_name
    if isinstance(value, bool):
        return "bool"
    names = {int: "int", float: "float64", str: "string", list: "[]string"}
    if isinstance(value, dict):
        return "map[string]string"
    return names.get(type(value), "<nil>")


def truth(value: object) -> bool:
    """Whether a value counts as true: neither nothing, nor zero, nor empty."""
    return value is not NOTHING and bool(value)


def show(value: object) -> str:
    """A value as it is put out (`%v`)."""
    if isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return float_text(value)
    if value is None:
        return "<nil>"
    if value is NOTHING:
        return "<no value>"
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{key}:{show(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, Sequence):
        return "[" + " ".join(map(show, value)) + "]"
    return value.text() if isinstance(value, Struct) else str(value)


def float_text(value: float) -> str:
    """A float with as few digits as tell it from others, in Go's notation."""
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN
        return "NaN" if value != value else f"{value:+}".replace("inf", "Inf")  # noqa: PLR0124
    mantissa, _, exponent = f"{value!r}".partition("e")
    if not exponent and abs(value) >= 1e-4:
        return mantissa.removesuffix(".0")
    if not exponent and value == 0:
        return "0"
    if exponent and 0 < int(exponent) < 21:
        return f"{value:.0f}"
    text = mantissa.removesuffix(".0") + f"e{int(exponent or 0):+03d}"
    return text if exponent else f"{value:e}"


def field(value: object, name: str) -> Any:
    """A field of a struct or the value of a map's key; a method without arguments is called."""
    if isinstance(value, Struct):
        found = value.methods.get(name)
        if found is not None:
            return call_method(found, name, value)
        get = value.fields.get(name)
        if get is not None:
            return get(value)
        raise Failure(f"can't evaluate field {name} in type {value.type_name}")
    if isinstance(value, dict):
        return value.get(name, NOTHING)
    if value is None:
        raise Failure(f'nil data; no entry for key "{name}"')
    if value is NOTHING:
        raise Failure(f"nil pointer evaluating interface {{}}.{name}")
    raise Failure(f"can't evaluate field {name} in type {type_name(value)}")


def call_method(found: Method, name: str, *args: Any, receiver: bool = True) -> Any:
    """Call it with arguments of the right number and kinds, or raise `Failure`."""
    given = args[1:] if receiver else args
    count = len(given)
    if found.most is None:
        if count < found.least:
            raise Failure(
                f"wrong number of args for {name}: want at least {found.least} got {count}"
            )
    elif not found.least <= count <= found.most:
        raise Failure(f"wrong number of args for {name}: want {found.least} got {count}")
    for kind, value in zip(found.params, given, strict=False):
        _check(kind, value)
    try:
        return found.call(*args)
    except (Failure, ValueError) as error:
        raise CallFailure(f"error calling {name}: {error}") from error


class CallFailure(Failure):
    """What was called failed, as opposed to not being callable."""


def _check(kind: str, value: object) -> None:
    if kind == "any":
        return
    if value is NOTHING or value is None:
        raise Failure(f"invalid value; expected {kind}")
    wanted = KINDS[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool):
        raise Failure(f"wrong type for value; expected {kind}; got {type_name(value)}")
