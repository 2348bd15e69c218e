"""A worker process as its supervisor sees it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any, Final

from corepy.workers.channel import Channel
from corepy.workers.worker import IGNORED

LAST_WORDS: Final = 2.0
"""Seconds in which a process whose channel is closed must have ended."""


class Member:
    """One process in the place number `slot`. `serving`: it has its sockets."""

    def __init__(
        self,
        slot: int,
        said: Callable[[Member, str, dict[str, Any]], Awaitable[Any]],
        lost: Callable[[Member], None],
    ) -> None:
        self.slot = slot
        self.serving = False
        self.heard = self.born = monotonic()
        ours, theirs = socket.socketpair()
        with theirs, _undisturbed():
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                [sys.executable, "-P", "-m", "corepy.workers", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=_environment(),
            )
        self.channel = Channel(
            ours, lambda what, fields, _: said(self, what, fields), lambda: lost(self)
        )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def name(self) -> str:
        """What the log calls it."""
        return f"worker {self.slot + 1} (pid {self.pid})"

    def kill(self) -> None:
        """End it at once."""
        if self._process.poll() is None:
            self._process.kill()

    async def ended(self) -> str:
        """Wait for its end, which is near; how it was, in words."""
        deadline = monotonic() + LAST_WORDS
        while self._process.poll() is None:
            if monotonic() > deadline:
                self.kill()
            await asyncio.sleep(0.01)
        status = self._process.returncode
        if status >= 0:
            return f"exit status {status}"
        with suppress(ValueError):
            return f"signal {signal.Signals(-status).name}"
        return f"signal {-status}"


def _environment() -> dict[str, str]:
    """The worker imports from where this process does, whatever its working directory holds."""
    environ = dict(os.environ)
    if (before := environ.get("PYTHONPATH")) is not None:
        environ["COREPY_PYTHONPATH"] = before
    environ["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)  # noqa: PTH109
    return environ


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Block the signals that a worker ignores, until it does so itself."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, IGNORED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
