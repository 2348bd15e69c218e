"""*ready* answers `/ready` over HTTP once all plugins that have to get ready are."""

from __future__ import annotations

from typing import Final

from corepy import Controller, Property
from corepy.lib.http import listener
from corepy.lib.listen import argument
from corepy.lib.strict import exactly
from corepy.lib.suggest import hint

from .endpoint import ReadyEndpoint
from .readiness import ANSWER, Readiness

DEFAULT: Final = ":8181"


def setup(c: Controller) -> ReadyEndpoint:
    """`ready [ADDRESS] { monitor until-ready|continuously }`."""
    address = argument(c.once(), DEFAULT)
    continuously = False
    for prop in c.properties():
        match prop.name.text:
            case "monitor":
                continuously = _mode(prop) == "continuously"
            case _:
                prop.unknown("monitor")
    readiness: Readiness = c.host.shared.setdefault("ready", Readiness(c.host))
    # One answer for the whole process, so one way to find it: the last block says which.
    readiness.continuously = continuously
    readiness.blocks.append(c.block)
    c.host.answers[ANSWER] = readiness.missing
    return ReadyEndpoint(listener(c.host, address), readiness, c.log)


def _mode(prop: Property) -> str:
    (token,) = exactly(prop, 1, 1)
    modes = ("until-ready", "continuously")
    if token.text not in modes:
        near = hint(token.text, modes) or "one of: " + ", ".join(modes)
        raise prop.error(f"monitor type '{token.text}' not supported", token, near)
    return token.text
