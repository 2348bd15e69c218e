"""*on* runs commands when the server has started and when it is told to end."""

from __future__ import annotations

from typing import Final

from corepy import Controller
from corepy.corefile.faults import NamelessError, argument_error
from corepy.corefile.line import Directive
from corepy.errors import ConfigError
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.on.command import Command, CommandError, split
from corepy_plugins.on.events import Events

NAMES: Final = ("startup", "shutdown", "certrenew")
_KEY: Final = "on"


def setup(c: Controller) -> Events | None:
    """`on EVENT COMMAND [ARGS...] [&]`, any number of times; one plugin for all server blocks."""
    events: Events | None = c.host.shared.get(_KEY)
    found = events or Events()
    for directive in c.directives:
        try:
            event, command = _parse(directive)
        except ConfigError as error:
            raise NamelessError(error.message, error.span, error.hint) from error
        if event == "certrenew":
            c.warn("no certificates are renewed by this server", directive.args[0])
        found.add(event, command)
    if events is not None:
        return None
    c.host.shared[_KEY] = found
    return found


def _parse(directive: Directive) -> tuple[str, Command]:
    word, *rest = directive.args or ([directive.brace] if directive.brace else directive.count(1))
    event = word.text.lower()
    if event not in NAMES:
        hint = did_you_mean(event, NAMES) or "one of: " + ", ".join(NAMES)
        message = f"Wrong event name or event not supported: '{word.shown}'"
        raise directive.error(message, word, hint)
    line = " ".join(token.text for token in rest)
    try:
        words = split(line)
    except CommandError as fault:
        raise directive.error(f"error parsing command: {fault}") from None
    if not words:
        raise directive.error(f"no command contained in '{line}'", word)
    if directive.brace:
        raise argument_error("", directive.brace.span, brace=True)
    return event, Command(words)
