"""Tells the operator what is wrong with tags and exports: each thing once while it stays."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TypeVar

from corepy_plugins.k8s_cross import metrics
from corepy_plugins.k8s_cross.listing import Listing
from corepy_plugins.k8s_cross.services import Catalogue

T = TypeVar("T")

_LINES = 10


class Reports:
    """What was reported, so that only news is logged and counted."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._reported: dict[str, frozenset[object]] = {}

    def listing(self, listing: Listing, catalogue: Catalogue) -> None:
        """Report what is new in a list, with `repr` around all that strangers may have written."""
        tags = self._news("tag", listing.invalid_tags)
        metrics.INVALID_TAGS.inc(len(tags))
        self._warn([f"tag {tag!r} is not understood and ignored" for tag in tags])
        nodes = self._news("node", listing.invalid_nodes)
        metrics.INVALID_NODES.inc(len(nodes))
        self._warn([f"a node in the list is not understood and ignored: {node}" for node in nodes])
        addresses = self._news("address", listing.dropped)
        for reason, _ in addresses:
            metrics.dropped(reason)
        self._warn([f"address {address!r} is not answered: {why}" for why, address in addresses])
        ambiguous = self._news("cluster", listing.ambiguous)
        self._warn([f"node {node!r} has more than one cluster tag" for node in ambiguous])
        conflicts = [text for texts in catalogue.conflicts.values() for text in texts]
        self._warn(self._news("conflict", conflicts))

    def _news(self, kind: str, things: Iterable[T]) -> list[T]:
        now = frozenset(things)
        before = self._reported.get(kind, frozenset())
        self._reported[kind] = now
        return sorted(now - before, key=str)

    def _warn(self, lines: list[str]) -> None:
        for line in lines[:_LINES]:
            self._log.warning("%s", line)
        if len(lines) > _LINES:
            self._log.warning("... and %d more of these", len(lines) - _LINES)
