"""Go's text/template: text with actions such as `{{ .Name }}`, for what CoreDNS makes of them.

A template is read and checked once and becomes Python functions; nothing of it is ever evaluated as
Python. Running one is bounded in output, loops and depth. Data are the values that
`corepy.lib.gotemplate.values` describes.
"""

from __future__ import annotations

from collections.abc import Mapping

from corepy.lib.gotemplate.build import Builder, Run
from corepy.lib.gotemplate.builtins import BUILTINS, SHORT
from corepy.lib.gotemplate.faults import ExecutionError, Failure, TemplateError
from corepy.lib.gotemplate.parse import parse
from corepy.lib.gotemplate.values import NOTHING, Fields, Method, Struct, method

__all__ = [
    "NOTHING",
    "ExecutionError",
    "Failure",
    "Fields",
    "Method",
    "Struct",
    "Template",
    "TemplateError",
    "method",
]


class Template:
    """A template ready to run; `str()` prints it the way Go does."""

    __slots__ = ("_run", "_slots", "_source")

    def __init__(self, name: str, text: str, functions: Mapping[str, Method] | None = None) -> None:
        """Read `text`; `name` is what messages call it. Raises `TemplateError`."""
        known = {**BUILTINS, **(functions or {})}
        self._source = parse(name, text, {*known, *SHORT})
        self._slots = self._source.slots
        self._run = Builder(self._source, known).build()

    def execute(self, data: object) -> str:
        """What the template makes of the data; raises `ExecutionError`."""
        state = Run(self._slots, data)
        try:
            self._run(state, data)
        except Failure as error:
            raise ExecutionError(f"template: {self._source.name}: {error}") from error
        return "".join(state.out)

    def __str__(self) -> str:
        return str(self._source.root)
