"""A Corefile's setups without a running server: what is built, what is refused, what is odd."""

from __future__ import annotations

import pytest

from corepy.build import Built, build
from corepy.corefile import load
from corepy.corefile.report import headline
from corepy.errors import ConfigError, ConfigErrors
from corepy.host import Host
from corepy.registry import Registry


def built(text: str, host: Host | None = None) -> Built:
    """What `text` is set up to, not started."""
    registry = Registry()
    corefile = load(text, "Corefile", known=registry.known, environ={})
    return build(corefile, registry, host or Host(fingerprint=corefile.fingerprint()))


def refusal(text: str) -> ConfigError:
    """The only mistake in `text`."""
    with pytest.raises(ConfigErrors) as caught:
        built(text)
    (error,) = caught.value.errors
    return error


def refused(text: str) -> tuple[str, str]:
    """The line CoreDNS prints for the only mistake in `text`, and the word that is marked."""
    error = refusal(text)
    span = error.span
    assert span
    return headline(error), span.source_line[span.column - 1 : span.column - 1 + span.length]
