"""Tells whoever announces changes of zones, if the server block has somebody who does."""

from __future__ import annotations

from collections.abc import Callable

from corepy.controller import Controller
from corepy.plugin import Notifier

Tell = Callable[[str], None]
"""Takes the name of a zone that has changed, in text form."""


def teller(c: Controller) -> Tell:
    """A function for the plugin of `c`, to be called once queries are answered.

    Servers that do not take the notice are named in a warning of that plugin. Of several worker
    processes, which all see the change, one tells.
    """

    def failed(reason: str) -> None:
        c.log.warning("Failed sending notifies: %s", reason)

    def tell(zone: str) -> None:
        if not c.host.leader:
            return
        for block, _, part in c.host.plugins:
            if block is c.block and isinstance(part, Notifier):
                part.notify(zone, failed)

    return tell
