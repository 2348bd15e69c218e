import asyncio
from time import monotonic

import pytest

from corepy.errors import UpstreamError
from corepy.lib.upstream.address import Address, parse
from corepy.lib.upstream.faults import Mismatch
from corepy.lib.upstream.flight import Answer
from corepy.lib.upstream.pool import Limits
from corepy.lib.upstream.tcp import TcpPool
from tests.support import upstream as fake
from tests.support.upstream import CLOSE, FakeUpstream, Raw


def query(label: str = "www") -> bytes:
    name = bytes((len(label),)) + label.encode() + b"\7example\0"
    return b"\1\0\0\1\0\0\0\0\0\0" + name + b"\0\1\0\1"


def ask(pool: TcpPool, body: bytes | None = None) -> Answer:
    body = body or query()
    return pool.ask(body, len(body) + 2, monotonic())


def address(text: str) -> Address:
    found = parse(text)
    assert found is not None
    return found


def pool_for(up: FakeUpstream, **limits: float | str) -> TcpPool:
    settings = {"read_timeout": 0.3, **limits}
    return TcpPool(address(up.at), Limits(**settings))  # type: ignore[arg-type]  # as for UDP


async def test_a_connection_is_used_again() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up)
        for i in range(5):
            response = await ask(pool, query(f"n{i}"))
            assert response.wire == fake.answer(up.queries[-1].octets)
        assert up.connections == 1
        assert (pool.misses, pool.hits) == (1, 4)
        pool.close()


async def test_a_connection_that_was_closed_while_it_rested_is_no_failure() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up)
        await ask(pool)
        await up.hang_up()
        await ask(pool)
        assert up.connections == 2
        pool.close()


async def test_a_connection_closed_on_the_query_is_tried_anew_once() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up)
        await ask(pool)
        up.then(CLOSE)
        assert (await ask(pool, query("again"))).rcode == 0
        assert up.count() == 3
        up.then(CLOSE)
        up.then(CLOSE)
        with pytest.raises(UpstreamError, match="EOF"):
            await ask(pool, query("never"))
        assert up.count() == 5
        assert not pool.flights
        assert not pool.dialing
        pool.close()


async def test_a_new_connection_that_is_closed_fails() -> None:
    async with FakeUpstream() as up:
        up.always(CLOSE)
        pool = pool_for(up)
        with pytest.raises(UpstreamError, match="EOF"):
            await ask(pool)
        assert up.count() == 1
        pool.close()


async def test_a_closed_port() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up)
    with pytest.raises(UpstreamError, match=rf"dial tcp {up.at}: connect: connection refused"):
        await ask(pool)
    assert pool.open == 0
    pool.close()


async def test_a_dial_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corepy.lib.upstream.tcp.CONNECT", 0.1)

    async def dial(_: object) -> None:
        await asyncio.sleep(60)

    pool = TcpPool(address("127.0.0.1:20600"), Limits(), dial)
    one, two = ask(pool), ask(pool)
    with pytest.raises(UpstreamError, match=r"dial tcp 127\.0\.0\.1:20600: i/o timeout"):
        await one
    with pytest.raises(UpstreamError, match="i/o timeout"):
        await two
    assert (pool.open, pool.dialing) == (0, {})
    pool.close()


async def test_closing_ends_a_dial_and_who_waits_for_it() -> None:
    async def dial(_: object) -> None:
        await asyncio.sleep(60)

    pool = TcpPool(address("127.0.0.1:20600"), Limits(), dial)
    answer = ask(pool)
    await asyncio.sleep(0)
    before = len(asyncio.all_tasks())
    pool.close()
    with pytest.raises(UpstreamError, match="transport stopped"):
        await answer
    await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) == before - 1
    with pytest.raises(UpstreamError, match="transport stopped"):
        await ask(pool)


async def test_silence_is_a_timeout_and_the_connection_is_not_used_again() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up)
        up.then(*fake.silence)
        with pytest.raises(UpstreamError, match=rf"read tcp \S+->{up.at}: i/o timeout"):
            await ask(pool)
        await ask(pool)
        assert up.connections == 2
        pool.close()


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (fake.wrong_question, Mismatch, "another question"),
        (fake.cut_short, UpstreamError, "bad reply"),
    ],
)
async def test_a_stream_has_no_strangers(
    bad: fake.Step, error: type[UpstreamError], message: str
) -> None:
    async with FakeUpstream() as up:
        up.then(bad)
        pool = pool_for(up, read_timeout=5.0)
        with pytest.raises(error, match=message):
            await ask(pool)
        pool.close()


@pytest.mark.parametrize(
    "steps",
    [
        (fake.wrong_id, fake.answer),
        (fake.short, fake.answer),
        (b"", fake.answer),
        (fake.answer, fake.answer),
    ],
    ids=["other id", "short", "empty", "twice"],
)
async def test_replies_nobody_waits_for_are_passed_over(steps: tuple[fake.Step, ...]) -> None:
    async with FakeUpstream() as up:
        up.then(*steps)
        pool = pool_for(up)
        assert (await ask(pool)).counts == (1, 0, 0)
        assert (await ask(pool, query("next"))).counts == (1, 0, 0)
        assert up.connections == 1
        pool.close()


async def test_a_reply_in_pieces_of_any_size() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up, read_timeout=3.0)
        answer = ask(pool)
        up.then(*fake.silence)
        await asyncio.sleep(0.05)
        octets = fake.big(up.queries[0].octets)
        framed = len(octets).to_bytes(2, "big") + octets
        channel = next(iter(pool.flights.values())).channel
        for size in (1, 1, 3, 500):
            channel.data_received(framed[:size])
            framed = framed[size:]
        channel.data_received(framed)
        assert (await answer).wire == octets
        pool.close()


async def test_a_length_that_lies_is_a_timeout() -> None:
    async with FakeUpstream() as up:
        up.then(Raw(b"\xff\xff123"))
        pool = pool_for(up)
        with pytest.raises(UpstreamError, match="i/o timeout"):
            await ask(pool)
        assert pool.open == 0
        pool.close()


async def test_a_reply_of_64_kilobytes() -> None:
    record = fake.a_record()

    def huge(octets: bytes) -> bytes:
        return fake.reply(octets, records=record * 4000, count=4000)

    async with FakeUpstream() as up:
        up.then(huge)
        pool = pool_for(up, read_timeout=3.0)
        assert (await ask(pool)).counts == (4000, 0, 0)
        pool.close()


async def test_identical_questions_share_a_query_while_it_is_dialled_and_after() -> None:
    async with FakeUpstream() as up:
        up.always(0.1, fake.answer)
        pool = pool_for(up, read_timeout=3.0)
        answers = [ask(pool) for _ in range(50)]
        await asyncio.sleep(0.05)
        answers += [ask(pool) for _ in range(50)]
        for answer in answers:
            await answer
        assert up.count() == 1
        pool.close()


async def test_connections_are_shared_beyond_a_number_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TcpPool, "channels_limit", 3)
    async with FakeUpstream() as up:
        up.always(0.05, fake.answer)
        pool = pool_for(up, read_timeout=3.0)
        for answer in [ask(pool, query(f"n{i}")) for i in range(40)]:
            await answer
        assert (up.connections, up.count()) == (3, 40)
        pool.close()


async def test_expire_max_age_and_max_idle() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up, expire=0.1, max_idle=1)
        for answer in [ask(pool, query(f"n{i}")) for i in range(3)]:
            await answer
        assert (up.connections, pool.open) == (3, 1)
        await asyncio.sleep(0.3)
        assert pool.open == 0
        aged = pool_for(up, expire=5.0, max_age=0.1)
        await ask(aged)
        await asyncio.sleep(0.15)
        await ask(aged)
        assert aged.misses == 2
        pool.close()
        aged.close()


async def test_connections_leave_from_the_source_address() -> None:
    async with FakeUpstream() as up:
        pool = pool_for(up, source="127.0.0.78")
        await ask(pool)
        assert up.queries[0].peer[0] == "127.0.0.78"
        pool.close()
        pool = pool_for(up, source="192.0.2.1")
        with pytest.raises(UpstreamError, match="bind: cannot assign requested address"):
            await ask(pool)
        pool.close()
