"""What an expression consists of. `at` is where it stands in the text, for messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Node:
    """Any part of an expression."""

    at: int


@dataclass(slots=True)
class Constant(Node):
    """A number, text, octets, truth value or nil."""

    value: Any


@dataclass(slots=True)
class Name(Node):
    """A variable or function."""

    name: str


@dataclass(slots=True)
class Pointer(Node):
    """`#`, the element at hand in a predicate, or `#name`."""

    name: str


@dataclass(slots=True)
class Unary(Node):
    """`not`, `!`, `-` or `+` before an operand."""

    operator: str
    operand: Node


@dataclass(slots=True)
class Binary(Node):
    """An operator between two operands."""

    operator: str
    left: Node
    right: Node


@dataclass(slots=True)
class Member(Node):
    """`base.name` or `base[key]`; `chained` passes a nil before `?.` on to the end of the chain."""

    base: Node
    key: Node
    optional: bool = False
    chained: bool = False
    method: bool = False


@dataclass(slots=True)
class Chain(Node):
    """The whole of a row of members with a `?.` in it."""

    node: Node


@dataclass(slots=True)
class Slice(Node):
    """`base[start:end]`."""

    base: Node
    start: Node | None
    end: Node | None


@dataclass(slots=True)
class Call(Node):
    """A call of a function of the environment, or of a method."""

    callee: Node
    arguments: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Builtin(Node):
    """A call of a function of the language."""

    name: str
    arguments: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Block(Node):
    """The body of a predicate, with or without braces."""

    node: Node


@dataclass(slots=True)
class Let(Node):
    """`let name = value; body`."""

    name: str
    value: Node
    body: Node


@dataclass(slots=True)
class Sequence(Node):
    """Several expressions; the last one is the value."""

    nodes: list[Node]


@dataclass(slots=True)
class Conditional(Node):
    """`condition ? then : otherwise` or `if condition { then } else { otherwise }`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(slots=True)
class Array(Node):
    """`[a, b]`."""

    nodes: list[Node]


@dataclass(slots=True)
class Map(Node):
    """`{key: value}`."""

    pairs: list[tuple[Node, Node]]
