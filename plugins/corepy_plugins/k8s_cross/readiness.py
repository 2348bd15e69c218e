"""Which nodes count as ready, over time.

Headscale's `online` is a hint: after a restart of Headscale every node is offline until its client
is back, and a clean stop of a client shows at once. So a node stays ready for a grace after it was
last seen online, a start with nobody online waits that long, and a fall of more than half of all
nodes in one poll is taken for a restart of Headscale.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from corepy_plugins.k8s_cross.node import ONLINE


class Readiness:
    """Remembers each node's presence. All times are monotonic seconds, but for `wall`."""

    def __init__(self, grace: float) -> None:
        self._grace = grace
        self._until: dict[str, float] = {}
        """By node: infinite while online, else the time until which it counts as ready."""
        self._online_at: float | None = None
        self._starting_until = 0.0

    def observe(
        self,
        presence: Mapping[str, float],
        now: float,
        wall: float,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        """Take in one poll; `wall` is the same moment in Unix seconds, to compare lastSeen with."""
        before, self._until = self._until, {}
        first = self._online_at is None
        anybody = ONLINE in presence.values()
        if first and presence and not anybody:
            self._starting_until = now + self._grace
        online = [id_ for id_, until in before.items() if until == math.inf and id_ in presence]
        pause()
        fallen = sum(presence[id_] != ONLINE for id_ in online)
        # The guard's grace counts from this poll, a single node's from when it was last online.
        since = now if self._online_at is None or fallen * 2 > len(online) else self._online_at
        for id_, seen in presence.items():
            pause()
            until = before.get(id_)
            if seen == ONLINE:
                until = math.inf
            elif until == math.inf:
                until = since + self._grace
            elif until is None:
                until = self._first_seen_offline(seen, now, wall, starting=first and not anybody)
            self._until[id_] = until
        if anybody:
            self._starting_until = 0.0
        self._online_at = now

    def _first_seen_offline(self, seen: float, now: float, wall: float, *, starting: bool) -> float:
        """A future lastSeen is a clock that differs, not a reason for a longer grace."""
        age = max(0.0, wall - seen)
        recent = now - age + self._grace if age <= self._grace else 0.0
        return max(recent, now + self._grace) if starting else recent

    def starting(self, now: float) -> bool:
        """True while nobody was online yet and the first poll was less than a grace ago."""
        return now < self._starting_until

    def ready(self, now: float) -> set[str]:
        """The nodes that count as ready."""
        return {id_ for id_, until in self._until.items() if until > now}

    def deadline(self, now: float) -> float:
        """When `ready` will change by itself; infinite if it will not."""
        pending = (until for until in self._until.values() if now < until < math.inf)
        return min(pending, default=math.inf)

    def adopt(self, other: Readiness) -> None:
        """Go on from what another one knows, at a reload of the configuration."""
        self._until = dict(other._until)
        self._online_at = other._online_at
        self._starting_until = other._starting_until
