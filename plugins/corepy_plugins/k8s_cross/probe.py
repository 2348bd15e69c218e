"""Asks gateways and endpoints themselves whether they are there (`probe`).

Headscale takes up to a quarter of an hour to notice a machine that lost power; a TCP connection to
a port that the machine exports tells within seconds.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import Final

from corepy.tasks import spawn
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.node import Node
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.socks import Proxy, connect

TIMEOUT: Final = 2.0
"""Seconds until a connection that is neither accepted nor refused has failed."""

FAILURES: Final = 3
"""Failures in a row after which a node does not count as ready; one success ends that."""

AT_ONCE: Final = 64
"""Connections tried at the same time."""


class Prober:
    """Probes the nodes of one instance, round after round."""

    def __init__(self, instance: Instance, interval: float) -> None:
        self._instance = instance
        self._interval = interval
        self.first = None
        self._failures: dict[str, int] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Probe for as long as the context is open."""
        task = spawn(self._run(), name="k8s_cross probe")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            await self.round()
            await asyncio.sleep(self._interval * random.uniform(0.9, 1.1))  # noqa: S311

    async def round(self) -> None:
        """Probe every node that Headscale holds for ready, and tell the instance what is new."""
        targets = await asyncio.to_thread(self._targets)
        waiting = iter(targets.items())
        # Who is gone or offline for Headscale begins anew when it is back.
        failures: dict[str, int] = {}
        proxy = self._instance.settings.overlay_proxy

        async def some() -> None:
            for id_, (host, port) in waiting:
                good = await answers(host, port, proxy)
                failures[id_] = 0 if good else self._failures.get(id_, 0) + 1

        await asyncio.gather(*(some() for _ in range(min(AT_ONCE, len(targets)))))
        self._failures = failures
        down = frozenset(id_ for id_, count in failures.items() if count >= FAILURES)
        await self._instance.mark_down(down)

    def _targets(self) -> dict[str, tuple[str, int]]:
        """Whom to ask, by id."""
        found, pause = {}, Pace()
        for node in self._instance.members():
            pause()
            if (where := target(node)) is not None:
                found[node.id] = where
        return found


def target(node: Node) -> tuple[str, int] | None:
    """Address and port to try; None for a node that exports no TCP port."""
    for export in node.exports:
        if export.port is not None and export.port.protocol == "tcp":
            return str(ip_address((node.v4 or node.v6)[0])), export.port.number
    return None


async def answers(host: str, port: int, proxy: Proxy | None = None) -> bool:
    """True if a TCP connection is accepted."""
    try:
        async with asyncio.timeout(TIMEOUT):
            _, writer = await connect(proxy, host, port)
    except OSError:  # TimeoutError is one
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True
