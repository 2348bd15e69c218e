"""Catalogs that change: members come, go, and move, and a broken catalog changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from corepy.testing import Dns, Start, free_port

CATALOG = '@ 60 SOA . . {} 3600 3600 3600 60\n@ 60 NS invalid.\nversion 60 TXT "2"\n'
MEMBER = "@ 60 SOA ns host 1 3600 3600 3600 60\n@ 60 NS ns\nns 60 A 192.0.2.53\n"


class World:
    """A primary with two catalogs and two zones, and a server that follows the catalogs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server: Dns
        self._serial = 0

    def put(self, catalog: str, *lines: str) -> None:
        """Another version of a catalog: `one x.test.` lists a zone as `one`."""
        self._serial += 1
        rows = [line.split() for line in lines]
        members = "".join(f"{owner}.zones 60 PTR {zone}\n" for owner, zone in rows)
        (self.folder / catalog).write_text(CATALOG.format(self._serial) + members)

    async def until(self, zone: str, rcode: str) -> None:
        """Wait until the zone is there (`NOERROR`) or not."""
        async with asyncio.timeout(20):
            while f"rcode {rcode}" not in (await self.server.query(f"ns.{zone} A")).to_text():
                await asyncio.sleep(0.02)

    async def logged(self, text: str, times: int = 1) -> None:
        """Wait for lines of the log that end like this."""
        async with asyncio.timeout(20):
            while sum(line.endswith(text) for line in self.server.log) < times:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def _following(corefile: Start, folder: Path, options: str = "") -> AsyncIterator[World]:
    world, port = World(folder), free_port()
    world.put("c1.test", "one x.test.")
    world.put("c2.test")
    zones = ["c1.test", "c2.test", "x.test", "y.test"]
    for zone in zones[2:]:
        (folder / zone).write_text(MEMBER)
    primary = "".join(
        f"{zone} {{\n file {folder / zone} {{\n reload 50ms\n }}\n"
        f" transfer {{\n to 127.0.0.1:{port}\n }}\n}}\n"
        for zone in zones
    )
    async with corefile(primary) as first:
        copy = (
            ". {\n secondary c1.test c2.test {\n"
            f" transfer from 127.0.0.1:{first.port}\n catalog {options}\n }}\n}}"
        )
        async with corefile(copy, port=port) as world.server:
            await world.until("x.test", "NOERROR")
            yield world


async def test_members_come_and_go(corefile: Start, tmp_path: Path) -> None:
    async with _following(corefile, tmp_path) as world:
        world.put("c1.test", "one x.test.", "two y.test.")
        await world.until("y.test", "NOERROR")
        world.put("c1.test", "two y.test.")
        await world.until("x.test", "REFUSED")
        assert (await world.server.query("ns.y.test A")).rcode() == 0
        await world.logged("Removed catalog member zone x.test. from catalog c1.test.")


async def test_a_member_moves_if_its_catalog_says_so(corefile: Start, tmp_path: Path) -> None:
    async with _following(corefile, tmp_path) as world:
        world.put("c1.test", "one x.test.", "coo.one c2.test.")
        await world.logged("Parsed catalog zone c1.test. with 1 member zones", times=2)
        world.put("c2.test", "one x.test.")
        await world.logged("Added catalog member zone x.test. from catalog c2.test.")
        world.put("c1.test")
        await world.logged("Parsed catalog zone c1.test. with 0 member zones")
        assert (await world.server.query("ns.x.test A")).rcode() == 0


async def test_a_member_stays_where_it_is_otherwise(corefile: Start, tmp_path: Path) -> None:
    async with _following(corefile, tmp_path) as world:
        world.put("c2.test", "one x.test.")
        text = "Skipping catalog member zone x.test. from c2.test.: zone already exists"
        await world.logged(text)
        world.put("c1.test")
        await world.until("x.test", "REFUSED")


async def test_a_broken_catalog_changes_nothing(corefile: Start, tmp_path: Path) -> None:
    async with _following(corefile, tmp_path) as world:
        world.put("c1.test", "two y.test.", "two x.test.")
        await world.logged("must have exactly one PTR record")
        assert (await world.server.query("ns.x.test A")).rcode() == 0
        world.put("c1.test", "one x.test.", "two y.test.")
        await world.until("y.test", "NOERROR")


async def test_only_members_below_the_zones_that_are_allowed(
    corefile: Start, tmp_path: Path
) -> None:
    async with _following(corefile, tmp_path, "x.test") as world:
        world.put("c1.test", "one x.test.", "two y.test.")
        text = "Skipped 1 member zones from catalog c1.test.: outside configured member zones"
        await world.logged(text)
        assert (await world.server.query("ns.x.test A")).rcode() == 0
        assert (await world.server.query("ns.y.test A")).rcode() == 5
