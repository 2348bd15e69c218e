"""What the setups of plugins say to a Corefile, without starting anything."""

from __future__ import annotations

from corepy.build import Built, build
from corepy.corefile import load
from corepy.corefile.report import headline
from corepy.errors import ConfigErrors
from corepy.host import Host
from corepy.registry import Registry


def built(text: str) -> Built:
    """The instance of a Corefile; raises `ConfigErrors`."""
    registry = Registry(environ={})
    corefile = load(text, "Corefile", known=registry.known, environ={}, port=53)
    return build(corefile, registry, Host())


def refusal(text: str) -> tuple[str, int, str | None]:
    """The first error's line as an operator sees it, the column of its place, and its hint."""
    try:
        built(text)
    except ConfigErrors as error:
        first = error.errors[0]
        return headline(first), first.span.column if first.span else 0, first.hint
    return "", 0, None
