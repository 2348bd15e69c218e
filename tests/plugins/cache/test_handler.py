"""Hits and misses: what is given again, to whom, for how long, and what is counted."""

from __future__ import annotations

from pathlib import Path

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest

from corepy import wire
from corepy.response import DROP, FOREVER, Response
from corepy.testing import Start
from tests.support.caching import SOA, World, texts, ttls
from tests.support.queries import query

A = "a.up.test. {} IN A 192.0.2.1"


def flags(reply: dns.message.Message) -> str:
    return dns.flags.to_text(reply.flags)


async def test_a_hit_counts_down_and_then_ends() -> None:
    world = World()
    world.says(A.format(60), authority="up.test. 90 IN NS ns.up.test.")
    seen = []
    for now in (0, 0.9, 1.1, 59.9, 60):
        world.now = 1000 + now
        reply = await world.ask()
        seen.append((flags(reply), ttls(reply), len(world.asked)))
    assert seen == [
        ("QR RD RA", {60}, 1),
        ("QR AA RD RA", {60}, 1),
        ("QR AA RD RA", {59}, 1),
        ("QR AA RD RA", {1}, 1),
        ("QR RD RA", {60}, 2),
    ]


@pytest.mark.parametrize(
    ("options", "answer", "soa", "ttl"),
    [
        ("", A.format(7200), "", 3600),
        ("", A.format(2), "", 5),
        ("", "", SOA, 60),
        ("", "", SOA.replace("60 IN", "9999 IN"), 1800),
        ("", "", SOA.replace("60 IN", "0 IN"), 5),
        ("", "", "", 5),
        ("success 1024 86400", A.format(2**31 - 1), "", 86400),
        ("success 1024 10 20", A.format(15), "", 10),
        ("success 1024 10 0", A.format(0), "", 0),
        ("denial 1024 50 40", "", SOA.replace("60 IN", "3 IN"), 40),
        ("denial 1024 50 40", A.format(7), "", 7),
    ],
)
async def test_ttls_are_within_limits_already_in_the_first_answer(
    options: str, answer: str, soa: str, ttl: int
) -> None:
    world = World(f"cache {{\n{options}\n}}")
    world.says(answer, authority=soa, additional="x.test. 90000 IN A 192.0.2.2" if answer else "")
    replies = [await world.ask() for _ in range(2)]
    assert [ttls(reply) for reply in replies] == [{ttl} if answer or soa else set()] * 2
    assert len(world.asked) == (2 if ttl == 0 else 1)
    world.now += ttl - 0.1
    await world.ask()
    assert len(world.asked) == (3 if ttl == 0 else 1)
    world.now += 0.2
    await world.ask()
    assert len(world.asked) == (4 if ttl == 0 else 2)


@pytest.mark.parametrize(
    ("rcode", "answer", "authority", "flags", "kept"),
    [
        ("NOERROR", A.format(60), "", "RA", True),
        ("NOERROR", A.format(60), "", "RA TC", False),
        ("NOERROR", "", "", "RA", True),
        ("NOERROR", "", "up.test. 9 IN NS ns.up.test.", "RA", True),
        ("NOERROR", "a.up.test. 9 IN CNAME b.up.test.", "", "RA", False),
        ("NOERROR", "a.up.test. 9 IN CNAME b.up.test.", SOA, "RA", True),
        ("NXDOMAIN", "", SOA, "RA", True),
        ("NXDOMAIN", "", "", "RA", False),
        ("NXDOMAIN", "a.up.test. 9 IN CNAME b.up.test.", SOA, "RA", False),
        ("SERVFAIL", "", "", "RA", True),
        ("NOTIMP", "", "", "RA", True),
        ("REFUSED", "", SOA, "RA", False),
        ("FORMERR", "", "", "RA", False),
        ("YXDOMAIN", "", "", "RA", False),
    ],
)
async def test_what_is_kept(
    rcode: str, answer: str, authority: str, flags: str, kept: bool
) -> None:
    world = World()
    world.says(answer, authority=authority, rcode=rcode, flags=flags)
    first, second = [await world.ask() for _ in range(2)]
    assert len(world.asked) == (1 if kept else 2)
    for reply in (first, second):
        assert dns.rcode.to_text(reply.rcode()) == rcode
        assert ttls(reply) <= {5, 9, 60}
        assert len(ttls(reply)) <= 1
    assert second.flags == first.flags | (dns.flags.AA if kept else 0)


@pytest.mark.parametrize(
    ("words", "upstream", "miss", "hit"),
    [
        ((), "AD RA", "QR RD RA", "QR AA RD RA"),
        (("+ad",), "AD RA", "QR RD RA AD", "QR AA RD RA AD"),
        (("+do",), "AD RA", "QR RD RA AD", "QR AA RD RA AD"),
        (("+do",), "RA", "QR RD RA", "QR AA RD RA"),
        (("+cd",), "AD RA CD", "QR RD RA CD", "QR AA RD RA CD"),
        (("+norec",), "AA", "QR AA", "QR AA"),
    ],
)
async def test_header_bits(words: tuple[str, ...], upstream: str, miss: str, hit: str) -> None:
    world = World()
    world.says(A.format(60), flags=upstream)
    assert [flags(await world.ask("a.up.test. A", *words)) for _ in range(2)] == [miss, hit]
    assert world.asked[0].ad


async def test_ad_is_kept_for_those_who_know_it() -> None:
    world = World()
    world.says(A.format(60), flags="AD RA")
    replies = [await world.ask("a.up.test. A", *words) for words in ((), ("+ad",), ())]
    assert [bool(reply.flags & dns.flags.AD) for reply in replies] == [False, True, False]
    assert len(world.asked) == 1


async def test_ra_is_the_upstreams() -> None:
    world = World()
    world.says(A.format(60), flags="")
    assert [flags(await world.ask()) for _ in range(2)] == ["QR RD", "QR AA RD"]


async def test_edns_of_the_upstream_stays_behind() -> None:
    world = World()

    def reply(query: dns.message.Message) -> dns.message.Message:
        made = world.usual(query)
        made.use_edns(
            0, options=[dns.edns.GenericOption(dns.edns.OptionType.NSID, b"up")], payload=999
        )
        return made

    world.reply = reply
    for _ in range(2):
        assert (await world.ask()).edns == -1
        answer = await world.ask("a.up.test. A", "+bufsize=1400")
        assert (answer.payload, answer.options) == (1400, ())


@pytest.mark.parametrize(
    "response",
    [Response.failure(wire.SERVFAIL, "no upstream"), Response.failure(wire.REFUSED), DROP],
    ids=["servfail", "refused", "drop"],
)
async def test_what_is_no_message_passes_as_it_is(response: Response) -> None:
    world = World()
    world.reply = lambda _: response
    for count in (1, 2):
        await world.exchange(query("a.up.test.", wire.A))
        assert world.response is response
        assert len(world.asked) == count
    assert world.metric("entries") is None


async def test_names_outside_the_zones_pass_as_they_are() -> None:
    world = World("cache 30 Org. b.up.test")
    world.says("x.test. 2 IN A 192.0.2.1")
    assert ttls(await world.ask("a.up.test. A")) == {2}
    assert not world.asked[0].ad
    assert world.metric("requests_total") is None
    assert ttls(await world.ask("x.b.up.test. A")) == {5}
    assert world.metric("requests_total", zones="org.,b.up.test.") == 1


async def test_records_of_a_plugin() -> None:
    world = World()
    made = Response.records
    world.reply = lambda _: made(world.asked[-1], 300, "192.0.2.7")
    first = await world.ask("A.up.test. A")
    world.now += 2
    second = await world.ask("a.UP.test. A")
    assert texts(first.answer) == ["A.up.test. 300 IN A 192.0.2.7"]
    assert texts(second.answer) == ["A.up.test. 298 IN A 192.0.2.7"]
    assert (flags(first), flags(second)) == ("QR AA RD", "QR AA RD")


async def test_an_answer_that_is_not_kept_is_not_copied() -> None:
    world = World("cache {\ndisable success\n}")
    made: list[Response] = []

    def reply(_: dns.message.Message) -> Response:
        made.append(Response.records(world.asked[-1], 300, "192.0.2.7"))
        return made[-1]

    world.reply = reply
    await world.ask()
    assert world.response is made[0]
    assert world.response.fresh_until == FOREVER


async def test_another_question_is_not_kept() -> None:
    world = World()

    def reply(query: dns.message.Message) -> dns.message.Message:
        return world.usual(dns.message.make_query("evil.up.test.", "A"))

    world.reply = reply
    for _ in range(2):
        answer = await world.ask()
        assert answer.question[0].name.to_text() == "a.up.test."
    assert len(world.asked) == 2
    assert world.metric("drops_total") == 2
    world.reply = world.usual
    await world.ask("evil.up.test. A")
    assert len(world.asked) == 3


@pytest.mark.parametrize(
    ("name", "rcode", "kept"),
    [
        ("a.up.test.", "NOERROR", False),
        ("www.A.up.test.", "NOERROR", False),
        ("ba.up.test.", "NOERROR", True),
        ("a.up.test.", "NXDOMAIN", True),
        ("d.test.", "NXDOMAIN", False),
        ("d.test.", "SERVFAIL", False),
        ("d.test.", "NOERROR", True),
    ],
)
async def test_disable(name: str, rcode: str, kept: bool) -> None:
    world = World("cache {\ndisable success a.up.test\ndisable denial D.test.\n}")
    good = rcode == "NOERROR"
    world.says(
        f"{name} 2 IN A 192.0.2.1" if good else "", authority="" if good else SOA, rcode=rcode
    )
    replies = [await world.ask(f"{name} A") for _ in range(2)]
    assert len(world.asked) == (1 if kept else 2)
    assert ttls(replies[0]) == {5 if rcode != "NXDOMAIN" else 60}


async def test_servfail_does_not_hide_an_answer_but_a_denial_does() -> None:
    world = World("cache {\ndenial 1024 60 30\nprefetch 1 1m 90%\n}")
    await world.ask()
    for rcode, wanted in (("SERVFAIL", "NOERROR"), ("NXDOMAIN", "NXDOMAIN")):
        world.says(rcode=rcode, authority=SOA)
        world.now += 40
        await world.ask()
        await world.settle()
        assert dns.rcode.to_text((await world.ask()).rcode()) == wanted
        await world.settle()


@pytest.mark.parametrize(
    ("options", "seconds"), [("servfail 2s", 2), ("servfail 1500ms", 1), ("", 5), ("servfail 0", 0)]
)
async def test_how_long_failures_are_kept(options: str, seconds: int) -> None:
    world = World(f"cache {{\n{options}\n}}")
    world.says(rcode="SERVFAIL")
    await world.ask()
    await world.ask()
    assert len(world.asked) == (1 if seconds else 2)
    world.now += seconds
    await world.ask()
    assert len(world.asked) == (2 if seconds else 3)


async def test_keepttl() -> None:
    world = World("cache {\nkeepttl\n}")
    await world.ask()
    for now in (1000, 1299):
        world.now = now
        assert ttls(await world.ask()) == {300}
        assert world.response is not None
        assert world.response.fresh_until == 1300.25
    world.now = 1301
    await world.ask()
    assert len(world.asked) == 2


async def test_a_notify_passes_by() -> None:
    world = World()
    world.says("up.test. 60 IN SOA ns.up.test. host.up.test. 1 2 3 4 60")
    await world.ask("up.test. SOA")
    notify = query("up.test.", wire.SOA, flags=wire.NOTIFY << 11)
    for count in (2, 3):
        await world.exchange(notify)
        assert len(world.asked) == count


async def test_a_notify_that_is_not_about_a_zone_is_a_query_like_others() -> None:
    world = World()
    await world.ask("www.up.test. A")
    await world.exchange(query("www.up.test.", wire.A, flags=wire.NOTIFY << 11))
    assert len(world.asked) == 1
    assert world.response is not None
    assert [record.ttl for record in world.response.answer] == [300]


@pytest.mark.parametrize("published", [True, False])
async def test_the_wildcard_of_an_answer_is_published_with_each_hit(
    published: bool, corefile: Start, tmp_path: Path
) -> None:
    zone = "@ 60 SOA a b 1 2 3 4 60\n@ 60 NS a\n*.w 2 TXT hello\nw 60 TXT no\n"
    (tmp_path / "zone").write_text(zone)
    text = ". {\n %s\n log . {/zone/wildcard}\n cache {\n  serve_stale\n }\n file %s up.test\n}\n"
    async with corefile(text % ("metadata" if published else "", tmp_path / "zone")) as dns:
        for name in ("a.w.up.test", "a.w.up.test", "A.W.up.test", "w.up.test", "w.up.test"):
            await dns.ask(f"{name} TXT")
        told = "*.w.up.test." if published else "-"
        assert dns.log[-5:] == [f"[INFO] {one}" for one in (told, told, told, "-", "-")]


# ---- how long the host may repeat an answer itself


async def test_an_answer_may_be_repeated_until_its_ttl_changes() -> None:
    world = World()
    world.says(A.format(60))
    await world.ask()
    assert world.response is not None
    assert world.response.fresh_until == 0
    for now, until in ((1000.5, 1001.25), (1001.24, 1001.25), (1001.25, 1002.25), (1060, 1060.25)):
        world.now = now
        await world.ask()
        assert world.response.fresh_until == until
        assert world.request is not None
        assert world.request.repeatable
        assert not world.request.client_seen


async def test_repeated_answers_are_counted() -> None:
    world = World()
    await world.ask()
    await world.ask()
    assert world.request is not None
    assert world.request.repeats is not None
    for _ in range(3):
        for repeat in world.request.repeats:
            repeat(b"", None, 0.0)
    assert world.metric("requests_total") == 5
    assert world.metric("hits_total", type="success") == 4
    assert world.metric("misses_total") == 1


async def test_repeated_misses_are_counted() -> None:
    world = World("cache {\ndisable success\n}")
    world.reply = lambda _: Response.records(world.asked[-1], 300, "192.0.2.7")
    await world.ask()
    assert world.request is not None
    assert world.request.repeats is not None
    (repeat,) = world.request.repeats
    repeat(b"", None, 0.0)
    assert (world.metric("requests_total"), world.metric("misses_total")) == (2, 2)


# ---- metrics


async def test_metrics() -> None:
    world = World("cache 60 up.test")
    assert world.metric("requests_total") is None
    await world.ask()
    await world.ask()
    world.says(rcode="NXDOMAIN", authority=SOA)
    for _ in range(3):
        await world.ask("b.up.test. A")
    place = {"zones": "up.test.", "view": ""}
    assert world.metric("requests_total", **place) == 5
    assert world.metric("misses_total", **place) == 2
    assert world.metric("hits_total", type="success", **place) == 1
    assert world.metric("hits_total", type="denial", **place) == 2
    assert world.metric("entries", type="success", **place) == 1
    assert world.metric("entries", type="denial", **place) == 1
    for name in ("evictions_total", "drops_total", "prefetch_total", "served_stale_total"):
        assert world.metric(name) is None


async def test_evictions_are_counted() -> None:
    world = World("cache {\nsuccess 1024\ndenial 1024\n}")
    for i in range(300):
        await world.ask(f"n{i}.wild.up.test. A")
    evicted = world.metric("evictions_total", type="success") or 0
    assert world.metric("entries", type="success") == 300 - evicted
    world.says(rcode="NXDOMAIN", authority=SOA)
    for i in range(2000):
        await world.ask(f"n{i}.d.up.test. A")
    denied = world.metric("evictions_total", type="denial")
    assert denied
    assert world.metric("entries", type="denial") == 2000 - denied
