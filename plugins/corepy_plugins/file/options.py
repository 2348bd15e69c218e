"""What a Corefile says about *file*."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from corepy import Controller, Directive, Fallthrough, Property, Token
from corepy.corefile.faults import BareError
from corepy.lib import duration

DEFAULT_RELOAD: Final = 60.0
_KNOWN: Final = ("fallthrough", "reload", "reload_by_mtime")


@dataclass
class Stanza:
    """One `file` of the server block.

    * `token`: the path as a word of the Corefile;
    * `reload`: seconds between two looks at the file, 0 for none;
    * `by_mtime`: a changed file is taken whatever its serial.
    """

    path: Path
    token: Token
    reload: float = DEFAULT_RELOAD
    by_mtime: bool = False


@dataclass
class Options:
    """All of them: each zone with its file, and what is passed on, which holds for all zones."""

    zones: dict[str, Stanza] = field(default_factory=dict)
    fallthrough: Fallthrough = field(default_factory=Fallthrough)


def parse(c: Controller) -> Options:
    """The options of a server block; raises `ConfigError`.

    As in CoreDNS `reload`, `reload_by_mtime` and `fallthrough` hold for the following `file` lines
    of the block too, and of two lines for one zone the last one counts.
    """
    options = Options()
    reload, by_mtime = DEFAULT_RELOAD, False
    for directive in c.directives:
        stanza = _stanza(c, directive, reload, by_mtime)
        for prop in directive.body:
            match prop.name.text:
                case "fallthrough":
                    options.fallthrough = _fallthrough(c, prop)
                case "reload":
                    stanza.reload = _reload(prop)
                case "reload_by_mtime":
                    _alone(prop)
                    stanza.by_mtime = True
                case "upstream":
                    c.warn("upstream has no effect any more and can go", prop.name)
                case _:
                    prop.unknown(*_KNOWN)
        reload, by_mtime = stanza.reload, stanza.by_mtime
        for zone in c.zones(directive.args[1:]):
            options.zones.pop(zone, None)
            options.zones[zone] = stanza
    return options


def _stanza(c: Controller, directive: Directive, reload: float, by_mtime: bool) -> Stanza:
    token = directive.count(1)[0]
    for arg in directive.args[1:]:
        if not c.zones([arg]):
            c.warn(f"'{arg.text}' is no zone and is passed over", arg)
    return Stanza(Path(os.path.normpath(c.path(token.text))), token, reload, by_mtime)


def _fallthrough(c: Controller, prop: Property) -> Fallthrough:
    zones = c.zones(prop.args) if prop.args else (".",)
    if not zones:
        c.warn("fallthrough names no valid zone and passes nothing on", prop.args[0])
        return Fallthrough()
    return Fallthrough(zones)


def _reload(prop: Property) -> float:
    if not prop.args:
        raise BareError("reload duration value is expected", prop.name.span, "such as 30s")
    token = prop.args[0]
    try:
        seconds = duration.parse(token.text)
    except ValueError as fault:
        hint = f"write {token.text}s for seconds" if token.text.isdigit() else None
        raise BareError(f"plugin/file: {fault}", token.span, hint) from None
    if seconds < 0:
        raise prop.error(f"negative duration for reload '{token.text}'", token, "0 is never")
    return seconds


def _alone(prop: Property) -> None:
    if prop.args:
        word = prop.args[0]
        hint = "reload_by_mtime takes no argument"
        raise prop.error(f"unknown property '{word.text}'", word, hint)
