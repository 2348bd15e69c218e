"""The files a zone is read from, with bounds on what they may cost."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

MOST_OCTETS: Final = 1 << 29
"""Octets of all files of one zone."""

MOST_FILES: Final = 1024
"""Files of one zone, each counted as often as it is included."""


class Stamp(NamedTuple):
    """What tells one state of a file from another without reading it."""

    modified: int
    """Nanoseconds since 1970."""
    size: int
    inode: int
    device: int


class Sources:
    """Reads the files of one zone and remembers the state each was read in."""

    def __init__(self) -> None:
        self._stamps: dict[Path, Stamp | None] = {}
        self._files = 0
        self._octets = 0

    def read(self, path: Path) -> str:
        """The text of a file, one character for each octet. Blocks.

        Raises `OSError` for a file that is not there, is no plain file, or is one too many.
        """
        self._stamps[path] = None
        # Without O_NONBLOCK a FIFO would hold this thread until somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            self._stamps[path] = _stamp(status)
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "not a regular file", str(path))
            self._files += 1
            if self._files > MOST_FILES:
                raise OSError(errno.EMFILE, f"more than {MOST_FILES} files in one zone", str(path))
            self._octets += status.st_size
            if self._octets > MOST_OCTETS:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
            return file.read(status.st_size).decode("latin-1")

    def changed(self) -> bool:
        """Whether one of the files is not what it was when it was read. Blocks."""
        return any([_look(path) != stamp for path, stamp in self._stamps.items()])  # noqa: C419


def _look(path: Path) -> Stamp | None:
    try:
        return _stamp(os.stat(path))  # noqa: PTH116 - the stat of a path, as os.fstat's of a file
    except OSError:
        return None


def _stamp(status: os.stat_result) -> Stamp:
    return Stamp(status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev)
