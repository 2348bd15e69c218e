"""The language's functions that make moments and spans of time."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from corepy.lib import duration as durations
from corepy.lib.expression.faults import EvaluationError
from corepy.lib.expression.texts import text
from corepy.lib.expression.times import Duration, Time, from_civil

# Go's reference time, part by part, and what Python calls the part.
_PARTS: Final = {
    "2006": "%Y", "January": "%B", "Monday": "%A", "Jan": "%b", "Mon": "%a", "MST": "%Z",
    "Z07:00": "%z", "-07:00": "%z", "-0700": "%z", "15": "%H", "01": "%m", "02": "%d", "03": "%I",
    "04": "%M", "05": "%S", "06": "%y", "PM": "%p", "1": "%m", "2": "%d", "3": "%I", "4": "%M",
    "5": "%S",
}  # fmt: skip
_PART: Final = re.compile("|".join(map(re.escape, _PARTS)) + "|%")
_LAYOUTS: Final = (
    "2006-01-02",
    "15:04:05",
    "2006-01-02 15:04:05",
    "2006-01-02T15:04:05Z07:00",
    "02 Jan 06 15:04 MST",
    "Monday, 02-Jan-06 15:04:05 MST",
    "Mon, 02 Jan 2006 15:04:05 MST",
)
_FRACTION: Final = re.compile(r"(?<=:\d\d)\.(\d{1,9})")


def now(zone: Any = None) -> Time:
    """This moment, in UTC or the given zone."""
    nanoseconds = time.time_ns()
    return Time(nanoseconds, zone if isinstance(zone, tzinfo) else _local())


def _local() -> tzinfo:
    return datetime.now().astimezone().tzinfo or UTC


def duration(value: Any) -> Duration:
    """A span in Go's form, such as `1h30m`."""
    try:
        return Duration(durations.nanoseconds(text(value)))
    except ValueError as fault:
        raise EvaluationError(str(fault)) from None


@lru_cache(64)
def _zone(name: str) -> tzinfo:
    if name in ("", "UTC"):
        return UTC
    if name == "Local":
        return _local()
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        raise EvaluationError(f"unknown time zone {name}") from None


def timezone_named(name: Any) -> tzinfo:
    """A zone of the time zone database, such as `Europe/Vienna`."""
    return _zone(text(name))


def date(*given: Any) -> Time:
    """`date([zone,] text[, layout[, zone name]])`: the moment a text names."""
    zone: tzinfo = UTC
    if given and isinstance(given[0], tzinfo):
        zone, *given = given  # type: ignore[assignment]
    words = [text(word) for word in given]
    if len(words) > 2:
        zone = _zone(words[2])
    for layout in words[1:2] or _LAYOUTS:
        moment = _parse(words[0], layout, zone)
        if moment is not None:
            return moment
    reason = f' as "{words[1]}": cannot parse' if len(words) > 1 else ""
    raise EvaluationError(f"invalid date {words[0]}{reason}")


def _parse(value: str, layout: str, zone: tzinfo) -> Time | None:
    fraction = _FRACTION.search(value)
    nanoseconds = int(fraction[1].ljust(9, "0")) if fraction else 0
    form = _PART.sub(lambda part: _PARTS.get(part[0], "%%"), layout)
    value = _FRACTION.sub("", value)
    named = layout.endswith("MST")
    if named:
        value, _, name = value.rpartition(" ")
        zone = timezone(timedelta(0), name) if name not in ("UTC", "GMT") else UTC
        form = form.removesuffix(" %Z")
    try:
        # The year is 0 in Go if the text has none, which Python's calendar does not know.
        moment = datetime.strptime(value, form)  # noqa: DTZ007 - the zone is put in below
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return from_civil(moment).plus(nanoseconds)
