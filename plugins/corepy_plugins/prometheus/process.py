"""Process series that Go's client library has and Python's has not."""

from __future__ import annotations

import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

from corepy import metrics

_TRAFFIC: Final = Path("/proc/self/net/netstat")
_received = metrics.counter(
    "process_network_receive_bytes_total",
    "Octets received in the network namespace.",
    summed=False,
)
_sent = metrics.counter(
    "process_network_transmit_bytes_total",
    "Octets sent in the network namespace.",
    summed=False,
)
_limit = metrics.gauge(
    "process_virtual_memory_max_bytes", "Address space the process may use, in octets."
)


def refresh() -> None:
    """Bring the series up to date; without `/proc` they stay 0."""
    ceiling = resource.getrlimit(resource.RLIMIT_AS)[0]
    _limit.labels().value = float(2**64 - 1 if ceiling == resource.RLIM_INFINITY else ceiling)
    with suppress(OSError, ValueError):
        names, values = [
            line.split()
            for line in _TRAFFIC.read_text(encoding="ascii").splitlines()
            if line.startswith("IpExt:")
        ]
        counts = dict(zip(names, values, strict=True))
        _received.labels().value = int(counts.get("InOctets", "0"))
        _sent.labels().value = int(counts.get("OutOctets", "0"))


def declare() -> None:
    """Have the series brought up to date before each scrape."""
    metrics.before_scrape(refresh, refresh)
