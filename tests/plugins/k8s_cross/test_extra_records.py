"""Headscale's extra records: what is in the file, and when it is written."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.plugins.k8s_cross.world import until, world
from tests.support.headscale import headscale, node

pytestmark = pytest.mark.usefixtures("impatient")
WEB = node(1, "cluster--east", "mcs--web--shop--tcp--80--http")
DB = node(2, "cluster--west", "mcsh--db--shop", name="db-0", ipAddresses=["100.64.0.2"])
ZONE = "ts.example"


def rows(path: Path) -> list[str]:
    """Each record as text; there are no other fields."""
    found = []
    for row in json.loads(path.read_text()):
        assert set(row) == {"name", "type", "value"}
        found.append(f"{row['name']} {row['type']} {row['value']}")
    return found


async def test_what_is_in_it(tmp_path: Path) -> None:
    """Services and endpoints, by name, readable for all."""
    path = tmp_path / "records.json"
    async with headscale("0.30", WEB, DB) as server, world(server, extra_records=(path, ZONE)):
        assert rows(path) == [
            "db.shop.svc.ts.example A 100.64.0.2",
            "db-0.west.db.shop.svc.ts.example A 100.64.0.2",
            "web.shop.svc.ts.example A 100.64.0.1",
            "web.shop.svc.ts.example AAAA fd7a:115c:a1e0::1",
        ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["records.json"]  # noqa: PTH208 - no temporary file beside it


async def test_it_is_written_when_its_text_changes(tmp_path: Path) -> None:
    """Not for a change that it does not show, not by a restart; and it may become empty."""
    path = tmp_path / "records.json"
    options = {"extra_records": (path, ZONE)}
    async with headscale("0.30", WEB, DB) as server:
        async with world(server, **options) as w:
            first, changes = path.stat().st_ino, w.changes
            server.nodes = [node(1, "cluster--east", "mcs--web--shop--tcp--81--http"), DB]
            await until(lambda: w.changes > changes)
            assert path.stat().st_ino == first
        async with world(server, **options) as w:
            assert path.stat().st_ino == first
            server.nodes = [DB]
            await until(lambda: len(rows(path)) == 2)
            server.nodes = [node(7, "cluster--x")]
            await until(lambda: rows(path) == [])


async def test_a_folder_that_is_not_there(tmp_path: Path, log: list[str]) -> None:
    """Said once; written when it is there, with what was to be written."""
    path = tmp_path / "later" / "records.json"
    async with headscale("0.30", WEB) as server, world(server, extra_records=(path, ZONE)) as w:
        count = len(server.asked)
        await until(lambda: len(server.asked) > count + 2)
        assert w.says("web.shop.svc") == "OK 1/300"
        path.parent.mkdir()
        await until(path.exists)
        assert len(rows(path)) == 2
        await until(lambda: "is written again" in log[-1])
    assert sum("cannot be written" in line for line in log) == 1


async def test_a_name_that_would_be_too_long(tmp_path: Path) -> None:
    """Is left out."""
    label = "x" * 60
    item = node(1, f"cluster--{label}--{label}", f"mcsh--{label}--shop", name=label)
    path = tmp_path / "records.json"
    async with headscale("0.30", item) as server, world(server, extra_records=(path, ZONE)):
        assert {row.split()[0] for row in rows(path)} == {f"{label}.shop.svc.{ZONE}"}


async def test_an_outage_leaves_it(tmp_path: Path) -> None:
    """Headscale's devices go on with what was known."""
    path = tmp_path / "records.json"
    options = {"extra_records": (path, ZONE), "max_stale": 0.2}
    async with headscale("0.30", WEB) as server, world(server, **options) as w:
        server.trouble = "500"
        await until(lambda: w.says("web.shop.svc") == "SERVFAIL")
        assert len(rows(path)) == 2
