"""Expressions over a query that is always the same."""

from __future__ import annotations

from typing import Final

from corepy.lib import expression
from corepy.lib.expression import (
    EvaluationError,
    ExpressionError,
    External,
    Names,
    format_value,
)
from corepy.lib.expression.natures import STRING, nature_of
from corepy.lib.expression.query import query_names

_FIXED: Final[dict[str, object]] = {
    "type": "A", "name": "www.example.org.", "class": "IN", "proto": "udp", "size": 33,
    "client_ip": "10.0.0.1", "port": "4242", "id": 7, "opcode": 0, "do": True, "bufsize": 1232,
    "server_ip": "127.0.0.1", "server_port": "53",
}  # fmt: skip


def _always(value: object) -> External:
    return External.of(lambda _: value, nature_of(value))


NAMES: Final[Names] = {
    **{name: _always(value) for name, value in _FIXED.items()},
    "metadata": External.of(lambda _, label: f"md:{label}", STRING, STRING),
    "incidr": query_names()["incidr"],
}


def value(source: str) -> str:
    """What an expression comes to, as Go prints it."""
    return format_value(expression.compile(source, NAMES).run(None))


def fails(source: str) -> bool:
    """Whether it compiles and has no value."""
    program = expression.compile(source, NAMES)
    try:
        program.run(None)
    except EvaluationError:
        return True
    return False


def refusal(source: str) -> str:
    """The first line of why it does not compile, empty if it does."""
    try:
        expression.compile(source, NAMES)
    except ExpressionError as fault:
        return fault.summary
    return ""
