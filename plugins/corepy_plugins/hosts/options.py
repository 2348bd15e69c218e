"""What a Corefile says about *hosts*."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from corepy import ConfigError, Controller, Fallthrough, Property, Token
from corepy.lib import duration
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.hosts.table import pack

DEFAULT_FILE: Final = "/etc/hosts"
DEFAULT_TTL: Final = 3600
DEFAULT_RELOAD: Final = 5.0
_LONGEST_TTL: Final = 65535
_KNOWN: Final = ("fallthrough", "fallthrough_unsupported", "no_reverse", "reload", "ttl")


@dataclass
class Options:
    """The options of one server block.

    * `token`: the path as a word of the Corefile, None for the default file;
    * `label`: the path as the metrics name it;
    * `reload`: seconds between two looks at the file, 0 for none;
    * `inline`: the lines in the Corefile that are entries themselves.
    """

    path: Path
    label: str
    token: Token | None
    zones: tuple[str, ...]
    ttl: int = DEFAULT_TTL
    reload: float = DEFAULT_RELOAD
    reverse: bool = True
    fallthrough: Fallthrough = field(default_factory=Fallthrough)
    fallthrough_unsupported: bool = False
    inline: list[str] = field(default_factory=list)


def parse(c: Controller) -> Options:
    """The options of the block's only `hosts`; raises `ConfigError`."""
    directive = c.once()
    token = directive.args[0] if directive.args else None
    path = c.path(token.text) if token else Path(DEFAULT_FILE)
    typed = token is not None and not (c.block.config.root and not Path(token.text).is_absolute())
    label = token.text if token and typed else str(path)
    options = Options(path, label, token, c.zones(directive.args[1:]))
    needs_fallthrough: Property | None = None
    for prop in directive.body:
        match prop.name.text:
            case "fallthrough":
                options.fallthrough = _fallthrough(c, prop)
            case "fallthrough_unsupported":
                prop.none()
                options.fallthrough_unsupported = True
                needs_fallthrough = prop
            case "no_reverse":
                options.reverse = False
                _entry(c, options, prop, prop.args)
            case "ttl":
                options.ttl = _ttl(c, prop)
            case "reload":
                options.reload = _reload(prop)
            case _:
                _entry(c, options, prop, [prop.name, *prop.args])
    if needs_fallthrough and not options.fallthrough.enabled:
        message = "fallthrough_unsupported requires fallthrough"
        raise needs_fallthrough.error(message, needs_fallthrough.name, "add `fallthrough` as well")
    return options


def _fallthrough(c: Controller, prop: Property) -> Fallthrough:
    zones = c.zones(prop.args) if prop.args else (".",)
    if not zones:
        c.warn("fallthrough names no valid zone and passes nothing on", prop.args[0])
        return Fallthrough()
    return Fallthrough(zones)


def _ttl(c: Controller, prop: Property) -> int:
    if not prop.args:
        raise prop.error("ttl needs a time in second")
    token = prop.args[0]
    try:
        ttl = prop.integer()
    except ConfigError as error:
        hint = "a bare number, without a unit"
        raise prop.error("ttl needs a number of second", token, hint) from error
    if not 0 < ttl <= _LONGEST_TTL:
        raise prop.error("ttl provided is invalid", token, f"1 to {_LONGEST_TTL}")
    for extra in prop.args[1:]:
        c.warn("ttl takes one number; this word is ignored", extra)
    return ttl


def _reload(prop: Property) -> float:
    if len(prop.args) != 1:
        raise prop.error("reload needs a duration (zero seconds to disable)")
    token = prop.args[0]
    try:
        seconds = duration.parse(token.text)
    except ValueError as fault:
        hint = f"write {token.text}s for seconds" if token.text.isdigit() else str(fault)
        raise prop.error(f"invalid duration for reload '{token.text}'", token, hint) from None
    if seconds < 0:
        raise prop.error(f"invalid negative duration for reload '{token.text}'", token)
    return seconds


def _entry(c: Controller, options: Options, prop: Property, words: list[Token]) -> None:
    """A line that is no option is an entry, as long as no `fallthrough` stands above it."""
    if not words:
        return
    if options.fallthrough.enabled:
        if pack(words[0].text.encode("utf-8", "surrogateescape")):
            hint: str | None = "entries must stand before `fallthrough`"
        else:
            hint = did_you_mean(words[0].text, _KNOWN)
        raise prop.error(f"unknown property '{words[0].text}'", words[0], hint)
    options.inline.append(" ".join(word.text for word in words))
    if not pack(words[0].text.encode("utf-8", "surrogateescape")):
        hint = did_you_mean(words[0].text, _KNOWN)
        c.warn(f"'{words[0].text}' is no address, this line is ignored", words[0], hint)
