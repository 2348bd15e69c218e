"""What *k8s_cross* tells Prometheus: counters, and gauges worked out at scrape time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from corepy import metrics
from corepy.metrics import Series
from corepy.request import Repeat

if TYPE_CHECKING:
    from corepy_plugins.k8s_cross.instance import Instance

_requests = metrics.counter(
    "coredns_k8s_cross_request_count_total",
    "Counter of DNS requests processed by the k8s_cross plugin.",
    "server",
)
_calls = metrics.counter(
    "coredns_k8s_cross_headscale_requests_total",
    "Requests to Headscale, by HTTP status or error.",
    "code",
)
_durations = metrics.histogram(
    "coredns_k8s_cross_headscale_request_duration_seconds", "Seconds that Headscale took to answer."
).labels()
_last_success = metrics.gauge(
    "coredns_k8s_cross_last_success_timestamp_seconds",
    "Unix time of the last good node list; of several Headscales the oldest.",
)
_stale = metrics.gauge(
    "coredns_k8s_cross_stale", "1 while some answers come from a list that is too old, else 0."
)
_services = metrics.gauge("coredns_k8s_cross_services", "Services known, by type.", "type")
_endpoints = metrics.gauge(
    "coredns_k8s_cross_endpoints",
    "Nodes that export something, by cluster and readiness.",
    *("cluster", "ready"),
)
_clusters = metrics.gauge("coredns_k8s_cross_clusters", "Clusters that export something.")
_conflicts = metrics.gauge(
    "coredns_k8s_cross_conflicts", "Contradictions between exports, by kind.", "kind"
)
INVALID_TAGS: Final = metrics.counter(
    "coredns_k8s_cross_invalid_tags_total",
    "Tags that look like exports and are none; each once while it stays.",
).labels()
INVALID_NODES: Final = metrics.counter(
    "coredns_k8s_cross_invalid_nodes_total",
    "Nodes that could not be read; each once while it stays.",
).labels()
_dropped = metrics.counter(
    "coredns_k8s_cross_dropped_addresses_total",
    "Addresses that are never answered, by reason; each once while it stays.",
    "reason",
)

_catalog_calls = metrics.counter(
    "coredns_k8s_cross_catalog_requests_total",
    "Requests for catalogs of other clusters, by HTTP status or error.",
    "code",
)
_catalog_rejected = metrics.counter(
    "coredns_k8s_cross_catalog_rejected_total",
    "Catalogs and parts of catalogs that are not used, by reason.",
    "reason",
)
_catalogs = metrics.gauge(
    "coredns_k8s_cross_catalogs", "Catalogs at hand, by the cluster they are of.", "cluster"
)


def catalog_called(code: str) -> None:
    """Count one request for a catalog."""
    _catalog_calls.labels(code).inc()


def catalog_rejected(reason: str, count: int = 1) -> None:
    """Count what a catalog says and nobody believes."""
    if count:
        _catalog_rejected.labels(reason).inc(count)


def called(code: str, seconds: float) -> None:
    """Count one request to Headscale."""
    _calls.labels(code).inc()
    _durations.observe(seconds)


def dropped(reason: str) -> None:
    """Count one address that is not used."""
    _dropped.labels(reason).inc()


def requests(server: str) -> tuple[Series, Repeat]:
    """The series of one server address, and what counts an answer that is repeated."""
    series = _requests.labels(server)

    def repeat(_query: bytes, _peer: object, _started: float) -> None:
        series.value += 1

    return series, repeat


_live: list[Instance] = []


def watch(instance: Instance) -> Callable[[], None]:
    """Show this instance in the gauges until the function returned is called."""
    _live.append(instance)
    metrics.before_scrape(_live_key, _refresh)

    def unwatch() -> None:
        _live.remove(instance)
        if not _live:
            _refresh()
            metrics.before_scrape(_live_key, None)

    return unwatch


_live_key: Final = "k8s_cross"


def _refresh() -> None:
    services: Counter[str] = Counter()
    endpoints: Counter[tuple[str, bool]] = Counter()
    conflicts: Counter[str] = Counter()
    for instance in _live:
        services.update(instance.summary.services)
        endpoints.update(instance.summary.endpoints)
        conflicts.update(instance.summary.conflicts)
    for kind in ("ClusterSetIP", "Headless"):
        _services.labels(kind).set(services[kind])
    _endpoints.clear()
    for (cluster, ready), count in endpoints.items():
        _endpoints.labels(cluster, "true" if ready else "false").set(count)
    _clusters.labels().set(len({cluster for cluster, _ in endpoints}))
    for kind in ("type", "port", "cluster"):
        _conflicts.labels(kind).set(conflicts[kind])
    facts = [one for instance in _live for one in instance.facts.values()]
    _catalogs.clear()
    for cluster, count in Counter(one.cluster for one in facts if one.owner).items():
        _catalogs.labels(cluster).set(count)
    _stale.labels().set(int(any(instance.aged for instance in _live)))
    _last_success.labels().set(min((instance.last_success for instance in _live), default=0))
