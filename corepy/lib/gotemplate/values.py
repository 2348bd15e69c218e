"""Go's values as Python has them, and what Go's templates do with any of them.

Strings, truth values, numbers, lists (slices) and dicts (maps with string keys) stand for
themselves, None for a nil pointer, `Struct` for what has fields and methods. An int is Go's `int`
unless it is one of the `Unsigned`. `NOTHING` is no value at all: `nil`, or what a map has for a key
it does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple

from corepy.lib.gotemplate import floats
from corepy.lib.gotemplate.faults import Failure
from corepy.lib.gotemplate.run import Run


class _Nothing:
    """No value at all, which is less than nil."""

    def __repr__(self) -> str:
        return "NOTHING"

    def __bool__(self) -> bool:
        return False


NOTHING: Final = _Nothing()


class Unsigned(int):
    """A number of one of Go's types without a sign, which do not mix with other numbers."""

    __slots__ = ()
    type_name: ClassVar[str] = "uint"


class Uint8(Unsigned):
    """An octet."""

    __slots__ = ()
    type_name = "uint8"


class Uint16(Unsigned):
    """As of types and classes of records."""

    __slots__ = ()
    type_name = "uint16"


class Uint32(Unsigned):
    """As of TTLs."""

    __slots__ = ()
    type_name = "uint32"


class Uint64(Unsigned):
    """As of numbers that were parsed."""

    __slots__ = ()
    type_name = "uint64"


class Anything(dict[str, Any]):
    """A map whose values may be of any type."""


KINDS: Final = {"string": str, "int": int, "bool": bool}


class Method(NamedTuple):
    """Something that can be called: with how many arguments, of which kinds (see `KINDS`).

    `call` raises `Failure` or `ValueError` for arguments it cannot work with. `most` None: any
    number. Arguments beyond `params` may be of any kind. One that is `paid` gets the `Run` first,
    to pay for what it makes.
    """

    call: Callable[..., Any]
    params: tuple[str, ...] = ()
    least: int = 0
    most: int | None = 0
    paid: bool = False


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
        return "{" + " ".join([show(get(self)) for get in self.fields.values()]) + "}"


def type_name(value: object) -> str:
    """The Go type a message calls a value by."""
    if isinstance(value, Struct | Unsigned):
        return value.type_name
    if isinstance(value, list):
        return f"[]{_common(value)}"
    if isinstance(value, dict):
        return f"map[string]{'interface {}' if isinstance(value, Anything) else 'string'}"
    return _NAMES.get(type(value), "<nil>")


_NAMES: Final[Mapping[type, str]] = {
    bool: "bool", int: "int", float: "float64", complex: "complex128", str: "string",
}  # fmt: skip


def _common(items: list[Any]) -> str:
    names = {type_name(item) for item in items}
    return names.pop() if len(names) == 1 else "interface {}" if names else "string"


def truth(value: object) -> bool:
    """Whether a value counts as true: neither nothing, nor zero, nor empty."""
    return bool(value)


def show(value: object) -> str:
    """A value as it is put out (`%v`)."""
    if isinstance(value, str):
        return value
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return floats.text(value)
    if value is None:
        return "<nil>"
    if value is NOTHING:
        return "<no value>"
    if isinstance(value, complex):
        sign = "" if floats.text(value.imag)[0] in "+-" else "+"
        return f"({floats.text(value.real)}{sign}{floats.text(value.imag)}i)"
    if isinstance(value, Mapping):
        return "map[" + " ".join([f"{key}:{_within(value[key])}" for key in sorted(value)]) + "]"
    if isinstance(value, Sequence):
        return "[" + " ".join(map(_within, value)) + "]"
    return value.text() if isinstance(value, Struct) else str(value)


def _within(value: object) -> str:
    return "<nil>" if value is NOTHING else show(value)


def field(run: Run, value: object, name: str) -> Any:
    """A field of a struct or the value of a map's key; a method without arguments is called."""
    if isinstance(value, Struct):
        found = value.methods.get(name)
        if found is not None:
            return invoke(run, found, name, (), value)
        get = value.fields.get(name)
        if get is not None:
            return get(value)
        raise Failure(f"can't evaluate field {name} in type {value.type_name}")
    if isinstance(value, dict):
        return value.get(name, NOTHING)
    if value is NOTHING:
        return NOTHING
    if value is None:
        raise Failure(f"nil pointer evaluating {name}")
    raise Failure(f"can't evaluate field {name} in type {type_name(value)}")


def invoke(run: Run, found: Method, name: str, given: Sequence[Any], *receiver: Any) -> Any:
    """Call it with arguments of the right number and kinds, or raise `Failure`.

    `CallFailure` is for what goes wrong within.
    """
    for value in given:
        if type(value) is str:
            run.read(len(value))
    try:
        if found.paid:
            return found.call(run, *given)
        result = found.call(*receiver, *given)
        if type(result) is str:
            run.make(len(result))
    except (Failure, ValueError) as error:
        raise CallFailure(f"error calling {name}: {error}") from error
    return result


def count_arguments(found: Method, name: str, args: int, count: int) -> None:
    """Raise `Failure` unless it takes `count` arguments, `args` of which are written behind it."""
    if found.most is None:
        if count < found.least:
            raise Failure(
                f"wrong number of args for {name}: want at least {found.least} got {args}"
            )
    elif not found.least <= count <= found.most:
        raise Failure(f"wrong number of args for {name}: want {found.least} got {count}")


class CallFailure(Failure):
    """What was called failed, as opposed to not being callable."""


def fit(kind: str, value: object) -> None:
    """Raise `Failure` unless the value is of this kind."""
    if value is NOTHING:
        raise Failure(f"invalid value; expected {kind}")
    wanted = KINDS[kind]
    if type(value) is not wanted:
        raise Failure(f"wrong type for value; expected {kind}; got {type_name(value)}")
