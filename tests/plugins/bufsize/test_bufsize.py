"""The size that counts, for the reply, for the upstream and for the log."""

from __future__ import annotations

import pytest

from corepy import wire
from corepy.request import Request
from corepy.response import Response
from corepy.testing import Start
from corepy_plugins.bufsize import Bufsize
from tests.support.builds import built, refusal, refused
from tests.support.queries import option, query, request_of
from tests.support.upstream import FakeUpstream, answer, big


async def passed(size: int, **parts: int | bytes | None) -> tuple[Request, Request]:
    """A request and what *bufsize* makes of it."""
    seen: list[Request] = []

    async def following(request: Request) -> Response:
        seen.append(request)
        return Response()

    request = request_of(**parts)  # type: ignore[arg-type]
    await Bufsize(size).serve(request, following)
    return request, seen[0]


@pytest.mark.parametrize(
    ("asked", "size", "seen"),
    [(4096, 1232, 1232), (1233, 1232, 1232), (65535, 512, 512)],
)
@pytest.mark.parametrize("options", [b"", option(10, b"12345678")])
async def test_lowered(asked: int, size: int, seen: int, options: bytes) -> None:
    request, found = await passed(size, edns=asked, options=options)
    assert (found.edns_size, found.options, found.parent) == (seen, options, request)
    assert request.edns_size == asked
    assert request.amended is found


@pytest.mark.parametrize(
    ("asked", "size"), [(1232, 1232), (1000, 1232), (0, 512), (511, 512), (None, 512)]
)
async def test_never_raised(asked: int | None, size: int) -> None:
    request, found = await passed(size, edns=asked)
    assert found is request
    assert request.amended is None


BLOCK = ". {{\n bufsize {}\n log\n forward . {}\n}}\n"


@pytest.mark.parametrize(
    ("limit", "flags", "asked", "shown", "cut"),
    [
        (600, "+bufsize=4096", 600, 600, True),
        (600, "+bufsize=4096 +do", 600, 600, True),
        (1100, "+bufsize=4096", 1100, 1100, False),
        (1100, "+bufsize=700", 700, 700, True),
        (4096, "+bufsize=1100", 1100, 1100, False),
        (600, "+bufsize=4096 +tcp", 600, 600, False),
        (600, "", None, None, True),
    ],
)
async def test_upstream_and_reply(
    corefile: Start, limit: int, flags: str, asked: int | None, shown: int | None, cut: bool
) -> None:
    """A reply with 60 addresses has 980 octets."""
    async with FakeUpstream() as up:
        up.always(big)
        async with corefile(BLOCK.format(limit, up.at)) as dns:
            message = await dns.query(f"a.test A {flags}")
            octets = up.queries[0].octets
            assert (int.from_bytes(octets[-8:-6], "big") if octets[11] else None) == asked
            assert (message.payload if message.edns == 0 else None) == shown
            assert bool(message.flags & wire.TC) is cut
            size = "65535" if "+tcp" in flags else str(shown or 512)
            assert dns.log[0].split('"')[1].split()[-1] == size


async def test_records_are_cut_at_the_lowered_size(corefile: Start) -> None:
    """A plugin's own answer: 30 records of 16 octets behind header, question and before OPT."""
    text = "erratic {\n drop 0\n large\n }"
    asked = query("a.test.", wire.A, edns=4096)
    for size, count in ((512, 29), (514, 29), (515, 30)):
        async with corefile(f". {{\n bufsize {size}\n {text}\n}}\n") as dns:
            reply = await dns.exchange(asked)
            assert reply[6:8] == bytes((0, count))
            assert bool(reply[2] & 2) is (count < 30)
            assert len(reply) == 12 + 12 + count * 16 + 11
            assert int.from_bytes(reply[-8:-6], "big") == size


async def test_repeated_answers_show_the_same_size(corefile: Start) -> None:
    config = ". {\n bufsize 600\n hosts {\n 192.0.2.1 a.test\n }\n}\n"
    async with corefile(config) as dns:
        found = {(await dns.query("a.test A +bufsize=4096")).payload for _ in range(3)}
        assert found == {600}
        assert (await dns.query("a.test A +bufsize=599")).payload == 599


async def test_a_reply_of_the_server_shows_it_too(corefile: Start) -> None:
    config = ". {\n bufsize 600\n hosts {\n 192.0.2.1 a.test\n }\n}\n"
    async with corefile(config) as dns:
        message = await dns.query("b.test A +bufsize=4096")
        assert (message.rcode(), message.payload) == (wire.SERVFAIL, 600)


async def test_look_ups_do_not_touch_the_question(corefile: Start) -> None:
    """Only what is asked in place of the client's question counts for the reply."""
    request = request_of(edns=4096)
    derived = request.replace(qtype=wire.AAAA)
    derived.depth += 1
    amended = derived.amend(derived.wire[:2] + b"\0\0" + derived.wire[4:])
    assert (derived.amended, request.amended) == (amended, None)
    async with FakeUpstream() as up:
        up.always(answer)
        async with corefile(BLOCK.format("", up.at)) as dns:
            assert (await dns.query("a.test A +bufsize=2000")).payload == 1232


COUNT = (
    "plugin/bufsize: plugin/bufsize: Corefile:2 - Error during parsing: "
    "Wrong argument count or unexpected line ending after '{}'"
)


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ("511", "511"),
        ("4097", "4097"),
        ("-600", "-600"),
        ("x", "x"),
        ("6e2", "6e2"),
        ("1_000", "1_000"),
        ("9999999999999999999999", "9999999999999999999999"),
        ("600 700", "700"),
    ],
)
def test_mistakes(words: str, word: str) -> None:
    assert refused(f". {{\nbufsize {words}\nwhoami\n}}\n") == (COUNT.format(word), word)


def test_hint() -> None:
    assert refusal(". {\nbufsize 1\nwhoami\n}\n").hint == "octets, 512 to 4096"


@pytest.mark.parametrize(
    ("text", "size", "notices"),
    [
        ("bufsize", 1232, []),
        ("bufsize 512", 512, []),
        ("bufsize +4096", 4096, []),
        ("bufsize 600 {\n}", 600, ["bufsize has no options; this block is ignored"]),
        ("bufsize 600\nbufsize x", 600, ["only the first bufsize of a server block counts"]),
    ],
)
def test_accepted(text: str, size: int, notices: list[str]) -> None:
    found = built(f". {{\n{text}\nwhoami\n}}\n")
    assert [notice.message for notice in found.notices] == notices
    (plugin,) = (one for one in found.instance.plugins if isinstance(one, Bufsize))
    assert plugin.size == size
