"""Errors that are alike, counted over a time and reported in one line."""

from __future__ import annotations

import asyncio
import logging

from corepy.lib import duration
from corepy.lib.regex import Pattern


class Consolidation:
    """One `consolidate` rule. `period` is in seconds; one that is not positive ends at once."""

    def __init__(
        self, log: logging.Logger, pattern: Pattern, period: float, level: int, *, show_first: bool
    ) -> None:
        self.level = level
        self._log = log
        self._pattern = pattern
        self._period = period
        self._show_first = show_first
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def matches(self, error: str) -> bool:
        """True for errors this rule is about."""
        return self._pattern.search(error) is not None

    def absorb(self) -> bool:
        """Count an error; False if it is to be shown by itself, at this rule's level."""
        if self._stopped:
            return False
        self._count += 1
        if self._count > 1:
            return True
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(self._period, 0.0), self._report)
        return not self._show_first

    def stop(self) -> None:
        """Report what was counted so far, and count no more."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._report()

    def _report(self) -> None:
        count, self._count, self._timer = self._count, 0, None
        if count > 1 or not self._show_first:
            self._log.log(
                self.level,
                "%d errors like '%s' occurred in last %s",
                count,
                self._pattern.source,
                duration.format(self._period),
            )
