"""*view* decides by expressions whether its server block takes a query."""

from __future__ import annotations

from typing import Final

from corepy import Controller
from corepy.corefile.faults import BareError, argument_error
from corepy.corefile.line import Property
from corepy.corefile.token import Span, Token
from corepy.lib import expression
from corepy.lib.expression import ExpressionError, Program
from corepy.lib.expression.query import query_names
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.view.filter import View

_NAMES: Final = query_names()


def setup(c: Controller) -> View:
    """`view NAME { expr EXPRESSION }`, once; any number of expressions."""
    directive = c.once()
    if not directive.args:
        raise argument_error(directive.name.shown, directive.name.span)
    name = directive.only().text
    return View(name, [_program(prop) for prop in directive.body])


def _program(prop: Property) -> Program:
    if prop.name.text != "expr":
        prop.unknown("expr")
    try:
        return expression.compile(" ".join(prop.values()), _NAMES)
    except ExpressionError as fault:
        raise BareError(fault.summary, _place(prop, fault.column), _hint(fault)) from None


def _hint(fault: ExpressionError) -> str | None:
    """The function that was probably meant."""
    name = fault.reason.removeprefix("unknown name ")
    return did_you_mean(name, (*_NAMES, *expression.RESERVED)) if name != fault.reason else None


def _place(prop: Property, column: int) -> Span:
    """Where a column of the whole expression stands in the Corefile."""
    for arg in prop.args:
        if column <= len(arg.text):
            return _within(arg, column)
        column -= len(arg.text) + 1
    return (prop.args or [prop.name])[-1].span


def _within(arg: Token, column: int) -> Span:
    quotes = arg.length - len(arg.text)
    span = arg.span
    if quotes not in (0, 2):  # it has escapes, or came out of an environment variable
        return span
    return Span(span.file, span.line, span.column + column + quotes // 2, 1, span.source)
