"""Who may have which zone, and what a Corefile says about it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NoReturn

from corepy import ConfigError, Controller, Directive, Property, Token, Zones
from corepy.corefile.faults import BareError
from corepy.lib.closing import last_line
from corepy.lib.suggest import hint as did_you_mean
from corepy.lib.upstream.address import DNS_PORT, Address, is_ip, join, split_host_port

_KNOWN: Final = ("source", "to")


@dataclass
class Rule:
    """One `transfer` of the server block.

    * `everybody`: there is a `*`, so no address is refused;
    * `to`: those who are told about changes, and who may transfer;
    * `source`: the local address that notices come from, empty for whatever the system picks.
    """

    zones: tuple[str, ...]
    everybody: bool = False
    to: list[Address] = field(default_factory=list)
    source: str = ""

    def allows(self, host: str) -> bool:
        """Whether the client at this address may transfer; ports do not matter."""
        return self.everybody or any(_same(address.host, host) for address in self.to)


def _same(known: str, host: str) -> bool:
    """Addresses are compared as such, not as text; a scope counts if the known one has it."""
    if "%" not in known:
        host = host.partition("%")[0]
    return known == host or ipaddress.ip_address(known) == ipaddress.ip_address(host)


class Rules:
    """All of them; the one with the longest zone counts, of several for one zone the first."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self._rules: dict[str, Rule] = {}
        for rule in rules:
            for zone in rule.zones:
                self._rules.setdefault(zone, rule)
        self._zones = Zones(self._rules)

    def match(self, name: bytes) -> Rule | None:
        """The rule for a name in lower-case wire form, None if there is none."""
        zone = self._zones.match(name)
        return None if zone is None else self._rules[zone]


def parse(c: Controller) -> list[Rule]:
    """The rules of a server block; raises `ConfigError`."""
    return [_rule(c, directive) for directive in c.directives]


def _rule(c: Controller, directive: Directive) -> Rule:
    rule = Rule(c.zones(directive.args))
    for arg in directive.args:
        if not c.zones([arg]):
            c.warn(f"'{arg.text}' is no zone and is passed over", arg)
    for prop in directive.body:
        match prop.name.text:
            case "to":
                for token in prop.count(1):
                    _add(rule, token)
            case "source":
                rule.source = _source(prop, rule)
            case name:
                hint = did_you_mean(name, _KNOWN) or "one of: " + ", ".join(_KNOWN)
                _refuse(f'unknown property "{name}"', prop.name, hint=hint)
    if not (rule.everybody or rule.to):
        hint = "'to *' for everybody, or the addresses of other servers"
        _refuse("'to' is required", directive.name, line=last_line(directive), hint=hint)
    return rule


def _add(rule: Rule, token: Token) -> None:
    if token.text == "*":
        rule.everybody = True
        return
    host, port = split_host_port(token.text) or (token.text, "")
    if not is_ip(host):
        hint = "an address, or *; a port may follow, as in 192.0.2.1:5300 or [2001:db8::1]:5300"
        raise BareError(f"must specify an IP address: `{host}'", token.span, hint)
    rule.to.append(join(host, port or str(DNS_PORT)))


def _source(prop: Property, rule: Rule) -> str:
    token = prop.only()
    if rule.source:
        _refuse("source already specified", token)
    if not is_ip(token.text) or "%" in token.text:
        _refuse(f'invalid source address "{token.text}"', token)
    return token.text


def _refuse(message: str, token: Token, *, line: int = 0, hint: str | None = None) -> NoReturn:
    """CoreDNS names this plugin twice in the errors it makes itself."""
    place = f"{token.file}:{line or token.line} - Error during parsing: "
    raise ConfigError(f"plugin/transfer: {place}{message}", token.span, hint)
