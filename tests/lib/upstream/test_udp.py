import asyncio
import gc
from pathlib import Path
from time import monotonic

import pytest

from corepy.errors import UpstreamError
from corepy.lib.upstream.address import Address, parse
from corepy.lib.upstream.flight import Answer
from corepy.lib.upstream.pool import Limits
from corepy.lib.upstream.udp import UdpPool
from tests.support import upstream as fake
from tests.support.upstream import FakeUpstream


def query(label: str = "www") -> bytes:
    name = bytes((len(label),)) + label.encode() + b"\7example\0"
    return b"\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"


def ask(pool: UdpPool, body: bytes | None = None) -> Answer:
    body = body or query()
    return pool.ask(body, len(body) + 2, monotonic())


def address(up: FakeUpstream) -> Address:
    found = parse(up.at)
    assert found is not None
    return found


def pool_for(up: FakeUpstream, **limits: float | str) -> UdpPool:
    settings = {"read_timeout": 0.15, **limits}
    return UdpPool(address(up), Limits(**settings))  # type: ignore[arg-type]  # names are checked


async def test_the_answer_comes_back_under_the_id_of_the_query() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up)
        response = await ask(pool)
        assert response.wire == fake.answer(up.queries[0].octets)
        assert up.queries[0].octets[2:] == query()
        assert not pool.flights
        pool.close()
        assert pool.open == 0


@pytest.mark.parametrize(
    "bad",
    [
        fake.wrong_id, fake.wrong_question, fake.wrong_type, fake.not_a_reply, fake.other_opcode,
        fake.header_only, fake.short, fake.garbage, fake.cut_short, b"", b"x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("times", [1, 50])
async def test_bad_datagrams_do_not_end_the_wait(bad: fake.Step, times: int) -> None:
    async with FakeUpstream() as up:
        up.then(*[bad] * times, 0.02, fake.answer)
        pool = pool_for(up, read_timeout=2.0)
        response = await ask(pool)
        assert response.wire == fake.answer(up.queries[0].octets)
        pool.close()


async def test_identical_questions_share_one_query() -> None:
    async with FakeUpstream() as up:
        up.always(0.05, fake.answer)
        pool = pool_for(up, read_timeout=2.0)
        responses = [await answer for answer in [ask(pool) for _ in range(200)]]
        assert len(set(map(id, responses))) == 1
        assert up.count() == 1
        assert (pool.misses, pool.hits) == (1, 199)
        await ask(pool)
        assert up.count() == 2
        pool.close()


@pytest.mark.parametrize(
    ("other", "queries"),
    [
        (query(), 1),
        (query("WWW"), 2),
        (query("wwx"), 2),
        (b"\1\x10" + query()[2:], 2),
        (query()[:-1] + b"\3", 2),
        (query()[:9] + b"\1" + query()[10:] + b"\0\0\x29\x04\xd0\0\0\x80\0\0\0", 2),
    ],
    ids=["same", "case", "name", "cd", "class", "edns"],
)
async def test_what_makes_a_question_identical(other: bytes, queries: int) -> None:
    async with FakeUpstream() as up:
        up.always(0.05, fake.answer)
        pool = pool_for(up, read_timeout=2.0)
        one = ask(pool)
        body = other
        two = pool.ask(body, fake.question_end(b"\0\0" + body), monotonic())
        await one
        await two
        assert up.count() == queries
        pool.close()


async def test_silence_is_a_timeout_that_leaves_nothing_behind() -> None:
    async with FakeUpstream() as up:
        up.always(*fake.silence)
        pool = pool_for(up)
        answers = [ask(pool, query(f"n{i}")) for i in range(5)]
        started = monotonic()
        for answer in answers:
            with pytest.raises(UpstreamError, match=rf"read udp \S+->{up.at}: i/o timeout"):
                await answer
        assert 0.1 < monotonic() - started < 1
        assert not pool.flights
        assert pool.open == 0
        pool.close()


async def test_a_late_reply_finds_nobody_and_the_next_query_has_another_port() -> None:
    async with FakeUpstream() as up:
        up.then(0.25, fake.address("192.0.2.66"))
        up.then(0.12, fake.answer)
        pool = pool_for(up)
        with pytest.raises(UpstreamError):
            await ask(pool)
        response = await ask(pool)
        assert response.wire[-4:] == bytes((192, 0, 2, 1))
        assert up.queries[0].port != up.queries[1].port
        pool.close()


async def test_a_timeout_is_not_late_after_a_long_rest() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up, expire=60.0)
        await ask(pool)
        await asyncio.sleep(0.2)  # the timer now waits for the idle socket
        up.always(*fake.silence)
        started = monotonic()
        with pytest.raises(UpstreamError):
            await ask(pool)
        assert monotonic() - started < 0.5
        pool.close()


async def test_a_closed_port_is_told_at_once() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up, read_timeout=5.0)
    started = monotonic()
    with pytest.raises(UpstreamError, match="read: connection refused"):
        await ask(pool)
    assert monotonic() - started < 1
    assert pool.open == 0
    pool.close()


async def test_an_idle_socket_is_used_again_until_it_expires() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up, expire=0.1)
        for _ in range(3):
            await ask(pool)
        assert (pool.misses, pool.hits) == (1, 2)
        assert len({each.port for each in up.queries}) == 1
        await asyncio.sleep(0.35)
        assert pool.open == 0
        await ask(pool)
        assert (pool.misses, pool.hits) == (2, 2)
        pool.close()


async def test_max_age_ends_a_socket_that_is_busy_all_the_time() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up, expire=0.1, max_age=0.2)
        for _ in range(10):
            await ask(pool)
            await asyncio.sleep(0.05)
        assert 2 <= pool.misses <= 4
        pool.close()


async def test_max_idle_bounds_what_is_kept() -> None:
    async with FakeUpstream() as up:
        up.always(0.03, fake.answer)
        pool = pool_for(up, read_timeout=2.0, max_idle=2)
        for answer in [ask(pool, query(f"n{i}")) for i in range(4)]:
            await answer
        assert pool.open == 2
        pool.close()


async def test_sockets_are_shared_beyond_a_number_of_them() -> None:
    async with FakeUpstream() as up:
        up.always(0.05, fake.answer)
        pool = pool_for(up, read_timeout=2.0)
        answers = [ask(pool, query(f"n{i}")) for i in range(150)]
        assert pool.open == UdpPool.channels_limit
        for answer in answers:
            await answer
        assert up.count() == 150
        assert len({each.port for each in up.queries}) == UdpPool.channels_limit
        pool.close()


async def test_ports_change_after_a_number_of_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(UdpPool, "uses_limit", 10)
    async with FakeUpstream() as up:
        pool = pool_for(up)
        for i in range(100):
            await ask(pool, query(f"n{i}"))
        assert len({each.port for each in up.queries}) >= 9
        up.always(0.05, fake.answer)
        for answer in [ask(pool, query(f"m{i}")) for i in range(100)]:
            await answer  # busy sockets are replaced too
        assert len({each.port for each in up.queries[100:]}) >= 9
        pool.close()


async def test_ids_are_unique_on_a_socket_while_they_are_in_use() -> None:
    async with FakeUpstream() as up:
        up.always(*fake.silence)
        pool = pool_for(up, read_timeout=5.0)
        answers: list[Answer] = []
        for i in range(20):
            answers += [ask(pool, query(f"n{i}-{k}")) for k in range(100)]
            while up.count() < len(answers):
                await asyncio.sleep(0.005)
        assert len({(each.id, each.port) for each in up.queries}) == 2000
        pool.close()
        for answer in answers:
            with pytest.raises(UpstreamError, match="transport stopped"):
                await answer


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("192.0.2.1", r"dial udp 192\.0\.2\.1:0->\S+: bind: cannot assign requested address"),
        ("::1", r"dial udp: address \[::1\]:0: no suitable address found"),
    ],
)
async def test_an_address_that_cannot_be_sent_from(source: str, message: str) -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up, source=source)
        with pytest.raises(UpstreamError, match=message):
            await ask(pool)
        assert up.count() == 0
        pool.close()


async def test_queries_leave_from_the_source_address() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up, source="127.0.0.77")
        await ask(pool)
        assert up.queries[0].peer[0] == "127.0.0.77"
        pool.close()


async def test_no_port_is_an_error_per_query() -> None:
    found = parse("127.0.0.1:99999")
    assert found is not None
    pool = UdpPool(found, Limits())
    with pytest.raises(UpstreamError, match="dial udp: address 99999: invalid port"):
        await ask(pool)
    pool.close()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_descriptors_are_back_to_what_they_were() -> None:
    async with FakeUpstream() as up:
        gc.collect()
        before = descriptors()
        pool = pool_for(up)
        for i in range(20):
            up.then(*((fake.answer,) if i % 2 else fake.silence))
        for answer in [ask(pool, query(f"n{i}")) for i in range(20)]:
            try:
                await answer
            except UpstreamError:
                continue
        pool.close()
        gc.collect()
        assert descriptors() == before
