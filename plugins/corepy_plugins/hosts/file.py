"""The hosts file on disk: has it changed, and what is in it."""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from corepy_plugins.hosts.table import Table

_BLOCK: Final = 1 << 20
_SLICE: Final = 1 << 15
"""Octets that are taken in between two turns of the event loop: two or three milliseconds."""

_LONGEST_LINE: Final = 1 << 16
"""Octets; what a line has behind them is passed over."""


class Stamp(NamedTuple):
    """What tells one state of a file from another without reading it."""

    modified: int
    """Nanoseconds since 1970."""
    size: int
    inode: int
    device: int


class HostsFile:
    """One file; `stamp` is that of the state which was read last, None before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.stamp: Stamp | None = None

    async def read(self, table: Table) -> bool:
        """Fill the empty `table` if the file is another than the one read last, else return False.

        Nothing waits for a disk on the event loop. Raises `OSError` for a file that is not there,
        cannot be read or is no file; then the next call tries again.
        """
        opened = await asyncio.to_thread(self._open_changed)
        if opened is None:
            return False
        file, stamp = opened
        with file:
            await _fill(table, file)
        self.stamp = stamp
        return True

    def _open_changed(self) -> tuple[BinaryIO, Stamp] | None:
        # Without O_NONBLOCK a FIFO would hold this thread until somebody writes to it.
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            stamp = Stamp(status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev)
            if stamp == self.stamp:
                os.close(descriptor)
                return None
            _check_kind(status.st_mode)
            return os.fdopen(descriptor, "rb", buffering=0), stamp
        except BaseException:
            os.close(descriptor)
            raise


def _check_kind(mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    # A character device is /dev/null, the usual way to have inline lines only.
    if not stat.S_ISREG(mode) and not stat.S_ISCHR(mode):
        raise OSError(errno.EINVAL, "not a regular file")


async def _fill(table: Table, file: BinaryIO) -> None:
    rest = b""
    while block := await asyncio.to_thread(file.read, _BLOCK):
        for at in range(0, len(block), _SLICE):
            text, end, tail = block[at : at + _SLICE].lower().rpartition(b"\n")
            if end:
                table.add(rest + text)
                rest = tail
            else:
                rest += tail
            if len(rest) > _LONGEST_LINE:
                # Up to the next line end it is a comment.
                rest = rest[:_LONGEST_LINE].rpartition(b" ")[0] + b" #"
            await asyncio.sleep(0)
    table.add(rest)
