"""Moments and spans of time in expressions: `now().Hour() < 8`, `duration('90s')`.

Both count nanoseconds. A moment knows the zone it is shown in; the methods are those of Go's
`time` package that compare, take apart and name a moment.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final

from corepy.lib import duration as durations

_SECOND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Duration(int):
    """Nanoseconds between two moments."""

    def plus(self, nanoseconds: int) -> Duration:
        """A longer span."""
        return Duration(int(self) + nanoseconds)

    def __str__(self) -> str:
        return durations.format(int(self) / _SECOND)


@dataclass(frozen=True, slots=True, order=True)
class Time:
    """A moment: nanoseconds since 1970, UTC."""

    nanoseconds: int
    zone: tzinfo = UTC

    def plus(self, nanoseconds: int) -> Time:
        """A later moment."""
        return Time(self.nanoseconds + nanoseconds, self.zone)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Time) and other.nanoseconds == self.nanoseconds

    def __hash__(self) -> int:
        return hash(self.nanoseconds)

    @property
    def civil(self) -> datetime:
        """Date and time of day in its zone."""
        seconds, rest = divmod(self.nanoseconds, _SECOND)
        moment = _EPOCH + timedelta(seconds=seconds, microseconds=rest // 1000)
        return moment.astimezone(self.zone)

    def __str__(self) -> str:
        civil = self.civil
        rest = f".{self.nanoseconds % _SECOND:09d}".rstrip("0").rstrip(".")
        return f"{civil:%Y-%m-%d %H:%M:%S}{rest} {civil:%z %Z}"


def from_civil(moment: datetime) -> Time:
    """A moment out of a date and time of day that knows its zone."""
    span = moment - _EPOCH
    nanoseconds = (span.days * 86400 + span.seconds) * _SECOND + span.microseconds * 1000
    return Time(nanoseconds, moment.tzinfo or UTC)


class Weekday(int):
    """A day of the week, 0 for Sunday."""

    def __str__(self) -> str:
        return calendar.day_name[(int(self) - 1) % 7]


class Month(int):
    """A month, 1 for January."""

    def __str__(self) -> str:
        return calendar.month_name[int(self)]


TIME_METHODS: Final[dict[str, tuple[str, Callable[[Time], Any]]]] = {
    "Year": ("int", lambda time: time.civil.year),
    "Month": ("month", lambda time: Month(time.civil.month)),
    "Day": ("int", lambda time: time.civil.day),
    "Hour": ("int", lambda time: time.civil.hour),
    "Minute": ("int", lambda time: time.civil.minute),
    "Second": ("int", lambda time: time.civil.second),
    "Nanosecond": ("int", lambda time: time.nanoseconds % _SECOND),
    "YearDay": ("int", lambda time: time.civil.timetuple().tm_yday),
    "Unix": ("int", lambda time: time.nanoseconds // _SECOND),
    "UnixMilli": ("int", lambda time: time.nanoseconds // 1_000_000),
    "UnixMicro": ("int", lambda time: time.nanoseconds // 1000),
    "UnixNano": ("int", lambda time: time.nanoseconds),
    "UTC": ("time", lambda time: Time(time.nanoseconds)),
    "Weekday": ("weekday", lambda time: Weekday(time.civil.isoweekday() % 7)),
    "String": ("string", str),
}
"""Methods of a moment without arguments: what they give, and how."""

DURATION_METHODS: Final[dict[str, tuple[str, Callable[[Duration], Any]]]] = {
    "Hours": ("float", lambda span: int(span) / (3600 * _SECOND)),
    "Minutes": ("float", lambda span: int(span) / (60 * _SECOND)),
    "Seconds": ("float", lambda span: int(span) / _SECOND),
    "Milliseconds": ("int", lambda span: int(int(span) / 1_000_000)),
    "Microseconds": ("int", lambda span: int(int(span) / 1000)),
    "Nanoseconds": ("int", int),
    "String": ("string", str),
}
"""The same for a span."""

NAME_METHODS: Final[dict[str, tuple[str, Callable[[int], Any]]]] = {"String": ("string", str)}
"""Those of a day of the week and of a month."""
