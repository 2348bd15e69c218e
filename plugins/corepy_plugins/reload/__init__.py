"""*reload* looks for changes of the Corefile and takes them into use."""

from __future__ import annotations

import random
from typing import Final

from corepy import Controller, Token
from corepy.corefile.faults import BareError
from corepy.lib import duration
from corepy_plugins.reload.watcher import Counts, Watcher

INTERVAL: Final = 30.0
LEAST_INTERVAL: Final = 2.0
JITTER: Final = 15.0
LEAST_JITTER: Final = 1.0
"""All in seconds."""


def setup(c: Controller) -> Watcher:
    """`reload [INTERVAL] [JITTER]`; of several blocks the last one speaks for the process."""
    directive = c.directives[0]
    args = directive.count(0, 2)
    interval = _seconds(args[0]) if args else INTERVAL
    if interval < LEAST_INTERVAL:
        least = duration.format(LEAST_INTERVAL)
        raise BareError(f"interval value must be greater or equal to {least}", args[0].span)
    jitter = _seconds(args[1]) if len(args) > 1 else JITTER
    if jitter != 0 and jitter < LEAST_JITTER:
        least = duration.format(LEAST_JITTER)
        raise BareError(f"jitter value must be 0 or greater or equal to {least}", args[1].span)
    if directive.brace:
        c.warn("reload has no options; this block is ignored", directive.brace)
    counts = Counts(
        c.counter("failed_total", "Attempts to take a changed Corefile that failed.").labels(),
        c.gauge("version_info", "1 for the configuration reloaded last.", "hash", "value"),
    )
    watcher = Watcher(_jittered(interval, jitter), c.host, c.log, counts)
    c.host.shared["reload"] = watcher
    return watcher


def _seconds(token: Token) -> float:
    try:
        return duration.parse(token.text)
    except ValueError as fault:
        hint = f"write {token.text}s for seconds" if token.text.isdigit() else None
        raise BareError(str(fault), token.span, hint) from None


def _jittered(interval: float, jitter: float) -> float:
    """The interval moved by up to half the jitter, so that a fleet does not reload in step."""
    spread = min(jitter, interval / 2)
    return interval + random.uniform(-spread / 2, spread / 2)  # noqa: S311 - nothing to guess
