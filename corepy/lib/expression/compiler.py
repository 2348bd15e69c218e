"""From nodes to Python callables, with all that can be said against an expression said first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

from corepy.lib.expression import nodes, operators, predicates, values
from corepy.lib.expression.builtins import FUNCTIONS, Function, Misfit, fit, match
from corepy.lib.expression.faults import EvaluationError, ExpressionError
from corepy.lib.expression.frame import Frame, Run, Typed, fixed
from corepy.lib.expression.members import Members
from corepy.lib.expression.names import External, Names
from corepy.lib.expression.natures import (
    ANYS,
    BOOL,
    GROUPS,
    INT,
    MAP,
    STRING,
    UNKNOWN,
    Nature,
    array_of,
    nature_of,
)
from corepy.lib.expression.nodes import Node
from corepy.lib.expression.operators import Mismatch

_LOGICAL: Final = {"and": "and", "&&": "and", "or": "or", "||": "or"}
_BOOLEAN: Final = frozenset(("all", "none", "any", "one"))
_TESTS: Final = _BOOLEAN | {"filter", "count", "find", "findLast", "findIndex", "findLastIndex"}


class Compiler:
    """Compiles one expression.

    `size` slots are needed to run it; `volatile`: it uses the clock; `used`: the names in it.
    """

    def __init__(self, text: str, names: Names, hidden: frozenset[str]) -> None:
        self._text = text
        self._names = names
        self._hidden = hidden
        self._members = Members(self)
        self._scopes: list[tuple[int, Nature, dict[str, Nature]]] = []
        self._variables: list[tuple[str, int, Nature]] = []
        self.size = 0
        self.volatile = False
        self.used: set[str] = set()

    def compile(self, node: Node) -> Typed:
        """A node and all below it; raises `ExpressionError`."""
        kind = type(node).__name__.lower()
        make: Callable[[Any], Typed] = getattr(self, f"_{kind}")
        return make(node)

    def error(self, node: Node, message: str) -> ExpressionError:
        """A mistake at a node, to be raised."""
        return ExpressionError(message, self._text, node.at)

    def _slots(self, count: int) -> int:
        self.size += count
        return self.size - count

    # ---- values and names

    def _constant(self, node: nodes.Constant) -> Typed:
        return fixed(nature_of(node.value), node.value)

    def _name(self, node: nodes.Name) -> Typed:
        for name, slot, nature in reversed(self._variables):
            if name == node.name:
                return _slot(nature, slot)
        known = self._names.get(node.name)
        if known is None:
            if node.name == "$env":
                self.used.update(self._names)
                return Typed(MAP, self._environment)
            if node.name in FUNCTIONS and node.name not in self._hidden:
                return fixed(Nature("func", "func(...interface {}) (interface {}, error)"), known)
            raise self.error(node, f"unknown name {node.name}")
        self.used.add(node.name)
        if isinstance(known, External):
            return fixed(known.nature, known)
        get = known.get
        return Typed(known.nature, lambda frame: get(frame.subject))

    def _environment(self, frame: Frame) -> dict[str, Any]:
        return {
            name: known if isinstance(known, External) else known.get(frame.subject)
            for name, known in self._names.items()
        }

    def _let(self, node: nodes.Let) -> Typed:
        if node.name in self._names:
            raise self.error(node, f"cannot redeclare {node.name}")
        if node.name in FUNCTIONS or node.name in predicates.WALKERS:
            raise self.error(node, f"cannot redeclare builtin {node.name}")
        if any(name == node.name for name, _, _ in self._variables):
            raise self.error(node, f"cannot redeclare variable {node.name}")
        value = self.compile(node.value)
        slot = self._slots(1)
        self._variables.append((node.name, slot, value.nature))
        body = self.compile(node.body)
        self._variables.pop()

        def run(frame: Frame) -> Any:
            frame.slots[slot] = value.run(frame)
            return body.run(frame)

        return Typed(body.nature, run)

    def _sequence(self, node: nodes.Sequence) -> Typed:
        parts = [self.compile(part) for part in node.nodes]
        runs = [part.run for part in parts]

        def run(frame: Frame) -> Any:
            value = None
            for part in runs:
                value = part(frame)
            return value

        return Typed(parts[-1].nature, run)

    def _array(self, node: nodes.Array) -> Typed:
        parts = [self.compile(part) for part in node.nodes]
        natures = [part.nature for part in parts]
        same = all(one.kind == two.kind for one, two in pairwise(natures))
        nature = array_of(natures[-1] if natures else UNKNOWN) if same else ANYS
        runs = [part.run for part in parts]
        size = len(runs)

        def run(frame: Frame) -> list[Any]:
            frame.grow(size)
            return [part(frame) for part in runs]

        return Typed(nature, run, all(part.constant for part in parts))

    def _map(self, node: nodes.Map) -> Typed:
        pairs = [(self.compile(key).run, self.compile(value).run) for key, value in node.pairs]
        size = len(pairs)

        def run(frame: Frame) -> dict[str, Any]:
            frame.grow(size)
            made: dict[str, Any] = {}
            for key, value in pairs:
                name = key(frame)
                if type(name) is not str:
                    shown = values.type_text(name)
                    message = f"interface conversion: interface {{}} is {shown}, not string"
                    raise EvaluationError(message)
                made.setdefault(name, value(frame))  # of two the first counts
            return made

        return Typed(MAP, run)

    # ---- operators

    def _unary(self, node: nodes.Unary) -> Typed:
        part = self.compile(node.operand)
        try:
            return operators.unary(node.operator, part)
        except Mismatch as mismatch:
            raise self.error(node, str(mismatch)) from None

    def _binary(self, node: nodes.Binary) -> Typed:
        if node.operator in _LOGICAL:
            return self._logical(node)
        left, right = self.compile(node.left), self.compile(node.right)
        try:
            return operators.binary(node.operator, left, right)
        except Mismatch as mismatch:
            raise self.error(node, str(mismatch)) from None

    def _logical(self, node: nodes.Binary) -> Typed:
        """A row of `and`s, or of `or`s, at once: lists of conditions may be long."""
        word = _LOGICAL[node.operator]
        row, left = [node], node.left
        while isinstance(left, nodes.Binary) and _LOGICAL.get(left.operator) == word:
            row.append(left)
            left = left.left
        parts = [self.compile(left)]
        before = parts[0].nature
        for each in reversed(row):
            part = self.compile(each.right)
            try:
                operators.check_logical(each.operator, before, part.nature)
            except Mismatch as mismatch:
                raise self.error(each, str(mismatch)) from None
            parts.append(part)
            before = BOOL
        return operators.all_of(parts) if word == "and" else operators.any_of(parts)

    def _conditional(self, node: nodes.Conditional) -> Typed:
        condition = self.compile(node.condition)
        if condition.nature.kind != "bool" and not condition.nature.unknown:
            shown = condition.nature.text
            message = f"non-bool expression (type {shown}) used as condition"
            raise self.error(node.condition, message)
        then, otherwise = self.compile(node.then), self.compile(node.otherwise)
        test, one, two = condition.run, then.run, otherwise.run
        nature = operators.joint(then.nature, otherwise.nature)
        if condition.nature.kind == "bool":
            return Typed(nature, lambda frame: one(frame) if test(frame) else two(frame))
        return Typed(nature, lambda frame: (one if values.truth(test(frame)) else two)(frame))

    # ---- members

    def _member(self, node: nodes.Member) -> Typed:
        return self._members.member(node)

    def _chain(self, node: nodes.Chain) -> Typed:
        return self._members.chain(node)

    def _slice(self, node: nodes.Slice) -> Typed:
        return self._members.slice(node)

    # ---- calls

    def _call(self, node: nodes.Call) -> Typed:
        if isinstance(node.callee, nodes.Member):
            return self._members.call(node, node.callee)
        callee = self.compile(node.callee)
        assert isinstance(node.callee, nodes.Name)
        name = node.callee.name
        if callee.nature.unknown:
            return self._call_unknown(callee, node)
        if callee.nature.kind != "func":
            raise self.error(node, f"{callee.nature.text} is not callable")
        external = callee.run(Frame(None, 0))
        if not isinstance(external, External):
            return self._builtin(nodes.Builtin(node.at, name, node.arguments))
        parts = [self.compile(argument) for argument in node.arguments]
        try:
            nature = fit(name, external.nature, [part.nature for part in parts])
        except Misfit as misfit:
            raise self._misfit(node, node.arguments, misfit) from None
        return Typed(nature, _calling(external, parts))

    def _call_unknown(self, callee: Typed, node: nodes.Call) -> Typed:
        parts = [self.compile(argument).run for argument in node.arguments]

        def run(frame: Frame) -> Any:
            found = callee.run(frame)
            if not isinstance(found, External):
                shown = "nil" if found is None else f"type {values.type_text(found)}"
                message = f"invalid operation: cannot call non-function of {shown}"
                raise EvaluationError(message)
            return found.call(frame.subject, *[part(frame) for part in parts])

        return Typed(UNKNOWN, run)

    def _misfit(self, node: Node, arguments: Sequence[Node], misfit: Misfit) -> ExpressionError:
        place = node if misfit.index is None else arguments[misfit.index]
        return self.error(place, str(misfit))

    def _builtin(self, node: nodes.Builtin) -> Typed:
        known = FUNCTIONS.get(node.name)
        if known is None:
            return self._predicate(node)
        self.volatile |= known.volatile
        parts = [self.compile(argument) for argument in node.arguments]
        natures = [part.nature for part in parts]
        try:
            if known.check is not None:
                nature = known.check(natures)
            else:
                nature = match(node.name, known.overloads, natures)
        except Misfit as misfit:
            raise self._misfit(node, node.arguments, misfit) from None
        except Mismatch as mismatch:
            raise self.error(node, str(mismatch)) from None
        return Typed(nature, _builtin_call(known, [part.run for part in parts]))

    # ---- predicates

    def _block(self, node: nodes.Block) -> Typed:
        return self.compile(node.node)

    def _pointer(self, node: nodes.Pointer) -> Typed:
        slot, item, names = self._scopes[-1]
        if not node.name:
            return _slot(item, slot)
        if node.name not in names:
            raise self.error(node, f"unknown pointer #{node.name}")
        place = slot + {"index": 1, "acc": 2}[node.name]
        return _slot(names[node.name], place)

    def _predicate(self, node: nodes.Builtin) -> Typed:
        name, arguments = node.name, node.arguments
        source = self.compile(arguments[0])
        if not source.nature.array and not source.nature.unknown:
            message = f"builtin {name} takes only array (got {source.nature.text})"
            raise self.error(arguments[0], message)
        slot = self._slots(3)
        item = source.nature.item() if source.nature.array else UNKNOWN
        walk = predicates.elements(source.run, slot)
        if len(arguments) == 1:
            return self._without_test(name, walk, slot, item)
        names = {"map": {"index": INT}, "reduce": {"index": INT, "acc": UNKNOWN}}.get(name, {})
        self._scopes.append((slot, item, names))
        test = self.compile(arguments[1])
        self._scopes.pop()
        self._check_test(name, arguments[1], test.nature)
        third = self.compile(arguments[2]) if len(arguments) > 2 else None
        return self._walking(node, walk, test, third, slot, source.nature)

    def _without_test(self, name: str, walk: Any, slot: int, item: Nature) -> Typed:
        """`count` of truth values and `sum` of numbers."""
        run = predicates.WALKERS[name](walk, lambda frame: frame.slots[slot])
        return Typed(INT if name == "count" else item, run)

    def _check_test(self, name: str, node: Node, nature: Nature) -> None:
        if nature.kind == "nil":
            raise self.error(node, "predicate should has one input and one output param")
        if name in _TESTS and nature.kind != "bool" and not nature.unknown:
            raise self.error(node, f"predicate should return boolean (got {nature.text})")

    def _walking(
        self,
        node: nodes.Builtin,
        walk: Any,
        test: Typed,
        third: Typed | None,
        slot: int,
        source: Nature,
    ) -> Typed:
        name = node.name
        item = source.item() if source.array else UNKNOWN
        if name in ("findIndex", "findLastIndex"):
            backwards = name == "findLastIndex"
            return Typed(INT, predicates.find_index(walk, test.run, slot, backwards=backwards))
        if name == "sortBy":
            if third is not None and third.nature != STRING and not third.nature.unknown:
                message = f"sortBy order argument must be a string (got {third.nature.text})"
                raise self.error(node.arguments[2], message)
            order: Run = third.run if third else lambda _: "asc"
            return Typed(source, predicates.sort_elements(walk, test.run, order))
        if name == "reduce":
            start = third.run if third else None
            run = predicates.reduce_elements(walk, test.run, start, slot)
            return Typed(test.nature, run)
        results = {
            "count": INT,
            "filter": array_of(item) if source.array else ANYS,
            "map": array_of(test.nature),
            "find": item,
            "findLast": item,
            "groupBy": GROUPS,
            "sum": test.nature,
        }
        return Typed(results.get(name, BOOL), predicates.WALKERS[name](walk, test.run))


def _slot(nature: Nature, place: int) -> Typed:
    return Typed(nature, lambda frame: frame.slots[place])


def _calling(external: External, parts: Sequence[Typed]) -> Run:
    """A call of a function of the environment, without a loop for few arguments."""
    call, runs = external.call, [part.run for part in parts]
    if not runs:
        return lambda frame: call(frame.subject)
    if len(runs) == 1:
        one = runs[0]
        if parts[0].constant:
            value = one(Frame(None, 0))
            return lambda frame: call(frame.subject, value)
        return lambda frame: call(frame.subject, one(frame))
    return lambda frame: call(frame.subject, *[run(frame) for run in runs])


def _builtin_call(known: Function, runs: Sequence[Run]) -> Run:
    work = known.run
    if known.sized:

        def sized(frame: Frame) -> Any:
            made = work(*[run(frame) for run in runs])
            frame.grow(len(made))
            return made

        return sized
    if len(runs) == 1:
        one = runs[0]
        return lambda frame: work(one(frame))
    return lambda frame: work(*[run(frame) for run in runs])
