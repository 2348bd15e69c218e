"""Series that are there from the start, whether or not anything counts in them yet.

CoreDNS publishes every counter without labels of every plugin that is compiled in; dashboards and
alerts expect to find them. Names and labels are those of the plugins they belong to.
"""

from __future__ import annotations

import platform
from typing import Final

from corepy import banner, metrics

SLIM_BUCKETS: Final = tuple(0.00025 * 10**k for k in range(5))
"""Seconds, 0.00025 to 2.5: CoreDNS's short set of buckets."""

_COUNTERS: Final = {
    "coredns_forward_healthcheck_broken_total": "Times all upstreams seemed down.",
    "coredns_forward_max_concurrent_rejects_total": "Queries refused by max_concurrent.",
    "coredns_health_request_failures_total": "Self checks that failed.",
    "coredns_local_localhost_requests_total": "Queries for names like localhost.example.org.",
    "coredns_reload_failed_total": "Reloads that failed.",
}


def declare() -> None:
    """Make the families exist; doing it again changes nothing."""
    for name, text in _COUNTERS.items():
        metrics.counter(name, text)
    metrics.gauge("coredns_hosts_reload_timestamp_seconds", "When the hosts file was last read.")
    metrics.histogram(
        "coredns_health_request_duration_seconds",
        "Seconds the self check of the health endpoint took.",
        buckets=SLIM_BUCKETS,
    )
    build_info = metrics.gauge(
        "coredns_build_info",
        "Always 1; its labels tell what is running.",
        *("version", "revision", "goversion"),
    )
    # Boards show `goversion`; the interpreter is what stands in Go's place here.
    build_info.labels(banner.VERSION, "", f"python{platform.python_version()}").set(1)
