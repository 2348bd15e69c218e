"""One upstream server as a plugin uses it: its sockets, its health, its metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from corepy import metrics, wire
from corepy.errors import UpstreamError
from corepy.lib import rcodes
from corepy.lib.upstream.address import Address
from corepy.lib.upstream.exchange import exchange, question
from corepy.lib.upstream.health import Health
from corepy.lib.upstream.pool import Limits
from corepy.lib.upstream.tcp import TcpPool
from corepy.lib.upstream.udp import UdpPool
from corepy.metrics import Distribution

_durations = metrics.histogram(
    "coredns_proxy_request_duration_seconds",
    "Seconds an upstream took to answer.",
    *("proxy_name", "to", "rcode"),
)
_failures = metrics.counter(
    "coredns_proxy_healthcheck_failures_total",
    "Health probes without an answer.",
    *("proxy_name", "to"),
)
_hits = metrics.counter(
    "coredns_proxy_conn_cache_hits_total",
    "Queries sent through a socket that was open already.",
    *("proxy_name", "to", "proto"),
)
_misses = metrics.counter(
    "coredns_proxy_conn_cache_misses_total",
    "Queries a socket had to be opened for.",
    *("proxy_name", "to", "proto"),
)

PROBE_TIMEOUT: Final = 1.0
"""Seconds a health probe may take."""


@dataclass(frozen=True, slots=True)
class Probing:
    """How health is looked after: seconds between probes, the name asked, RD, the transport."""

    interval: float = 0.5
    domain: str = "."
    recursion: bool = True
    tcp: bool = False


class Upstream:
    """A server that queries are sent to. `name` is the plugin's, for the label `proxy_name`."""

    def __init__(self, name: str, address: Address, limits: Limits, probing: Probing) -> None:
        self.address = address
        self.label = address.label
        self.udp = UdpPool(address, limits)
        self.tcp = TcpPool(address, limits)
        self.health = Health(self._probe, probing.interval)
        self._name = name
        self._limits = limits
        self._probing = probing
        self._durations: dict[int, Distribution] = {}

    def start(self) -> None:
        """Take part in scrapes from now on."""
        metrics.before_scrape(self, self._publish)

    async def stop(self) -> None:
        """Close all sockets and stop probing."""
        await self.health.stop()
        self.udp.close()
        self.tcp.close()
        self._publish()
        metrics.before_scrape(self, None)

    def answered(self, rcode: int, seconds: float) -> None:
        """Count an answer and how long it took."""
        found = self._durations.get(rcode) or self._series(rcode)
        found.observe(seconds)

    def _series(self, rcode: int) -> Distribution:
        text = rcodes.text(rcode) or str(rcode)
        found = self._durations[rcode] = _durations.labels(self._name, self.label, text)
        return found

    def _publish(self) -> None:
        # Series are there from the first event on, as in CoreDNS: not before.
        for pool in (self.udp, self.tcp):
            if pool.hits:
                _hits.labels(self._name, self.label, pool.kind).value += pool.hits
            if pool.misses:
                _misses.labels(self._name, self.label, pool.kind).value += pool.misses
            pool.hits = pool.misses = 0

    async def _probe(self) -> None:
        probing = self._probing
        query = question(probing.domain, wire.NS, recursion=probing.recursion)
        source = self._limits.source
        try:
            await exchange(
                self.address, query, timeout=PROBE_TIMEOUT, tcp=probing.tcp, source=source
            )
        except UpstreamError:
            _failures.labels(self._name, self.label).value += 1
            raise
