"""Every query has its number, and every number its fate."""

from __future__ import annotations

from time import monotonic

import dns.message
import dns.rrset
import pytest

from corepy import wire
from corepy.testing import Answerless, Dns, Start
from corepy_plugins.erratic.handler import Erratic, Habits
from tests.support.builds import built, refusal, refused
from tests.support.queries import query, request_of


async def unused(_: object) -> None:
    raise AssertionError("erratic ends a chain")


async def fates(habits: Habits, qtypes: list[int]) -> str:
    """One letter per query: dropped, failed, answered or (capital) with TC."""
    plugin, found = Erratic(habits), ""
    for qtype in qtypes:
        response = await plugin.serve(request_of(qtype=qtype), unused)  # type: ignore[arg-type]
        if response.implicit:
            found += "f"
        elif not response.answer:
            found += "d"
        else:
            found += "A" if response.flags & wire.TC else "a"
            assert response.flags & wire.AA
            assert response.fresh_until == 0.0
    return found


@pytest.mark.parametrize(
    ("habits", "qtypes", "expected"),
    [
        (Habits(), [1] * 5, "dadad"),
        (Habits(drop=3), [1, 28, 1, 28, 16, 1], "daadfa"),
        (Habits(drop=1), [1, 16], "dd"),
        (Habits(drop=0), [1, 28, 16, 6, 255, 251], "aaffff"),
        (Habits(drop=0, truncate=1), [1] * 4, "AaAa"),
        (Habits(drop=0, truncate=2), [1] * 8, "AAaaAAaa"),
        (Habits(drop=0, truncate=3), [28] * 8, "AaaaAaaa"),
        (Habits(drop=0, truncate=4), [1] * 9, "AAAAaaaaA"),
        (Habits(drop=4, truncate=2), [1] * 6, "dAaadA"),
    ],
)
async def test_by_number(habits: Habits, qtypes: list[int], expected: str) -> None:
    assert await fates(habits, qtypes) == expected


DROP_NONE = ". {{\n erratic {{\n drop 0\n {}\n }}\n}}\n"


@pytest.mark.parametrize("flags", ["", "+tcp", "+do"])
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("A.test A", "A.test. 0 IN A 192.0.2.53"),
        ("a.test AAAA", "a.test. 0 IN AAAA 2001:db8::53"),
        (". A", ". 0 IN A 192.0.2.53"),
        ("a.test TXT", "SERVFAIL"),
        ("a.test IXFR", "SERVFAIL"),
    ],
)
async def test_answers(corefile: Start, question: str, expected: str, flags: str) -> None:
    async with corefile(DROP_NONE.format("")) as server:
        assert await server.ask(f"{question} {flags}") == expected
        message = await server.query(f"{question} {flags}")
        assert bool(message.flags & wire.AA) is (expected != "SERVFAIL")


async def test_silence(corefile: Start) -> None:
    """Each server block counts on its own, over all transports, and answers are not repeated."""
    text = "a.test {\n erratic\n}\nb.test {\n erratic {\n drop 3\n }\n}\n"
    async with corefile(text) as server:
        got = [await answered(server, "a.test A"), await answered(server, "b.test A")]
        got += [await answered(server, "a.test A +tcp") for _ in range(2)]
        got += [await answered(server, "b.test A") for _ in range(3)]
        assert got == [False, False, True, False, True, True, False]


async def answered(server: Dns, question: str) -> bool:
    try:
        await server.query(question, timeout=0.1)
    except Answerless:
        return False
    return True


@pytest.mark.parametrize(("qtype", "late"), [("A", True), ("AAAA", True), ("TXT", True)])
async def test_delay(corefile: Start, qtype: str, late: bool) -> None:
    async with corefile(DROP_NONE.format("delay 2 80ms")) as server:
        for number in range(4):
            begun = monotonic()
            await server.query(f"a.test {qtype}")
            assert (monotonic() - begun >= 0.08) is (late and number % 2 == 0)


async def test_delayed_queries_do_not_hold_up_others(corefile: Start) -> None:
    text = "a.test {\n erratic {\n delay 1 1h\n }\n}\nb.test {\n erratic {\n delay 1 -1s\n }\n}\n"
    async with corefile(text) as server:
        assert not await answered(server, "a.test A")
        assert await answered(server, "b.test A")
        for listener in server.built.instance.sites[0].server.listeners:
            listener.under_way = 0  # so that the end does not wait for it


@pytest.mark.parametrize("qtype", [wire.A, wire.AAAA])
async def test_large(corefile: Start, qtype: int) -> None:
    """Compressed, all 30 A records just do not fit into a plain reply over UDP."""
    count = 30 if qtype == wire.A else 1
    async with corefile(DROP_NONE.format("large")) as server:
        reply = await server.exchange(query("a.test.", qtype), tcp=True)
        assert (reply[2] & 2, reply[7]) == (0, count)
        reply = await server.exchange(query("a.long-name.test.", qtype))
        assert bool(reply[2] & 2) is (count == 30)
        assert 0 < reply[7] <= count


ZONE = """
{0} 0 IN SOA sns.dns.icann.org. noc.dns.icann.org. 2018050825 7200 3600 1209600 3600
{0} 0 IN NS b.{0}
{0} 0 IN NS a.{0}
a.{0} 0 IN AAAA 2001:bd8::53
b.{0} 0 IN AAAA 2001:500::54
{0} 0 IN SOA sns.dns.icann.org. noc.dns.icann.org. 2018050825 7200 3600 1209600 3600
"""


@pytest.mark.parametrize("name", ["Zone.test.", "a."])
@pytest.mark.parametrize("tcp", [True, False])
async def test_transfer(corefile: Start, name: str, tcp: bool) -> None:
    async with corefile(DROP_NONE.format("truncate 1")) as server:
        for number in range(2):
            reply = await server.exchange(query(name, wire.AXFR), tcp=tcp)
            message = dns.message.from_wire(reply, one_rr_per_rrset=True)
            wanted = ZONE.format(name).strip().splitlines()
            assert texts(message.answer) == (wanted if number else wanted[:-1])
            assert not message.flags & wire.TC


def texts(section: list[dns.rrset.RRset]) -> list[str]:
    return [rrset.to_text() for rrset in section]


async def test_no_room_for_hosts_in_a_zone() -> None:
    name = ".".join(["z" * 63, "z" * 63, "z" * 63, "z" * 61]) + "."
    response = await Erratic(Habits(drop=0)).serve(
        request_of(name=name, qtype=wire.AXFR),
        unused,  # type: ignore[arg-type]
    )
    assert (response.rcode, response.implicit) == (wire.SERVFAIL, True)


async def test_ready_between_three_and_four() -> None:
    plugin, found = Erratic(Habits()), []
    for _ in range(6):
        found.append(plugin.ready())
        await plugin.serve(request_of(), unused)  # type: ignore[arg-type]
    assert found == [False, False, False, True, True, False]


PLACE = "plugin/erratic: Corefile:{} - Error during parsing: "
COUNT = PLACE.format(3) + "Wrong argument count or unexpected line ending after '{}'"


@pytest.mark.parametrize(
    ("line", "message", "word"),
    [
        ("drop 1 2", COUNT.format("2"), "2"),
        ("drop 1 }", COUNT.format("}"), "}"),
        ("delay 1 1s 2", COUNT.format("2"), "2"),
        ("truncate 1 2", COUNT.format("2"), "2"),
        ("large 1", PLACE.format(3) + "unknown property '1'", "1"),
        ("drop x", 'plugin/erratic: strconv.ParseInt: parsing "x": invalid syntax', "x"),
        ("delay 1.5", 'plugin/erratic: strconv.ParseInt: parsing "1.5": invalid syntax', "1.5"),
        ("drop --1", 'plugin/erratic: strconv.ParseInt: parsing "--1": invalid syntax', "--1"),
        ("drop -+1", 'plugin/erratic: strconv.ParseInt: parsing "-+1": invalid syntax', "-+1"),
        (
            "truncate 2147483648",
            'plugin/erratic: strconv.ParseInt: parsing "2147483648": value out of range',
            "2147483648",
        ),
        ("drop -1", 'plugin/erratic: illegal amount value given "-1"', "-1"),
        ("delay 1 x", 'plugin/erratic: time: invalid duration "x"', "x"),
        ("delay 1 5", 'plugin/erratic: time: missing unit in duration "5"', "5"),
        ("larger", PLACE.format(3) + "unknown property 'larger'", "larger"),
    ],
)
def test_mistakes(line: str, message: str, word: str) -> None:
    assert refused(f". {{\nerratic {{\n{line}\n}}\n}}\n") == (message, word)


@pytest.mark.parametrize(
    ("line", "hint"),
    [("larg", "did you mean 'large'?"), ("delay 1 5", "write 5s for seconds"), ("drop x", None)],
)
def test_hint(line: str, hint: str | None) -> None:
    assert refusal(f". {{\nerratic {{\n{line}\n}}\n}}\n").hint == hint


@pytest.mark.parametrize(
    ("text", "habits"),
    [
        ("erratic", Habits(drop=2)),
        ("erratic {\n}", Habits(drop=2)),
        ("erratic {\n drop\n}", Habits(drop=2)),
        ("erratic {\n drop +7\n}", Habits(drop=7)),
        ("erratic {\n drop -0\n}", Habits(drop=0)),
        ("erratic {\n large\n}", Habits(drop=2, large=True)),
        ("erratic {\n large }", Habits(drop=2, large=True)),
        ("erratic {\n delay\n}", Habits(drop=0, delay=2, duration=0.1)),
        ("erratic {\n delay 3\n}", Habits(drop=0, delay=3, duration=0.1)),
        ("erratic {\n delay 0 1s\n}", Habits(drop=2, delay=0, duration=1.0)),
        ("erratic {\n delay 1 -1s\n}", Habits(drop=0, delay=1, duration=-1.0)),
        ("erratic {\n drop\n delay\n}", Habits(drop=0, delay=2)),
        ("erratic {\n truncate\n}", Habits(drop=0, truncate=2)),
        ("erratic {\n truncate 0\n}", Habits(drop=2, truncate=0)),
        ("erratic {\n drop 5\n}\nerratic {\n truncate 5\n}", Habits(drop=5, truncate=5)),
        ("erratic {\n drop 5\n drop\n}", Habits(drop=5)),
        ("erratic {\n drop 2147483647\n}", Habits(drop=2**31 - 1)),
    ],
)
def test_accepted(text: str, habits: Habits) -> None:
    found = built(f". {{\n{text}\n}}\n")
    (plugin,) = found.instance.plugins
    assert isinstance(plugin, Erratic)
    assert plugin.habits == habits
    assert found.notices == []


def test_arguments_are_odd() -> None:
    (notice,) = built(". {\nerratic drop {\n drop 3\n}\n}\n").notices
    assert notice.message == "erratic takes no arguments"
