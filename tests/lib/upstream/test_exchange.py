import dns.message
import pytest

from corepy.errors import UpstreamError, WireError
from corepy.lib.upstream.address import Address, parse
from corepy.lib.upstream.exchange import exchange, question
from tests.support import upstream as fake
from tests.support.upstream import CLOSE, FakeUpstream


def address(up: FakeUpstream) -> Address:
    found = parse(up.at)
    assert found is not None
    return found


@pytest.mark.parametrize("recursion", [True, False])
def test_question(recursion: bool) -> None:
    query = dns.message.from_wire(question("probe.Example.", 2, recursion=recursion))
    assert query.question[0].to_text() == "probe.Example. IN NS"
    assert bool(query.flags & 0x100) is recursion
    assert len({question(".", 2)[:2] for _ in range(50)}) > 40


def test_question_of_no_name() -> None:
    with pytest.raises(WireError):
        question("a..b", 1)


@pytest.mark.parametrize("tcp", [False, True])
async def test_anything_with_the_right_id_is_an_answer(tcp: bool) -> None:
    async with FakeUpstream() as up:
        up.then(fake.wrong_id, fake.short, fake.rcode(5))
        query = question(".", 2)
        reply = await exchange(address(up), query, timeout=2, tcp=tcp, source="127.0.0.9")
        assert reply == fake.rcode(5)(query)
        assert (up.queries[0].proto, up.queries[0].peer[0]) == (
            "tcp" if tcp else "udp",
            "127.0.0.9",
        )


@pytest.mark.parametrize("tcp", [False, True])
async def test_silence_and_a_closed_port(tcp: bool) -> None:
    async with FakeUpstream() as up:
        up.always(*fake.silence)
        with pytest.raises(UpstreamError, match="i/o timeout"):
            await exchange(address(up), question(".", 2), timeout=0.1, tcp=tcp)
    with pytest.raises(UpstreamError, match="connection refused"):
        await exchange(address(up), question(".", 2), timeout=2, tcp=tcp)


async def test_a_connection_that_ends() -> None:
    async with FakeUpstream() as up:
        up.always(CLOSE)
        with pytest.raises(UpstreamError, match="EOF"):
            await exchange(address(up), question(".", 2), timeout=2, tcp=True)
