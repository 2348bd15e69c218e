"""What a template consists of. `offset` is where a part begins, in characters of the text.

`str()` of a node prints it the way Go does, which messages and labels of metrics show.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from corepy.lib.gotemplate.numbers import Number


@dataclass(frozen=True, slots=True)
class Node:
    """Any part."""

    offset: int


# ---- operands


@dataclass(frozen=True, slots=True)
class Dot(Node):
    """The cursor `.`."""

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Nil(Node):
    """The word `nil`."""

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A truth value or a string; `text` as it was written."""

    text: str
    value: bool | str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Numeral(Node):
    """A number or a character; `text` as it was written."""

    text: str
    number: Number

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Function(Node):
    """A function's name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Field(Node):
    """Fields of the cursor: `.A.B`."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join([f".{name}" for name in self.names])


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """A variable and fields of it: `$x.A`."""

    name: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name + "".join([f".{name}" for name in self.names])


@dataclass(frozen=True, slots=True)
class Chain(Node):
    """Fields of a pipeline in parentheses or of a function: `(index .A 1).B`."""

    operand: Operand
    names: tuple[str, ...]

    def __str__(self) -> str:
        inner = f"({self.operand})" if isinstance(self.operand, Pipe) else str(self.operand)
        return inner + "".join([f".{name}" for name in self.names])


@dataclass(frozen=True, slots=True)
class Command(Node):
    """An operand, or a function, method or field with arguments."""

    args: tuple[Operand, ...]

    def __str__(self) -> str:
        return " ".join([f"({arg})" if isinstance(arg, Pipe) else str(arg) for arg in self.args])


@dataclass(frozen=True, slots=True)
class Pipe(Node):
    """Commands, each with the value before as its last argument; the last value is the pipe's.

    `variables` are set to it; they are declared unless `assigns`.
    """

    variables: tuple[Variable, ...]
    assigns: bool
    commands: tuple[Command, ...]

    def __str__(self) -> str:
        text = " | ".join(map(str, self.commands))
        if not self.variables:
            return text
        names = ", ".join([variable.name for variable in self.variables])
        return f"{names} {'=' if self.assigns else ':='} {text}"


Operand = Dot | Nil | Literal | Numeral | Function | Field | Variable | Chain | Pipe

# ---- statements


@dataclass(frozen=True, slots=True)
class Text(Node):
    """Text that is put out as it is."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Action(Node):
    """A pipeline whose value is put out, unless it sets variables."""

    pipe: Pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


@dataclass(frozen=True, slots=True)
class Block(Node):
    """Statements in a row."""

    statements: tuple[Statement, ...]

    def __str__(self) -> str:
        return "".join(map(str, self.statements))

    @property
    def empty(self) -> bool:
        """Whether there is nothing but space."""
        return all(isinstance(one, Text) and not one.text.strip() for one in self.statements)


@dataclass(frozen=True, slots=True)
class Arm(Node):
    """A condition and what it is for."""

    pipe: Pipe
    body: Block


@dataclass(frozen=True, slots=True)
class Branch(Node):
    """`if`, `with` or `range`; `else if` is another arm."""

    keyword: str
    arms: tuple[Arm, ...]
    otherwise: Block | None

    def __str__(self) -> str:
        starts = [f"{{{{{self.keyword} {arm.pipe}}}}}{arm.body}" for arm in self.arms]
        text = "{{else}}".join(starts)
        if self.otherwise is not None:
            text += f"{{{{else}}}}{self.otherwise}"
        return text + "{{end}}" * len(self.arms)


@dataclass(frozen=True, slots=True)
class Jump(Node):
    """`break` or `continue`."""

    keyword: str

    def __str__(self) -> str:
        return f"{{{{{self.keyword}}}}}"


@dataclass(frozen=True, slots=True)
class Call(Node):
    """`template NAME [PIPELINE]`."""

    name: str
    quoted: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return f"{{{{template {self.quoted}{f' {self.pipe}' if self.pipe else ''}}}}}"


Statement = Text | Action | Branch | Jump | Call


@dataclass(slots=True)
class Source:
    """A whole template: its own statements, and those of the templates it defines."""

    name: str
    text: str
    defined: dict[str, Block] = field(default_factory=dict)
