"""What the prometheus-client library knows in several processes, as if it were one.

Plugins may keep metrics in the library's own registry. Each worker tells those, and the supervisor
adds them up; of `process_*` it looks at the workers itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

ANSWER: Final = "prometheus library"
"""Under which a supervisor asks its workers."""

Told = list[Any]
"""Metrics: name, help, type and the samples, each a name, its labels and a value."""

_OWN: Final = ("process_", "python_")
_ALIKE: Final[dict[str, Callable[[Iterable[float]], float]]] = {
    "process_start_time_seconds": min,
    "process_max_fds": max,
}


def tell() -> Told:
    """What this worker has in the library's registry, if any plugin has loaded the library."""
    if "prometheus_client" not in sys.modules:
        return []
    from prometheus_client import REGISTRY  # noqa: PLC0415 - loaded by somebody else

    return [
        [
            metric.name,
            metric.documentation,
            metric.type,
            [[one.name, one.labels, one.value] for one in metric.samples],
        ]
        for metric in REGISTRY.collect()
        if not metric.name.startswith(_OWN)
    ]


class Group:
    """Metrics of a registry with those of others: `processes` by id, and what workers `told`."""

    def __init__(
        self, registry: CollectorRegistry, processes: Sequence[int], told: Iterable[Told]
    ) -> None:
        self._registry = registry
        self._processes = processes
        self._told = list(told)

    def collect(self) -> Iterator[Metric]:
        """All of them, each once."""
        others: dict[str, list[Told]] = {}
        for row in (row for told in self._told for row in told):
            others.setdefault(row[0], []).append(row)
        for metric in self._registry.collect():
            if metric.name.startswith("process_"):
                self._add_processes(metric)
            else:
                _add(metric, others.pop(metric.name, []))
            yield metric
        for rows in others.values():
            yield _made(rows)

    def _add_processes(self, metric: Metric) -> None:
        from prometheus_client import ProcessCollector  # noqa: PLC0415

        found: dict[str, list[float]] = {}
        for process in self._processes:
            for other in ProcessCollector(pid=partial(int, process), registry=None).collect():
                for one in other.samples:
                    found.setdefault(one.name, []).append(one.value)
        metric.samples = [
            one._replace(value=_ALIKE.get(one.name, sum)([one.value, *found.get(one.name, ())]))
            for one in metric.samples
        ]


def _made(rows: Sequence[Told]) -> Metric:
    from prometheus_client.core import Metric  # noqa: PLC0415

    name, text, kind, _ = rows[0]
    metric = Metric(name, text, kind)
    _add(metric, rows)
    return metric


def _add(metric: Metric, rows: Iterable[Told]) -> None:
    """Counts add up; of a gauge the largest value counts, as with the server's own."""
    places = {(one.name, _key(one.labels)): at for at, one in enumerate(metric.samples)}
    for *_, samples in rows:
        for name, labels, value in samples:
            at = places.get((name, _key(labels)))
            if at is None:
                places[name, _key(labels)] = len(metric.samples)
                metric.add_sample(name, labels, value)
                continue
            before = metric.samples[at]
            if name.endswith("_created"):
                value = min(before.value, value)
            elif metric.type in ("counter", "histogram", "summary"):
                value += before.value
            else:
                value = max(before.value, value)
            metric.samples[at] = before._replace(value=value)


def _key(labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))
