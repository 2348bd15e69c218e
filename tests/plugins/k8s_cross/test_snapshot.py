"""The file that survives a restart: what is in it, when it is used, and when not."""

from __future__ import annotations

import asyncio
import json
import math
import os
import stat
import time
from pathlib import Path
from typing import Any

import pytest

from corepy_plugins.k8s_cross.imports import facts
from corepy_plugins.k8s_cross.imports import read as read_document
from corepy_plugins.k8s_cross.listing import Listing
from corepy_plugins.k8s_cross.node import ONLINE, Node, Reading, packed
from corepy_plugins.k8s_cross.outputs import News
from corepy_plugins.k8s_cross.snapshot import Snapshot, Unusable
from tests.plugins.k8s_cross.world import until, world
from tests.support.headscale import headscale, node

pytestmark = pytest.mark.usefixtures("impatient")
WEB = node(1, "mcs--web--shop--tcp--80--http")
DB = node(2, "mcsh--db--shop")
SERVICE = {
    "namespace": "shop",
    "name": "web",
    "ips": ["192.0.2.1"],
    "ports": [{"port": 80}],
    "endpoints": [{"hostname": "a", "addresses": ["192.0.2.2"], "ready": False}],
}


def read(item: dict[str, Any]) -> Node:
    found = Reading(item).node
    assert found is not None
    return found


async def test_a_restart_while_headscale_is_away(tmp_path: Path) -> None:
    """Stale answers at once, ordinary ones when it is back."""
    path = tmp_path / "snapshot"
    async with headscale("0.30", WEB, DB) as server:
        async with world(server, snapshot=path):
            pass
        server.trouble = "500"
        async with world(server, snapshot=path) as w:
            assert w.says("web.shop.svc") == "OK 1/30"
            assert w.says("db.shop.svc") == "OK 2/30"
            assert w.says("nope.shop.svc") == "NXDOMAIN"
            server.trouble = ""
            await until(lambda: w.says("web.shop.svc") == "OK 1/300")


async def test_what_is_in_it(tmp_path: Path) -> None:
    """Facts, for the owner's eyes; neither keys nor nodes that export nothing."""
    path = tmp_path / "snapshot"
    secret = {**WEB, "preAuthKey": {"key": "PRE-AUTH-SECRET"}, "nodeKey": "nodekey:SECRET"}
    async with headscale("0.30", secret, node(3, name="laptop")) as server:
        async with world(server, snapshot=path):
            pass
        key = server.key
    text = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "SECRET" not in text
    assert key not in text
    assert "laptop" not in text
    assert [item[0][0] for item in json.loads(text)["nodes"]] == ["1"]
    assert os.listdir(tmp_path) == ["snapshot"]  # noqa: PTH208 - no temporary file beside it


async def test_it_follows_changes(tmp_path: Path) -> None:
    """And is left alone while there are none."""
    path = tmp_path / "snapshot"
    async with headscale("0.30", WEB) as server, world(server, snapshot=path) as w:
        first = path.stat().st_ino
        count = len(server.asked)
        await until(lambda: len(server.asked) > count + 2)
        assert path.stat().st_ino == first
        server.nodes = [WEB, node(3, "mcs--web--shop")]
        await until(lambda: w.says("web.shop.svc") == "OK 1/300 3/300")
        assert "64400003" in path.read_text()


async def test_max_stale_counts_from_the_last_success(tmp_path: Path) -> None:
    """Which is the time of the file, before the restart."""
    path = tmp_path / "snapshot"
    async with headscale("0.30", WEB) as server:
        async with world(server, snapshot=path):
            pass
        server.trouble = "500"
        os.utime(path, (time.time() - 100, time.time() - 100))
        async with world(server, snapshot=path, max_stale=90.0) as w:
            assert w.says("web.shop.svc") == "SERVFAIL"
        async with world(server, snapshot=path, max_stale=110.0) as w:
            assert w.says("web.shop.svc") == "OK 1/30"
            assert 99 < time.time() - w.instance.last_success < 105


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda _: "", "damaged"),
        (lambda _: "[]", "damaged"),
        (lambda text: text.replace("64400001", "644000"), "damaged"),
        (lambda text: text.replace('"version": 2', '"version": 1'), "another version"),
        (lambda text: text.replace("http://", "https://"), "another source"),
    ],
)
async def test_what_is_not_used(tmp_path: Path, log: list[str], change: Any, reason: str) -> None:
    """It is told, and the start is as without."""
    path = tmp_path / "snapshot"
    async with headscale("0.30", WEB) as server:
        async with world(server, snapshot=path):
            pass
        path.write_text(change(path.read_text()))
        server.trouble = "500"
        async with world(server, snapshot=path) as w:
            assert w.says("web.shop.svc") == "SERVFAIL"
    assert any("is not used" in line and reason in line for line in log)


async def test_a_folder_that_is_not_there(tmp_path: Path, log: list[str]) -> None:
    """One warning; and the file is written once the folder is there."""
    path = tmp_path / "later" / "snapshot"
    async with headscale("0.30", WEB) as server, world(server, snapshot=path) as w:
        count = len(server.asked)
        await until(lambda: len(server.asked) > count + 2)
        assert w.says("web.shop.svc") == "OK 1/300"
        assert sum("cannot be written" in line for line in log) == 1
        path.parent.mkdir()
        await until(path.exists)
        await until(lambda: any("is written again" in line for line in log))


async def test_a_success_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file's time is the last success's, give or take a minute."""
    monkeypatch.setattr("corepy_plugins.k8s_cross.snapshot._MINUTE", 0.0)
    path = tmp_path / "snapshot"
    async with headscale("0.30", WEB) as server, world(server, snapshot=path):
        os.utime(path, (1, 1))
        await until(lambda: path.stat().st_mtime > 1)


def test_every_field_comes_back(tmp_path: Path) -> None:
    """Nodes are the same after a round trip."""
    nodes = tuple(
        map(
            read,
            (
                node(1, "cluster--a--b", "mcs--web--shop--tcp--80--http", "mcsh--db--shop"),
                node(2, "clusterset--a", "clusterset--b", "mcsh--db--shop--udp--53"),
                node(3, "mcs--web--shop", createdAt=None, expiry="2099-01-01T00:00:00Z"),
                node(4, "cluster--a", "mcs-catalog--80", subnetRoutes=["10.0.0.0/8", "fd00::/8"]),
            ),
        )
    )
    presence = {one.id: 5.0 if one.id == "2" else ONLINE for one in nodes}
    file = Snapshot(tmp_path / "snapshot", "here")
    found = read_document({"services": [SERVICE]}, "west", lambda: None, forced=True)
    told = facts(found.services, "c", "set", owner="3", cluster="west", generation=7)
    other = facts(found.services, "records", "set")
    file.write(
        News(Listing(tuple(map(packed, nodes)), presence, 4, b"x"), (told, other), (), 1000.0)
    )
    saved = file.load()
    assert tuple(saved.listing.nodes) == nodes
    assert saved.listing.presence == presence
    assert saved.facts == (told,)  # files are read again
    assert saved.moment == 1000.0
    assert nodes[2].created == math.inf
    with pytest.raises(Unusable):
        Snapshot(tmp_path / "snapshot", "there").load()


async def test_it_does_not_hold_up_the_start(tmp_path: Path) -> None:
    """With a snapshot nobody waits for Headscale."""
    path = tmp_path / "snapshot"
    async with headscale("0.30", WEB) as server:
        async with world(server, snapshot=path):
            pass
        server.trouble = "hang"
        async with asyncio.timeout(0.5), world(server, snapshot=path) as w:
            assert w.says("web.shop.svc") == "OK 1/30"
