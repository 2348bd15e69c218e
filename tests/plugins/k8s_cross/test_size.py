"""Ten thousand nodes and two thousand services: the event loop goes on, memory stays bounded."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
from pathlib import Path

import pytest

from corepy.tasks import spawn
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.listing import Body
from corepy_plugins.k8s_cross.service import Backend, Service, packed
from corepy_plugins.k8s_cross.services import Catalogue
from corepy_plugins.k8s_cross.settings import Settings
from corepy_plugins.k8s_cross.table import Table, fill
from corepy_plugins.k8s_cross.tags import Port
from tests.support.headscale import node

NODES, SERVICES = 10_000, 2_000
LOG = logging.getLogger("corepy.plugin.k8s_cross.size")


def listing() -> bytes:
    """A list as long as those of the largest networks."""
    items = []
    for number in range(NODES):
        service = number % SERVICES
        kind = "mcsh" if service % 2 else "mcs"
        item = node(
            number,
            f"cluster--c{number % 20}",
            f"{kind}--s{service}--n{service % 50}--tcp--80--http",
            name=f"host-{number}",
            ipAddresses=[f"100.64.{number // 256}.{number % 256}", f"fd7a::{number + 1:x}"],
            preAuthKey={"key": "x" * 400, "user": {}},
        )
        items.append(item)
    return json.dumps({"nodes": items}).encode()


def resident() -> float:
    """Mebibytes of memory in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20


async def turns(found: list[None]) -> None:
    """One for each time that the loop came to do something else."""
    while True:
        await asyncio.sleep(0.0005)
        found.append(None)


@pytest.mark.slow
async def test_a_refresh_beside_the_event_loop() -> None:
    """The loop comes to other things all the time; how late is for benchmarks/k8s_cross.py to say.

    And a refresh leaves nothing for the garbage collector to look at, whose passes are what would
    hold up everything.
    """
    instance = Instance(Settings(), LOG, lambda: None)
    LOG.addHandler(logging.NullHandler())
    LOG.propagate = False
    octets = listing()
    bodies = [
        Body(bytearray(octets.replace(b'"host-7"', name)))
        for name in (b'"host-7"', b'"other"', b'"third"')
    ]
    before = resident()
    gc.collect()
    objects = len(gc.get_objects())
    for each in bodies:
        taken: list[None] = []
        watch = spawn(turns(taken))
        await instance.take(each)
        watch.cancel()
        assert len(taken) > 50
    assert sum(instance.summary.services.values()) == SERVICES
    assert len(instance.zones["clusterset.local."].full) > NODES // 2
    assert resident() - before < 60
    gc.collect()
    assert len(gc.get_objects()) - objects < NODES * 2


@pytest.mark.slow
def test_a_service_of_all_nodes() -> None:
    """Its answers are made ahead, with pauses, and not when the first one asks."""
    backends = tuple(
        Backend(
            "west", f"host-{number}", local=False, ready=True,
            v4=(number.to_bytes(4, "big"),), v6=(), ports=(Port(80, "tcp", "http"),),
        )
        for number in range(NODES)
    )  # fmt: skip
    service = Service("shop", "db", True, backends, (Port(80, "tcp", "http"),), ("west",))
    pauses: list[None] = []
    table = Table()
    found = Catalogue(packed=[packed(service)], namespaces={"shop"})
    fill(table, b"\x04test\0", found, Settings(), lambda: pauses.append(None))
    assert not any(isinstance(answers, bytes) for answers in table.values())
    assert len(table) == NODES + 3
    assert len(pauses) > NODES
