"""Asking again: prefetch, and expired answers in all their modes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import dns.message
import dns.rcode
import pytest

from corepy.response import Response
from tests.support.caching import SOA, World, texts, ttls

pytestmark = pytest.mark.usefixtures("quiet")


@pytest.fixture
async def quiet() -> AsyncIterator[None]:
    """No test leaves a task behind."""
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left


def numbered(world: World, ttl: int = 10) -> None:
    """Let each answer say how many there were."""

    def reply(query: dns.message.Message) -> dns.message.Message:
        name = query.question[0].name.to_text()
        world.answer = f"{name} {ttl} IN A 192.0.2.{len(world.asked)}"
        return world.usual(query)

    world.reply = reply


async def addresses(world: World, *words: str) -> tuple[list[str], set[int]]:
    reply = await world.ask("a.up.test. A", *words)
    return [text.split()[-1].split(".")[-1] for text in texts(reply.answer)], ttls(reply)


# ---- prefetch


async def test_a_popular_answer_is_asked_for_again() -> None:
    world = World("cache {\nprefetch 2 1m 30%\n}")
    numbered(world)
    await world.ask()
    steps = []
    for now in (1, 6.9, 7.1, 7.2):
        world.now = 1000.25 + now
        steps.append((*await addresses(world), len(world.asked)))
        await world.settle()
    # In its last three seconds, and asked for twice: the old one once more, then the new one.
    assert steps == [(["1"], {9}, 1), (["1"], {4}, 1), (["1"], {3}, 1), (["2"], {10}, 2)]
    assert world.metric("prefetch_total") == 1


async def test_rare_answers_are_left_to_expire() -> None:
    world = World("cache {\nprefetch 3 1s 90%\n}")
    numbered(world)
    for now in (0, 1.5, 3, 4.5, 5, 6.5):
        world.now = 1000.25 + now
        await world.ask()
        await world.settle()
    assert len(world.asked) == 1


async def test_one_prefetch_at_a_time() -> None:
    world = World("cache {\nprefetch 1 1m 90%\n}")
    numbered(world)
    await world.ask()
    world.gate = asyncio.Event()
    world.now += 5
    for _ in range(5):
        await world.ask()
        await world.settle()
    assert len(world.asked) == 2
    world.gate.set()
    await world.settle()
    assert (await addresses(world)) == (["2"], {10})


async def test_a_prefetch_has_no_client_and_needs_no_small_answer() -> None:
    world = World("cache {\nprefetch 1 1m 90%\n}")
    await world.ask()
    world.now += 200
    await world.ask("A.up.test. A", "+norec")
    await world.settle()
    first, second = world.asked
    assert (first.proto, second.proto) == ("udp", "tcp")
    assert second.ad
    assert second.parent is None
    assert second.wire[12:].startswith(b"\1A")
    assert second.listener.address == world.listener.address
    await second.listener.resolve(second)
    assert world.listener.asked == [second]


async def test_a_popular_answer_stays_popular() -> None:
    world = World("cache {\nprefetch 3 1m 50%\n}")
    numbered(world)
    await world.ask()
    for _ in range(3):
        await world.ask()
    world.now += 6
    await world.ask()
    await world.settle()
    assert len(world.asked) == 2
    world.now += 6
    await world.ask()
    await world.settle()
    assert len(world.asked) == 3


async def test_a_prefetch_that_brings_a_denial() -> None:
    world = World("cache {\nprefetch 1 1m 90%\n}")
    await world.ask()
    world.now += 200
    world.says(rcode="NXDOMAIN", authority=SOA)
    assert (await world.ask()).rcode() == dns.rcode.NOERROR
    await world.settle()
    assert (await world.ask()).rcode() == dns.rcode.NXDOMAIN
    world.says("a.up.test. 60 IN A 192.0.2.9")
    world.now += 40
    await world.ask()
    await world.settle()
    assert texts((await world.ask()).answer) == ["a.up.test. 60 IN A 192.0.2.9"]


async def test_an_answer_may_be_repeated_until_each_query_counts() -> None:
    world = World("cache {\nkeepttl\nprefetch 5 1m 50%\n}")
    numbered(world)
    await world.ask()
    await world.ask()
    assert world.response is not None
    assert world.response.fresh_until == 1005.25
    assert world.request is not None
    assert world.request.repeats is not None
    for _ in range(3):
        world.request.repeats[0](b"", None, 1001.0)
    world.now += 6
    await world.ask()
    assert world.response.fresh_until == 0
    await world.settle()
    # Two hits here, three repeated ones.
    assert len(world.asked) == 2
    assert world.metric("hits_total") == 5


# ---- expired answers, given at once


STALE = "cache {\nserve_stale %s\nservfail 0\n}"


async def test_an_expired_answer_is_given_and_renewed() -> None:
    world = World(STALE % "1m")
    numbered(world)
    await world.ask()
    world.now += 10
    assert (await addresses(world)) == (["1"], {0})
    assert world.response is not None
    assert world.response.fresh_until == 0
    await world.settle()
    assert (await addresses(world)) == (["2"], {10})
    assert world.metric("served_stale_total") == 1
    assert world.metric("prefetch_total") == 1
    assert world.metric("hits_total") == 2


@pytest.mark.parametrize(("age", "given"), [(69.5, True), (70, False)])
async def test_how_long_an_expired_answer_is_good_for(age: float, given: bool) -> None:
    world = World(STALE % "1m")
    numbered(world)
    await world.ask()
    world.now += age
    assert (await addresses(world)) == ((["1"], {0}) if given else (["2"], {10}))
    await world.settle()


async def test_nothing_is_given_beyond_the_ttl_without_serve_stale() -> None:
    world = World("cache")
    numbered(world)
    await world.ask()
    world.now += 10
    assert (await addresses(world)) == (["2"], {10})


@pytest.mark.parametrize(
    ("options", "fresh", "stale"),
    [
        ("serve_stale 1h immediate 30s", 8, 30),
        ("serve_stale\nkeepttl", 10, 10),
        ("serve_stale 1h immediate 30s\nkeepttl", 10, 30),
        ("serve_stale", 8, 0),
    ],
)
async def test_the_ttl_of_expired_answers(options: str, fresh: int, stale: int) -> None:
    world = World(f"cache {{\n{options}\n}}")
    world.says("a.up.test. 10 IN A 192.0.2.1", authority=SOA)
    await world.ask()
    world.now += 2
    assert ttls(await world.ask()) == {fresh}
    world.now += 10
    assert ttls(await world.ask()) == {stale}
    await world.settle()


@pytest.mark.parametrize(
    ("rcode", "authority", "kept"),
    [
        ("SERVFAIL", "", False),
        ("REFUSED", "", False),
        ("NOTIMP", "", False),
        ("NXDOMAIN", SOA, True),
        ("NOERROR", SOA, True),
    ],
)
async def test_what_renews_an_expired_answer(rcode: str, authority: str, kept: bool) -> None:
    world = World(STALE % "1h")
    numbered(world)
    await world.ask()
    world.now += 11
    world.says(rcode=rcode, authority=authority)
    for _ in range(2):
        await world.ask()
        await world.settle()
    reply = await world.ask()
    await world.settle()
    assert bool(reply.answer) is not kept
    assert len(world.asked) == (2 if kept else 4)


@pytest.mark.parametrize("response", [Response.failure(2), None], ids=["failure", "exception"])
async def test_a_refresh_that_fails_is_tried_again(
    response: Response | None, caplog: pytest.LogCaptureFixture
) -> None:
    world = World(STALE % "1h")
    numbered(world)
    await world.ask()
    world.now += 11

    def reply(_: dns.message.Message) -> Response:
        if response is None:
            raise RuntimeError("boom")
        return response

    world.reply = reply
    for count in (2, 3, 4):
        assert (await addresses(world))[0] == ["1"]
        await world.settle()
        assert len(world.asked) == count


async def test_a_pause_after_a_failure() -> None:
    world = World(STALE % "1h immediate 0 30s")
    numbered(world)
    await world.ask()
    world.says(rcode="SERVFAIL")
    counts = []
    for now in (11, 12, 40.9, 41, 70.9, 71.1):
        world.now = 1000.25 + now
        await world.ask()
        await world.settle()
        counts.append(len(world.asked))
    assert counts == [2, 2, 2, 3, 3, 4]


async def test_refreshes_end_with_the_instance() -> None:
    world = World(STALE % "1h")
    async with world.cache.lifespan():
        await world.ask()
        world.now += 301
        world.gate = asyncio.Event()
        await world.ask()
        await world.settle()
        assert len(world.asked) == 2
    await world.settle()


async def test_an_expired_denial() -> None:
    world = World(STALE % "1h")
    world.says(rcode="NXDOMAIN", authority=SOA)
    await world.ask()
    world.now += 61
    world.reply = world.usual
    assert (await world.ask()).rcode() == dns.rcode.NXDOMAIN
    await world.settle()
    assert (await world.ask()).rcode() == dns.rcode.NOERROR


async def test_a_refresh_keeps_what_disable_leaves_out() -> None:
    world = World("cache {\nserve_stale\ndisable denial\n}")
    await world.ask()
    world.now += 301
    world.says(rcode="NXDOMAIN", authority=SOA)
    await world.ask()
    await world.settle()
    assert (await world.ask()).rcode() == dns.rcode.NXDOMAIN


# ---- expired answers, verified first


async def test_verify_gives_what_is_newer() -> None:
    world = World(STALE % "1h verify")
    numbered(world)
    await world.ask()
    world.now += 11
    assert (await addresses(world)) == (["2"], {10})
    assert world.metric("served_stale_total") is None
    assert world.metric("hits_total") == 1


@pytest.mark.parametrize("timeout", ["0", "10s"])
@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "NOTIMP", "TC"])
async def test_verify_falls_back_to_the_expired_answer(rcode: str, timeout: str) -> None:
    world = World(f"cache {{\nserve_stale 1h verify {timeout} 9s\nservfail 5s\n}}")
    numbered(world)
    await world.ask()
    world.now += 11
    if rcode == "TC":
        world.says(flags="TC")
    else:
        world.says(rcode=rcode)
    for count in (2, 3):
        assert (await addresses(world)) == (["1"], {9})
        assert len(world.asked) == count
    assert world.metric("served_stale_total") == 2


@pytest.mark.parametrize("timeout", ["0", "10s"])
async def test_verify_gives_a_denial(timeout: str) -> None:
    world = World(STALE % f"1h verify {timeout}")
    await world.ask()
    world.now += 301
    world.says(rcode="NXDOMAIN")
    assert (await world.ask()).rcode() == dns.rcode.NXDOMAIN
    # Without a SOA it is not kept, so the next one asks again.
    assert (await world.ask()).rcode() == dns.rcode.NXDOMAIN
    assert len(world.asked) == 3


async def test_verify_waits_only_so_long() -> None:
    world = World(STALE % "1h verify 20ms 7s")
    numbered(world)
    await world.ask()
    world.now += 11
    world.gate = asyncio.Event()
    for _ in range(3):
        assert (await addresses(world)) == (["1"], {7})
    # All three have waited for the same query.
    assert len(world.asked) == 2
    world.gate.set()
    await world.settle()
    assert (await addresses(world)) == (["2"], {10})


@pytest.mark.parametrize("words", [(), ("+ad",)])
@pytest.mark.parametrize("timeout", ["0", "10s"])
@pytest.mark.parametrize("kept", [True, False])
async def test_verify_gives_ad_to_those_who_know_it(
    timeout: str, words: tuple[str, ...], kept: bool
) -> None:
    world = World(STALE % f"1h verify {timeout}")
    await world.ask()
    world.now += 301
    world.says(rcode="NXDOMAIN", authority=SOA if kept else "", flags="AD RA")
    reply = await world.ask("a.up.test. A", *words)
    assert bool(reply.flags & dns.flags.AD) is bool(words)


@pytest.mark.parametrize("timeout", ["0", "10s"])
async def test_verify_with_a_pause_after_a_failure(timeout: str) -> None:
    world = World(STALE % f"1h verify {timeout} 0 30s")
    numbered(world)
    await world.ask()
    world.says(rcode="SERVFAIL")
    counts = []
    for now in (11, 12, 40.9, 41):
        world.now = 1000.25 + now
        await world.ask()
        counts.append(len(world.asked))
    assert counts == [2, 2, 2, 3]
    numbered(world)
    world.now += 31
    assert (await addresses(world)) == (["4"], {10})


async def test_verify_with_a_pause_does_not_wait_for_the_query_of_another() -> None:
    world = World(STALE % "1h verify 5s 0 30s")
    numbered(world)
    await world.ask()
    world.now += 11
    world.gate = asyncio.Event()
    first = asyncio.ensure_future(addresses(world))
    await world.settle()
    assert (await asyncio.wait_for(addresses(world), 1)) == (["1"], {0})
    assert len(world.asked) == 2
    world.gate.set()
    assert (await first) == (["2"], {10})


@pytest.mark.parametrize("timeout", ["0", "5s"])
async def test_an_exception_in_verify(timeout: str) -> None:
    world = World(STALE % f"1h verify {timeout} 0 1s")
    numbered(world)
    await world.ask()
    world.now += 11

    def reply(_: dns.message.Message) -> Response:
        raise RuntimeError("boom")

    world.reply = reply
    if timeout == "0":
        with pytest.raises(RuntimeError):
            await world.ask()
    else:
        assert (await addresses(world)) == (["1"], {0})
    numbered(world)
    world.now += 2
    assert (await addresses(world)) == (["3"], {10})


# ---- prefer_positive


@pytest.mark.parametrize("mode", ["immediate", "verify", "verify 5s"])
@pytest.mark.parametrize(
    ("rcode", "authority"), [("NXDOMAIN", SOA), ("NOERROR", SOA), ("SERVFAIL", ""), ("NOERROR", "")]
)
async def test_prefer_positive_keeps_the_answer(mode: str, rcode: str, authority: str) -> None:
    world = World(f"cache {{\nserve_stale 1h {mode}\nserve_stale_policy prefer_positive\n}}")
    numbered(world)
    await world.ask()
    world.now += 11
    world.says(rcode=rcode, authority=authority)
    for _ in range(3):
        assert (await addresses(world)) == (["1"], {0})
        await world.settle()
    numbered(world)
    await world.ask()
    await world.settle()
    assert (await addresses(world))[1] == {10}


async def test_prefer_positive_gives_the_denial_when_the_answer_is_too_old() -> None:
    world = World(
        "cache {\ndenial 1024 600 600\nserve_stale 1m\nserve_stale_policy prefer_positive\n}"
    )
    numbered(world)
    await world.ask()
    world.says(rcode="NXDOMAIN", authority=SOA)
    world.now += 69
    await world.ask()
    await world.settle()
    world.now += 2
    assert (await world.ask()).rcode() == dns.rcode.NXDOMAIN
    assert len(world.asked) == 2


async def test_without_the_policy_the_denial_counts_at_once() -> None:
    world = World(STALE % "1h")
    numbered(world)
    await world.ask()
    world.now += 11
    world.says(rcode="NXDOMAIN", authority=SOA)
    await world.ask()
    await world.settle()
    assert (await world.ask()).rcode() == dns.rcode.NXDOMAIN
