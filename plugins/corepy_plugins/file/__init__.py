"""*file* answers from zones in master files."""

from __future__ import annotations

from corepy import ConfigError, Controller, CorepyError, Token
from corepy.corefile.faults import SetupError
from corepy.errors import ConfigErrors
from corepy.lib.notices import teller
from corepy_plugins.file.handler import File
from corepy_plugins.file.options import parse
from corepy_plugins.file.zonefile import ZoneFile


def setup(c: Controller) -> File:
    """`file DBFILE [ZONES...] { reload, reload_by_mtime, fallthrough }`, as often as needed."""
    options = parse(c)

    def refuse(message: str, token: Token) -> CorepyError:
        error: ConfigError = c.error(message, token)
        return ConfigErrors([SetupError(c.name, error)])

    zones = {zone: ZoneFile(zone, stanza, c.log, refuse) for zone, stanza in options.zones.items()}
    return File(zones, options.fallthrough, teller(c), c.log)
