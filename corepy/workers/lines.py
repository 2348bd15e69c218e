"""Log lines of workers, written by their supervisor: what all of them say comes out once.

Lines about one query are each of them news, so a worker writes those by itself: what goes to
`log.output()` anyway, and records that say `each` (`extra={"each": True}`).
"""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from time import monotonic
from typing import Any, Final

from corepy import log
from corepy.workers.channel import Channel

WINDOW: Final = 60.0
"""Seconds in which equal lines of different workers are taken for the same event."""

_MOST: Final = 10_000


class Forwarder(logging.Handler):
    """In a worker: gives records to the supervisor."""

    def __init__(self, channel: Channel, direct: logging.Handler) -> None:
        super().__init__()
        self._channel = channel
        self._direct = direct

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; its traceback travels as text."""
        if getattr(record, "each", False) or not self._channel.open:
            self._direct.emit(record)
            return
        if self._channel.crowded:
            return
        message = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            message += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        fields = getattr(record, "fields", {})
        self._channel.tell(
            "log", name=record.name, level=record.levelno, text=message, fields=fields
        )


class Lines:
    """In the supervisor: writes a record unless another worker has said the same.

    A line that each of three workers writes twice comes out twice.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int, str], _Seen] = {}

    def take(self, slot: int, said: dict[str, Any]) -> None:
        """Write what a worker has said, if it is new."""
        name, level, text = said["name"], said["level"], said["text"]
        now = monotonic()
        seen = self._seen.get((name, level, text))
        if seen is None or now > seen.until:
            self._make_room(now)
            seen = self._seen[name, level, text] = _Seen(now + WINDOW)
        seen.said[slot] += 1
        if seen.said[slot] <= seen.shown:
            return
        seen.shown += 1
        attributes = {"name": name, "levelno": level, "levelname": logging.getLevelName(level)}
        record = logging.makeLogRecord({**attributes, "msg": text, "fields": said["fields"]})
        log.ROOT.handle(record)

    def _make_room(self, now: float) -> None:
        if len(self._seen) >= _MOST:
            self._seen = {key: seen for key, seen in self._seen.items() if seen.until > now}
        if len(self._seen) >= _MOST:
            self._seen.clear()


class _Seen:
    def __init__(self, until: float) -> None:
        self.until = until
        self.said: Counter[int] = Counter()
        self.shown = 0
