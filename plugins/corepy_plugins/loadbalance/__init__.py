"""*loadbalance* puts the address records of an answer in an order that spreads the load."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from corepy.controller import Controller
from corepy.corefile.faults import BareError
from corepy.corefile.line import Directive, Property
from corepy.corefile.token import Token
from corepy.lib import duration
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.loadbalance.balance import Balance
from corepy_plugins.loadbalance.prefer import Network, parse_network
from corepy_plugins.loadbalance.weights import Weights

ROUND_ROBIN: Final = "round_robin"
WEIGHTED: Final = "weighted"
RELOAD: Final = 30.0
"""Seconds between two looks at the weight file."""


@dataclass
class _Settings:
    weighted: bool = False
    weights: Weights | None = None
    networks: list[Network] = field(default_factory=list)


def setup(c: Controller) -> Balance:
    """`loadbalance [round_robin | weighted FILE { reload DURATION }] { prefer CIDR... }`.

    Of several occurrences the last one decides about the policy, and networks add up until a
    `weighted` line.
    """
    settings = _Settings()
    for directive in c.directives:
        _read(c, directive, settings)
    weights = settings.weights
    return Balance(weights if settings.weighted else None, settings.networks, weights)


def _read(c: Controller, directive: Directive, settings: _Settings) -> None:
    args = directive.args
    policy = args[0].text if args else ROUND_ROBIN
    if policy == ROUND_ROBIN:
        if len(args) > 1:
            raise directive.error(f"unknown property for {policy}", args[1])
        settings.weighted = False
        for prop in directive.body:
            settings.networks += _networks(prop)
    elif policy == WEIGHTED:
        settings.weighted = True
        settings.weights = _weights(c, directive)
        settings.networks.clear()
    else:
        known = (ROUND_ROBIN, WEIGHTED)
        hint = did_you_mean(policy, known) or "one of: " + ", ".join(known)
        raise BareError(f"unknown policy: {args[0].shown}", args[0].span, hint)


def _networks(prop: Property) -> list[Network]:
    if prop.name.text != "prefer":
        prop.unknown("prefer")
    return [_network(prop, token) for token in prop.args]


def _network(prop: Property, token: Token) -> Network:
    try:
        return parse_network(token.text)
    except ValueError as fault:
        quoted = json.dumps(token.text, ensure_ascii=False)
        hint = "an address with the length of the prefix, such as 10.0.0.0/8"
        raise prop.error(f"invalid CIDR {quoted}: {fault}", token, hint) from None


def _weights(c: Controller, directive: Directive) -> Weights:
    if len(directive.args) < 2:
        raise directive.error("missing weight file argument")
    if len(directive.args) > 2:
        raise directive.error("unexpected argument(s)", directive.args[2])
    reload = RELOAD
    for prop in directive.body:
        if prop.name.text != "reload":
            hint = "networks are preferred with round_robin only"
            if prop.name.text == "prefer":
                raise prop.error("unknown property 'prefer'", prop.name, hint)
            prop.unknown("reload")
        reload = _reload(prop)
    name = directive.args[1].text
    path = c.path(name)
    return Weights(path, name if c.block.config.root is None else str(path), reload, c.log)


def _reload(prop: Property) -> float:
    if not prop.args:
        raise prop.error("reload duration value is missing")
    if len(prop.args) > 1:
        raise prop.error("unexpected argument", prop.args[1])
    try:
        reload = duration.parse(prop.args[0].text)
    except ValueError:
        reload = -1.0
    if reload < 0.0:
        raise prop.error(f"invalid reload duration '{prop.args[0].shown}'", prop.args[0])
    return reload
