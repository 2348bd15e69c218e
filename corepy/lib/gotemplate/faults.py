"""What is wrong with a template, or with running it, in the words of Go's text/template."""

from __future__ import annotations

from corepy.errors import CorepyError


class TemplateError(CorepyError):
    """The text is no template. `offset` is where, in characters from the start of the text."""

    def __init__(self, name: str, text: str, offset: int, reason: str) -> None:
        line = text.count("\n", 0, offset) + 1
        super().__init__(f"template: {name}:{line}: {reason}")
        self.offset = offset


class ExecutionError(CorepyError):
    """A template failed on its data."""


class Failure(Exception):  # noqa: N818 - on its way to become an `ExecutionError` with a place
    """Why an operation failed."""
