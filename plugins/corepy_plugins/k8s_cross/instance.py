"""One `k8s_cross` line at work: the newest node list, and the zones that are answered from it.

Everything that takes time with a long list runs in a thread (one at a time) and ends in one swap on
the event loop; a query never waits.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from corepy_plugins.k8s_cross.extra_records import ExtraRecords
from corepy_plugins.k8s_cross.imports import Facts, chosen
from corepy_plugins.k8s_cross.listing import Body, Listing, Malformed, read
from corepy_plugins.k8s_cross.node import Node
from corepy_plugins.k8s_cross.outputs import News, Output, Outputs
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.readiness import Readiness
from corepy_plugins.k8s_cross.reports import Reports
from corepy_plugins.k8s_cross.services import Catalogue, catalogue
from corepy_plugins.k8s_cross.settings import Settings
from corepy_plugins.k8s_cross.snapshot import Snapshot, Unusable
from corepy_plugins.k8s_cross.table import Table, fill
from corepy_plugins.k8s_cross.zone import State, Zone

_LONGEST_INTERVAL = 300.0
_STALE_INTERVALS = 3
_FETCHES_PER_INTERVAL = 10

_known: WeakValueDictionary[str, Instance] = WeakValueDictionary()
"""The instance that last started for each source: at a reload the new one goes on from its data."""


@dataclass(slots=True)
class Summary:
    """What the gauges show of an instance."""

    services: Mapping[str, int] = field(default_factory=dict)
    endpoints: Mapping[tuple[str, bool], int] = field(default_factory=dict)
    conflicts: Mapping[str, int] = field(default_factory=dict)


class Built(NamedTuple):
    """Fresh tables by zone, and what they were made from."""

    listing: Listing
    ready: frozenset[str]
    facts: tuple[Facts, ...]
    catalogue: Catalogue
    tables: dict[str, Table]


class Instance:
    """The data of one line. `changed` is called when earlier answers do not hold any more."""

    def __init__(
        self, settings: Settings, log: logging.Logger, changed: Callable[[], None]
    ) -> None:
        self.settings = settings
        self.log = log
        self.zones = {text: Zone(text, settings) for text in settings.zones}
        self.summary = Summary()
        self.last_success = 0.0
        """Unix seconds, for people."""
        self.interval = settings.refresh
        """Seconds between polls as they should be, without jitter."""
        self.due = math.inf
        """When the data must be looked at again although no list has come (monotonic seconds)."""
        self.news = asyncio.Event()
        """Set when another list is in use, or other nodes are ready."""
        self.facts: dict[str, Facts] = {}
        """What is known from elsewhere than the list, by source; change it with `include`."""
        self.down: frozenset[str] = frozenset()
        """Nodes that do not answer probes, by id."""
        self.trouble = ""
        """Why there is no new list, empty if there is."""
        self._turn = asyncio.Lock()
        self._changed = changed
        self._reports = Reports(log)
        self._succeeded: float | None = None
        self._confirmed = 0.0
        self._restored = False
        self._readiness = Readiness(settings.offline_grace)
        self._latest: Listing | None = None
        self._fault: Malformed | None = None
        self._emptied = False
        self._listing: Listing | None = None
        self._built: Built | None = None
        self._snapshot = Snapshot(settings.snapshot, settings.origin) if settings.snapshot else None
        outputs: list[Output] = [self._snapshot] if self._snapshot else []
        if settings.extra_records:
            outputs.append(ExtraRecords(*settings.extra_records))
        self._outputs = Outputs(log, outputs)

    # ---- new lists

    async def take(self, body: Body | None) -> None:
        """Answer from this list from now on; None is the one of last time. Raises `Malformed`."""
        if body is None and self._fault is not None:
            raise self._fault
        async with self._turn:
            self._fault = None
            try:
                built = await asyncio.to_thread(self._digest, body)
            except Malformed as fault:
                self._fault = fault
                raise
            await self._swap(built)

    def succeeded(self, seconds: float) -> None:
        """A poll that took so long has gone well."""
        stretched = min(_FETCHES_PER_INTERVAL * seconds, _LONGEST_INTERVAL)
        self.interval = max(self.settings.refresh, stretched)
        self._succeeded, self.last_success = time.monotonic(), time.time()
        self._restored = False
        self.consider_age()

    async def reconsider(self) -> None:
        """Look at the same list again: a grace or a key's time has ended, or a probe told news."""
        async with self._turn:
            if self._listing is None:
                return
            await self._swap(await asyncio.to_thread(self._build, time.monotonic(), time.time()))

    async def include(self, facts: dict[str, Facts]) -> None:
        """Put these facts in the place of older ones of the same source; empty ones go."""
        merged = {**self.facts, **facts}
        merged = {source: one for source, one in merged.items() if one.packed}
        if merged != self.facts:
            self.facts = merged
            await self.reconsider()

    async def mark_down(self, nodes: frozenset[str]) -> None:
        """Exactly these nodes do not answer probes."""
        if nodes != self.down:
            self.down = nodes
            await self.reconsider()

    @property
    def servers(self) -> list[Node]:
        """The nodes that serve a catalog, whether they are ready or not."""
        return self._built.catalogue.servers if self._built else []

    @property
    def routers(self) -> list[Node]:
        """The nodes through which other networks of their clusters are reached."""
        return self._built.catalogue.routers if self._built else []

    def is_ready(self, node: Node) -> bool:
        """True if this one counted as ready when answers were made last."""
        return self._built is not None and node.id in self._built.ready

    def survey(self, pause: Pace) -> tuple[Catalogue, dict[str, Any]] | None:
        """The services as they are answered now, worked out again, and what is odd in the list.

        For a thread. None as long as nothing is known.
        """
        built = self._built
        if built is None:
            return None
        found = self._catalogue(built.listing, built.facts, built.ready, time.time(), pause)
        listing = built.listing
        return found, {
            "nodes": {"listed": listing.size, "ready": len(built.ready)},
            "invalid_tags": sorted(listing.invalid_tags),
            "invalid_nodes": sorted(listing.invalid_nodes),
            "several_clusters": sorted(listing.ambiguous),
            "dropped_addresses": [
                {"address": address, "reason": reason}
                for reason, address in sorted(listing.dropped)
            ],
        }

    def members(self) -> Iterator[Node]:
        """The nodes that count, and are ready as far as Headscale knows; for a thread."""
        listed, wall, wanted = self._listing, time.time(), self.settings.clusterset
        ready = self._readiness.ready(time.monotonic())
        for node in listed.nodes if listed is not None else ():
            if node.id in ready and node.expiry > wall and wanted in node.clustersets:
                yield node

    @property
    def routeless(self) -> bool:
        """True if the list has catalogs, but no routes to trust their addresses by."""
        return self._listing is not None and self._listing.routeless

    async def adopt(self) -> None:
        """Go on from what the running configuration's instance of the same source knows."""
        before = _known.get(self.settings.origin)
        _known[self.settings.origin] = self
        if before is not None and before.known:
            before.bequeath(self)
            await self.reconsider()
            self.consider_age()
        elif self._snapshot is not None:
            await self._restore(self._snapshot)

    def bequeath(self, heir: Instance) -> None:
        """Give another instance all that was learnt from the source."""
        heir._latest = heir._listing = self._listing
        heir.facts = {source: one for source, one in self.facts.items() if one.owner}
        heir._restored, heir._confirmed = self._restored, self._confirmed
        heir.down = self.down if heir.settings.probe else frozenset()
        heir._readiness.adopt(self._readiness)
        heir._succeeded, heir.last_success = self._succeeded, self.last_success
        heir.interval = max(heir.settings.refresh, self.interval)

    async def _restore(self, snapshot: Snapshot) -> None:
        """Begin with what was known before the last stop; it is stale until a poll succeeds."""
        try:
            saved = await asyncio.to_thread(snapshot.load)
        except FileNotFoundError:
            return
        except (OSError, Unusable) as error:
            reason = getattr(error, "strerror", None) or error
            self.log.warning("snapshot %s is not used: %s", snapshot.path, reason)
            return
        self._listing = saved.listing
        self.facts = {f"catalog {one.owner}": one for one in saved.facts}
        age = max(0.0, time.time() - saved.moment)
        self._readiness.observe(saved.listing.presence, time.monotonic(), saved.moment)
        self._succeeded, self.last_success = time.monotonic() - age, saved.moment
        self._confirmed = saved.moment
        self._restored = True
        try:
            await self.reconsider()
        except Exception:
            self.log.exception("snapshot %s is not used", snapshot.path)
            self._listing, self._succeeded, self.facts = None, None, {}
        self.consider_age()

    def _digest(self, body: Body | None) -> Built | None:
        """In the thread: a list to tables, or None if nothing changes."""
        now, wall = time.monotonic(), time.time()
        self._confirmed = wall
        if body is not None:
            self._latest = read(body, Pace(), self._latest, self.settings.match)
        latest = self._latest
        assert latest is not None
        # A list without a single node is more often a mistake than the truth: it must come twice.
        emptied = not latest.size and self._listing is not None and self._listing.size > 0
        if not emptied or self._emptied:
            self._listing = latest
            emptied = False
        self._emptied = emptied
        assert self._listing is not None
        self._readiness.observe(self._listing.presence, now, wall, Pace())
        built = self._build(now, wall)
        self._outputs.touch()
        return built

    def _build(self, now: float, wall: float) -> Built | None:
        listing, built, pause = self._listing, self._built, Pace()
        assert listing is not None
        ready = frozenset(self._readiness.ready(now) - self.down)
        pause()
        until = self._readiness.deadline(now)
        pause()
        facts = tuple(chosen(self.facts.values(), ready))
        if built is None or not _same(built, listing, ready, facts, wall):
            found = self._catalogue(listing, facts, ready, wall, pause)
            tables = {text: Table() for text in self.zones}
            for text, table in tables.items():
                zone = self.zones[text]
                fill(table, zone.origin, found, self.settings, pause, zone.full.made)
            self._outputs.write(News(listing, facts, tuple(found.packed), self._confirmed))
            found.packed.clear()  # tables have what they need of it
            built = Built(listing, ready, facts, found, tables)
        elif built.listing is not listing:
            # The same facts in another text: keep the text's digest, and what was wrong in it.
            built = built._replace(listing=listing)
        self.due = min(until, now + built.catalogue.expires - wall)
        return None if built is self._built else built

    def _catalogue(
        self,
        listing: Listing,
        facts: tuple[Facts, ...],
        ready: frozenset[str],
        wall: float,
        pause: Pace,
    ) -> Catalogue:
        nodes = chain(listing.packed, *(one.packed for one in facts))
        present = ready.union(*(one.ready for one in facts if not one.owner or one.owner in ready))
        return catalogue(nodes, present, wall, self.settings, pause, routeless=listing.routeless)

    # ---- the swap

    async def _swap(self, built: Built | None) -> None:
        if built is None:
            return
        before, self._built = self._built, built
        self.news.set()
        self._reports.listing(built.listing, built.catalogue)
        self.summary = _summary(built)
        if before is not None and before.tables is built.tables:
            return
        serial = int(time.time())
        for text, zone in self.zones.items():
            zone.put(built.tables[text], serial)
        self._changed()
        if before is not None:
            tables = list(before.tables.values())
            del before
            await asyncio.to_thread(_release, tables)

    # ---- age

    @property
    def starting(self) -> bool:
        """True while Headscale seems to have just started, so that polls should come quickly."""
        return self._readiness.starting(time.monotonic())

    @property
    def state(self) -> State:
        """That of the data, and so of all zones."""
        return self._state(time.monotonic())

    @property
    def aged(self) -> bool:
        """True if the list is too old."""
        return any(zone.state.aged for zone in self.zones.values())

    @property
    def known(self) -> bool:
        """True once there was a list."""
        return self._listing is not None

    def consider_age(self) -> None:
        """Bring the zones' state up to date."""
        state = self._state(time.monotonic())
        if all(zone.state is state for zone in self.zones.values()):
            return
        for zone in self.zones.values():
            zone.state = state
        self._changed()

    def next_state(self) -> float:
        """When `consider_age` will find something, if no poll succeeds (monotonic seconds)."""
        if self._succeeded is None:
            return math.inf
        now = time.monotonic()
        times = [self._succeeded + _STALE_INTERVALS * self.interval]
        if self.settings.max_stale:
            times.append(self._succeeded + self.settings.max_stale)
        return min((moment for moment in times if moment > now), default=math.inf)

    def _state(self, now: float) -> State:
        if self._succeeded is None:
            return State.WAITING
        age = now - self._succeeded
        if self.settings.max_stale and age >= self.settings.max_stale:
            return State.LOST
        stale = self._restored or age >= _STALE_INTERVALS * self.interval
        return State.STALE if stale else State.CURRENT

    def forget(self) -> None:
        """The instance ends; its successor, if there is one, has what it needs."""
        if _known.get(self.settings.origin) is self:
            del _known[self.settings.origin]


def _same(
    built: Built,
    listing: Listing,
    ready: Collection[str],
    facts: tuple[Facts, ...],
    wall: float,
) -> bool:
    """True if tables made now would be those of `built`."""
    return (
        wall < built.catalogue.expires
        and ready == built.ready
        and facts == built.facts
        and (built.listing is listing or built.listing.packed == listing.packed)
    )


def _summary(built: Built) -> Summary:
    conflicts = {kind: len(texts) for kind, texts in built.catalogue.conflicts.items()}
    conflicts["cluster"] = len(built.listing.ambiguous)
    return Summary(built.catalogue.counts, built.catalogue.endpoints, conflicts)


def _release(tables: list[Table]) -> None:
    """Take old tables apart in the thread: freeing a large one takes time too."""
    pause = Pace()
    for table in tables:
        for part in (table, table.made):
            while part:
                part.popitem()
                pause()
