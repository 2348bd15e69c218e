"""Catalogs of other clusters, fetched from the nodes that are tagged `mcs-catalog`."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from corepy.tasks import spawn
from corepy_plugins.k8s_cross import metrics
from corepy_plugins.k8s_cross.catalog import Catalog, Rejected, fetch
from corepy_plugins.k8s_cross.imports import BadDocument, Facts, facts
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.listing import Malformed
from corepy_plugins.k8s_cross.node import Network, Node
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.peer import client
from corepy_plugins.k8s_cross.source import FetchError, Source
from corepy_plugins.k8s_cross.trust import Limits, limits, trusted

AT_ONCE: Final = 64
"""Catalogs fetched at the same time."""

MOST: Final = 250
"""Catalogs that one list may lead to."""

_LINES: Final = 5
_NOTHING: Final = Facts((), frozenset())


@dataclass(slots=True)
class Taken:
    """A catalog, and the facts that were made of it under these limits.

    `at` is when it was confirmed last, in monotonic seconds; `dropped` counts what is not trusted
    by its reason. What was known before the start has only its facts.
    """

    catalog: Catalog | None
    cluster: str
    at: float
    dropped: Counter[str] = field(default_factory=Counter)
    limits: Limits | None = None
    facts: Facts = _NOTHING


class Catalogs:
    """Fetches each catalog again and again, and tells the instance what is in them.

    `first` is set when those of the first list have been asked for; `faults` says by node why its
    catalog could not be used the last time.
    """

    def __init__(self, instance: Instance, source: Source) -> None:
        self.first = asyncio.Event()
        self.taken: dict[str, Taken] = {}
        self.faults: dict[str, str] = {}
        self._instance = instance
        self._source = source
        self._routes: dict[str, tuple[Network, ...]] = {}
        self._client = client(instance.settings.overlay_proxy, AT_ONCE)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fetch for as long as the context is open."""
        task = spawn(self._run(), name="k8s_cross catalogs")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await self._client.close()

    def _remember(self) -> None:
        """Begin with what a snapshot or the running configuration's instance has."""
        age = max(0.0, time.time() - self._instance.last_success)
        for one in self._instance.facts.values():
            if one.owner:
                self.taken[one.owner] = Taken(None, one.cluster, time.monotonic() - age, facts=one)
        if self._instance.known and all(node.id in self.taken for node in self._servers()):
            self.first.set()

    async def _run(self) -> None:
        instance, due = self._instance, 0.0
        self._remember()
        while True:
            instance.news.clear()
            every = time.monotonic() >= due
            if every:
                jitter = random.uniform(0.8, 1.2)  # noqa: S311 - spreads load, no secret
                due = time.monotonic() + instance.settings.refresh * jitter
            try:
                await self.round(every=every)
            except Exception:
                instance.log.exception("fetching catalogs")
            if instance.known:
                self.first.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(max(due - time.monotonic(), 0)):
                    await instance.news.wait()

    async def round(self, *, every: bool) -> None:
        """Fetch all catalogs, or only those that are new in the list; then see what is trusted."""
        nodes = {node.id: node for node in self._servers()}
        self._forget(nodes)
        due = [
            node
            for node in nodes.values()
            if self._instance.is_ready(node) and (every or node.id not in self.taken)
        ]
        if due:
            self._routes = await self._old_routes()
            gate = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(self._take(gate, node) for node in due))
        await self._publish(nodes)

    def _servers(self) -> list[Node]:
        """The nodes whose catalogs are wanted."""
        settings = self._instance.settings
        found = [node for node in self._instance.servers if self._tagged(node)]
        if settings.export is not None:
            # For this cluster its own file counts, whoever else claims to speak for it.
            found = [node for node in found if node.cluster != settings.cluster]
        if len(found) > MOST:
            self._say("", f"only {MOST} of {len(found)} are fetched")
        else:
            self.faults.pop("", None)
        return found[:MOST]

    def _tagged(self, node: Node) -> bool:
        """True if a tag says whose catalog it is: a name is in the client's hands."""
        if not node.tagged and self._say(node.id, "the node has no cluster tag"):
            metrics.catalog_rejected("cluster")
        return node.tagged

    # ---- one catalog

    async def _take(self, gate: asyncio.Semaphore, node: Node) -> None:
        known = self.taken.get(node.id)
        clusterset = self._instance.settings.clusterset
        async with gate:
            try:
                found = await fetch(
                    self._client, node, clusterset, known.catalog if known else None
                )
            except (FetchError, Malformed, BadDocument) as error:
                self._failed(node, error)
                return
            except Exception:
                # Whatever one of them sends, the others count.
                self._instance.log.exception("catalog of node %r", node.id)
                return
        if known is not None and known.catalog and known.catalog.digest == found.digest:
            known.catalog, known.at = found, time.monotonic()
        else:
            dropped = known.dropped if known is not None else Counter[str]()
            self.taken[node.id] = Taken(found, node.cluster, time.monotonic(), dropped)
            self._report(node, known.catalog if known else None, found)
        if self.faults.pop(node.id, ""):
            self._instance.log.info("catalog of node %r: fetched again", node.id)

    def _failed(self, node: Node, error: Exception) -> None:
        if isinstance(error, BadDocument | Malformed):
            metrics.catalog_rejected(error.reason if isinstance(error, Rejected) else "malformed")
        if isinstance(error, Rejected):
            self.taken.pop(node.id, None)  # it is of somebody else now
        self._say(node.id, str(error))

    def _report(self, node: Node, before: Catalog | None, found: Catalog) -> None:
        """Say what is new: endpoints come and go, and with them a catalog changes all the time."""
        log, (services, faults) = self._instance.log, found.document
        if before is None:
            log.info("catalog of node %r: %d services of %s", node.id, len(services), node.cluster)
        known = before.document.faults if before else ()
        faults = tuple(fault for fault in faults if fault not in known)
        metrics.catalog_rejected("service", len(faults))
        for fault in faults[:_LINES]:
            log.warning("catalog of node %r: %s", node.id, fault)

    def _say(self, id_: str, fault: str) -> bool:
        """Log why a catalog is not used, once; True if that is new."""
        if self.faults.get(id_) == fault:
            return False
        self.faults[id_] = fault
        if id_:
            kept = "; the last one stays in use" if id_ in self.taken else ""
            self._instance.log.warning("catalog of node %r: %s%s", id_, fault, kept)
        else:
            self._instance.log.warning("catalogs: %s", fault)
        return True

    def _forget(self, nodes: dict[str, Node]) -> None:
        """Drop what is not in the list any more, and what is older than `max_stale`."""
        longest, now = self._instance.settings.max_stale, time.monotonic()
        for id_, taken in list(self.taken.items()):
            node = nodes.get(id_)
            old = longest and now - taken.at > longest
            if node is None or node.cluster != taken.cluster or old:
                del self.taken[id_]
        listed = {"", *(node.id for node in self._instance.servers)}
        self.faults = {id_: text for id_, text in self.faults.items() if id_ in listed}

    # ---- all of them

    async def _publish(self, nodes: dict[str, Node]) -> None:
        """Tell the instance."""
        found: dict[str, Facts] = {
            source: _NOTHING for source, one in self._instance.facts.items() if one.owner
        }
        routers = self._routers()
        for id_, taken in list(self.taken.items()):
            bounds = self._limits(nodes[id_], routers.get(taken.cluster, ()))
            if taken.catalog is not None and taken.limits != bounds:
                taken.facts = await asyncio.to_thread(
                    self._facts, nodes[id_], taken, taken.catalog, bounds
                )
                taken.limits = bounds
            found[_key(id_)] = taken.facts
        await self._instance.include(found)

    def _limits(self, node: Node, routers: Iterable[Node]) -> Limits:
        settings = self._instance.settings
        return limits(
            node, routers, self._routes,
            settings.allow_cidr, settings.allow_namespaces,
        )  # fmt: skip

    def _routers(self) -> dict[str, list[Node]]:
        """The ready routers of each cluster; all of them if none is, as with gateways."""
        found: dict[bool, dict[str, list[Node]]] = {True: {}, False: {}}
        for node in self._instance.routers:
            found[self._instance.is_ready(node)].setdefault(node.cluster, []).append(node)
        return found[False] | found[True]

    def _facts(self, node: Node, taken: Taken, catalog: Catalog, bounds: Limits) -> Facts:
        before, dropped = taken.dropped, Counter[str]()
        services = trusted(catalog.document.services, bounds, dropped)
        found = facts(
            services, _key(node.id), self._instance.settings.clusterset, Pace(),
            owner=node.id, cluster=node.cluster, generation=catalog.generation,
        )  # fmt: skip
        for reason, count in (dropped - before).items():
            metrics.catalog_rejected(reason, count)
        if (count := dropped["address"]) > before["address"]:
            message = "catalog of node %r: %d addresses are neither its own nor routed"
            self._instance.log.warning(message, node.id, count)
        taken.dropped = dropped
        return found

    async def _old_routes(self) -> dict[str, tuple[Network, ...]]:
        """Routes of a Headscale that does not list them with the nodes."""
        if not self._instance.routeless:
            return {}
        try:
            return await self._source.routes()
        except (FetchError, Malformed) as error:
            self._instance.log.warning("%s: routes: %s", self._source.name, error)
            return self._routes


def _key(id_: str) -> str:
    return f"catalog {id_}"
