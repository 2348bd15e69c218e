"""The order of records, by every policy, for both forms of a response."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from corepy import wire
from corepy.log import plugin_logger
from corepy.record import Record
from corepy.request import Request
from corepy.response import FOREVER, Edns, Response, WireResponse
from corepy_plugins.loadbalance.balance import Balance
from corepy_plugins.loadbalance.prefer import parse_network
from corepy_plugins.loadbalance.weights import Weights
from tests.support.queries import opt, request_of

OWNER = b"\1a\4test\0"
RDATA: dict[str, tuple[int, bytes]] = {
    "c": (wire.CNAME, OWNER),
    "t": (wire.TXT, b"\1t"),
    "s": (wire.SOA, OWNER + OWNER + bytes(20)),
    "6": (wire.AAAA, bytes(15) + b"\1"),
    "m": (wire.MX, b"\0\1" + OWNER),
    "n": (wire.MX, b"\0\2" + OWNER),
}


def record(letter: str) -> Record:
    """Letters are records of other types, digits are A records."""
    rdtype, rdata = RDATA.get(letter, (wire.A, b"\x0a\0\0" + letter.encode()))
    return Record.make(OWNER, rdtype, 60, rdata)


LETTERS = {record(letter): letter for letter in "cts6mn123459"}


def response(answer: str, authority: str = "", additional: str = "") -> Response:
    sections = [[record(letter) for letter in text] for text in (answer, authority, additional)]
    return Response(0, *sections)


def in_wire_form(whole: Response, *, edns: bool = False, fresh_until: float = 5.0) -> WireResponse:
    """The same, with owners that are pointers to the question, like most in the wild."""
    sections = (whole.answer, whole.authority, whole.additional)
    octets = b"\0\1\x84\0\0\1"
    octets += b"".join(len(section).to_bytes(2, "big") for section in sections[:2])
    octets += (len(whole.additional) + edns).to_bytes(2, "big") + OWNER + b"\0\1\0\1"
    octets += b"".join(b"\xc0\x0c" + one.tail for section in sections for one in section)
    return WireResponse(octets + (opt(1400) if edns else b""), fresh_until=fresh_until)


def text(found: Response) -> str:
    sections = (found.answer, found.authority, found.additional)
    return " ".join("".join(LETTERS[one] for one in section) for section in sections).rstrip()


async def balanced(plugin: Balance, given: Response, request: Request | None = None) -> Response:
    async def following(_request: Request) -> Response:
        return given

    return await plugin.serve(request or request_of(), following)


def forms(given: Response) -> list[Response]:
    return [given, in_wire_form(given), in_wire_form(given, edns=True)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (response("1"), "1"),
        (response(""), ""),
        (response("m1tc"), "ct1m"),
        (response("1t", "mcs", "1c"), "t1 csm c1"),
        (response("c6m"), "c6m"),
        (response("tt"), "tt"),
    ],
)
async def test_without_a_choice(given: Response, expected: str) -> None:
    for form in forms(given):
        form.fresh_until = 7.0
        found = await balanced(Balance(), form)
        assert text(found) == expected
        assert found.fresh_until == 7.0
        if text(form) == expected:
            assert found is form


async def seen(plugin: Balance, given: Response, **parts: object) -> set[str]:
    """All orders that come out; each must be of its own and none to be repeated."""
    before, orders = text(given), set()
    for _ in range(200):
        found = await balanced(plugin, given, request_of(**parts) if parts else None)  # type: ignore[arg-type]
        assert found is not given
        assert found.fresh_until == 0.0
        assert (found.rcode, found.flags) == (given.rcode, given.flags)
        orders.add(text(found))
    assert text(given) == before
    return orders


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (response("12"), {"12", "21"}),
        (response("123"), {"123", "132", "213", "231", "312", "321"}),
        (response("c12"), {"c12", "c21"}),
        (response("1c2"), {"c12", "c21"}),
        (response("mn"), {"mn", "nm"}),
        (response("m1"), {"1m"}),
        (response("16"), {"16", "61"}),
        (response("n1t2mc"), {f"ct{a}{m}" for a in ("12", "21") for m in ("mn", "nm")}),
        (response("", "12"), {"12", "21"}),
        (response("t", "s", "12"), {"t s 12", "t s 21"}),
        (response("12", "s", "1"), {"12 s 1", "21 s 1"}),
        (response("12", "", "12"), {f"{a}  {b}" for a in ("12", "21") for b in ("12", "21")}),
    ],
)
async def test_round_robin(given: Response, expected: set[str]) -> None:
    for form in forms(given):
        if len(expected) == 1:
            found = await balanced(Balance(), form)
            assert {text(found)} == expected
        else:
            assert {order.strip() for order in await seen(Balance(), form)} == expected


async def test_every_order_is_as_likely() -> None:
    counts = dict.fromkeys(("123", "132", "213", "231", "312", "321"), 0)
    for _ in range(3000):
        counts[text(await balanced(Balance(), in_wire_form(response("123"))))] += 1
    assert all(380 < count < 620 for count in counts.values())


@pytest.mark.parametrize("edns", [False, True])
async def test_addresses_of_one_name_stay_octets(edns: bool) -> None:
    given = in_wire_form(response("c1234", "s", "9"), edns=edns)
    given.flags = wire.AA
    found = await balanced(Balance(), given)
    assert isinstance(found, WireResponse)
    assert found.flags == wire.AA
    assert (found.edns is not None) is edns
    assert found.stop == given.stop
    assert len(found.wire) == len(given.wire)
    assert sorted(text(found)[1:5]) == ["1", "2", "3", "4"]


async def test_pointers_into_moved_records_stay_right() -> None:
    # The second record's owner is written out, the third's points to it.
    question = OWNER + b"\0\1\0\1"
    octets = b"\0\1\x84\0\0\1\0\2\0\0\0\1" + question
    at = len(octets)
    octets += OWNER + record("1").tail
    octets += OWNER + record("2").tail
    octets += (0xC000 | at).to_bytes(2, "big") + record("9").tail
    given = WireResponse(octets)
    assert {text(await balanced(Balance(), given)) for _ in range(50)} == {"12  9", "21  9"}


async def test_other_owners_are_taken_apart() -> None:
    other = Record(b"\1b\4test\0", record("2").tail)
    given = Response(0, [record("1"), other])
    octets = b"\0\1\x84\0\0\1\0\2\0\0\0\0" + OWNER + b"\0\1\0\1"
    octets += b"".join(one.owner + one.tail for one in given.answer)
    orders = set()
    for _ in range(50):
        found = await balanced(Balance(), WireResponse(octets))
        assert sorted(one.owner for one in found.answer) == [OWNER, other.owner]
        orders.add(tuple(one.owner for one in found.answer))
    assert len(orders) == 2


NETWORKS = [parse_network(one) for one in ("10.0.0.57/32", "::/0", "10.0.0.51/32")]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (response("t2m1c"), {"c12mt", "c21mt"}),
        (response("129"), {"912", "921"}),
        (response("296"), {"962"}),
        (response("12349"), None),
        (response("1t", "ct", "1t"), {"1t ct 1t"}),
        (response("t", "mc"), {"t cm"}),
        (response("12", "12", ""), {"12 12", "12 21", "21 12", "21 21"}),
    ],
)
async def test_prefer(given: Response, expected: set[str] | None) -> None:
    for form in forms(given):
        found = {text(await balanced(Balance(None, NETWORKS), form)) for _ in range(200)}
        if expected is None:
            assert {order[:2] for order in found} == {"93"}
            assert len(found) == 6
        else:
            assert found == expected


def weights(choose: Callable[[int], int]) -> Weights:
    class Fixed(Weights):
        def choose(self, addresses: object) -> int:
            return choose(len(addresses))  # type: ignore[arg-type]

    return Fixed(Path("f"), "f", 0.0, plugin_logger("test"))


@pytest.mark.parametrize(
    ("given", "qtype", "expected"),
    [
        (response("1234"), wire.A, "4231"),
        (response("m1t2c", "mc", "12t"), wire.A, "ct21m mc t21"),
        (response("mt"), wire.AAAA, "mt"),
        (response("mc", "", "12"), wire.SRV, "mc  21"),
        (response("m1"), wire.A, "1m"),
        (response("12c"), wire.MX, "12c"),
        (response("12c"), wire.ANY, "12c"),
    ],
)
async def test_weighted(given: Response, qtype: int, expected: str) -> None:
    plugin = Balance(weights(lambda count: count - 1))
    for form in forms(given):
        found = await balanced(plugin, form, request_of(qtype=qtype))
        assert text(found) == expected
        chance = qtype != wire.ANY and sum(map(expected.count, "1234")) > 1 and found is not form
        assert (found.fresh_until == 0.0) is chance


@pytest.mark.parametrize(
    ("given", "qtype"),
    [
        (Response(3, [record("2"), record("1"), record("c")]), wire.A),
        (Response.failure(0), wire.A),
        (response("s12s"), wire.AXFR),
        (response("s12s"), wire.IXFR),
    ],
)
async def test_left_alone(given: Response, qtype: int) -> None:
    for plugin in (Balance(), Balance(None, NETWORKS), Balance(weights(lambda _: 1))):
        assert await balanced(plugin, given, request_of(qtype=qtype)) is given


async def test_edns_and_error_are_kept() -> None:
    given = Response(0, [record("1"), record("2")], edns=Edns(1400, True), error="odd")
    found = await balanced(Balance(), given)
    assert (found.edns, found.error) == (given.edns, "odd")
    octets = in_wire_form(response("12"), edns=True)
    octets.error = "odd"
    assert (await balanced(Balance(), octets)).error == "odd"


async def test_the_spelling_of_an_ordered_answer_is_the_clients() -> None:
    request = request_of()
    given = in_wire_form(response("1c"), fresh_until=FOREVER)
    assert text(await balanced(Balance(), given, request)) == "c1"
    assert request.owner_seen
