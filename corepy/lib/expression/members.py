"""What hangs on a value: members, elements, parts and methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from corepy.lib.expression import nodes, times, values
from corepy.lib.expression.faults import EvaluationError
from corepy.lib.expression.frame import Frame, Run, Typed
from corepy.lib.expression.names import External
from corepy.lib.expression.natures import (
    DURATION,
    FLOAT,
    INT,
    MONTH,
    STRING,
    TIME,
    UNKNOWN,
    WEEKDAY,
    Nature,
    function,
)

if TYPE_CHECKING:
    from corepy.lib.expression.compiler import Compiler

_NOTHING: Final = object()
"""What stands for the rest of a chain behind a nil."""

_NATURES: Final = {
    "int": INT, "float": FLOAT, "string": STRING, "time": TIME, "weekday": WEEKDAY,
    "month": MONTH,
}  # fmt: skip
_Methods = dict[str, tuple[str, Callable[[Any], Any]]]
_METHODS: Final[dict[str, _Methods]] = {
    "time": times.TIME_METHODS,
    "duration": times.DURATION_METHODS,
    "weekday": times.NAME_METHODS,
    "month": times.NAME_METHODS,
}
_OF_TYPES: Final[dict[type, _Methods]] = {
    times.Time: _METHODS["time"],
    times.Duration: _METHODS["duration"],
    times.Weekday: _METHODS["weekday"],
    times.Month: _METHODS["month"],
}
_OTHER: Final[dict[str, tuple[Nature, Nature, Callable[[Any, Any], Any]]]] = {
    "Before": (TIME, Nature("bool", "bool"), lambda one, two: one < two),
    "After": (TIME, Nature("bool", "bool"), lambda one, two: one > two),
    "Equal": (TIME, Nature("bool", "bool"), lambda one, two: one == two),
    "Sub": (TIME, DURATION, values.subtract),
    "Add": (DURATION, TIME, values.add),
    "In": (
        Nature("location", "*time.Location"),
        TIME,
        lambda one, zone: times.Time(one.nanoseconds, zone),
    ),
}


class Members:
    """The part of the compiler that deals with what hangs on values."""

    def __init__(self, compiler: Compiler) -> None:
        self._compiler = compiler

    def member(self, node: nodes.Member) -> Typed:
        """`base.name` and `base[key]`."""
        compiler = self._compiler
        if isinstance(node.base, nodes.Name) and node.base.name == "$env":
            return self._of_environment(node)
        base, key = compiler.compile(node.base), compiler.compile(node.key)
        nature = self._element(node, base.nature, key.nature)
        return Typed(nature, _fetching(base.run, key.run, node))

    def _of_environment(self, node: nodes.Member) -> Typed:
        key = node.key
        if isinstance(key, nodes.Constant) and isinstance(key.value, str) and not node.optional:
            return self._compiler.compile(nodes.Name(node.at, key.value))
        base = self._compiler.compile(node.base)
        return Typed(UNKNOWN, _fetching(base.run, self._compiler.compile(key).run, node))

    def _element(self, node: nodes.Member, base: Nature, key: Nature) -> Nature:
        """What a member will be; raises for what cannot be one."""
        if base.unknown:
            return UNKNOWN
        name = node.key.value if isinstance(node.key, nodes.Constant) else None
        named = isinstance(name, str)
        if named and base.kind == "nil":
            raise self._compiler.error(node, f"type nil has no field {name}")
        if base.kind == "map":
            if key.kind != "string" and not key.unknown and "[string]" in base.text:
                message = f"cannot use {key.text} to get an element from {base.text}"
                raise self._compiler.error(node.key, message)
            return base.item()
        if base.array:
            if key.kind != "int" and not key.unknown:
                message = f"array elements can only be selected using an integer (got {key.text})"
                raise self._compiler.error(node.key, message)
            return base.item()
        if not named:
            message = f"type {base.text}[{key.text}] is undefined"
            raise self._compiler.error(node, message)
        kind = "method" if node.method else "field"
        raise self._compiler.error(node, f"type {base.text} has no {kind} {name}")

    def chain(self, node: nodes.Chain) -> Typed:
        """A row of members: behind a nil and `?.` all of it is nil."""
        part = self._compiler.compile(node.node)

        def run(frame: Frame) -> Any:
            value = part.run(frame)
            return None if value is _NOTHING else value

        return Typed(part.nature if not part.nature.unknown else UNKNOWN, run)

    def slice(self, node: nodes.Slice) -> Typed:
        """`base[start:end]`."""
        compiler = self._compiler
        base = compiler.compile(node.base)
        if not base.nature.unknown and not base.nature.array and base.nature.kind != "string":
            raise compiler.error(node, f"cannot slice {base.nature.text}")
        ends = [self._end(end, base.nature) for end in (node.start, node.end)]
        start, end = (part and part.run for part in ends)

        def run(frame: Frame) -> Any:
            first = start(frame) if start else 0
            return values.cut(base.run(frame), first, end(frame) if end else None)

        return Typed(base.nature, run)

    def _end(self, node: nodes.Node | None, base: Nature) -> Typed | None:
        if node is None:
            return None
        part = self._compiler.compile(node)
        if not base.unknown and part.nature.kind != "int" and not part.nature.unknown:
            message = f"non-integer slice index {part.nature.text}"
            raise self._compiler.error(node, message)
        return part

    def call(self, node: nodes.Call, callee: nodes.Member) -> Typed:
        """`base.method(arguments)`."""
        compiler = self._compiler
        if isinstance(callee.base, nodes.Name) and callee.base.name == "$env":
            assert isinstance(callee.key, nodes.Constant)
            return compiler.compile(
                nodes.Call(node.at, nodes.Name(node.at, callee.key.value), node.arguments)
            )
        base = compiler.compile(callee.base)
        assert isinstance(callee.key, nodes.Constant)
        name = str(callee.key.value)
        parts = [compiler.compile(argument) for argument in node.arguments]
        nature = self._method(callee, name, base.nature, [part.nature for part in parts])
        return Typed(nature, _method_call(base.run, name, [part.run for part in parts], callee))

    def _method(
        self, node: nodes.Member, name: str, base: Nature, arguments: list[Nature]
    ) -> Nature:
        if base.unknown:
            return UNKNOWN
        found = _METHODS.get(base.kind, {}).get(name)
        wanted: tuple[Nature, ...] = ()
        result = _NATURES[found[0]] if found else None
        if base == TIME and name in _OTHER:
            parameter, result, _ = _OTHER[name]
            wanted = (parameter,)
        if result is None:
            element = self._element(node, base, STRING)
            if element.unknown:
                return UNKNOWN
            raise self._compiler.error(node, f"{element.text} is not callable")
        if len(arguments) != len(wanted):
            amount = "too many" if len(arguments) > len(wanted) else "not enough"
            raise self._compiler.error(node, f"{amount} arguments to call {name}")
        for nature, parameter in zip(arguments, wanted, strict=True):
            if not nature.unknown and not nature.fits(parameter):
                message = (
                    f"cannot use {nature.text} as argument (type {parameter.text}) to call {name} "
                )
                raise self._compiler.error(node, message)
        return function(wanted, result).result or UNKNOWN


def _fetching(base: Run, key: Run, node: nodes.Member) -> Run:
    if not node.chained:
        return lambda frame: values.fetch(base(frame), key(frame))
    optional = node.optional

    def run(frame: Frame) -> Any:
        value = base(frame)
        if value is _NOTHING or (optional and value is None):
            return _NOTHING
        return values.fetch(value, key(frame))

    return run


def _method_call(base: Run, name: str, arguments: list[Run], node: nodes.Member) -> Run:
    def run(frame: Frame) -> Any:
        value = base(frame)
        if value is _NOTHING or (node.optional and value is None):
            return _NOTHING
        given = [argument(frame) for argument in arguments]
        found = _OF_TYPES.get(type(value), {}).get(name)
        if found and not given:
            return found[1](value)
        if type(value) is times.Time and name in _OTHER and len(given) == 1:
            return _OTHER[name][2](value, given[0])
        called = values.fetch(value, name)
        if isinstance(called, External):
            return called.call(frame.subject, *given)
        shown = values.type_text(called)
        raise EvaluationError(f"invalid operation: cannot call non-function of type {shown}")

    return run
