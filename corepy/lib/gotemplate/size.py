"""How much a template is: the steps that executing a part takes, and the levels within it."""

from __future__ import annotations

from collections.abc import Iterable

from corepy.lib.gotemplate.nodes import (
    Action,
    Block,
    Branch,
    Call,
    Chain,
    Command,
    Operand,
    Pipe,
    Statement,
)


def steps(node: Statement) -> int:
    """Those of a statement, without the blocks within it, which are for themselves."""
    if isinstance(node, Action):
        return 1 + _pipe(node.pipe)
    if isinstance(node, Branch):
        return 1 + sum([_pipe(arm.pipe) for arm in node.arms])
    if isinstance(node, Call):
        return 2 + (_pipe(node.pipe) if node.pipe else 0)
    return 1


def _pipe(node: Pipe) -> int:
    return len(node.variables) + sum([_command(command) for command in node.commands])


def _command(node: Command) -> int:
    return 1 + sum([_operand(arg) for arg in node.args])


def _operand(node: Operand) -> int:
    if isinstance(node, Pipe):
        return _pipe(node)
    if isinstance(node, Chain):
        return len(node.names) + _operand(node.operand)
    return 1 + len(getattr(node, "names", ()))


def depth(block: Block | None) -> int:
    """Branches within branches, and parentheses within parentheses."""
    return _deepest([_statement(one) for one in block.statements]) if block else 0


def _statement(node: Statement) -> int:
    if isinstance(node, Action):
        return _levels(node.pipe)
    if isinstance(node, Branch):
        inner = [depth(arm.body) for arm in node.arms] + [depth(node.otherwise)]
        return 1 + _deepest([*inner, *[_levels(arm.pipe) for arm in node.arms]])
    if isinstance(node, Call) and node.pipe:
        return _levels(node.pipe)
    return 0


def _levels(node: Operand) -> int:
    if isinstance(node, Pipe):
        return 1 + _deepest([_levels(arg) for command in node.commands for arg in command.args])
    return _levels(node.operand) if isinstance(node, Chain) else 0


def _deepest(levels: Iterable[int]) -> int:
    return max(levels, default=0)
