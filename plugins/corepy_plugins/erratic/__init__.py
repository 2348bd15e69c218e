"""*erratic* answers like a bad server: it drops, delays and cuts replies; for tests of clients."""

from __future__ import annotations

import json
from typing import Final

from corepy import Controller, Token
from corepy.corefile.faults import BareError
from corepy.corefile.line import Directive, Property
from corepy.lib import duration
from corepy.lib.strict import exactly
from corepy_plugins.erratic.handler import Erratic, Habits

EVERY: Final = 2
DELAY: Final = 0.1
"""Seconds."""

_MOST: Final = 2**31 - 1


def setup(c: Controller) -> Erratic:
    """`erratic { drop [N]; truncate [N]; delay [N [DURATION]]; large }`.

    Every second query is dropped, unless `drop` has a number or there is a delay or truncation.
    """
    habits = Habits()
    drop: int | None = None
    for directive in c.directives:
        _without_arguments(c, directive)
        for prop in directive.body:
            match prop.name.text:
                case "drop":
                    drop = _every(prop, 1, default=drop)
                case "delay":
                    habits.delay = _every(prop, 2, default=EVERY) or 0
                    habits.duration = _duration(prop.args[1]) if len(prop.args) > 1 else DELAY
                case "truncate":
                    habits.truncate = _every(prop, 1, default=EVERY) or 0
                case "large":
                    _without_words(prop)
                    habits.large = True
                case _:
                    prop.unknown("drop", "delay", "truncate", "large")
    if drop is None:
        drop = 0 if habits.delay or habits.truncate else EVERY
    habits.drop = drop
    return Erratic(habits)


def _without_arguments(c: Controller, directive: Directive) -> None:
    for token in directive.args[:1]:
        c.warn("erratic takes no arguments", token, "its properties stand in a block")


def _without_words(prop: Property) -> None:
    """CoreDNS takes what stands behind for the next property."""
    for word in prop.args[:1]:
        if word.text != "}":
            raise prop.error(f"unknown property '{word.shown}'", word)


def _every(prop: Property, most: int, *, default: int | None) -> int | None:
    """The number of a property that takes up to `most` arguments."""
    args = exactly(prop, 0, most)
    return _amount(args[0]) if args else default


def _amount(token: Token) -> int:
    """A number that Go's ParseInt takes, with 32 bits and not negative."""
    digits = token.text.removeprefix("-") if token.text[:1] == "-" else token.text.removeprefix("+")
    quoted = json.dumps(token.shown, ensure_ascii=False)
    if not (digits.isascii() and digits.isdigit()):
        raise BareError(f"strconv.ParseInt: parsing {quoted}: invalid syntax", token.span)
    amount = int(digits[:20])
    if amount > _MOST:
        raise BareError(f"strconv.ParseInt: parsing {quoted}: value out of range", token.span)
    if amount and token.text[0] == "-":
        raise BareError(f"illegal amount value given {quoted}", token.span)
    return amount


def _duration(token: Token) -> float:
    try:
        return duration.parse(token.text)
    except ValueError as fault:
        hint = f"write {token.text}s for seconds" if token.text.isdigit() else None
        raise BareError(str(fault), token.span, hint) from None
