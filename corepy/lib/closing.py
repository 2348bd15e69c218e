"""Where a directive ends: CoreDNS reports what is missing in a block at its closing brace."""

from __future__ import annotations

from corepy.corefile.lexer import tokenize
from corepy.corefile.line import Directive


def last_line(directive: Directive) -> int:
    """The line of the closing brace, without a block that of the last word."""
    if directive.brace is None:
        return (directive.args or [directive.name])[-1].line
    before = directive.brace
    for prop in directive.body:
        before = (prop.args or [prop.name])[-1]
    after = (before.line, before.column)
    closing = (
        token.line
        for token in tokenize(before.source)
        if token.text == "}" and (token.line, token.column) > after
    )
    return next(closing, before.line)
