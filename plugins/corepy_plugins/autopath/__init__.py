"""*autopath* walks the client's search path on its behalf."""

from __future__ import annotations

from corepy import Controller, Token
from corepy.corefile.faults import BareError
from corepy_plugins.autopath.handler import Autopath
from corepy_plugins.autopath.resolv import search_path


def setup(c: Controller) -> Autopath:
    """`autopath [ZONES...] RESOLV-CONF|@PLUGIN`; of several occurrences the last one counts."""
    path: tuple[bytes, ...] = ()
    source: Token | None = None
    zones: tuple[str, ...] = ()
    for directive in c.directives:
        if not directive.args:
            raise _without(directive.name)
        *names, last = directive.args
        zones = c.zones(names)
        if last.text.startswith("@"):
            source = last
        else:
            path = _read(last)
        if directive.brace:
            raise _without(directive.brace)
    count = c.counter("success_total", "Questions answered from along the search path.", "server")
    return Autopath(c, zones, path, source, count)


def _without(token: Token) -> BareError:
    hint = "a file with a search line, or '@' and the name of a plugin"
    return BareError("no resolv-conf specified", token.span, hint)


def _read(token: Token) -> tuple[bytes, ...]:
    try:
        return search_path(token.text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        message = f'failed to parse "{token.shown}": open {token.shown}: {reason}'
        raise BareError(message, token.span) from None
