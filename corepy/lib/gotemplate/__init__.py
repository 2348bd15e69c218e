"""Go's text/template: text with actions such as `{{ .Name }}`, for what CoreDNS makes of them.

A template is read and checked once and becomes Python functions; nothing of it is ever evaluated as
Python. Running one is bounded in steps, text and depth. Data are the values that
`corepy.lib.gotemplate.values` describes.
"""

from __future__ import annotations

from collections.abc import Mapping

from corepy.lib.gotemplate.build import build
from corepy.lib.gotemplate.builtins import BUILTINS, SHORT
from corepy.lib.gotemplate.faults import ExecutionError, Failure, TemplateError
from corepy.lib.gotemplate.parse import parse
from corepy.lib.gotemplate.run import Run
from corepy.lib.gotemplate.values import (
    NOTHING,
    Anything,
    Fields,
    Method,
    Struct,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    method,
)

__all__ = [
    "NOTHING",
    "Anything",
    "ExecutionError",
    "Failure",
    "Fields",
    "Method",
    "Struct",
    "Template",
    "TemplateError",
    "Uint8",
    "Uint16",
    "Uint32",
    "Uint64",
    "method",
]


class Template:
    """A template ready to run; `str()` prints it the way Go does."""

    __slots__ = ("_program", "_source")

    def __init__(self, name: str, text: str, functions: Mapping[str, Method] | None = None) -> None:
        """Read `text`; `name` is what messages call it. Raises `TemplateError`."""
        known = {**BUILTINS, **(functions or {})}
        self._source = parse(name, text, {*known, *SHORT})
        self._program = build(self._source, known)

    def execute(self, data: object) -> str:
        """What the template makes of the data; raises `ExecutionError`."""
        run = Run(self._program.slots, data)
        try:
            self._program.execute(run, data)
        except RecursionError as error:
            # The levels of a template are counted; what is left depends on who calls this.
            name = self._source.name
            raise ExecutionError(f"template: {name}: too many calls within each other") from error
        return "".join(run.out)

    def __str__(self) -> str:
        return str(self._source.defined[self._source.name])
