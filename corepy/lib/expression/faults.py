"""What can be wrong with an expression: when it is read, and when it is run."""

from __future__ import annotations

from corepy.errors import CorepyError


class ExpressionError(CorepyError):
    """An expression that does not compile.

    `str()` is what expr-lang prints: message, place, the line, and a mark below the place.
    `summary` is the first line of it. `column` counts characters from 0 in `line` (from 1).
    """

    def __init__(self, message: str, text: str, at: int) -> None:
        before = text[:at].split("\n")
        self.reason = message
        self.line = len(before)
        self.column = len(before[-1])
        line = text.split("\n")[self.line - 1]
        self.summary = shown = message
        if line:
            self.summary = f"{message} ({self.line}:{self.column + 1})"
            mark = "." * self.column + "^"
            shown = f"{self.summary}\n | {line.replace(chr(9), ' ')}\n | {mark}"
        super().__init__(shown)


class EvaluationError(CorepyError):
    """An expression that has no value for this query."""
