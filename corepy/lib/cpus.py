"""How many processors this process may use."""

from __future__ import annotations

import math
import os
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Final

_GROUPS: Final = Path("/sys/fs/cgroup")
_OWN: Final = Path("/proc/self/cgroup")


def usable(groups: Path = _GROUPS, own: Path = _OWN) -> int:
    """Those it may run on, or fewer if its control group has less time; at least 1.

    A limit of one and a half processors counts as two.
    """
    allowed = len(os.sched_getaffinity(0))
    quota = _quota(groups, own)
    return max(1, min(allowed, math.ceil(quota))) if quota else allowed


def _quota(groups: Path, own: Path) -> float | None:
    """The least `cpu.max` from the process's control group (version 2) up to the root."""
    found: list[float] = []
    with suppress(OSError, ValueError):
        rows = own.read_text(encoding="ascii").splitlines()
        path = next((row[3:] for row in rows if row.startswith("0::")), None)
        if path is None:
            return None
        inner = PurePosixPath(path.lstrip("/"))
        for group in (inner, *inner.parents):
            with suppress(OSError, ValueError):
                limit, period = (groups / group / "cpu.max").read_text(encoding="ascii").split()
                found.append(int(limit) / int(period))  # "max", for no limit, is no number
    return min(found, default=None)
