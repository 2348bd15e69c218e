"""Which operator binds tighter: flat rows of operands and operators into nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from lark import Token

from corepy.lib.expression.faults import ExpressionError
from corepy.lib.expression.lexer import describe
from corepy.lib.expression.nodes import Binary, Node, Unary

BINARY: Final = {
    "|": 0, "or": 10, "||": 10, "and": 15, "&&": 15, "==": 20, "!=": 20, "<": 20, ">": 20,
    ">=": 20, "<=": 20, "in": 20, "matches": 20, "contains": 20, "startsWith": 20, "endsWith": 20,
    "..": 25, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60, "**": 100, "^": 100, "??": 500,
}  # fmt: skip
_UNARY: Final = {"not": 50, "!": 50, "-": 90, "+": 90}
_RIGHT: Final = ("**", "^")
_COMPARISONS: Final = ("<", ">", ">=", "<=")

Pipe = Callable[[Node], Node]
Item = Token | Node | Pipe
"""An operator, an operand, or what stands behind `|`."""


class Climb:
    """Precedence climbing over one row."""

    def __init__(self, items: Sequence[Item], text: str) -> None:
        self._items = items
        self._text = text
        self._at = 0

    def expression(self, least: int = 0) -> Node:
        """The longest expression from here on whose operators bind at least so tightly."""
        left = self._operand()
        before = ""
        while (token := self._operator(least)) is not None:
            operator = str(token)
            if before == "??" and operator not in ("??", "|"):
                message = (
                    f"Operator ({operator}) and coalesce expressions (??) cannot be mixed. "
                    "Wrap either by parentheses."
                )
                raise ExpressionError(message, self._text, token.start_pos or 0)
            left = self._apply(left, token)
            before = operator
        return left

    def _operator(self, least: int) -> Token | None:
        """The operator that comes next, `not` before it left where it is."""
        at = self._at
        if at >= len(self._items):
            return None
        token = self._items[at]
        if isinstance(token, Token) and str(token) == "not":
            token = self._items[at + 1]
        assert isinstance(token, Token)
        return token if BINARY[token] >= least else None

    def _apply(self, left: Node, token: Token) -> Node:
        negated = str(self._items[self._at]) == "not"
        self._at += 2 if negated else 1
        operator, place = str(token), token.start_pos or 0
        if operator == "|":
            pipe = self._items[self._at]
            self._at += 1
            assert callable(pipe)
            return pipe(left)
        if operator in _COMPARISONS:
            return self._comparison(left, token)
        right = self.expression(BINARY[operator] + (operator not in _RIGHT))
        node: Node = Binary(place, operator, left, right)
        return Unary(place, "not", node) if negated else node

    def _comparison(self, left: Node, token: Token) -> Node:
        """`a < b < c` is `a < b && b < c`."""
        root: Node | None = None
        while True:
            place = token.start_pos or 0
            right = self.expression(BINARY[token] + 1)
            node = Binary(place, str(token), left, right)
            root = node if root is None else Binary(place, "&&", root, node)
            left = right
            following = self._operator(BINARY[token])
            if following is None or following not in _COMPARISONS:
                return root
            token = following
            self._at += 1

    def _operand(self) -> Node:
        item = self._items[self._at]
        self._at += 1
        if isinstance(item, Token):
            if item not in _UNARY:
                message = f"unexpected token {describe(item)}"
                raise ExpressionError(message, self._text, item.start_pos or 0)
            return Unary(item.start_pos or 0, str(item), self.expression(_UNARY[item]))
        assert isinstance(item, Node)
        return item
