"""*header* sets and clears header flags of queries and of responses."""

from __future__ import annotations

from typing import Final

from corepy import Controller, wire
from corepy.corefile.faults import BareError, argument_error
from corepy.corefile.line import Property
from corepy.corefile.token import Token
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.header.handler import Header
from corepy_plugins.header.rules import Rules

FLAGS: Final = {"aa": wire.AA, "ra": wire.RA, "rd": wire.RD}
SELECTORS: Final = ("query", "response")
ACTIONS: Final = ("set", "clear")


def setup(c: Controller) -> Header:
    """`header { query|response set|clear FLAGS... }`.

    Of several occurrences the first one with a rule counts, as in CoreDNS.
    """
    found: dict[str, Rules] = {}
    for directive in c.directives:
        if found:
            c.warn("only the first header of a server block counts", directive.name)
            continue
        for token in directive.args[:1]:
            c.warn("header takes no arguments", token, "its rules stand in a block")
        for prop in directive.body:
            rules = found.setdefault(_selector(prop), Rules())
            _read(prop, rules)
    if not found:
        last = c.directives[-1]
        token = last.brace or (last.args or [last.name])[-1]
        hint = "write at least one rule, such as 'response set ra'"
        raise argument_error(token.shown, token.span, hint=hint)
    return Header(found.get("query"), found.get("response"))


def _selector(prop: Property) -> str:
    selector = prop.name.text.lower()
    if selector not in SELECTORS:
        text = f"invalid selector={selector} should be query or response"
        raise _mistake(text, prop.name, did_you_mean(selector, SELECTORS))
    return selector


def _read(prop: Property, rules: Rules) -> None:
    if not prop.args:
        raise _mistake("no flag action provided", prop.name, "'set' or 'clear'")
    action, flags = prop.args[0].text.lower(), prop.args[1:]
    if not flags:
        text = "invalid length for flags, at least one should be provided"
        raise _mistake(text, prop.args[0], "flags are aa, ra and rd")
    if action not in ACTIONS:
        text = f"unknown flag action={action}, should be set or clear"
        raise _mistake(text, prop.args[0], did_you_mean(action, ACTIONS))
    for token in flags:
        name = token.text.lower()
        if name not in FLAGS:
            text = f"unknown/unsupported flag={name}"
            raise _mistake(text, token, "flags are aa, ra and rd")
        rules.add(FLAGS[name], on=action == "set")


def _mistake(text: str, token: Token, hint: str | None) -> BareError:
    return BareError(f"setting up rule: {text}", token.span, hint)
