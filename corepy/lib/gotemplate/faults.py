"""What is wrong with a template, or with running it, in the words of Go's text/template."""

from __future__ import annotations

from corepy.errors import CorepyError


class TemplateError(CorepyError):
    """The text is no template."""


class ExecutionError(CorepyError):
    """A template failed on its data."""


class Failure(Exception):  # noqa: N818 - on its way to become an `ExecutionError` with a place
    """Why an operation failed; who catches it knows where."""
