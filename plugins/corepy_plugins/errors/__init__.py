"""*errors* writes the errors of other plugins to the log."""

from __future__ import annotations

from typing import Final

from corepy.controller import Controller
from corepy.corefile.line import Property
from corepy.corefile.token import Token
from corepy.errors import ConfigError
from corepy.lib import regex
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.errors.consolidate import Consolidation
from corepy_plugins.errors.report import Errors

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
"""Level names of a Corefile, with logging's numbers."""

_SHOW_FIRST: Final = "show_first"
_KNOWN: Final = ("stacktrace", "consolidate")


def setup(c: Controller) -> Errors:
    """`errors [stdout] { stacktrace; consolidate DURATION REGEXP [LEVEL] [show_first] }`, once."""
    directive = c.once()
    for token in directive.count(0, 1):
        if token.text != "stdout":
            message = f"invalid log file: {token.shown}"
            raise c.error(message, token, "errors go to standard output, to nowhere else")
    rules: list[Consolidation] = []
    for prop in directive.body:
        _property(c, prop, rules)
    return Errors(c.log, rules)


def _property(c: Controller, prop: Property, rules: list[Consolidation]) -> None:
    match prop.name.text:
        case "stacktrace":
            c.block.config.extras["stacktrace"] = True
            if prop.args and prop.args[0].text != "}":
                # What follows on the line is read as the next property, as by CoreDNS.
                _property(c, Property(prop.args[0], prop.args[1:]), rules)
        case "consolidate":
            rules.append(_consolidate(c, prop))
        case _:
            raise _unknown(prop.name)


def _unknown(name: Token) -> ConfigError:
    message = (
        f"Syntax error: Unexpected token '{name.shown}', expecting 'Unknown field {name.shown}'"
    )
    return ConfigError(message, name.span, did_you_mean(name.text, _KNOWN))


def _consolidate(c: Controller, prop: Property) -> Consolidation:
    prop.count(2, 4)
    period = prop.duration(0)
    try:
        pattern = regex.compile(prop.args[1].text)
    except regex.RegexError as fault:
        raise prop.error(str(fault), prop.args[1]) from None
    level, show_first = _options(prop)
    return Consolidation(c.log, pattern, period, level, show_first=show_first)


def _options(prop: Property) -> tuple[int, bool]:
    level, show_first = None, False
    for token in prop.args[2:]:
        if token.text in LEVELS:
            if level is not None:
                raise prop.error("multiple log levels specified in consolidate", token)
            if show_first:
                message = "log level must come before show_first in consolidate"
                raise prop.error(message, token)
            level = LEVELS[token.text]
        elif token.text == _SHOW_FIRST:
            show_first = True
        else:
            known = (*LEVELS, _SHOW_FIRST)
            hint = did_you_mean(token.text, known) or "one of: " + ", ".join(known)
            raise prop.error(f"unknown option in consolidate: {token.shown}", token, hint)
    return LEVELS["error"] if level is None else level, show_first
