"""*forward* sends queries to other DNS servers and relays what they answer."""

from __future__ import annotations

from corepy import Controller, Directive
from corepy.corefile.faults import argument_error
from corepy.lib import labels
from corepy_plugins.forward.handler import Forward
from corepy_plugins.forward.settings import base, read
from corepy_plugins.forward.stanza import Stanza
from corepy_plugins.forward.targets import targets


def setup(c: Controller) -> Forward:
    """`forward FROM TO... { ... }`, any number of them."""
    stanzas = [_stanza(c, directive) for directive in c.directives]
    return Forward(stanzas, lambda: labels.in_use(c))


def _stanza(c: Controller, directive: Directive) -> Stanza:
    args = directive.args
    if len(args) < 2:
        last = (args or [directive.name])[-1]
        raise argument_error(last.shown, last.span)
    zone = base(c, args[0])
    settings = read(c, directive)
    return Stanza(zone, targets(args[1:], c.warn), settings)
