import pytest

from corepy.errors import UpstreamError
from corepy.lib.upstream import lookup as module
from corepy.lib.upstream.address import Address, parse
from corepy.lib.upstream.lookup import lookup
from tests.support import upstream as fake
from tests.support.upstream import FakeUpstream


def addresses(*texts: str) -> list[Address]:
    return [found for text in texts if (found := parse(text))]


def v6(query: bytes) -> bytes:
    record = b"\xc0\x0c\0\x1c\0\1\0\0\0\5\0\x10" + bytes(15) + b"\1"
    return fake.reply(query, records=record, count=1)


async def test_both_families_from_the_first_resolver_that_knows() -> None:
    async with FakeUpstream() as one, FakeUpstream() as two:
        one.always(fake.rcode(3))
        two.then(fake.address("192.0.2.7"))
        two.then(v6)
        found = await lookup("dns.example", addresses("127.0.0.1:1", one.at, two.at))
        assert found == ["192.0.2.7", "::1"]
        assert [each.octets[-3] for each in two.queries] == [1, 28]


async def test_one_family_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.1)
    async with FakeUpstream() as up:
        up.then(fake.answer)
        up.then(*fake.silence)
        assert await lookup("dns.example", addresses(up.at)) == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ((fake.rcode(3),), r'no addresses found for "gone.example"$'),
        ((), 'no addresses found for "gone.example": .*i/o timeout'),
        ((fake.cut_short,), 'no addresses found for "gone.example": '),
    ],
)
async def test_a_name_nobody_knows(
    steps: tuple[fake.Step, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.1)
    async with FakeUpstream() as up:
        up.always(*steps)
        with pytest.raises(UpstreamError, match=message):
            await lookup("gone.example", addresses(up.at))


async def test_the_system_is_asked_without_resolvers() -> None:
    assert set(await lookup("localhost")) <= {"127.0.0.1", "::1"}
    with pytest.raises(UpstreamError, match=r"lookup no\.such\.name\.invalid"):
        await lookup("no.such.name.invalid")
