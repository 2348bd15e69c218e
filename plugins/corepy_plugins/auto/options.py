"""What a Corefile says about *auto*."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from corepy import Controller, Property, Token
from corepy.corefile.faults import BareError, argument_error
from corepy.lib import duration, regex
from corepy_plugins.auto.naming import USUAL, Naming

DEFAULT_RELOAD: Final = 60.0
_KNOWN: Final = ("directory", "reload")


@dataclass
class Options:
    """One *auto*; of several in a server block, what the last one says counts.

    * `zones`: what questions may be about;
    * `directory`: by default where the server was started; `token` is its word in the Corefile;
    * `reload`: seconds between two looks at the folder, 0 for none.
    """

    zones: tuple[str, ...]
    directory: Path = Path()
    token: Token | None = None
    naming: Naming = USUAL
    reload: float = DEFAULT_RELOAD


def parse(c: Controller) -> Options:
    """The options of a server block; raises `ConfigError`."""
    options = Options(c.block.zones)
    for directive in c.directives:
        options.zones = c.zones(directive.args)
        for arg in directive.args:
            if not c.zones([arg]):
                c.warn(f"'{arg.text}' is no zone and is passed over", arg)
        for prop in directive.body:
            match prop.name.text:
                case "directory":
                    _directory(c, prop, options)
                case "reload":
                    options.reload = _reload(prop)
                case "upstream":
                    c.warn("upstream has no effect any more and can go", prop.name)
                case _:
                    prop.unknown(*_KNOWN)
    if options.token is None:
        c.warn("auto has no directory and looks for zones in the working directory")
    return options


def _directory(c: Controller, prop: Property, options: Options) -> None:
    folder, *rest = prop.count(1)
    options.directory = Path(os.path.normpath(c.path(folder.text)))
    options.token = folder
    if not rest:
        return
    pattern = _pattern(prop, rest[0])
    if len(rest) != 2:
        hint = "a pattern needs a template for the zone's name, such as {1}"
        word = rest[2] if len(rest) > 2 else rest[0]
        raise argument_error(word.shown, word.span, hint=hint if len(rest) == 1 else None)
    options.naming = Naming(pattern, rest[1].text)


def _pattern(prop: Property, token: Token) -> regex.Pattern:
    if len(token.text.encode("utf-8", "surrogateescape")) > regex.MAX_LENGTH:
        raise prop.error("regexp too large", token)
    try:
        pattern = regex.compile(token.text)
    except regex.RegexError as error:
        raise BareError(str(error), token.span) from None
    if len(pattern.names) == 1:
        hint = "put parentheses around the part that names the zone"
        raise prop.error("Need at least one sub expression", token, hint)
    return pattern


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
        raise BareError("plugin/file: invalid duration", token.span, "0 is never")
    return seconds
