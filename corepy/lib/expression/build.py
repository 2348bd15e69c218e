"""From the grammar's tree to nodes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

from lark import Token, Tree

from corepy.lib.expression import nodes
from corepy.lib.expression.climb import Climb, Item
from corepy.lib.expression.faults import ExpressionError
from corepy.lib.expression.grammar import parse
from corepy.lib.expression.lexer import PREDICATES, describe
from corepy.lib.expression.nodes import Node

_LARGEST: Final = (1 << 63) - 1
_CONSTANTS: Final = {"true": True, "false": False, "nil": None}


def build(text: str, functions: frozenset[str], builtins: frozenset[str]) -> Node:
    """The nodes of an expression.

    `functions` are the names of the environment, `builtins` those functions of the language that
    are not switched off; the former hide the latter. Raises `ExpressionError`.
    """
    try:
        return _Builder(text, functions, builtins).node(parse(text, functions))
    except RecursionError:
        raise ExpressionError("expression is nested too deeply", text, 0) from None


class _Builder:
    def __init__(self, text: str, functions: frozenset[str], builtins: frozenset[str]) -> None:
        self._text = text
        self._functions = functions
        self._builtins = builtins
        self._predicates = 0

    def node(self, tree: Tree[Token] | Token) -> Node:
        """The node of a tree, by the name of its rule."""
        assert isinstance(tree, Tree)
        make: Callable[[list[Any]], Node] = getattr(self, f"_{tree.data}")
        return make(tree.children)

    def _start(self, parts: list[Any]) -> Node:
        return self.node(parts[0])

    def _sequence(self, parts: list[Any]) -> Node:
        found = [self.node(part) for part in parts if isinstance(part, Tree)]
        return found[0] if len(found) == 1 else nodes.Sequence(found[0].at, found)

    def _chain(self, parts: list[Any]) -> Node:
        items: list[Item] = []
        for part in parts:
            if part.data == "pipe":
                items += (part.children[0], self._pipe(part.children))
            else:
                items += self._operands(part)
        return Climb(items, self._text).expression()

    def _operands(self, tree: Tree[Token]) -> list[Item]:
        items: list[Item] = []
        for part in tree.children:
            if isinstance(part, Token):
                items.append(part)
            elif part.data == "operand":
                items += self._operands(part)
            else:
                items.append(self.node(part))
        return items

    def _pipe(self, parts: list[Any]) -> Callable[[Node], Node]:
        _, name, arguments = parts
        return lambda left: self._called(name, [left], arguments)

    def _literal(self, parts: list[Any]) -> Node:
        token = parts[0]
        if token.type == "CONSTANT":
            return nodes.Constant(token.start_pos, _CONSTANTS[token])
        return nodes.Constant(token.start_pos, self._number(token))

    def _number(self, token: Token) -> int | float:
        text = token.replace("_", "").lower()
        kinds = {"0x": ("hex", 16), "0b": ("binary", 2), "0o": ("octal", 8)}
        kind, base = kinds.get(text[:2], ("integer", 10))
        try:
            if kind != "hex" and (set(text) & {".", "e"}):
                kind = "float"
                return _finite(float(text))
            number = int(text if base == 10 else text[2:], base)
        except OverflowError:
            reason = "value out of range"
        except ValueError:
            reason = "invalid syntax"
        else:
            if number <= _LARGEST:
                return number
            reason = "value out of range"
        function = "ParseFloat" if kind == "float" else "ParseInt"
        message = f'invalid {kind} literal: strconv.{function}: parsing "{text}": {reason}'
        raise ExpressionError(message, self._text, min(token.end_pos or 0, len(self._text) - 1))

    def _string(self, parts: list[Any]) -> Node:
        return nodes.Constant(parts[0].start_pos, str(parts[0]))

    def _octets(self, parts: list[Any]) -> Node:
        return nodes.Constant(parts[0].start_pos, parts[0].encode("latin-1"))

    def _name(self, parts: list[Any]) -> Node:
        return nodes.Name(parts[0].start_pos, str(parts[0]))

    def _group(self, parts: list[Any]) -> Node:
        return self.node(parts[1])

    def _key(self, parts: list[Any]) -> Node:
        return self.node(parts[1])

    # ---- calls

    def _call(self, parts: list[Any]) -> Node:
        return self._called(parts[0], [], parts[1])

    def _plain_call(self, parts: list[Any]) -> Node:
        return self._called(parts[1], [], parts[2], hidden=False)

    def _called(
        self, name: Token, before: list[Node], arguments: Tree[Token], *, hidden: bool = True
    ) -> Node:
        at = name.start_pos or 0
        if name.type == "PREDICATE":
            return self._predicate(name, before, arguments)
        found = before + self._arguments(arguments)
        overridden = hidden and name in self._functions
        if name in self._builtins and not overridden and name not in PREDICATES:
            return nodes.Builtin(at, str(name), found)
        return nodes.Call(at, nodes.Name(at, str(name)), found)

    def _predicate(self, name: Token, before: list[Node], arguments: Tree[Token]) -> Node:
        least, most = PREDICATES[name]
        parts = [part for part in arguments.children if isinstance(part, Tree)]
        closing = arguments.children[-1]
        assert isinstance(closing, Token)
        if len(before) + len(parts) < least:
            wanted = most - len(before)
            message = f"expected at least {wanted} arguments"
            raise ExpressionError(message, self._text, closing.start_pos or 0)
        if len(before) + len(parts) > most:
            extra = _first_token(parts[most - len(before)])
            message = f"unexpected token {describe(extra)}"
            raise ExpressionError(message, self._text, extra.start_pos or 0)
        found = list(before)
        for part in parts:
            if len(found) != 1:
                found.append(self.node(part))
                continue
            self._predicates += 1
            body = self.node(part)
            self._predicates -= 1
            at = _first_token(part).start_pos or 0
            found.append(body if isinstance(body, nodes.Block) else nodes.Block(at, body))
        return nodes.Builtin(name.start_pos or 0, str(name), found)

    def _arguments(self, tree: Tree[Token]) -> list[Node]:
        return [self.node(part) for part in tree.children if isinstance(part, Tree)]

    def _block(self, parts: list[Any]) -> Node:
        return nodes.Block(parts[0].start_pos, self.node(parts[1]))

    # ---- members

    def _member(self, parts: list[Any]) -> Node:
        base, dot, name = parts
        member = self._property(self.node(base), dot, name)
        return nodes.Chain(name.start_pos, member) if member.chained else member

    def _method(self, parts: list[Any]) -> Node:
        base, dot, name, arguments = parts
        return self._method_of(self.node(base), dot, name, arguments)

    def _method_of(self, base: Node, dot: Token, name: Token, arguments: Tree[Token]) -> Node:
        member = self._property(base, dot, name)
        member.method = True
        call = nodes.Call(name.start_pos or 0, member, self._arguments(arguments))
        return nodes.Chain(name.start_pos or 0, call) if member.chained else call

    def _property(self, base: Node, dot: Token, name: Token) -> nodes.Member:
        at = name.start_pos or 0
        optional = dot == "?."
        chained = optional or isinstance(base, nodes.Chain)
        if isinstance(base, nodes.Chain):
            base = base.node
        return nodes.Member(at, base, nodes.Constant(at, str(name)), optional, chained)

    def _index(self, parts: list[Any]) -> Node:
        return nodes.Member(parts[1].start_pos, self.node(parts[0]), self.node(parts[2]))

    def _optional_index(self, parts: list[Any]) -> Node:
        at = parts[2].start_pos
        base, key = self.node(parts[0]), self.node(parts[3])
        member = nodes.Member(at, base, key, optional=True, chained=True)
        return nodes.Chain(at, member)

    def _slice(self, parts: list[Any]) -> Node:
        base, *_, bracket, start, _, end, _ = parts
        ends = [None if part is None else self.node(part) for part in (start, end)]
        return nodes.Slice(bracket.start_pos, self.node(base), *ends)

    def _pointer(self, parts: list[Any]) -> Node:
        name = parts[1] if len(parts) > 1 and parts[1] is not None else ""
        return self._element(parts[0], str(name))

    def _field(self, parts: list[Any]) -> Node:
        return self._property(self._element(parts[0], ""), parts[0], parts[1])

    def _field_method(self, parts: list[Any]) -> Node:
        return self._method_of(self._element(parts[0], ""), *parts)

    def _element(self, token: Token, name: str) -> Node:
        if not self._predicates:
            message = f"unexpected token {describe(token)}"
            raise ExpressionError(message, self._text, token.start_pos or 0)
        return nodes.Pointer(token.start_pos or 0, name)

    # ---- the rest

    def _array(self, parts: list[Any]) -> Node:
        found = [self.node(part) for part in parts if isinstance(part, Tree)]
        return nodes.Array(parts[0].start_pos, found)

    def _map(self, parts: list[Any]) -> Node:
        pairs = [self._pair(part.children) for part in parts if isinstance(part, Tree)]
        return nodes.Map(parts[0].start_pos, pairs)

    def _pair(self, parts: list[Any]) -> tuple[Node, Node]:
        key, _, value = parts
        if isinstance(key, Token):
            return nodes.Constant(key.start_pos or 0, str(key)), self.node(value)
        return self.node(key), self.node(value)

    def _ternary(self, parts: list[Any]) -> Node:
        condition, _, then, colon, otherwise = parts
        found = [self.node(part) for part in (condition, then, otherwise)]
        return nodes.Conditional(colon.start_pos, *found)

    def _elvis(self, parts: list[Any]) -> Node:
        condition = self.node(parts[0])
        return nodes.Conditional(parts[2].start_pos, condition, condition, self.node(parts[3]))

    def _when(self, parts: list[Any]) -> Node:
        found = [self.node(part) for part in parts if isinstance(part, Tree)]
        return nodes.Conditional(parts[0].start_pos, *found)

    def _let(self, parts: list[Any]) -> Node:
        _, name, _, value, _, body = parts
        return nodes.Let(name.start_pos, str(name), self.node(value), self.node(body))


def _first_token(tree: Tree[Token]) -> Token:
    return next(iter(tree.scan_values(lambda part: isinstance(part, Token))))


def _finite(number: float) -> float:
    if math.isinf(number):
        raise OverflowError
    return number
