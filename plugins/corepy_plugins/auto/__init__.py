"""*auto* answers from the zones in a folder of master files, which come and go with the files."""

from __future__ import annotations

from corepy import Controller, CorepyError, Token
from corepy.corefile.faults import SetupError
from corepy.errors import ConfigErrors
from corepy.lib.notices import teller
from corepy.plugin import Labeller
from corepy_plugins.auto.handler import Auto
from corepy_plugins.auto.options import parse
from corepy_plugins.auto.zones import AutoZones


def setup(c: Controller) -> Auto:
    """`auto [ZONES...] { directory DIR [REGEXP TEMPLATE]; reload DURATION }`."""
    options = parse(c)

    def refuse(message: str, token: Token) -> CorepyError:
        return ConfigErrors([SetupError(c.name, c.error(message, token))])

    def labellers() -> list[Labeller]:
        return [
            part
            for block, _, part in c.host.plugins
            if block is c.block and isinstance(part, Labeller)
        ]

    return Auto(options, AutoZones(options, labellers, c.log), teller(c), refuse, c.log)
