"""Whose answer is whose: questions come back as they were asked, entries stay apart."""

from __future__ import annotations

import asyncio
import itertools

import dns.flags
import dns.message
from hypothesis import given, settings
from hypothesis import strategies as st

from corepy import wire
from corepy.record import Record
from corepy.response import Response
from tests.support.caching import World
from tests.support.queries import opt

LABEL = st.one_of(
    st.sampled_from([b"a", b"A", b"www", b"wWw", b"*", b"_x"]), st.binary(min_size=1, max_size=63)
)
NAME = st.lists(LABEL, max_size=3).map(
    lambda labels: b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
)
TYPE = st.sampled_from([1, 2, 5, 6, 12, 15, 16, 28, 33, 43, 48, 65, 255, 256, 65280])
QUERY = st.tuples(
    st.integers(0, 65535),
    st.integers(0, 15).map(
        lambda bits: (bits & 1) << 8 | (bits >> 1 & 1) << 5 | (bits >> 2 & 1) << 4
    ),
    NAME,
    TYPE,
    st.sampled_from([1, 1, 1, 3, 254, 255]),
    st.sampled_from([b"", opt(512), opt(4096, do=True), opt(65535)]),
)


def octets_of(parts: tuple[int, int, bytes, int, int, bytes]) -> bytes:
    ident, flags, name, qtype, qclass, edns = parts
    return b"%b%b\0\1\0\0\0\0\0%c%b%b%b%b" % (
        ident.to_bytes(2, "big"),
        flags.to_bytes(2, "big"),
        edns != b"",
        name,
        qtype.to_bytes(2, "big"),
        qclass.to_bytes(2, "big"),
        edns,
    )


def test_every_reply_has_the_question_of_its_query() -> None:
    worlds = [World(), World("cache {\nserve_stale\nprefetch 1 1m 90%\n}"), World()]
    for world in worlds[:2]:
        world.reply = lambda query: Response.from_wire(_echo(query))
    worlds[2].reply = lambda _: Response(
        answer=[Record.make(worlds[2].asked[-1].owner, worlds[2].asked[-1].qtype, 60, b"\1\2\3\4")]
    )

    @given(st.lists(QUERY, min_size=1, max_size=8), st.integers(0, 2), st.floats(0, 400))
    @settings(max_examples=150, deadline=None)
    def check(
        queries: list[tuple[int, int, bytes, int, int, bytes]], which: int, later: float
    ) -> None:
        async def ask() -> None:
            world = worlds[which]
            for parts in queries:
                other = (*parts[:2], parts[2].swapcase(), *parts[3:])
                for octets in map(octets_of, (parts, other, parts)):
                    reply = await world.exchange(octets)
                    end = 12 + len(parts[2]) + 4
                    assert reply[:2] == octets[:2]
                    assert reply[12:end] == octets[12:end]
                    assert reply[4:6] == b"\0\1"
                world.now += later
            await world.cache.refresher.stop()

        asyncio.run(ask())

    check()


def _echo(query: dns.message.Message) -> bytes:
    """An answer of the type and class asked for, whose data is four octets at the end."""
    octets = query.to_wire()
    end = wire.skip_question_name(octets) + 4
    kind = octets[end - 4 : end]
    return b"%b\x81\x80\0\1\0\1\0\0\0\0%b\xc0\x0c%b\0\0\1\x2c\0\4\1\2\3\4" % (
        octets[:2],
        octets[12:end],
        kind,
    )


async def test_entries_answer_only_for_what_they_are_for() -> None:
    world = World()
    count = itertools.count(1)

    def reply(query: dns.message.Message) -> Response:
        octets = _echo(query)
        return Response.from_wire(octets[:-4] + next(count).to_bytes(4, "big"))

    world.reply = reply
    names = [b"\1a\4test\0", b"\1b\4test\0", b"\1a\1a\4test\0"]
    axes = itertools.product(
        names,
        (wire.A, wire.AAAA, 0x0041, 0x4100),
        (wire.IN, wire.CH, 0x0100),
        (False, True),
        (False, True),
        (False, True),
        (False, True),
    )
    given: dict[object, bytes] = {}
    for name, qtype, qclass, do, cd, ad, upper in list(axes) * 2:
        flags = wire.RD | (wire.CD if cd else 0) | (wire.AD if ad else 0)
        asked = name.upper() if upper else name
        edns = opt(1232, do=True) if do else b""
        answer = await world.exchange(octets_of((1, flags, asked, qtype, qclass, edns)))
        rdata = answer[: len(answer) - 11 if do else None][-4:]
        assert given.setdefault((name, qtype, qclass, do, cd), rdata) == rdata
        assert answer[12 : 12 + len(asked)] == asked
    assert len(set(given.values())) == len(given) == len(world.asked)


async def test_an_answer_for_another_name_in_passing_is_not_believed() -> None:
    world = World()
    world.says(
        "a.up.test. 60 IN A 192.0.2.1",
        additional="victim.test. 60 IN A 192.0.2.66",
        authority="victim.test. 60 IN NS evil.test.",
    )
    await world.ask()
    for question in ("victim.test. A", "victim.test. NS"):
        count = len(world.asked)
        await world.ask(question)
        assert len(world.asked) == count + 1
