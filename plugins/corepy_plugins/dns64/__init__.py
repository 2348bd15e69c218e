"""*dns64* makes AAAA records out of A records for clients behind a NAT64."""

from __future__ import annotations

from typing import Final

from corepy import ConfigError, Controller, Token
from corepy.corefile.faults import BareError, argument_error
from corepy.corefile.line import Directive, Property
from corepy.lib.strict import exactly
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.dns64.handler import Dns64
from corepy_plugins.dns64.prefix import WELL_KNOWN, PrefixFault, prefix_of

_PROPERTIES: Final = ("prefix", "translate_all", "allow_ipv4")


class _Options:
    """What the occurrences say; of several prefixes the last one counts."""

    def __init__(self) -> None:
        self.prefix = WELL_KNOWN
        self.translate_all = False
        self.allow_ipv4 = False

    def read(self, prop: Property) -> None:
        """One line of a block, which may hold several properties, as in CoreDNS."""
        tokens = [prop.name, *prop.args]
        while tokens:
            token = tokens.pop(0)
            if token.text == "prefix":
                if not tokens:
                    raise argument_error(token.shown, token.span)
                self.prefix = _prefix(tokens.pop(0))
            elif token.text == "translate_all":
                self.translate_all = True
            elif token.text == "allow_ipv4":
                self.allow_ipv4 = True
            elif token.text != "}" or token.quoted:
                message = f"unknown property '{token.shown}'"
                raise prop.error(message, token, did_you_mean(token.text, _PROPERTIES))


def setup(c: Controller) -> Dns64:
    """`dns64 [PREFIX] { prefix PREFIX, translate_all, allow_ipv4 }`."""
    options = _Options()
    for directive in c.directives:
        args = directive.count(0, 1)
        if args:
            options.prefix = _prefix(args[0])
            _read_beside_prefix(c, directive, options)
            continue
        for prop in directive.body:
            options.read(prop)
    family = c.counter(
        "requests_translated_total", "Questions answered with made AAAA records.", "server"
    )
    return Dns64(
        options.prefix, family, translate_all=options.translate_all, allow_ipv4=options.allow_ipv4
    )


def _read_beside_prefix(c: Controller, directive: Directive, options: _Options) -> None:
    """A block behind a prefix: CoreDNS takes each line for one more `dns64 [PREFIX]`."""
    for prop in directive.body:
        args = exactly(prop, 0, 1)
        if args:
            options.prefix = _prefix(args[0])
        if prop.name.text != "prefix" or not args:
            hint = "give the prefix in the block too: 'prefix PREFIX'"
            c.warn(f"{prop.name.shown} has no effect beside a prefix argument", prop.name, hint)


def _prefix(token: Token) -> bytes:
    try:
        return prefix_of(token.text)
    except PrefixFault as fault:
        if fault.bare:
            raise BareError(str(fault), token.span, fault.hint) from None
        raise ConfigError(str(fault), token.span, fault.hint) from None
