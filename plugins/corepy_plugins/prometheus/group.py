"""`process_*` of several processes as those of one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import Metric

_ALIKE: Final = {"process_start_time_seconds": min, "process_max_fds": max}
"""What does not add up."""


class Group(CollectorRegistry):
    """The library's registry, with the workers' processes added to this one's.

    Memory that processes share is counted in each of them.
    """

    def __init__(self, registry: CollectorRegistry, pids: Sequence[int]) -> None:
        super().__init__()
        self._registry = registry
        self._pids = pids

    def collect(self) -> Iterator[Metric]:
        """All metrics."""
        found: dict[str, list[float]] = {}
        for pid in self._pids:
            for metric in ProcessCollector(pid=partial(int, pid), registry=None).collect():
                for sample in metric.samples:
                    found.setdefault(sample.name, []).append(sample.value)
        for metric in self._registry.collect():
            if metric.name.startswith("process_"):
                metric.samples = [
                    one._replace(
                        value=_ALIKE.get(one.name, sum)([one.value, *found.get(one.name, ())])
                    )
                    for one in metric.samples
                ]
            yield metric
