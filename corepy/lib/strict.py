"""Counts arguments for plugins whose CoreDNS twins take no `}` for the end of a line."""

from __future__ import annotations

from corepy.corefile.faults import argument_error
from corepy.corefile.line import Line
from corepy.corefile.token import Token


def exactly(line: Line, least: int, most: int) -> list[Token]:
    """`Line.count`, but a `}` on the same line is one word too many."""
    args = line.count(least, most)
    if len(args) < len(line.args):
        last = line.args[-1]
        raise argument_error(last.shown, last.span, hint="put the closing brace on its own line")
    return args
