"""The text format of Prometheus (version 0.0.4), written straight from the families.

prometheus-client's own writer is several times slower, and a scrape must not keep DNS waiting; what
other code keeps in its default registry (the process, the interpreter, metrics of plugins that use
the library itself) is still left to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, cast

from corepy import metrics
from corepy.host import Workers
from corepy.metrics import Distribution, Family, Series

from . import group

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"

_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


async def render(workers: Workers | None = None) -> bytes:
    """The whole page, of all workers if there are several processes.

    Between its parts other work gets its turn.
    """
    metrics.refresh()
    families = list(metrics.families()) if workers is None else await workers.families()
    parts: list[str] = []
    for family in families:
        parts += _family(family)
        await asyncio.sleep(0)
    own = "".join(parts).encode("utf-8", "surrogateescape")
    told = [] if workers is None else await workers.ask(group.ANSWER)
    pids = [] if workers is None else workers.pids()
    return own + await asyncio.get_running_loop().run_in_executor(None, _library, pids, told)


def _library(pids: Sequence[int], told: Sequence[group.Told | None]) -> bytes:
    from prometheus_client import REGISTRY, generate_latest  # noqa: PLC0415 - only a scrape needs it

    if not pids:
        return generate_latest(REGISTRY)
    several = group.Group(REGISTRY, pids, filter(None, told))
    return generate_latest(cast("CollectorRegistry", several))


def _family(family: Family[Series] | Family[Distribution]) -> Iterator[str]:
    name = family.name
    text = family.help.replace("\\", r"\\").replace("\n", r"\n")
    if not family.series:
        return
    yield f"# HELP {name} {text}\n# TYPE {name} {family.kind}\n"
    for values, series in list(family.series.items()):
        labels = _labels(family.label_names, values)
        if isinstance(series, Series):
            whole = f"{{{labels}}}" if labels else ""
            yield f"{name}{whole} {number(series.value)}\n"
        elif isinstance(series, Distribution):
            yield from _histogram(name, labels, series)


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    return ",".join(
        [f'{name}="{value.translate(_ESCAPES)}"' for name, value in zip(names, values, strict=True)]
    )


def _histogram(name: str, labels: str, series: Distribution) -> Iterator[str]:
    before = f"{labels}," if labels else ""
    whole = f"{{{labels}}}" if labels else ""
    below = 0
    for bound, count in zip(series.bounds, series.counts, strict=False):
        below += count
        yield f'{name}_bucket{{{before}le="{number(bound)}"}} {below}\n'
    total = below + series.counts[-1]
    yield f'{name}_bucket{{{before}le="+Inf"}} {total}\n'
    yield f"{name}_sum{whole} {number(series.total)}\n{name}_count{whole} {total}\n"


def number(value: float) -> str:
    """A sample's value or a bucket's bound: whole ones without a point, as Go writes them."""
    if type(value) is int:
        return str(value)
    if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124 - NaN alone
        return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}[str(value)]
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
