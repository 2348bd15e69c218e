"""*metadata* collects what other plugins know about a query, for log lines, templates and views."""

from __future__ import annotations

from collections.abc import Sequence

from corepy import Controller, Plugin, Request, Zones
from corepy.corefile.faults import argument_error
from corepy.lib import labels
from corepy.plugin import Metadata as Provider


class Metadata(Plugin):
    """Has the block's plugins publish their values before the block's view and chain see a query.

    Outside of its zones there is a collection too, with what is published on the way only.
    """

    repeatable = True
    eager = True

    def __init__(self, zones: Zones) -> None:
        self._zones = zones
        self._providers: tuple[Provider, ...] = ()

    def attach(self, providers: Sequence[Provider]) -> None:
        """The plugins to ask; of two that publish the same label the later one counts."""
        self._providers = tuple(providers)

    def collect(self, request: Request) -> None:
        """Ask them all about a query."""
        collected = labels.begin(request)
        if self._providers and request.qname in self._zones:
            for provider in self._providers:
                collected.update(provider.metadata(request))


def setup(c: Controller) -> Metadata:
    """`metadata [ZONES...]`, once and without options."""
    directive = c.directives[0]
    for again in (*directive.body, *c.directives[1:]):
        raise argument_error(again.name.shown, again.name.span)
    if directive.brace:
        c.warn("metadata has no options; this block is ignored", directive.brace)
    return Metadata(Zones(c.zones(directive.args)))
