"""Turns nodes into functions, once; running a template is calling them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from corepy.lib.gotemplate.builtins import SHORT
from corepy.lib.gotemplate.faults import ExecutionError, Failure
from corepy.lib.gotemplate.nodes import (
    Action,
    Block,
    Branch,
    Call,
    Chain,
    Command,
    Dot,
    Field,
    Function,
    Jump,
    Literal,
    Nil,
    Node,
    Operand,
    Pipe,
    Source,
    Statement,
    Text,
    Variable,
)
from corepy.lib.gotemplate.values import (
    NOTHING,
    CallFailure,
    Method,
    Struct,
    call_method,
    field,
    show,
    truth,
)

MOST_OUTPUT: Final = 1 << 17
"""Characters that a template may put out."""

MOST_STEPS: Final = 20_000
"""Rounds of all loops, and calls of templates, of one run."""

DEEPEST_CALL: Final = 50


class Run:
    """One execution: what was put out, the variables, and what is left of the budget."""

    __slots__ = ("depth", "out", "room", "steps", "variables")

    def __init__(self, slots: int, data: object) -> None:
        self.out: list[str] = []
        self.variables: list[Any] = [data] + [None] * (slots - 1)
        self.room = MOST_OUTPUT
        self.steps = MOST_STEPS
        self.depth = 0

    def put(self, text: str) -> None:
        self.out.append(text)
        self.room -= len(text)
        if self.room < 0:
            raise Failure(f"more than {MOST_OUTPUT} characters of output")

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise Failure(f"more than {MOST_STEPS} rounds of loops")


class _Break(Exception):  # noqa: N818 - control flow
    pass


class _Continue(Exception):  # noqa: N818
    pass


Value = Callable[[Run, Any], Any]
Step = Callable[[Run, Any], None]
Final_ = Any
"""The value of the command before in a pipeline; `NOTHING_BEFORE` for the first one."""

_FIRST: Final = object()


class Builder:
    """Builds for one source."""

    def __init__(self, source: Source, functions: Mapping[str, Method]) -> None:
        self._source = source
        self._functions = functions
        self._defined: dict[str, Step] = {}

    def build(self) -> Step:
        """The whole template."""
        for name, block in self._source.defined.items():
            self._defined[name] = self._block(block)
        return self._block(self._source.root)

    def _located(self, node: Node, error: Failure) -> ExecutionError:
        name, text = self._source.name, self._source.text
        before = text[: node.offset].encode("utf-8", "surrogateescape")
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1)
        place = f'template: {name}:{line}:{column}: executing "{name}" at <{node}>'
        return ExecutionError(f"{place}: {error}")

    # ---- statements

    def _block(self, block: Block | None) -> Step:
        steps = tuple(self._statement(one) for one in block.statements) if block else ()
        if len(steps) == 1:
            return steps[0]

        def run(state: Run, dot: Any) -> None:
            for step in steps:
                step(state, dot)

        return run

    def _statement(self, node: Statement) -> Step:
        if isinstance(node, Text):
            text = node.text
            return lambda state, dot: state.put(text)  # noqa: ARG005
        if isinstance(node, Action):
            return self._action(node)
        if isinstance(node, Branch):
            return self._range(node) if node.keyword == "range" else self._choice(node)
        if isinstance(node, Call):
            return self._call(node)
        return _jump(node)

    def _action(self, node: Action) -> Step:
        value = self._pipe(node.pipe)
        if node.pipe.variables:
            return value

        def put(state: Run, dot: Any) -> None:
            found = value(state, dot)
            try:
                state.put(found if type(found) is str else show(found))
            except Failure as error:
                raise self._located(node.pipe, error) from error

        return put

    def _choice(self, node: Branch) -> Step:
        value, body = self._pipe(node.pipe), self._block(node.body)
        otherwise = self._block(node.otherwise)
        with_dot = node.keyword == "with"

        def choose(state: Run, dot: Any) -> None:
            found = value(state, dot)
            if truth(found):
                body(state, found if with_dot else dot)
            else:
                otherwise(state, dot)

        return choose

    def _range(self, node: Branch) -> Step:
        value, body = self._pipe(node.pipe, sets=False), self._block(node.body)
        otherwise = self._block(node.otherwise)
        slots = [variable.slot for variable in node.pipe.variables]

        def loop(state: Run, dot: Any) -> None:
            found = value(state, dot)
            empty = True
            for key, item in self._items(node, found):
                empty = False
                try:
                    state.step()
                except Failure as error:
                    raise self._located(node.pipe, error) from error
                for slot, part in zip(
                    slots, (item,) if len(slots) == 1 else (key, item), strict=False
                ):
                    state.variables[slot] = part
                try:
                    body(state, item)
                except _Continue:
                    continue
                except _Break:
                    break
            if empty:
                otherwise(state, dot)

        return loop

    def _items(self, node: Branch, value: Any) -> Iterable[tuple[Any, Any]]:
        if isinstance(value, list):
            return enumerate(value)
        if isinstance(value, dict):
            return sorted(value.items())
        if isinstance(value, int) and not isinstance(value, bool):
            return ((number, number) for number in range(value))
        if value is None or value is NOTHING:
            return ()
        error = Failure(f"range can't iterate over {show(value)}")
        raise self._located(node.pipe, error)

    def _call(self, node: Call) -> Step:
        value = self._pipe(node.pipe) if node.pipe else None

        def call(state: Run, dot: Any) -> None:
            block = self._defined.get(node.name)
            state.depth += 1
            if block is None:
                raise self._located(node, Failure(f'template "{node.name}" not defined'))
            if state.depth > DEEPEST_CALL:
                raise self._located(node, Failure("exceeded maximum template depth"))
            try:
                state.step()
            except Failure as error:
                raise self._located(node, error) from error
            data = value(state, dot) if value else None
            outer, state.variables = state.variables, [data, *[None] * (self._source.slots - 1)]
            block(state, data)
            state.variables = outer
            state.depth -= 1

        return call

    # ---- values

    def _pipe(self, node: Pipe, *, sets: bool = True) -> Value:
        commands = tuple(self._command(one) for one in node.commands)
        slots = [variable.slot for variable in node.variables] if sets else []
        if len(commands) == 1 and not slots:
            only = commands[0]
            return lambda state, dot: only(state, dot, _FIRST)

        def run(state: Run, dot: Any) -> Any:
            value: Any = _FIRST
            for command in commands:
                value = command(state, dot, value)
            for slot in slots:
                state.variables[slot] = value
            return value

        return run

    def _command(self, node: Command) -> Callable[[Run, Any, Any], Any]:
        first, rest = node.args[0], node.args[1:]
        args = tuple(self._operand(arg) for arg in rest)
        if isinstance(first, Function):
            if first.name in SHORT:
                return self._short(first, args)
            return self._function(node, first, args)
        if isinstance(first, Field | Chain | Variable) and _names(first):
            return self._invoked(node, first, args)
        value = self._operand(first)
        plain = Failure(f"can't give argument to non-function {first}")

        def run(state: Run, dot: Any, final: Any) -> Any:
            if args or final is not _FIRST:
                raise self._located(first, plain)
            return value(state, dot)

        return run

    def _function(
        self, node: Command, first: Function, args: tuple[Value, ...]
    ) -> Callable[[Run, Any, Any], Any]:
        name, function = first.name, self._functions[first.name]

        def run(state: Run, dot: Any, final: Any) -> Any:
            values = [arg(state, dot) for arg in args]
            if final is not _FIRST:
                values.append(final)
            try:
                return call_method(function, name, *values, receiver=False)
            except CallFailure as error:
                raise self._located(node, error) from error
            except Failure as error:
                raise self._located(first, error) from error

        return run

    def _short(self, first: Function, args: tuple[Value, ...]) -> Callable[[Run, Any, Any], Any]:
        until = first.name == "or"

        def run(state: Run, dot: Any, final: Any) -> Any:
            value: Any = _FIRST
            for arg in args:
                value = arg(state, dot)
                if truth(value) == until:
                    return value
            if final is not _FIRST:
                value = final
            if value is _FIRST:
                reason = f"wrong number of args for {first.name}: want at least 1 got 0"
                raise self._located(first, Failure(reason))
            return value

        return run

    def _invoked(
        self, node: Command, first: Field | Chain | Variable, args: tuple[Value, ...]
    ) -> Callable[[Run, Any, Any], Any]:
        """A row of fields, the last of which may be a method with arguments."""
        plain: Any = None if args else self._operand(first)
        start, names = self._start(first), _names(first)
        before, last = names[:-1], names[-1]

        def run(state: Run, dot: Any, final: Any) -> Any:
            if not args and final is _FIRST:
                return plain(state, dot)
            try:
                receiver = start(state, dot)
                for name in before:
                    receiver = field(receiver, name)
                methods = receiver.methods if isinstance(receiver, Struct) else {}
                if last not in methods:
                    field(receiver, last)
                    raise Failure(  # noqa: TRY301 - to be located like the others
                        f"{last} has arguments but cannot be invoked as function"
                    )
            except Failure as error:
                raise self._located(first, error) from error
            values = [arg(state, dot) for arg in args]
            if final is not _FIRST:
                values.append(final)
            try:
                return call_method(methods[last], last, receiver, *values)
            except CallFailure as error:
                raise self._located(node, error) from error
            except Failure as error:
                raise self._located(first, error) from error

        return run

    def _start(self, node: Field | Chain | Variable) -> Value:
        if isinstance(node, Field):
            return lambda state, dot: dot  # noqa: ARG005
        if isinstance(node, Variable):
            slot = node.slot
            return lambda state, dot: state.variables[slot]  # noqa: ARG005
        return self._operand(node.operand)

    def _operand(self, node: Operand) -> Value:
        if isinstance(node, Dot):
            return lambda state, dot: dot  # noqa: ARG005
        if isinstance(node, Literal):
            value = node.value
            return lambda state, dot: value  # noqa: ARG005
        if isinstance(node, Nil):
            return lambda state, dot: None  # noqa: ARG005
        if isinstance(node, Pipe):
            return self._pipe(node)
        if isinstance(node, Function):
            call = self._command(Command(node.offset, (node,)))
            return lambda state, dot: call(state, dot, _FIRST)
        return self._fields(node)

    def _fields(self, node: Field | Chain | Variable) -> Value:
        start, names = self._start(node), _names(node)
        if not names:
            return start

        def run(state: Run, dot: Any) -> Any:
            value = start(state, dot)
            try:
                for name in names:
                    value = field(value, name)
            except Failure as error:
                raise self._located(node, error) from error
            return value

        return run


def _names(node: Field | Chain | Variable) -> tuple[str, ...]:
    return node.names


def _jump(node: Jump) -> Step:
    error = _Break if node.keyword == "break" else _Continue

    def jump(state: Run, dot: Any) -> None:  # noqa: ARG001
        raise error

    return jump
