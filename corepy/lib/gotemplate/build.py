"""Turns statements into functions, once; running a template is calling them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from corepy.lib.gotemplate.faults import Failure
from corepy.lib.gotemplate.nodes import (
    Action,
    Block,
    Branch,
    Call,
    Jump,
    Node,
    Source,
    Statement,
    Text,
)
from corepy.lib.gotemplate.operands import Operands, Value, last
from corepy.lib.gotemplate.quoting import quote
from corepy.lib.gotemplate.run import DEEPEST, UNSET, Run
from corepy.lib.gotemplate.size import depth, steps
from corepy.lib.gotemplate.values import NOTHING, Method, show, truth

Step = Callable[[Run, Any], None]
"""Executes a statement with the cursor."""


class _Break(Exception):  # noqa: N818 - control flow
    pass


class _Continue(Exception):  # noqa: N818
    pass


class Program:
    """One template as a function, with the number of its variables and the levels it has."""

    __slots__ = ("depth", "execute", "slots")

    def __init__(self, execute: Step, slots: int, depth: int) -> None:
        self.execute = execute
        self.slots = slots
        self.depth = depth


def build(source: Source, functions: Mapping[str, Method]) -> Program:
    """The template of the source's own name."""
    programs: dict[str, Program] = {}
    for name, block in source.defined.items():
        builder = _Builder(source, name, functions, programs)
        execute = builder.block(block, block)
        programs[name] = Program(execute, builder.slots, depth(block))
    return programs[source.name]


class _Builder(Operands):
    """Builds one template, which may call the others."""

    def __init__(
        self,
        source: Source,
        name: str,
        functions: Mapping[str, Method],
        programs: Mapping[str, Program],
    ) -> None:
        super().__init__(source, name, functions)
        self._programs = programs

    def block(self, block: Block, owner: Node) -> Step:
        """Its statements, paid for at once; `owner` is named when the budget is used up."""
        parts = tuple(self._statement(one) for one in block.statements)
        cost = 1 + sum(steps(one) for one in block.statements)

        def execute(run: Run, dot: Any) -> None:
            try:
                run.step(cost)
                for part in parts:
                    part(run, dot)
            except Failure as error:
                raise self._exhausted(owner, error) from error

        return execute

    def _exhausted(self, node: Node, error: Failure) -> Exception:
        shown = str(node)
        return self.located(node, error, shown if len(shown) <= 60 else f"{shown[:60]}...")

    def _statement(self, node: Statement) -> Step:
        if isinstance(node, Text):
            text = node.text
            return lambda run, dot: run.put(text)  # noqa: ARG005
        if isinstance(node, Action):
            return self._action(node)
        if isinstance(node, Branch):
            known = len(self._scope)
            step = self._range(node) if node.keyword == "range" else self._choice(node)
            del self._scope[known:]
            return step
        if isinstance(node, Call):
            return self._call(node)
        return _jump(node)

    def _action(self, node: Action) -> Step:
        value = self.pipe(node.pipe)
        if node.pipe.variables:
            return value

        def put(run: Run, dot: Any) -> None:
            found = value(run, dot)
            run.put(found if type(found) is str else show(found))

        return put

    def _choice(self, node: Branch) -> Step:
        arms = tuple((self.pipe(arm.pipe), self.block(arm.body, arm.pipe)) for arm in node.arms)
        otherwise = self.block(node.otherwise, node.arms[-1].pipe) if node.otherwise else None
        with_dot = node.keyword == "with"

        def choose(run: Run, dot: Any) -> None:
            for value, body in arms:
                found = value(run, dot)
                if truth(found):
                    body(run, found if with_dot else dot)
                    return
            if otherwise is not None:
                otherwise(run, dot)

        return choose

    def _range(self, node: Branch) -> Step:
        arm = node.arms[0]
        value = self.pipe(arm.pipe)
        slots = [self.slot(variable.name) for variable in arm.pipe.variables]
        body = self.block(arm.body, arm.pipe)
        otherwise = self.block(node.otherwise, arm.pipe) if node.otherwise else None
        if len(slots) == 2:
            return self._loop(
                node, value, lambda run, pair: _set(run, slots, pair), (body, otherwise)
            )
        return self._loop(
            node, value, lambda run, pair: _set(run, slots, pair[1:]), (body, otherwise)
        )

    def _loop(
        self,
        node: Branch,
        value: Value,
        assign: Callable[[Run, tuple[Any, Any]], None],
        blocks: tuple[Step, Step | None],
    ) -> Step:
        body, otherwise = blocks

        def loop(run: Run, dot: Any) -> None:
            empty = True
            for pair in self._items(node, run, value(run, dot)):
                empty = False
                assign(run, pair)
                try:
                    body(run, pair[1])
                except _Continue:
                    continue
                except _Break:
                    break
            if empty and otherwise is not None:
                otherwise(run, dot)

        return loop

    def _items(self, node: Branch, run: Run, value: Any) -> Iterable[tuple[Any, Any]]:
        pipe = node.arms[0].pipe
        if isinstance(value, list):
            return enumerate(value)
        if isinstance(value, dict):
            run.step(len(value))  # for the sorting
            return sorted(value.items())
        if value is None or value is NOTHING:
            return ()
        reason = f"range can't iterate over {show(value)}"
        if isinstance(value, int) and not isinstance(value, bool):
            if len(pipe.variables) < 2:
                kind = type(value)
                return ((NOTHING, kind(number)) for number in range(value))
            reason = f"can't use {value} to iterate over more than one variable"
        raise self._exhausted(last(pipe), Failure(reason))

    def _call(self, node: Call) -> Step:
        value = self.pipe(node.pipe) if node.pipe else None

        def call(run: Run, dot: Any) -> None:
            program = self._programs.get(node.name)
            if program is None:
                raise self.located(node, Failure(f"template {quote(node.name)} not defined"))
            levels = program.depth + 1
            if run.depth + levels > DEEPEST:
                raise self.located(node, Failure(f"exceeded maximum template depth ({DEEPEST})"))
            data = value(run, dot) if value else NOTHING
            run.read(8 * program.slots)
            outer, run.variables = run.variables, [data, *[UNSET] * (program.slots - 1)]
            run.depth += levels
            program.execute(run, data)
            run.depth -= levels
            run.variables = outer

        return call


def _set(run: Run, slots: list[int], values: tuple[Any, ...]) -> None:
    for slot, value in zip(slots, values, strict=False):
        run.variables[slot] = value


def _jump(node: Jump) -> Step:
    error = _Break if node.keyword == "break" else _Continue

    def jump(run: Run, dot: Any) -> None:  # noqa: ARG001
        raise error

    return jump
