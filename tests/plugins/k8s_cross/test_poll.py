"""The life of an instance: start, outages, recovery, time passing. Times are shortened."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from corepy import metrics, wire
from corepy.lib.fallthrough import Fallthrough
from corepy.response import Response
from corepy_plugins.k8s_cross import handler, instance, poll, source_of
from corepy_plugins.k8s_cross.handler import K8sCross
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.settings import Settings
from corepy_plugins.k8s_cross.source import FetchError, FileSource
from tests.plugins.k8s_cross.world import FAST, LOG, until, world
from tests.support import headscale as standin
from tests.support.headscale import KEY, headscale, node

WEB = node(1, "mcs--web--shop--tcp--80--http")
DB = node(2, "mcsh--db--shop")

pytestmark = pytest.mark.usefixtures("impatient")


async def test_it_starts_with_the_list() -> None:
    """No query is answered before the first attempt has ended."""
    async with headscale("0.30", WEB) as server, world(server) as w:
        assert w.says("web.shop.svc") == "OK 1/300"


async def test_changes_are_taken_over() -> None:
    """Added, changed, removed; and nothing is announced while nothing changes."""
    async with headscale("0.30", WEB) as server, world(server) as w:
        server.nodes = [WEB, node(3, "mcs--web--shop--tcp--80--http")]
        await until(lambda: w.says("web.shop.svc") == "OK 1/300 3/300")
        server.nodes = [node(3, "mcs--api--shop")]
        await until(lambda: w.says("web.shop.svc") == "NXDOMAIN")
        changes, asked = w.changes, len(server.asked)
        for item in server.nodes:
            item["lastSeen"] = "2026-01-02T00:00:00Z"
        await until(lambda: len(server.asked) > asked + 3)
        assert w.changes == changes


async def test_before_the_first_list() -> None:
    """SERVFAIL for all that depends on it, the fixed names are answered; then it recovers."""
    async with headscale("0.30", WEB) as server:
        server.trouble = "500"
        async with world(server, fallthrough=_everything()) as w:
            for name in ("web.shop.svc", "nope.shop.svc", "foo", "shop.svc"):
                assert w.says(name) == "SERVFAIL"
            assert w.answer("web.shop.svc").error == (
                "plugin/k8s_cross: there is no answer from Headscale yet"
            )
            assert _ede(w.answer("web.shop.svc")) == 14
            assert w.answer("dns-version", wire.TXT).answer[0].ttl == 28800
            assert w.answer("", wire.SOA).answer
            assert w.answer("", wire.NS).answer
            assert w.answer("svc").rcode == 0
            server.trouble = ""
            await until(lambda: w.says("web.shop.svc") == "OK 1/300")
            assert w.says("nope.shop.svc") == "OK 99/1"  # by fallthrough


def _everything() -> Any:
    return Fallthrough(())


def _ede(response: Response) -> int:
    assert response.edns is not None
    assert response.edns.options[:4] == b"\0\x0f\0\2"
    return int.from_bytes(response.edns.options[4:], "big")


async def test_the_start_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five seconds in all, here less."""
    monkeypatch.setattr(handler, "START", 0.1)
    async with headscale() as server:
        server.trouble = "hang"
        started = time.monotonic()
        async with world(server) as w:
            assert 0.05 < time.monotonic() - started < 1
            assert w.says("web.shop.svc") == "SERVFAIL"


@pytest.mark.parametrize("trouble", [*standin.TROUBLES, "hang", "bomb"])
async def test_an_outage(trouble: str) -> None:
    """The same answers; stale ones have a TTL of 30; and all is as before afterwards."""
    async with headscale("0.30", WEB, DB) as server, world(server, timeout=0.05) as w:
        server.trouble = trouble
        count = len(server.asked)
        await until(lambda: len(server.asked) > count)
        assert w.says("web.shop.svc") in ("OK 1/300", "OK 1/30")
        await until(lambda: w.says("web.shop.svc") == "OK 1/30")
        assert w.says("db.shop.svc") == "OK 2/30"
        assert _ede(w.answer("web.shop.svc")) == 3
        denial = w.answer("nope.shop.svc")
        assert denial.rcode == wire.NXDOMAIN
        assert denial.authority[0].ttl <= 30
        assert w.answer("dns-version", wire.TXT).answer[0].ttl == 30
        server.trouble = ""
        await until(lambda: w.says("web.shop.svc") == "OK 1/300")


async def test_max_stale() -> None:
    """Then nothing is known any more, until it is."""
    async with (
        headscale("0.30", WEB) as server,
        world(server, max_stale=0.2, fallthrough=_everything()) as w,
    ):
        server.trouble = "500"
        await until(lambda: w.says("web.shop.svc") == "SERVFAIL")
        assert w.says("nope.shop.svc") == "SERVFAIL"
        assert _ede(w.answer("web.shop.svc")) == 22
        assert w.answer("dns-version", wire.TXT).answer
        assert w.answer("", wire.SOA).answer[0].ttl == 30
        server.trouble = ""
        await until(lambda: w.says("web.shop.svc") == "OK 1/300")


async def test_for_ever() -> None:
    """`max_stale 0` never gives up."""
    async with headscale("0.30", WEB) as server, world(server, max_stale=0.0) as w:
        server.trouble = "500"
        await until(lambda: w.says("web.shop.svc") == "OK 1/30")
        await asyncio.sleep(0.1)
        assert w.says("web.shop.svc") == "OK 1/30"


async def test_an_empty_list_must_come_twice() -> None:
    """Once is more often a mistake: between the first and the second nothing changes."""
    async with headscale("0.30", WEB) as server, world(server, refresh=0.1) as w:
        count = len(server.asked)
        server.nodes = []
        await until(lambda: len(server.asked) == count + 1)
        while len(server.asked) == count + 1:
            assert w.says("web.shop.svc") == "OK 1/300"
            await asyncio.sleep(0.005)
        await until(lambda: w.says("web.shop.svc") == "NXDOMAIN")


async def test_a_first_list_may_be_empty() -> None:
    """There was nothing to protect."""
    async with headscale("0.30") as server, world(server) as w:
        assert w.says("web.shop.svc") == "NXDOMAIN"


async def test_everybody_offline_at_once() -> None:
    """A grace, then gateways are answered all the same and endpoints are not."""
    gateways = [WEB, node(3, "mcs--web--shop--tcp--80--http")]
    async with headscale("0.30", *gateways, DB) as server, world(server, offline_grace=0.5) as w:
        count = len(server.asked)
        server.nodes = [{**item, "online": False} for item in server.nodes]
        await until(lambda: len(server.asked) > count + 1)
        assert w.says("db.shop.svc") == "OK 2/300"
        await until(lambda: w.says("db.shop.svc") == "NXDOMAIN")
        assert w.says("web.shop.svc") == "OK 1/300 3/300"


async def test_one_goes_offline() -> None:
    """It is answered during its grace, which ends without a poll."""
    more = [node(number, "mcs--web--shop--tcp--80--http") for number in (3, 4)]
    async with (
        headscale("0.30", WEB, *more) as server,
        world(server, offline_grace=0.2, refresh=0.1) as w,
    ):
        server.nodes[0] = {**WEB, "online": False}
        await until(lambda: w.says("web.shop.svc") == "OK 3/300 4/300")


async def test_a_deadline_between_polls() -> None:
    """An expiry is seen to although no list comes for a long time."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1.5))
    async with (
        headscale("0.30", WEB, {**DB, "expiry": soon}) as server,
        world(server, refresh=60.0) as w,
    ):
        assert w.says("db.shop.svc") == "OK 2/300"
        await until(lambda: w.says("db.shop.svc") == "NXDOMAIN")
        assert w.says("web.shop.svc") == "OK 1/300"
        assert len(server.asked) == 1


async def test_quick_polls_while_nobody_is_online(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headscale has just started; usual ones afterwards."""
    monkeypatch.setattr(poll, "_QUICK", 0.05)
    async with (
        headscale("0.30", {**WEB, "online": False}) as server,
        world(server, refresh=30.0) as w,
    ):
        assert w.says("web.shop.svc") == "OK 1/300"
        await until(lambda: len(server.asked) > 3)
        server.nodes = [WEB]
        await until(lambda: not w.instance.starting)
        count = len(server.asked)
        await asyncio.sleep(0.2)
        assert len(server.asked) <= count + 1


async def test_a_revoked_key(log: list[str]) -> None:
    """The same answers, an error in the log and the metrics, the key in neither."""
    codes = metrics.counter("coredns_k8s_cross_headscale_requests_total", "", "code")
    before = codes.labels("401").value
    async with headscale("0.30", WEB) as server, world(server) as w:
        server.key = "another"
        await until(lambda: codes.labels("401").value > before + 2)
        assert w.says("web.shop.svc").startswith("OK 1/")
    errors = [line for line in log if line.startswith("ERROR")]
    assert len(errors) == 1
    assert "the API key is not accepted (HTTP 401)" in errors[0]
    assert KEY not in "".join(log)


async def test_a_new_key_file_is_tried_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not after the minute that a refusal costs."""
    monkeypatch.setattr(poll, "_DENIED", 60.0)
    path = tmp_path / "key"
    path.write_text("old")
    async with headscale("0.30", WEB) as server, world(server, key="", key_file=path) as w:
        assert w.says("web.shop.svc") == "SERVFAIL"
        path.write_text(KEY)
        await until(lambda: w.says("web.shop.svc") == "OK 1/300")


async def test_what_is_logged_of_an_outage(log: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """One line when it begins, one each five minutes, one when it is over."""
    async with headscale("0.30", WEB) as server, world(server):
        server.trouble = "502"
        count = len(server.asked)
        await until(lambda: len(server.asked) > count + 3)
        assert len(log) == 2
        monkeypatch.setattr(poll, "_REMIND", 0.0)
        await until(lambda: "HTTP 502" in log[-1])
        monkeypatch.setattr(poll, "_REMIND", 300.0)
        server.trouble = ""
        await until(lambda: "again" in log[-1])
    assert log[0].startswith("INFO")
    assert "1 services in clusterset default-clusterset" in log[0]
    assert log[1].startswith("WARNING")
    assert "answers come from the list of 0s ago" in log[1]
    assert log[-1].startswith("INFO")


async def test_no_fault_shows_the_key_or_the_list(log: list[str]) -> None:
    """Whatever goes wrong, at any log level."""
    secret = {**WEB, "preAuthKey": {"key": "PRE-AUTH-SECRET"}}
    async with headscale("0.25", secret) as server, world(server, timeout=0.05) as w:
        for trouble in (*standin.TROUBLES, "hang"):
            server.trouble, count = trouble, len(server.asked)
            await until(lambda count=count: len(server.asked) > count)  # type: ignore[misc]
            assert KEY not in str(w.answer("web.shop.svc").error)
    shown = "".join(log) + "".join(
        f"{family.name}{values}" for family in metrics.families() for values in family.series
    )
    assert KEY not in shown
    assert "SECRET" not in shown


async def test_reports_come_once(log: list[str]) -> None:
    """And are counted once while the reason stays."""
    tags = metrics.counter("coredns_k8s_cross_invalid_tags_total", "").labels()
    nodes = metrics.counter("coredns_k8s_cross_invalid_nodes_total", "").labels()
    drops = metrics.counter("coredns_k8s_cross_dropped_addresses_total", "", "reason")
    dropped = drops.labels("unusable")
    before = (tags.value, nodes.value, dropped.value)
    bad = node(3, "mcs--x--y--tcp--0", "mcs--a\nb--shop", "mcs--a--shop")
    bad["ipAddresses"].append("127.0.0.1")
    async with headscale("0.30", WEB, bad) as server, world(server) as w:
        server.nodes.append("nonsense")  # type: ignore[arg-type]
        await until(lambda: nodes.value > before[1])
        server.nodes[0] = node(1, "mcsh--web--shop", "mcs--web--shop")
        await until(lambda: w.instance.summary.conflicts["type"] == 1)
        count = len(server.asked)
        await until(lambda: len(server.asked) > count + 2)
    assert (tags.value, nodes.value, dropped.value) == (before[0] + 2, before[1] + 1, before[2] + 1)
    text = "\n".join(log)
    assert text.count("'tag:mcs--x--y--tcp--0' is not understood") == 1
    assert text.count("exported as headless and") == 1
    assert "a\nb" not in text


async def test_gauges() -> None:
    """What a dashboard shows."""
    nodes = [
        node(1, "cluster--east", "mcs--web--shop--tcp--80--http"),
        node(2, "cluster--west", "mcsh--db--shop"),
        node(3, "cluster--west", "cluster--x", "mcsh--db--shop", online=False),
        node(4, "mcs--other--shop", "clusterset--other"),
    ]
    async with headscale("0.30", *nodes) as server, world(server):
        shown = _gauges()
        assert shown["coredns_k8s_cross_services"] == {"ClusterSetIP": 1, "Headless": 1}
        assert shown["coredns_k8s_cross_endpoints"] == {
            "east,true": 1, "west,true": 1, "west,false": 1,
        }  # fmt: skip
        assert shown["coredns_k8s_cross_clusters"] == {"": 2}
        assert shown["coredns_k8s_cross_conflicts"] == {"type": 0, "port": 0, "cluster": 1}
        assert shown["coredns_k8s_cross_stale"] == {"": 0}
        age = time.time() - shown["coredns_k8s_cross_last_success_timestamp_seconds"][""]
        assert 0 <= age < 5
        server.trouble = "500"
        await until(lambda: _gauges()["coredns_k8s_cross_stale"] == {"": 1})
    assert _gauges()["coredns_k8s_cross_services"] == {"ClusterSetIP": 0, "Headless": 0}


def _gauges() -> dict[str, dict[str, float]]:
    return {
        family.name: {",".join(sample.labels.values()): sample.value for sample in family.samples}
        for family in metrics.collect()
        if family.name.startswith("coredns_k8s_cross_")
    }


async def test_a_reload_goes_on_with_what_is_known() -> None:
    """Also while Headscale is away; and what is not wanted any more is forgotten."""
    async with headscale("0.30", WEB) as server:
        async with AsyncExitStack() as old:
            first = await old.enter_async_context(world(server))
            server.trouble = "hang"
            started = time.monotonic()
            async with world(server, ttl=60) as second:
                assert time.monotonic() - started < 1
                assert second.says("web.shop.svc") in ("OK 1/60", "OK 1/30")
                assert first.says("web.shop.svc").startswith("OK 1/")
                await old.aclose()
                assert second.says("web.shop.svc").startswith("OK 1/")
        server.trouble = "500"
        async with world(server) as third:
            assert third.says("web.shop.svc") == "SERVFAIL"


async def test_a_bug_in_the_reader_does_not_end_the_polling(
    monkeypatch: pytest.MonkeyPatch, log: list[str]
) -> None:
    """The old data stays."""
    async with headscale("0.30", WEB) as server, world(server) as w:
        with monkeypatch.context() as patch:
            patch.setattr(instance, "catalogue", lambda *_: 1 / 0)
            server.nodes = [node(3, "mcs--web--shop")]
            count = len(server.asked)
            await until(lambda: len(server.asked) > count + 2)
            assert w.says("web.shop.svc").startswith("OK 1/")
        await until(lambda: w.says("web.shop.svc") == "OK 3/300")


async def test_retry_after_is_honoured() -> None:
    """At least a second."""
    async with headscale("0.30", WEB) as server, world(server) as w:
        server.trouble, server.retry_after = "503", "1"
        count = len(server.asked)
        await until(lambda: len(server.asked) > count)
        await asyncio.sleep(0.5)
        assert len(server.asked) == count + 1
        server.trouble = ""
        await until(lambda: w.says("web.shop.svc") == "OK 1/300")
        assert len(server.asked) > count + 1


async def test_the_end_of_an_outage_is_seen_within_an_interval(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The pauses between attempts grow, but not beyond the usual interval, nor beyond a minute."""
    monkeypatch.setattr(poll, "_LONGEST_BACKOFF", 60.0)
    for refresh, longest in ((5.0, 5.0), (600.0, 60.0)):
        poller = poll.Poller(Instance(Settings(refresh=refresh), LOG, print), FileSource(Path("-")))
        poller._source.watched = False
        delays = [poller._failed(FetchError("connection refused")) for _ in range(12)]
        assert 1.0 <= delays[0] < delays[1] < delays[2] < delays[-1] == longest == max(delays)


async def test_a_file(tmp_path: Path) -> None:
    """Read when it changes; broken or missing, the old data stays and becomes stale."""
    path = tmp_path / "nodes.json"
    async with world(None, file=path) as w:
        assert w.says("web.shop.svc") == "SERVFAIL"
        path.write_text(json.dumps({"nodes": [WEB]}))
        await until(lambda: w.says("web.shop.svc") == "OK 1/300")
        path.write_text('{"nodes": [')
        await until(lambda: w.says("web.shop.svc") == "OK 1/30")
        path.unlink()
        await asyncio.sleep(5 * FAST)
        assert w.says("web.shop.svc") == "OK 1/30"
        path.write_text(json.dumps({"nodes": [WEB, node(3, "mcs--web--shop")]}))
        await until(lambda: w.says("web.shop.svc") == "OK 1/300 3/300")
        path.write_text('{"nodes": []}')
        await until(lambda: w.says("web.shop.svc") == "NXDOMAIN")


async def test_the_interval_is_ten_times_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow Headscale is asked less often; at most five minutes, or the configured time."""
    monkeypatch.undo()
    usual = Instance(Settings(refresh=30.0), LOG, lambda: None)
    for seconds, interval in ((1.0, 30.0), (4.0, 40.0), (100.0, 300.0)):
        usual.succeeded(seconds)
        assert usual.interval == interval
    patient = Instance(Settings(refresh=900.0), LOG, lambda: None)
    patient.succeeded(1.0)
    assert patient.interval == 900.0


async def test_several_instances_start_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slowest decides, not the sum."""
    async with headscale("0.30", WEB) as one, headscale("0.30", WEB) as other:
        for server in (one, other):
            server.trouble = "hang"
        handler = K8sCross()
        for server, zone in ((one, "a.test."), (other, "b.test.")):
            settings = Settings(zones=(zone,), url=server.url, key=KEY, timeout=0.3)
            handler.add(Instance(settings, LOG, handler.changed), source_of(settings))
        started = time.monotonic()
        async with handler.lifespan():
            assert time.monotonic() - started < 0.58


async def test_names_instead_of_tags() -> None:
    """Clusters, clustersets and readiness as with tags."""
    nodes = [
        node(1, "cluster--east", name="web.shop"),
        node(2, givenName="web--shop"),
        node(3, "clusterset--other", name="web.shop"),
        node(4, name="web.shop", expiry="2001-01-01T00:00:00Z"),
        node(5, "mcs--api--shop", name="x"),
    ]
    async with headscale("0.30", *nodes) as server:
        async with world(server, match="names", cluster="east") as w:
            assert w.says("web.shop.svc") == "OK 1/300 2/300"
            assert w.says("api.shop.svc") == "NXDOMAIN"
            # A reload with another reading does not go on with what the first one read.
            async with world(server, match="both") as other:
                assert other.says("api.shop.svc") == "OK 5/300"
        async with world(server) as w:
            assert w.says("web.shop.svc") == "NXDOMAIN"
            assert w.says("api.shop.svc") == "OK 5/300"
