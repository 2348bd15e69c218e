"""*transfer* hands out whole zones to other servers and tells them about changes."""

from __future__ import annotations

from corepy import Controller
from corepy.plugin import Transferer
from corepy_plugins.transfer.handler import Transfer
from corepy_plugins.transfer.notify import Notices
from corepy_plugins.transfer.rule import Rules, parse


def setup(c: Controller) -> Transfer:
    """`transfer [ZONES...] { to *|ADDRESS...; source ADDRESS }`, as often as needed."""
    rules = Rules(parse(c))

    def providers() -> list[Transferer]:
        return [
            part
            for block, _, part in c.host.plugins
            if block is c.block and isinstance(part, Transferer)
        ]

    return Transfer(rules, Notices(rules), providers, c.log)
