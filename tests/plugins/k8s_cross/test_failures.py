"""The table of failures: one test or more for each row, the row's name in the test's."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from corepy import metrics, wire
from corepy.lib.fallthrough import Fallthrough
from corepy_plugins.k8s_cross import listing, poll
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.listing import Malformed
from corepy_plugins.k8s_cross.poll import Poller
from corepy_plugins.k8s_cross.settings import Settings
from corepy_plugins.k8s_cross.source import FetchError, FileSource
from tests.plugins.k8s_cross.world import LOG, until, world
from tests.support.headscale import BODIES, KEY, headscale, node

WEB = node(1, "mcs--web--shop")
impatient = pytest.mark.usefixtures("impatient")
NOWHERE = Path("nowhere.json")


def poller() -> Poller:
    """One that is only asked how long it would wait."""
    source = FileSource(NOWHERE)
    source.watched = False
    return Poller(Instance(Settings(), LOG, lambda: None), source)


def calls(code: str) -> float:
    name = "coredns_k8s_cross_headscale_requests_total"
    return metrics.counter(name, "", "code").labels(code).value


# ---- before the first success


@impatient
async def test_before_the_first_success() -> None:
    """SERVFAIL for data and for denials, also with fallthrough; fixed names are answered."""
    async with headscale("0.30", WEB) as server:
        server.trouble = "502"
        everything = Fallthrough((".",))
        async with world(server, fallthrough=everything) as w:
            for name in ("web.shop.svc", "nope.shop.svc"):
                assert w.says(name) == "SERVFAIL"
            for name, rdtype in (("dns-version", wire.TXT), ("", wire.SOA), ("", wire.NS)):
                assert w.answer(name, rdtype).answer


@impatient
async def test_before_the_first_success_with_a_snapshot(tmp_path: Path) -> None:
    """The last state is loaded, and is stale."""
    async with headscale("0.30", WEB) as server:
        async with world(server, snapshot=tmp_path / "s"):
            pass
        server.trouble = "502"
        async with world(server, snapshot=tmp_path / "s") as w:
            assert w.says("web.shop.svc") == "OK 1/30"


# ---- no answer, or a bad one


@impatient
@pytest.mark.parametrize("trouble", ["hang", "close", "500", "502", "503"])
async def test_no_good_answer_keeps_what_is_known(trouble: str) -> None:
    """And is counted, by status or as an error."""
    async with headscale("0.30", WEB) as server, world(server, timeout=0.05) as w:
        code = trouble if trouble.isdigit() else "error"
        before = calls(code)
        server.trouble = trouble
        await until(lambda: calls(code) > before)
        assert w.says("web.shop.svc").startswith("OK 1/")


@impatient
async def test_no_such_host(log: list[str]) -> None:
    """The name of Headscale cannot be looked up, then nobody listens there."""
    async with world(None, url="http://headscale.invalid:1", key=KEY) as w:
        assert w.says("web.shop.svc") == "SERVFAIL"
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        async with world(None, url=url, key=KEY) as w:
            assert w.says("web.shop.svc") == "SERVFAIL"
    assert any("connection refused" in line for line in log)
    assert sum("headscale.invalid" in line for line in log) == 1


def test_backoff() -> None:
    """1, 2, 4 ... seconds with up to a fifth on top, and in the end each refresh (30 seconds)."""
    one = poller()
    waits = [one._failed(FetchError("HTTP 502", code=502)) for _ in range(9)]
    for wait, base in zip(waits, (1, 2, 4, 8, 16, 30, 30, 30, 30), strict=True):
        assert base <= wait <= min(base * 1.2, 30)
    one._recovered()
    assert one._failed(Malformed("not JSON")) <= 1.2


def test_a_warning_at_once_and_each_five_minutes(
    log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it fails; one of another kind at once."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    one = poller()
    for moment in (1000.0, 1001.0, 1299.0, 1300.0, 1301.0, 1599.0, 1600.0):
        now = moment
        one._failed(FetchError("HTTP 502", code=502))
    assert len(log) == 3
    one._failed(FetchError("the API key is not accepted", code=401, denied=True))
    assert log[-1].startswith("ERROR")


# ---- the key


@impatient
@pytest.mark.parametrize(
    ("generation", "trouble", "code"),
    [("0.26", "", "500"), ("0.29", "", "401"), ("0.30", "", "401"), ("0.30", "403", "403")],
)
async def test_the_key_is_not_accepted(
    generation: str, trouble: str, code: str, log: list[str]
) -> None:
    """What is known stays; an error, without the key."""
    async with headscale(generation, WEB) as server, world(server) as w:
        before = calls(code)
        server.key, server.trouble = "another", trouble
        await until(lambda: calls(code) > before)
        assert w.says("web.shop.svc").startswith("OK 1/")
    errors = [line for line in log if line.startswith("ERROR")]
    assert len(errors) == 1
    assert "not accepted" in errors[0]
    assert KEY not in "".join(log)


def test_the_key_is_tried_again_each_minute() -> None:
    """Not with the backoff: each try costs Headscale a slow hash."""
    one = poller()
    for _ in range(3):
        assert one._failed(FetchError("denied", code=401, denied=True)) == 60


@impatient
async def test_the_key_file_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without waiting for the minute."""
    monkeypatch.setattr(poll, "_DENIED", 60.0)
    path = tmp_path / "key"
    path.write_text("old-key")
    async with headscale("0.30", WEB) as server, world(server, key="", key_file=path) as w:
        assert w.says("web.shop.svc") == "SERVFAIL"
        path.write_text(KEY)
        await until(lambda: w.says("web.shop.svc") == "OK 1/300")


# ---- other answers


@impatient
async def test_404_is_another_version_or_no_headscale(log: list[str]) -> None:
    """The other collection is tried at once, and remembered until it is 404 in its turn."""
    async with headscale("0.22", WEB) as server, world(server) as w:
        assert w.says("web.shop.svc") == "OK 1/300"
        server.generation, count = "0.30", len(server.asked)
        await until(lambda: len(server.asked) > count + 3)
        paths = [path for path, _ in server.asked[count:]]
        assert paths[:3] == ["/api/v1/machine", "/api/v1/node", "/api/v1/node"]
        server.trouble = "404"
        await until(lambda: any("not a Headscale API" in line for line in log))
        assert w.says("web.shop.svc").startswith("OK 1/")


def test_retry_after() -> None:
    """In seconds or as a date; five minutes at most, one second at least."""
    one = poller()
    assert one._failed(FetchError("HTTP 503", code=503, retry_after=7.0)) == 7
    assert one._failed(FetchError("HTTP 429", code=429, retry_after=0.0)) == 1


@impatient
@pytest.mark.parametrize("status", ["429", "503"])
async def test_retry_after_is_waited_for(status: str) -> None:
    """As a date here: nobody is asked before it."""
    async with headscale("0.30", WEB) as server, world(server) as w:
        later = datetime.now(UTC) + timedelta(seconds=2)
        server.trouble, server.retry_after = status, format_datetime(later, usegmt=True)
        count = len(server.asked)
        await until(lambda: len(server.asked) > count)
        await asyncio.sleep(0.5)
        assert len(server.asked) == count + 1
        assert w.says("web.shop.svc").startswith("OK 1/")


@impatient
async def test_a_redirect_is_not_followed(log: list[str]) -> None:
    """The key stays here; the message names the host and nothing else of the URL."""
    async with headscale() as other, headscale("0.30", WEB) as server, world(server) as w:
        server.location = f"http://user:secret@127.0.0.1:{other.port}/path?key=x"
        server.trouble = "302"
        await until(lambda: any("redirects to" in line for line in log))
        assert w.says("web.shop.svc").startswith("OK 1/")
        assert other.asked == []
    assert "secret" not in "".join(log)


@impatient
@pytest.mark.parametrize("trouble", [*BODIES, "html", "cut", "bomb"])
async def test_no_list_is_malformed(trouble: str, log: list[str]) -> None:
    """What is known stays, whatever comes."""
    async with headscale("0.30", WEB) as server, world(server) as w:
        server.trouble, count = trouble, len(server.asked)
        await until(lambda: len(server.asked) > count + 1)
        assert w.says("web.shop.svc").startswith("OK 1/")
    assert any(line.startswith("WARNING") for line in log)


@impatient
async def test_a_page_of_html_names_the_path(log: list[str]) -> None:
    """From 0.28 on a wrong path is answered with one, and with status 200."""
    async with (
        headscale("0.28", WEB) as server,
        world(None, url=f"{server.url}/hs", key=KEY) as w,
    ):
        assert w.says("web.shop.svc") == "SERVFAIL"
    assert any("is the path /hs in headscale_url right?" in line for line in log)


@impatient
async def test_a_list_that_is_too_large(monkeypatch: pytest.MonkeyPatch, log: list[str]) -> None:
    """More than 64 MiB, here less."""
    assert listing.LIMIT == 64 << 20
    async with headscale("0.30", WEB) as server, world(server) as w:
        monkeypatch.setattr("corepy_plugins.k8s_cross.headscale.LIMIT", 100)
        await until(lambda: any("too large" in line for line in log))
        assert w.says("web.shop.svc").startswith("OK 1/")


@impatient
async def test_a_bad_node_is_left_out() -> None:
    """The others count."""
    counter = metrics.counter("coredns_k8s_cross_invalid_nodes_total", "").labels()
    before = counter.value
    async with headscale("0.30", WEB) as server:
        server.nodes += ["nonsense", {"id": None}, {"ipAddresses": 7}]  # type: ignore[list-item]
        async with world(server) as w:
            assert w.says("web.shop.svc") == "OK 1/300"
    assert counter.value == before + 3


@impatient
async def test_an_empty_list_must_come_twice() -> None:
    """The first is not believed."""
    async with headscale("0.30", WEB) as server, world(server, refresh=0.2) as w:
        server.nodes, count = [], len(server.asked)
        await until(lambda: len(server.asked) == count + 1)
        await asyncio.sleep(0.05)
        assert w.says("web.shop.svc") == "OK 1/300"
        await until(lambda: w.says("web.shop.svc") == "NXDOMAIN")


# ---- time passing


def gauge(name: str) -> float:
    (found,) = [
        sample.value
        for family in metrics.collect()
        if family.name == f"coredns_k8s_cross_{name}"
        for sample in family.samples
    ]
    return found


@impatient
async def test_stale_after_three_intervals() -> None:
    """TTLs of at most 30, EDE 3, the gauge."""
    async with headscale("0.30", WEB) as server, world(server) as w:
        assert gauge("stale") == 0
        server.trouble = "500"
        await until(lambda: w.says("web.shop.svc") == "OK 1/30")
        assert gauge("stale") == 1
        response = w.answer("web.shop.svc")
        assert response.edns is not None
        assert response.edns.options == b"\0\x0f\0\2\0\3"


@impatient
async def test_lost_after_max_stale() -> None:
    """SERVFAIL, EDE 22; the data is there for the recovery."""
    async with headscale("0.30", WEB) as server, world(server, max_stale=0.2) as w:
        server.trouble = "500"
        await until(lambda: w.says("web.shop.svc") == "SERVFAIL")
        response = w.answer("web.shop.svc")
        assert response.edns is not None
        assert response.edns.options == b"\0\x0f\0\2\0\x16"
        assert w.instance.known


@impatient
async def test_recovery(log: list[str]) -> None:
    """TTLs as before at the next success; said once."""
    async with headscale("0.30", WEB) as server, world(server) as w:
        server.trouble = "500"
        await until(lambda: w.says("web.shop.svc") == "OK 1/30")
        server.trouble, count = "", len(server.asked)
        await until(lambda: w.says("web.shop.svc") == "OK 1/300")
        await until(lambda: len(server.asked) > count + 3)
    assert sum("answers again" in line for line in log) == 1


@impatient
async def test_grace_and_expiry_are_seen_to_without_a_new_list(tmp_path: Path) -> None:
    """A text that stays the same is not read again, but looked at again."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1.5))
    path = tmp_path / "nodes.json"
    path.write_text(json.dumps({"nodes": [WEB, node(2, "mcsh--db--shop", expiry=soon)]}))
    async with world(None, file=path) as w:
        assert w.says("db.shop.svc") == "OK 2/300"
        await until(lambda: w.says("db.shop.svc") == "NXDOMAIN")
        assert w.says("web.shop.svc") == "OK 1/300"
