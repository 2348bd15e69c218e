"""What a Corefile says about *secondary*."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NoReturn

from corepy import ConfigError, Controller, Directive, Fallthrough, Property, Token
from corepy.corefile.faults import BareError
from corepy.lib.closing import last_line
from corepy.lib.upstream.address import DNS_PORT, Address, is_ip, join, split_host_port

_KNOWN: Final = ("catalog", "fallthrough", "transfer")


@dataclass
class Options:
    """The primaries of each zone; the member zones each catalog may name, none for all."""

    zones: dict[str, list[Address]] = field(default_factory=dict)
    catalogs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fallthrough: Fallthrough = field(default_factory=Fallthrough)


def parse(c: Controller) -> Options:
    """The options of a server block; raises `ConfigError`."""
    options = Options()
    for directive in c.directives:
        zones = c.zones(directive.args)
        primaries: list[Address] = []
        given = False
        for prop in directive.body:
            match prop.name.text:
                case "transfer":
                    primaries += _primaries(prop)
                    given = True
                case "catalog":
                    members = _members(c, prop)
                    for zone in zones:
                        options.catalogs[zone] = _merged(options.catalogs.get(zone), members)
                case "fallthrough":
                    wanted = c.zones(prop.args) if prop.args else (".",)
                    options.fallthrough = Fallthrough(wanted) if wanted else Fallthrough()
                case _:
                    prop.unknown(*_KNOWN)
        if not given:
            _missing(directive)
        for zone in zones:
            options.zones[zone] = primaries
    return options


def _primaries(prop: Property) -> list[Address]:
    word = prop.count(1)[0]
    if word.text != "from":
        raise prop.error(f"unknown property {word.text}", word, "transfer from ADDRESS...")
    return [_address(token) for token in prop.count(2)[1:]]


def _address(token: Token) -> Address:
    if token.text == "*":
        raise BareError("can't use '*' in transfer from", token.span)
    host, port = split_host_port(token.text) or (token.text, "")
    if not is_ip(host):
        raise BareError(f"must specify an IP address: `{host}'", token.span)
    return join(host, port or str(DNS_PORT))


def _members(c: Controller, prop: Property) -> tuple[str, ...]:
    for token in prop.args:
        if not c.zones([token]):
            raise BareError(f'invalid catalog member zone "{token.text}"', token.span)
    return c.zones(prop.args) if prop.args else ()


def _merged(known: tuple[str, ...] | None, more: tuple[str, ...]) -> tuple[str, ...]:
    """Several `catalog` lines add up; one that allows all zones stays."""
    if known is None:
        return more
    return tuple(dict.fromkeys(known + more)) if known and more else ()


def _missing(directive: Directive) -> NoReturn:
    place = f"{directive.name.file}:{last_line(directive)} - Error during parsing: "
    text = "secondary zones require a transfer from property"
    raise ConfigError(f"{place}{text}", directive.name.span)
