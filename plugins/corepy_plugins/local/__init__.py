"""*local* answers questions about names that mean the client's own machine."""

from __future__ import annotations

from typing import Final

from corepy import Controller
from corepy.corefile.line import Property
from corepy.lib.strict import exactly
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.local.handler import Local

_SWITCH: Final = {"on": True, "off": False}


def setup(c: Controller) -> Local:
    """`local { localhost_prefix on|off }`; of several lines the last one counts."""
    prefix = True
    for directive in c.directives:
        directive.none()
        for prop in directive.body:
            if prop.name.text != "localhost_prefix":
                prop.unknown("localhost_prefix")
            prefix = _switch(prop)
    count = c.counter("localhost_requests_total", "Questions about names that are localhost too.")
    return Local(count.labels(), c.log, prefix=prefix)


def _switch(prop: Property) -> bool:
    (token,) = exactly(prop, 1, 1)
    if token.text not in _SWITCH:
        message = f"localhost_prefix expects 'on' or 'off', got \"{token.shown}\""
        raise prop.error(message, token, did_you_mean(token.text, _SWITCH))
    return _SWITCH[token.text]
