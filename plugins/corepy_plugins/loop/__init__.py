"""*loop* looks for a forwarding loop at the start and ends the server if there is one."""

from __future__ import annotations

from corepy import Controller
from corepy.corefile.faults import argument_error
from corepy.errors import WireError
from corepy_plugins.loop.detector import Detector
from corepy_plugins.loop.probe import Probe


def setup(c: Controller) -> Detector | None:
    """`loop`, without arguments, once per server block."""
    directive = c.once()
    for word in directive.args:
        raise argument_error(word.shown, word.span)
    directive.bare()
    zone = c.block.zones[0] if c.block.zones else "."
    try:
        probe = Probe(zone)
    except WireError:
        c.warn(f"the zone {zone} leaves no room for the name of a probe, so none is sent")
        return None
    return Detector(probe, c.block, c.host)
