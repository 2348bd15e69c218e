"""The expression language of *view* and *template*: expr-lang (github.com/expr-lang/expr).

An expression is read and checked once, when the Corefile is: unknown names, wrong arguments and
types that do not go together are refused with the same words. What is left are nested Python
callables. Nothing is evaluated as Python source, and the work of one evaluation is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from corepy.lib.expression.build import build
from corepy.lib.expression.builtins import FUNCTIONS
from corepy.lib.expression.compiler import Compiler
from corepy.lib.expression.faults import EvaluationError, ExpressionError
from corepy.lib.expression.frame import Frame
from corepy.lib.expression.lexer import PREDICATES
from corepy.lib.expression.names import External, Names, Variable
from corepy.lib.expression.natures import Nature
from corepy.lib.expression.values import format_value

__all__ = [
    "RESERVED",
    "EvaluationError",
    "ExpressionError",
    "External",
    "Names",
    "Program",
    "Variable",
    "compile",
    "format_value",
]

RESERVED = frozenset(FUNCTIONS) | frozenset(PREDICATES) | {
    "true", "false", "nil", "not", "in", "or", "and", "matches", "contains", "startsWith",
    "endsWith", "let", "if", "else", "type",
}  # fmt: skip
"""Words that mean something in the language, so that no variable should be called so."""

_WRONG = (ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError)


class Program:
    """A compiled expression.

    `nature` is what it gives, `names` are those it may look at, `volatile`: it looks at the clock.
    """

    __slots__ = ("_run", "_size", "names", "nature", "source", "volatile")

    def __init__(self, source: str, compiler: Compiler, root: Any) -> None:
        compiled = compiler.compile(root)
        self.source = source
        self.nature: Nature = compiled.nature
        self.names = frozenset(compiler.used)
        self.volatile = compiler.volatile
        self._run = compiled.run
        self._size = compiler.size

    def run(self, subject: Any) -> Any:
        """The value for one subject; raises `EvaluationError` if there is none."""
        try:
            return self._run(Frame(subject, self._size))
        except _WRONG as fault:
            raise EvaluationError(str(fault)) from fault

    def holds(self, subject: Any) -> bool:
        """True if the value is true; everything else, a failure included, is not."""
        try:
            return self.run(subject) is True
        except EvaluationError:
            return False


def compile(  # noqa: A001 - as in re
    source: str, names: Names, hidden: Iterable[str] = ("type",)
) -> Program:
    """Compile an expression over `names`; raises `ExpressionError`.

    `hidden` are functions of the language that are switched off: CoreDNS has a `type` of its own.
    """
    off = frozenset(hidden)
    builtins = (frozenset(FUNCTIONS) | frozenset(PREDICATES)) - off
    root = build(source, frozenset(names), builtins)
    try:
        return Program(source, Compiler(source, names, off), root)
    except RecursionError:
        raise ExpressionError("expression is nested too deeply", source, 0) from None
