"""Turns pipelines, commands and operands into functions that give their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from corepy.lib.gotemplate.builtins import SHORT
from corepy.lib.gotemplate.faults import ExecutionError, Failure
from corepy.lib.gotemplate.nodes import (
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Literal,
    Nil,
    Node,
    Numeral,
    Operand,
    Pipe,
    Source,
    Variable,
)
from corepy.lib.gotemplate.quoting import quote
from corepy.lib.gotemplate.run import UNSET, Run
from corepy.lib.gotemplate.values import (
    NOTHING,
    CallFailure,
    Method,
    Struct,
    count_arguments,
    field,
    fit,
    invoke,
    truth,
    type_name,
)

Value = Callable[[Run, Any], Any]
"""Gives a value for a run and the cursor."""

Stage = Callable[[Run, Any, Any], Any]
"""A command, which gets the value of the one before as well; `_FIRST` for the first one."""

_FIRST: Final = object()
_UNDECLARED: Final = -1
_CONTEXT: Final = 60


class Operands:
    """Builds for one template of a source, whose variables are numbered by where they stand."""

    def __init__(self, source: Source, name: str, functions: Mapping[str, Method]) -> None:
        self._source = source
        self._name = name
        self._functions = functions
        self._scope = ["$"]
        self.slots = 1

    def located(self, node: Node, error: Failure, shown: str | None = None) -> ExecutionError:
        """The error with the place that it is about."""
        text = self._source.text[: node.offset]
        line = text.count("\n") + 1
        column = len(text[text.rfind("\n") + 1 :].encode("utf-8", "surrogateescape"))
        place = f"{self._source.name}:{line}:{column}: executing {quote(self._name)}"
        return ExecutionError(f"template: {place} at <{shown or node}>: {error}")

    # ---- variables

    def declare(self, name: str) -> int:
        """The slot of a new variable."""
        self._scope.append(name)
        self.slots = max(self.slots, len(self._scope))
        return len(self._scope) - 1

    def slot(self, name: str) -> int:
        """The slot of the variable that the name means here."""
        for slot in range(len(self._scope) - 1, -1, -1):
            if self._scope[slot] == name:
                return slot
        return _UNDECLARED

    def _variable(self, node: Variable) -> Value:
        slot = self.slot(node.name)

        def get(run: Run, dot: Any) -> Any:  # noqa: ARG001
            value = run.variables[slot] if slot != _UNDECLARED else UNSET
            if value is UNSET:
                raise self.located(node, Failure(f"undefined variable: {node.name}"))
            return value

        return get

    # ---- pipelines

    def pipe(self, node: Pipe) -> Value:
        """The last command's value, to which the variables are set."""
        stages = [self._command(one, piped=at > 0) for at, one in enumerate(node.commands)]
        if node.assigns:
            slots = [self.slot(variable.name) for variable in node.variables]
        else:
            slots = [self.declare(variable.name) for variable in node.variables]
        if len(stages) == 1 and not slots:
            only = stages[0]
            return lambda run, dot: only(run, dot, _FIRST)

        def value_of(run: Run, dot: Any) -> Any:
            value: Any = _FIRST
            for stage in stages:
                value = stage(run, dot, value)
            for slot, variable in zip(slots, node.variables, strict=True):
                if slot == _UNDECLARED:
                    error = Failure(f"undefined variable: {variable.name}")
                    raise self.located(last(node), error)
                run.variables[slot] = value
            return value

        return value_of

    def _command(self, node: Command, *, piped: bool) -> Stage:
        first, rest = node.args[0], node.args[1:]
        if isinstance(first, Function):
            return self._function(node, first, rest, piped=piped)
        if isinstance(first, Field | Chain | Variable) and first.names and (rest or piped):
            return self._method(first, rest, piped=piped)
        if rest or piped or isinstance(first, Nil):
            reason = "nil is not a command"
            if rest or piped:
                reason = f"can't give argument to non-function {_shown(first)}"
            return self._fails(first, reason)
        value = self._operand(first)
        return lambda run, dot, final: value(run, dot)  # noqa: ARG005

    def _fails(self, node: Node, reason: str) -> Stage:
        def stage(run: Run, dot: Any, final: Any) -> Any:  # noqa: ARG001
            raise self.located(node, Failure(reason))

        return stage

    def _function(
        self, node: Node, first: Function, rest: Sequence[Operand], *, piped: bool
    ) -> Stage:
        name = first.name
        if name in SHORT:
            return self._short(first, rest, piped=piped)
        found = self._functions[name]
        try:
            count_arguments(found, name, len(rest), len(rest) + piped)
        except Failure as error:
            return self._fails(first, str(error))
        values = self._values(found, rest, last(rest[-1]) if rest else first, piped=piped)
        callee = _shown(rest[0]) if name == "call" and rest else None

        def stage(run: Run, dot: Any, final: Any) -> Any:
            given = values(run, dot, final)
            try:
                if name == "call":
                    given = [_named(given[0]) if callee is None else callee, *given]
                return invoke(run, found, name, given)
            except Failure as error:
                raise self.located(node, error) from error

        return stage

    def _values(
        self, found: Method, rest: Sequence[Operand], before: Node, *, piped: bool
    ) -> Callable[[Run, Any, Any], list[Any]]:
        """All arguments; `before` is what is looked at last before the one from the pipe."""
        kinds = found.params
        args = [
            self._operand(arg) if at >= len(kinds) else self._typed(arg, kinds[at])
            for at, arg in enumerate(rest)
        ]
        if not piped:
            return lambda run, dot, final: [arg(run, dot) for arg in args]  # noqa: ARG005
        kind = kinds[len(rest)] if len(rest) < len(kinds) else None

        def values(run: Run, dot: Any, final: Any) -> list[Any]:
            given = [arg(run, dot) for arg in args]
            if kind is not None:
                try:
                    fit(kind, final)
                except Failure as error:
                    raise self.located(before, error) from error
            given.append(final)
            return given

        return values

    def _typed(self, node: Operand, kind: str) -> Value:
        """An argument for a parameter of a certain kind."""
        if isinstance(node, Nil):
            return self._wrong(node, f"cannot assign nil to {kind}")
        if isinstance(node, Literal | Numeral):
            value = node.number.signed if isinstance(node, Numeral) else node.value
            wanted = {"string": str, "int": int, "bool": bool}[kind]
            if type(value) is not wanted:
                shown = "integer" if kind == "int" else kind
                return self._wrong(node, f"expected {shown}; found {node}")
            return lambda run, dot: value  # noqa: ARG005
        inner = self._operand(node)

        def checked(run: Run, dot: Any) -> Any:
            value = inner(run, dot)
            try:
                fit(kind, value)
            except Failure as error:
                raise self.located(last(node), error) from error
            return value

        return checked

    def _wrong(self, node: Node, reason: str) -> Value:
        def value(run: Run, dot: Any) -> Any:  # noqa: ARG001
            raise self.located(node, Failure(reason))

        return value

    def _short(self, first: Function, rest: Sequence[Operand], *, piped: bool) -> Stage:
        """`and` and `or`, which do not look at what they do not need."""
        until = first.name == "or"
        args = [self._operand(arg) for arg in rest]
        if not args and not piped:
            return self._fails(
                first, f"wrong number of args for {first.name}: want at least 1 got 0"
            )

        def stage(run: Run, dot: Any, final: Any) -> Any:
            value: Any = final
            for arg in args:
                value = arg(run, dot)
                if truth(value) == until:
                    return value
            return final if piped else value

        return stage

    def _method(
        self, node: Field | Chain | Variable, rest: Sequence[Operand], *, piped: bool
    ) -> Stage:
        """A row of fields, the last of which is a method with arguments."""
        start, before, name = self._start(node), node.names[:-1], node.names[-1]
        args = [self._operand(arg) for arg in rest]

        def stage(run: Run, dot: Any, final: Any) -> Any:
            receiver = start(run, dot)
            try:
                for one in before:
                    receiver = field(run, receiver, one)
                if receiver is NOTHING:
                    return NOTHING
                found = _found(run, receiver, name)
                count_arguments(found, name, len(args), len(args) + piped)
            except Failure as error:
                raise self.located(node, error) from error
            given = [self._argument(run, dot, pair) for pair in zip(rest, args, strict=True)]
            if piped:
                given.append(final)
            try:
                for kind, value in zip(found.params, given, strict=False):
                    fit(kind, value)
                return invoke(run, found, name, given, receiver)
            except CallFailure as error:
                raise self.located(node, error) from error
            except Failure as error:
                raise self.located(last(rest[-1]) if rest else node, error) from error

        return stage

    def _argument(self, run: Run, dot: Any, pair: tuple[Operand, Value]) -> Any:
        return pair[1](run, dot)

    # ---- operands

    def _operand(self, node: Operand) -> Value:
        if isinstance(node, Dot):
            return lambda run, dot: dot  # noqa: ARG005
        if isinstance(node, Nil):
            return lambda run, dot: NOTHING  # noqa: ARG005
        if isinstance(node, Literal):
            value = node.value
            return lambda run, dot: value  # noqa: ARG005
        if isinstance(node, Numeral):
            return self._number(node)
        if isinstance(node, Pipe):
            return self.pipe(node)
        if isinstance(node, Function):
            call = self._function(node, node, (), piped=False)
            return lambda run, dot: call(run, dot, _FIRST)
        return self._fields(node)

    def _number(self, node: Numeral) -> Value:
        ideal = node.number.ideal
        if ideal is None:
            return self._wrong(node, f"{node} overflows int")
        return lambda run, dot: ideal  # noqa: ARG005

    def _start(self, node: Field | Chain | Variable) -> Value:
        if isinstance(node, Field):
            return lambda run, dot: dot  # noqa: ARG005
        if isinstance(node, Variable):
            return self._variable(node)
        return self._operand(node.operand)

    def _fields(self, node: Field | Chain | Variable) -> Value:
        names = node.names
        where = last(node)
        if isinstance(node, Field) and len(names) == 1:
            return self._field(node)
        start = self._start(node)
        if not names:
            return start

        def value_of(run: Run, dot: Any) -> Any:
            value = start(run, dot)
            try:
                for name in names:
                    value = field(run, value, name)
            except Failure as error:
                raise self.located(where, error) from error
            return value

        return value_of

    def _field(self, node: Field) -> Value:
        name = node.names[0]

        def value_of(run: Run, dot: Any) -> Any:
            try:
                return field(run, dot, name)
            except Failure as error:
                raise self.located(node, error) from error

        return value_of


def _found(run: Run, receiver: Any, name: str) -> Method:
    """The method of a value that is called with arguments."""
    if isinstance(receiver, dict):
        raise Failure(f"{name} is not a method but has arguments")
    methods = receiver.methods if isinstance(receiver, Struct) else {}
    if name not in methods:
        field(run, receiver, name)
        raise Failure(f"{name} has arguments but cannot be invoked as function")
    found: Method = methods[name]
    return found


def _shown(node: Operand) -> str:
    return str(node)


def _named(value: Any) -> str:
    """What a value that was handed on is called where a function should be (Go's Value.String)."""
    return value if isinstance(value, str) else f"<{type_name(value)} Value>"


def last(node: Operand | Command) -> Node:
    """What was looked at last when a value is there; messages about the value name it."""
    if isinstance(node, Pipe):
        return last(node.commands[-1])
    if isinstance(node, Command):
        return last(node.args[-1])
    if isinstance(node, Chain):
        return last(node.operand)
    return node
