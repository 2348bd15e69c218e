"""Header flags as rules want them, on the way in and on the way out."""

from __future__ import annotations

import pytest

from corepy import wire
from corepy.response import DROP, FOREVER, Response, WireResponse
from corepy.testing import Start
from corepy_plugins.header.handler import Header
from corepy_plugins.header.rules import Rules
from tests.support.builds import built, refusal, refused
from tests.support.queries import option, query, request_of
from tests.support.serving import TEXT
from tests.support.upstream import FakeUpstream


def rules(text: str) -> Rules | None:
    """`+aa -rd` as rules, None for no text."""
    bits = {"aa": wire.AA, "ra": wire.RA, "rd": wire.RD}
    found = Rules()
    for word in text.split():
        found.add(bits[word[1:]], on=word[0] == "+")
    return found if text else None


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("+aa", 0, wire.AA),
        ("-aa", wire.AA | wire.RD, wire.RD),
        ("+aa -aa", wire.AA, 0),
        ("-aa +aa", 0, wire.AA),
        ("+ra -rd +aa", wire.RD | wire.QR, wire.QR | wire.RA | wire.AA),
        ("-ra", 0xFFFF, 0xFFFF & ~wire.RA),
    ],
)
def test_rules(text: str, before: int, after: int) -> None:
    found = rules(text)
    assert found
    assert found.apply(before) == after


HEADER = """. {{
    header {{
        {}
    }}
    whoami
}}
"""


@pytest.mark.parametrize(
    ("line", "flags", "expected"),
    [
        ("response clear aa", "", wire.RD),
        ("response set ra", "", wire.AA | wire.RD | wire.RA),
        ("response clear rd", "", wire.AA),
        ("response set rd", "+norec", wire.AA | wire.RD),
        ("response clear rd", "+cd", wire.AA | wire.CD),
        ("query clear rd", "", wire.AA),
        ("query clear rd", "+cd", wire.AA | wire.CD),
        ("query set rd", "+norec", wire.AA | wire.RD),
        ("query set rd\nresponse clear rd aa", "", 0),
        ("query set ra aa", "", wire.AA | wire.RD),
        ("RESPONSE Set Ra AA\nresponse CLEAR aa", "", wire.RD | wire.RA),
    ],
)
@pytest.mark.parametrize("transport", ["", "+tcp", "+do"])
async def test_flags_of_the_reply(
    corefile: Start, line: str, flags: str, expected: int, transport: str
) -> None:
    async with corefile(HEADER.format(line)) as dns:
        message = await dns.query(f"a.test A {flags} {transport}")
        assert message.flags & ~wire.QR & ~wire.RCODE_MASK == expected
        assert bool(message.ednsflags & 0x8000) is (transport == "+do")


async def test_what_the_upstream_is_asked(corefile: Start) -> None:
    async with FakeUpstream() as up:
        text = "query clear rd\n query set aa ra\n response clear ra"
        config = HEADER.format(text).replace("whoami", f"forward . {up.at}")
        async with corefile(config) as dns:
            message = await dns.query("a.test A")
            assert up.queries[0].octets[2:4] == b"\x04\x80"
            # The upstream's own flags: its RD is not what it was asked with.
            assert message.flags == wire.QR | wire.RD
            assert [record.to_text() for record in message.answer] == ["a.test. 60 IN A 192.0.2.1"]


async def serve(header: Header, response: Response, **parts: int) -> Response:
    async def following(_: object) -> Response:
        return response

    return await header.serve(request_of(**parts), following)  # type: ignore[arg-type]


@pytest.mark.parametrize("response", [DROP, Response.failure(wire.REFUSED)])
async def test_no_response_to_change(response: Response) -> None:
    assert await serve(Header(None, rules("+ra -rd")), response) is response


async def test_a_reply_of_the_server_follows_the_query(corefile: Start) -> None:
    config = HEADER.format("query clear rd\nresponse set ra aa").replace(
        "whoami", "hosts {\n192.0.2.1 b.test\n}"
    )
    async with corefile(config) as dns:
        message = await dns.query("a.test A")
        assert message.flags == wire.QR | wire.SERVFAIL


@pytest.mark.parametrize("opcode", [wire.QUERY, wire.NOTIFY])
async def test_all_bits_are_settled(opcode: int) -> None:
    asked = opcode << 11 | wire.RD | wire.CD
    found = await serve(Header(None, rules("+ra")), Response(), flags=asked)
    expected = wire.QR | opcode << 11 | wire.AA | wire.RA
    assert found.flags == expected | (0 if opcode else wire.RD | wire.CD)
    assert found.fresh_until == FOREVER


def relayed() -> WireResponse:
    octets = query(flags=0x8180, edns=1232, options=option(10, b"12345678"))
    end = len(octets) - 23
    record = b"\xc0\x0c" + TEXT
    return WireResponse(octets[:7] + b"\1" + octets[8:end] + record + octets[end:])


def blame(response: Response) -> None:
    response.error = "odd"


async def test_a_message_in_wire_form_stays_one() -> None:
    given = relayed()
    blame(given)
    found = await serve(Header(None, rules("-ra")), given)
    assert type(found) is WireResponse
    assert found.flags == given.flags & ~wire.RA
    assert (found.wire, found.stop, found.edns, found.error, found.counts) == (
        given.wire,
        given.stop,
        given.edns,
        "odd",
        (1, 0, 1),
    )
    assert [record.tail for record in found.answer] == [TEXT]
    assert found.size(12) == given.size(12)


async def test_nothing_to_change_is_no_copy() -> None:
    given = relayed()
    assert await serve(Header(rules("+rd"), rules("+ra +rd")), given) is given


async def test_answers_are_repeatable(corefile: Start) -> None:
    """The same flags when the memo answers."""
    config = HEADER.format("query clear rd\nresponse set ra").replace("whoami", "any\nwhoami")
    async with corefile(config) as dns:
        found = {(await dns.query("a.test ANY")).flags for _ in range(3)}
        assert found == {wire.QR | wire.RD}  # *any* stands before *header*
    config = HEADER.format("query clear rd\nresponse set ra").replace(
        "whoami", "hosts {\n192.0.2.1 b.test\n}"
    )
    async with corefile(config) as dns:
        found = {(await dns.query("b.test A")).flags for _ in range(3)}
        assert found == {wire.QR | wire.AA | wire.RA}


RULE = "plugin/header: setting up rule: "
COUNT = "plugin/header: Corefile:{} - Error during parsing: Wrong argument count or unexpected "


@pytest.mark.parametrize(
    ("text", "message", "word"),
    [
        ("header", COUNT.format(2) + "line ending after 'header'", "header"),
        ("header response set aa", COUNT.format(2) + "line ending after 'aa'", "aa"),
        ("header {\n}", COUNT.format(2) + "line ending after '{'", "{"),
        (
            "header {\n reply set aa\n}",
            RULE + "invalid selector=reply should be query or response",
            "reply",
        ),
        ("header {\n response\n}", RULE + "no flag action provided", "response"),
        (
            "header {\n response SET\n}",
            RULE + "invalid length for flags, at least one should be provided",
            "SET",
        ),
        (
            "header {\n response toggle aa\n}",
            RULE + "unknown flag action=toggle, should be set or clear",
            "toggle",
        ),
        ("header {\n query set aa AD\n}", RULE + "unknown/unsupported flag=ad", "AD"),
        ("header {\n query set aa }", RULE + "unknown/unsupported flag=}", "}"),
    ],
)
def test_mistakes(text: str, message: str, word: str) -> None:
    assert refused(f". {{\n{text}\nwhoami\n}}\n") == (message, word)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("header {\n respones set aa\n}", "did you mean 'response'?"),
        ("header {\n query sett aa\n}", "did you mean 'set'?"),
        ("header {\n query set tc\n}", "flags are aa, ra and rd"),
        ("header", "write at least one rule, such as 'response set ra'"),
    ],
)
def test_hint(text: str, hint: str) -> None:
    assert refusal(f". {{\n{text}\nwhoami\n}}\n").hint == hint


@pytest.mark.parametrize(
    ("text", "notices"),
    [
        ("header {\n response set aa ra rd\n}", []),
        ("header {\n}\nheader {\n query clear rd\n}", []),
        ("header x {\n query clear rd\n}", ["header takes no arguments"]),
        (
            "header {\n query clear rd\n}\nheader {\n nonsense\n}",
            ["only the first header of a server block counts"],
        ),
    ],
)
def test_accepted(text: str, notices: list[str]) -> None:
    found = built(f". {{\n{text}\nwhoami\n}}\n").notices
    assert [notice.message for notice in found] == notices
