"""Lines for the operator: `[LEVEL] plugin/NAME: text` on standard output, or JSON objects.

Everything goes through one `Output`, so lines keep their order. It never blocks the event loop:
what a slow reader of a pipe does not take waits in a bounded buffer, and what does not fit there is
counted and dropped.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import select
import stat
import sys
import time
import traceback
from typing import Any, Final

ROOT: Final = logging.getLogger("corepy")
"""The host's own logger; lines of plugins come from `plugin_logger`."""

_KEEP: Final = 1 << 20
_LEVELS: Final = {logging.CRITICAL: "FATAL"}


def plugin_logger(name: str) -> logging.Logger:
    """The logger whose lines begin with `plugin/NAME: `."""
    return ROOT.getChild("plugin").getChild(name)


class Output:
    """Collects lines and writes those of one turn of the event loop together."""

    def __init__(self, descriptor: int) -> None:
        self._fd = descriptor
        self._most = sys.maxsize
        self._lines: list[str] = []
        self._rest = b""
        self._size = 0
        self._scheduled = False
        self._waiting: asyncio.AbstractEventLoop | None = None
        self.dropped = 0
        try:
            mode = os.fstat(descriptor).st_mode
            if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):  # systemd's journal is a socket
                os.set_blocking(descriptor, False)
        except OSError:
            self._fd = -1

    def share(self) -> None:
        """Other processes write to the same place.

        What is written to a pipe is then whole lines, in pieces that the kernel does not mix with
        those of others.
        """
        self._most = select.PIPE_BUF

    def write(self, line: str) -> None:
        """Add a line, given without its newline."""
        if self._waiting is not None:
            self._postpone(line)
            return
        self._lines.append(line)
        if self._scheduled:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        self._scheduled = True
        loop.call_soon(self.flush)

    def flush(self) -> None:
        """Write what there is, as far as it is taken."""
        self._scheduled = False
        if not self._lines and not self._rest:
            return
        text = "\n".join([*self._lines, ""]) if self._lines else ""
        self._lines.clear()
        data = self._rest + text.encode("utf-8", "backslashreplace")
        self._rest = b""
        try:
            while data:
                data = data[os.write(self._fd, self._piece(data)) :]
        except BlockingIOError:
            self._later(data)
        except OSError:
            self.dropped += data.count(b"\n")

    def _piece(self, data: bytes) -> bytes:
        if len(data) <= self._most:
            return data
        # A line that is too long by itself is written in parts; there is no better way.
        return data[: data.rfind(b"\n", 0, self._most) + 1 or self._most]

    def _postpone(self, line: str) -> None:
        """Keep a line until the reader takes more, as far as there is room."""
        if self._size + len(line) >= _KEEP:
            self.dropped += 1
            return
        self._size += len(line) + 1
        self._lines.append(line)

    def _later(self, data: bytes) -> None:
        if len(data) > _KEEP:
            cut = data.rfind(b"\n", 0, _KEEP) + 1
            self.dropped += data.count(b"\n", cut)
            data = data[:cut]
        self._rest, self._size = data, len(data)
        if self._waiting is not None:
            return
        try:
            self._waiting = asyncio.get_running_loop()
        except RuntimeError:
            return
        self._waiting.add_writer(self._fd, self._writable)

    def _writable(self) -> None:
        if self._waiting is not None:
            self._waiting.remove_writer(self._fd)
            self._waiting = None
        self.flush()


class TextFormatter(logging.Formatter):
    """CoreDNS's lines: level in brackets, the plugin if it is one, the message; no time."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, with a traceback below it if there is one."""
        text = f"[{level_name(record)}] {source(record)}{record.getMessage()}"
        if record.exc_info and record.exc_info[0] is not None:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        return text


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, message and, if there are, plugin and fields.

    A record's `fields` (a dict given as `extra`) become members of the object.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The object as one line."""
        row: dict[str, Any] = {
            "time": timestamp(record.created),
            "level": level_name(record),
            "msg": record.getMessage(),
        }
        if plugin := source(record).removeprefix("plugin/").removesuffix(": "):
            row["plugin"] = plugin
        row.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0] is not None:
            row["trace"] = "".join(traceback.format_exception(*record.exc_info))
        return json.dumps(row, ensure_ascii=False)


def timestamp(seconds: float) -> str:
    """RFC 3339 in UTC with microseconds."""
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1_000_000):06d}Z"


def level_name(record: logging.LogRecord) -> str:
    """DEBUG, INFO, WARNING, ERROR or FATAL."""
    return _LEVELS.get(record.levelno) or record.levelname


def source(record: logging.LogRecord) -> str:
    """`plugin/NAME: ` for a plugin's record, else nothing."""
    _, found, plugin = record.name.partition("corepy.plugin.")
    return f"plugin/{plugin}: " if found else ""


class Handler(logging.Handler):
    """Gives formatted records to an `Output`."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self.output = output

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        self.output.write(self.format(record))


_output: Output | None = None
_as_json = False


def setup(*, as_json: bool = False, descriptor: int | None = None) -> Output:
    """Send the host's lines to standard output (or `descriptor`) from now on."""
    global _output, _as_json  # noqa: PLW0603 - one process has one log
    _as_json = as_json
    _output = Output(sys.stdout.fileno() if descriptor is None else descriptor)
    handler = Handler(_output)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    for old in list(ROOT.handlers):
        ROOT.removeHandler(old)
    ROOT.addHandler(handler)
    ROOT.setLevel(logging.INFO)
    ROOT.propagate = False
    return _output


def output() -> Output | None:
    """Where lines go, for plugins that write one per query without a logging call."""
    return _output


def redirect(other: Output | None) -> None:
    """Use another output, for tests."""
    global _output  # noqa: PLW0603
    _output = other


def as_json() -> bool:
    """True if lines are JSON objects."""
    return _as_json


def set_debug(on: bool) -> None:
    """Show DEBUG lines (the *debug* plugin)."""
    ROOT.setLevel(logging.DEBUG if on else logging.INFO)


def flush() -> None:
    """Write everything now, for the end of the process."""
    if _output is not None:
        _output.flush()
