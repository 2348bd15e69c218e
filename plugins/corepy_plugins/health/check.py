"""The health endpoint asked from inside, once a second: slow answers tell of overload."""

from __future__ import annotations

import asyncio
import logging
import os
from time import perf_counter
from typing import Final

from corepy import metrics
from corepy.lib import duration
from corepy.lib.http import Listener

INTERVAL: Final = 1.0
"""Seconds between two checks."""

TIMEOUT: Final = 3.0
"""Seconds until a check counts as failed."""

SLOW: Final = 1.0
"""Seconds above which a check is worth a warning."""

_LARGEST: Final = 4096
_REQUEST: Final = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_durations = metrics.histogram(
    "coredns_health_request_duration_seconds",
    "Seconds the self check of the health endpoint took.",
    buckets=tuple(0.00025 * 10**k for k in range(5)),
).labels()
_failures = metrics.counter(
    "coredns_health_request_failures_total", "Self checks that failed."
).labels()


class SelfCheck:
    """Asks a listener of our own, and counts. `address` is what its operator called it."""

    def __init__(self, address: str, listener: Listener, log: logging.Logger) -> None:
        self.url = f"http://{address}/health"
        self._listener = listener
        self._log = log
        self._over = False

    async def run(self) -> None:
        """Check until `stop`."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not self._over:
            # A check that took long leaves out the turns it missed, as Go's ticker does.
            due = max(due + INTERVAL, loop.time())
            await asyncio.sleep(due - loop.time())
            await self.once()

    def stop(self) -> None:
        """Check no more: the endpoint is about to close."""
        self._over = True

    async def once(self) -> None:
        """One check."""
        started = perf_counter()
        fault = await self._ask()
        took = perf_counter() - started
        if self._over:
            return
        _durations.observe(took)
        if fault:
            _failures.value += 1
            self._log.warning('Local health request to "%s" failed: %s', self.url, fault)
        elif took > SLOW:
            shown = duration.format(took)
            self._log.warning('Local health request to "%s" took more than 1s: %s', self.url, shown)

    async def _ask(self) -> str:
        """Why there was no answer, or nothing. Any answer will do, as in CoreDNS."""
        try:
            async with asyncio.timeout(TIMEOUT):
                reader, writer = await asyncio.open_connection(*self._listener.local)
                try:
                    writer.write(_REQUEST)
                    reply = await reader.read(_LARGEST)
                finally:
                    writer.close()
        except TimeoutError:
            return f"no answer within {duration.format(TIMEOUT)}"
        except OSError as error:
            return os.strerror(error.errno).lower() if error.errno else str(error)
        return "" if reply.startswith(b"HTTP/1.") else "not an HTTP answer"
