"""What an expression may name besides the functions of the language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from corepy.lib.expression.natures import UNKNOWN, Nature, function


@dataclass(frozen=True, slots=True)
class Variable:
    """A value; `get` takes what the expression is evaluated for."""

    get: Callable[[Any], Any]
    nature: Nature = UNKNOWN


@dataclass(frozen=True, slots=True)
class External:
    """A function; `call` takes what the expression is evaluated for, then the arguments.

    It may raise `EvaluationError`. `nature` says what it takes and gives.
    """

    call: Callable[..., Any]
    nature: Nature

    @classmethod
    def of(
        cls, call: Callable[..., Any], result: Nature, *parameters: Nature, fails: bool = False
    ) -> External:
        """A function with these parameters."""
        return cls(call, function(parameters, result, fails=fails))


Names = Mapping[str, Variable | External]
