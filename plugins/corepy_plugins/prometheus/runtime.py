"""`runtime_metrics`: what the interpreter does besides answering.

As CoreDNS does with the Go runtime, this is switched on once for the whole process and stays on
until its end, whatever later reloads say.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from time import perf_counter
from typing import Final

from corepy import metrics
from corepy.tasks import spawn

LAG_INTERVAL: Final = 0.5
"""Seconds between two looks at how late the event loop is."""

_PAUSE_BUCKETS: Final = tuple(0.0001 * 4**k for k in range(8))


class Runtime:
    """The families and what feeds them."""

    def __init__(self) -> None:
        gauge = partial(metrics.gauge, summed=True)
        counter, histogram = metrics.counter, metrics.histogram
        self._threads = gauge("python_threads", "Threads of the process.").labels()
        self._tasks = gauge("python_asyncio_tasks", "Tasks that are not done.").labels()
        self._lag = histogram(
            "python_asyncio_lag_seconds", "How late the event loop runs what is due."
        ).labels()
        self._blocks = gauge("python_memory_blocks", "Memory blocks held by objects.").labels()
        self._frozen = gauge(
            "python_gc_frozen_objects", "Objects the collector does not look at."
        ).labels()
        self._tracked = gauge(
            "python_gc_pending_objects", "Objects made since the last collection.", "generation"
        )
        self._pauses = histogram(
            "python_gc_pause_seconds",
            "Seconds each collection stopped everything else.",
            "generation",
            buckets=_PAUSE_BUCKETS,
        )
        self._cpu = counter("process_cpu_mode_seconds_total", "CPU time by mode.", "mode")
        self._faults = counter("process_page_faults_total", "Page faults by kind.", "kind")
        self._switches = counter(
            "process_context_switches_total", "Context switches by kind.", "kind"
        )
        self._began = 0.0
        gc.callbacks.append(self._collecting)
        metrics.before_scrape(self, self._refresh)

    def _collecting(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = perf_counter()
        else:
            pause = perf_counter() - self._began
            self._pauses.labels(str(info["generation"])).observe(pause)

    def _refresh(self) -> None:
        self._threads.value = threading.active_count()
        with suppress(RuntimeError):  # asked for outside an event loop
            self._tasks.value = len(asyncio.all_tasks())
        self._blocks.value = sys.getallocatedblocks()
        self._frozen.value = gc.get_freeze_count()
        for generation, count in enumerate(gc.get_count()):
            self._tracked.labels(str(generation)).value = count
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self._cpu.labels("user").value = usage.ru_utime
        self._cpu.labels("system").value = usage.ru_stime
        self._faults.labels("minor").value = usage.ru_minflt
        self._faults.labels("major").value = usage.ru_majflt
        self._switches.labels("voluntary").value = usage.ru_nvcsw
        self._switches.labels("involuntary").value = usage.ru_nivcsw

    async def watch(self) -> None:
        """Measure the event loop's lag, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_INTERVAL
            await asyncio.sleep(LAG_INTERVAL)
            self._lag.observe(max(0.0, loop.time() - due))


_runtime: Runtime | None = None


def switch_on() -> None:
    """Begin to measure; a second time changes nothing."""
    global _runtime  # noqa: PLW0603 - there is one interpreter
    if _runtime is None:
        _runtime = Runtime()


@asynccontextmanager
async def watched() -> AsyncIterator[None]:
    """Keep an eye on the event loop inside, if the runtime metrics are on."""
    if _runtime is None:
        yield
        return
    watch = spawn(_runtime.watch(), name="prometheus lag")
    try:
        yield
    finally:
        watch.cancel()
        await asyncio.wait([watch])
