"""*health* answers `/health` over HTTP as long as the process lives."""

from __future__ import annotations

import asyncio
from typing import Final

from corepy import Controller, Directive, Property
from corepy.corefile.faults import BareError, NamelessError
from corepy.lib import duration
from corepy.lib.http import listener
from corepy.lib.listen import argument, split
from corepy.lib.strict import exactly

from .health import Health

DEFAULT: Final = ":8080"


def setup(c: Controller) -> Health:
    """`health [ADDRESS] { lameduck DURATION }`; of several in a block the last word counts."""
    address, lameduck = DEFAULT, 0.0
    for directive in c.directives:
        address = argument(directive, address)
        for prop in directive.body:
            match prop.name.text:
                case "lameduck":
                    lameduck = _lameduck(prop)
                case _:
                    prop.unknown("lameduck")
        _check_port(directive, address)
    turn: asyncio.Lock = c.host.shared.setdefault("health", asyncio.Lock())
    return Health(listener(c.host, address), address, lameduck, turn, c.log)


def _check_port(directive: Directive, address: str) -> None:
    """The self check asks a URL, and a URL wants its port as a number."""
    port = split(address)[1]
    if port.strip("0123456789"):
        message = f'parse "http://{address}": invalid port ":{port}" after host'
        raise NamelessError(message, directive.args[0].span, bare=True)


def _lameduck(prop: Property) -> float:
    (token,) = exactly(prop, 1, 1)
    try:
        return duration.parse(token.text)
    except ValueError as fault:
        message = f"unable to parse lameduck duration value: '{token.text}' : {fault}"
        hint = f"write {token.text}s for seconds" if token.text.isdigit() else None
        raise BareError(message, token.span, hint) from None
