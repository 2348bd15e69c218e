"""The block of one forward line: its properties and their checks."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from corepy import Controller, Directive, Property, Token
from corepy.corefile.address import is_domain_name, normalize
from corepy.corefile.faults import BareError
from corepy.lib import duration, rcodes
from corepy.lib.suggest import hint as did_you_mean
from corepy.lib.upstream.address import Address, is_ip, join, parse, split_host_port
from corepy.lib.upstream.pool import Limits
from corepy.lib.upstream.server import Probing
from corepy_plugins.forward.policy import POLICIES

_LATER: Final = ("tls", "tls_servername", "doh_method")
_UINT32: Final = 1 << 32
_INT64: Final = 1 << 63


@dataclass(slots=True)
class Settings:
    """What a block says; times in seconds, names of zones in text form.

    `max_attempts` is None for twice the number of upstreams, 0 for no limit. `places` are where the
    times stand, for errors that only show in the end.
    """

    excepted: list[str] = field(default_factory=list)
    force_tcp: bool = False
    prefer_udp: bool = False
    expire: float = 10.0
    max_age: float = 0.0
    max_idle: int = 0
    read_timeout: float = 2.0
    max_fails: int = 2
    max_attempts: int | None = None
    policy: str = "random"
    interval: float = 0.5
    recursion: bool = True
    domain: str = "."
    max_concurrent: int = 0
    next_rcodes: set[int] = field(default_factory=set)
    next_on_nodata: bool = False
    failfast: bool = False
    failover: set[int] = field(default_factory=set)
    source: str = ""
    resolvers: list[Address] = field(default_factory=list)
    places: dict[str, Token] = field(default_factory=dict)

    @property
    def limits(self) -> Limits:
        """How sockets are used."""
        return Limits(self.read_timeout, self.expire, self.max_age, self.max_idle, self.source)

    @property
    def probing(self) -> Probing:
        """How health is looked after."""
        return Probing(self.interval, self.domain, self.recursion, self.force_tcp)


def read(c: Controller, directive: Directive) -> Settings:
    """The settings of one line. Raises `ConfigError`."""
    settings = Settings()
    for line in directive.body:
        prop: Property | None = line
        while prop is not None:
            prop = _read_one(c, settings, prop)
    if 0 < settings.max_age < settings.expire:
        age, expire = duration.format(settings.max_age), duration.format(settings.expire)
        message = f"max_age ({age}) must not be less than expire ({expire})"
        raise BareError(message, settings.places["max_age"].span)
    return settings


def _read_one(c: Controller, settings: Settings, prop: Property) -> Property | None:
    """Read a property; what its line says beyond it is the next one, as for CoreDNS."""
    name = prop.name.text
    if name in _LATER:
        raise prop.error(f"property '{name}' is not available yet", prop.name)
    reader = _READERS.get(name)
    if reader is None:
        prop.unknown(*_READERS)
    used = reader(c, settings, prop)
    rest = prop.args[used:]
    if not rest or (len(rest) == 1 and rest[0].text == "}" and not rest[0].quoted):
        return None
    return Property(rest[0], rest[1:], prop.brace)


# Readers return how many arguments belong to the property.


def _except(c: Controller, settings: Settings, prop: Property) -> int:
    settings.excepted += [zone for arg in prop.count(1) for zone in c.zones([arg])]
    return len(prop.args)


def _flag(attribute: str) -> Callable[[Controller, Settings, Property], int]:
    def read_flag(_: Controller, settings: Settings, prop: Property) -> int:
        prop.none()
        setattr(settings, attribute, True)
        return len(prop.args)

    return read_flag


def _time(attribute: str, *, zero: bool = True) -> Callable[[Controller, Settings, Property], int]:
    def read_time(_: Controller, settings: Settings, prop: Property) -> int:
        token = settings.places[attribute] = prop.count(1)[0]
        setattr(settings, attribute, _seconds(prop, token, zero=zero))
        return 1

    return read_time


def _number(
    attribute: str, below: int, *, unsigned: bool = False
) -> Callable[[Controller, Settings, Property], int]:
    def read_number(_: Controller, settings: Settings, prop: Property) -> int:
        setattr(settings, attribute, _integer(prop, prop.count(1)[0], below, unsigned=unsigned))
        return 1

    return read_number


def _health_check(_: Controller, settings: Settings, prop: Property) -> int:
    args = prop.count(1)
    settings.interval = _seconds(prop, args[0])
    settings.domain = "."
    words = iter(args[1:])
    for word in words:
        if word.text == "no_rec":
            settings.recursion = False
        elif word.text == "domain":
            settings.domain = _domain(prop, next(words, None))
        elif not (word is args[-1] and word.text == "}" and not word.quoted):
            hint = did_you_mean(word.text, ("no_rec", "domain")) or "one of: no_rec, domain"
            raise BareError(f"health_check: unknown option {word.text}", word.span, hint)
    return len(args)


def _domain(prop: Property, word: Token | None) -> str:
    if word is None:
        prop.count(len(prop.args) + 1)
        raise AssertionError
    if not is_domain_name(word.text):
        raise BareError(f"health_check: invalid domain name {word.text}", word.span)
    return (normalize(word.text) or (word.text,))[0]


def _policy(_: Controller, settings: Settings, prop: Property) -> int:
    prop.count(1)
    settings.policy = prop.choice(*POLICIES)
    return 1


def _next(_: Controller, settings: Settings, prop: Property) -> int:
    settings.next_rcodes.update(_rcode(arg) for arg in prop.count(1))
    return len(prop.args)


def _failover(_: Controller, settings: Settings, prop: Property) -> int:
    for arg in prop.count(1):
        rcode = _rcode(arg)
        if rcode == 0:
            raise BareError("NoError cannot be used in failover", arg.span)
        settings.failover.add(rcode)
    return len(prop.args)


def _source_address(_: Controller, settings: Settings, prop: Property) -> int:
    token = prop.count(1)[0]
    if not is_ip(token.text) or "%" in token.text:
        raise prop.error(f"invalid IP address: {token.text}", token)
    address = ipaddress.ip_address(token.text)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    settings.source = str(mapped or address)
    return 1


def _resolver(_: Controller, settings: Settings, prop: Property) -> int:
    found = []
    for arg in prop.count(1):
        host = (split_host_port(arg.text) or (arg.text,))[0]
        if not is_ip(host) or "%" in host:
            message = f'resolver must be an IP address or IP:port: "{arg.text}"'
            raise BareError(message, arg.span)
        found.append(parse(arg.text) or join(host, "53"))
    settings.resolvers = found
    return len(prop.args)


_READERS: Final[dict[str, Callable[[Controller, Settings, Property], int]]] = {
    "except": _except,
    "force_tcp": _flag("force_tcp"),
    "prefer_udp": _flag("prefer_udp"),
    "expire": _time("expire"),
    "max_age": _time("max_age"),
    "max_idle_conns": _number("max_idle", _INT64),
    "read_timeout": _time("read_timeout", zero=False),
    "max_fails": _number("max_fails", _UINT32, unsigned=True),
    "max_connect_attempts": _number("max_attempts", _UINT32, unsigned=True),
    "policy": _policy,
    "health_check": _health_check,
    "max_concurrent": _number("max_concurrent", _INT64),
    "next": _next,
    "next_on_nodata": _flag("next_on_nodata"),
    "failfast_all_unhealthy_upstreams": _flag("failfast"),
    "failover": _failover,
    "source_address": _source_address,
    "resolver": _resolver,
}


def _seconds(prop: Property, token: Token, *, zero: bool = True) -> float:
    try:
        value = duration.parse(token.text)
    except ValueError as fault:
        hint = f"write {token.text}s for seconds" if token.text.isdigit() else None
        raise BareError(str(fault), token.span, hint) from None
    name = prop.name.text
    if value < 0 and zero:
        # CoreDNS prints nanoseconds for this one.
        shown = round(value * 1e9) if name == "health_check" else duration.format(value)
        raise BareError(f"{name} can't be negative: {shown}", token.span)
    if value <= 0 and not zero:
        raise BareError(f"{name} must be positive: {duration.format(value)}", token.span)
    return value


def _integer(prop: Property, token: Token, below: int, *, unsigned: bool) -> int:
    text = token.text
    function = "ParseUint" if unsigned else "Atoi"
    digits = text if unsigned else text.removeprefix("-") if text[:1] == "-" else text.lstrip("+")
    fault = ""
    if not (digits.isascii() and digits.isdigit()):
        fault = "invalid syntax"
    elif len(digits.lstrip("0")) > 19 or int(digits) >= below:
        fault = "value out of range"
    if fault:
        raise BareError(f'strconv.{function}: parsing "{text}": {fault}', token.span)
    number = int(text)
    if number < 0:
        raise BareError(f"{prop.name.text} can't be negative: {number}", token.span)
    return number


def _rcode(token: Token) -> int:
    rcode = rcodes.parse(token.text)
    if rcode is None:
        hint = did_you_mean(token.text, rcodes.NAMES)
        raise BareError(f"{token.text} is not a valid rcode", token.span, hint)
    return rcode


def attempts(settings: Settings, upstreams: Sequence[object]) -> float:
    """How many upstreams may fail to answer one query, infinite without a limit."""
    if settings.max_attempts is None:
        return 2 * len(upstreams)
    return settings.max_attempts or math.inf


def base(c: Controller, token: Token) -> str:
    """FROM as a zone. Raises `ConfigError` if it is none."""
    zones = c.zones([token])
    if not zones:
        raise BareError(f"unable to normalize '{token.text}'", token.span)
    zone, *others = zones
    if others:
        c.warn(
            f"Unsupported CIDR notation: '{token.text}' expands to multiple zones."
            f" Using only '{zone}'.",
            token,
        )
    return zone
