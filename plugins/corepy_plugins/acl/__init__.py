"""*acl* lets queries through or turns them away, by client, type and zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from corepy import Controller, Directive, Property, Token, Zones
from corepy.lib import cidr
from corepy.lib.cidr import Network
from corepy.lib.mnemonics import type_number
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.acl.counters import Counters
from corepy_plugins.acl.handler import Acl
from corepy_plugins.acl.rule import Action, Policy, Rule

_SECTIONS: Final = ("type", "net")


def setup(c: Controller) -> Acl:
    """`acl [ZONES...] { ACTION [type TYPES...] [net NETWORKS...] }`, any number of times."""
    return Acl([_rule(c, directive) for directive in c.directives], Counters(c))


def _rule(c: Controller, directive: Directive) -> Rule:
    zones = Zones(c.zones(directive.args))
    return Rule(zones, [_policy(prop) for prop in directive.body])


def _policy(prop: Property) -> Policy:
    name = prop.name.text.lower()
    known = [action.value for action in Action]
    if name not in known:
        message = (
            f"unexpected token {_quoted(prop.name)}; expect 'allow', 'block', 'filter' or 'drop'"
        )
        raise prop.error(message, prop.name, did_you_mean(name, known))
    types: frozenset[int] | None = None
    networks: list[Network] = []
    everyone = not any(token.text.lower() == "net" for token in prop.args)
    for section, tokens in _sections(prop):
        # Several sections of a kind add up; a `*` takes in everything, also what came before it.
        if section == "type":
            types = _joined(types, _types(prop, tokens))
        else:
            found = _networks(prop, tokens)
            everyone |= found is None
            networks += found or ()
    return Policy(Action(name), types, None if everyone else tuple(networks))


def _quoted(token: Token) -> str:
    shown = token.shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{shown}"'


def _sections(prop: Property) -> Iterator[tuple[str, list[Token]]]:
    """The words `type` and `net`, each with the words behind it."""
    rest = list(prop.args)
    while rest:
        head = rest.pop(0)
        section = head.text.lower()
        if section not in _SECTIONS:
            hint = did_you_mean(section, _SECTIONS)
            raise prop.error(f"unexpected token {_quoted(head)}; expect 'type | net'", head, hint)
        tokens: list[Token] = []
        while rest and rest[0].text.lower() not in _SECTIONS:
            tokens.append(rest.pop(0))
        if not tokens:
            raise prop.error(f'no token specified in "{section}" section', head)
        yield section, tokens


def _types(prop: Property, tokens: Sequence[Token]) -> frozenset[int]:
    found: set[int] = set()
    for token in tokens:
        if token.text == "*":
            found.add(0)
            break  # CoreDNS looks no further
        number = type_number(token.text)
        if number is None:
            message = f"unexpected token {_quoted(token)}; expect legal QTYPE"
            upper = token.text.upper()
            hint = f"did you mean '{upper}'?" if type_number(upper) else None
            raise prop.error(message, token, hint)
        found.add(number)
    return frozenset(found)


def _joined(before: frozenset[int] | None, more: frozenset[int]) -> frozenset[int]:
    return more | (before or frozenset())


def _networks(prop: Property, tokens: Sequence[Token]) -> tuple[Network, ...] | None:
    """None if there is a `*` among them."""
    found: list[Network] = []
    for token in tokens:
        text = token.text
        if text == "*":
            return None
        if "/" not in text:
            text += "/128" if ":" in text else "/32"
        network = cidr.network(text)
        if network is None:
            raise prop.error(f'illegal CIDR notation "{text}"', token)
        found.append(network)
    return tuple(found)
