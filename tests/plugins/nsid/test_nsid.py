"""Who gets the identifier, and what else is in the reply's options then."""

from __future__ import annotations

import socket

import dns.edns
import dns.message
import pytest

from corepy import wire
from corepy.response import DROP, Edns, Response
from corepy.testing import Dns, Start
from corepy_plugins.nsid.handler import Nsid
from tests.support.builds import built, refused
from tests.support.queries import option, query, request_of

ASKS = option(3)
COOKIE = option(10, b"12345678")
OURS = option(3, b"id")


async def served(response: Response, options: bytes = ASKS, edns: int | None = 1400) -> Response:
    async def following(_: object) -> Response:
        return response

    request = request_of(edns=edns, options=options)
    return await Nsid(b"id").serve(request, following)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"", OURS),
        (ASKS, OURS),
        (option(3, b"other") + COOKIE, OURS + COOKIE),
        (COOKIE, COOKIE + OURS),
        (ASKS + COOKIE + option(3, b"x"), OURS + COOKIE + OURS),
        (OURS + COOKIE, OURS + COOKIE),
        (option(10, b"\0\3id\0\3"), option(10, b"\0\3id\0\3") + OURS),
    ],
)
@pytest.mark.parametrize("do", [True, False])
async def test_options_of_the_response(given: bytes, expected: bytes, do: bool) -> None:
    found = await served(Response(edns=Edns(1111, do, given)))
    assert found.edns
    assert (found.edns.size, found.edns.do, found.edns.options) == (1111, do, expected)


@pytest.mark.parametrize("options", [ASKS, COOKIE + ASKS, option(3, b"hm"), ASKS + ASKS])
async def test_those_who_ask(options: bytes) -> None:
    found = await served(Response(), options)
    assert found.edns
    assert (found.edns.size, found.edns.do, found.edns.options) == (1400, True, OURS)


@pytest.mark.parametrize(
    ("options", "edns"),
    [(b"", 1400), (b"", None), (COOKIE, 1400), (option(65001, b"\0\3\0\0"), 1400)],
)
async def test_those_who_do_not(options: bytes, edns: int | None) -> None:
    given = Response()
    assert await served(given, options, edns) is given


@pytest.mark.parametrize("given", [DROP, Response.failure(wire.SERVFAIL)])
async def test_no_response_of_a_plugin(given: Response) -> None:
    assert await served(given) is given


async def identifier(
    server: Dns, name: str, options: bytes = ASKS, qtype: int = wire.TXT
) -> bytes | None:
    """What the NSID option of the reply has, None without one."""
    octets = query(name, qtype, edns=1232, options=options)
    message = dns.message.from_wire(await server.exchange(octets))
    for one in message.options:
        if one.otype == dns.edns.OptionType.NSID:
            data: bytes = one.to_wire()
            return data
    return None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nsid my-server 7", b"my-server 7"),
        ('nsid "quoted   id"', b"quoted   id"),
        ('nsid ""', b""),
        ("nsid \u00fc", b"\xc3\xbc"),
        ("nsid", socket.gethostname().encode()),
    ],
)
async def test_whole_server(corefile: Start, line: str, expected: bytes) -> None:
    async with corefile(f". {{\n {line}\n whoami\n}}\n") as server:
        assert await identifier(server, "a.test.") == expected
        assert await identifier(server, "a.test.", b"") is None
        # DO is set in the reply although the client did not.
        octets = query("a.test.", edns=1232, options=ASKS)
        assert dns.message.from_wire(await server.exchange(octets)).ednsflags == 0x8000


async def test_errors_carry_none(corefile: Start) -> None:
    """The option of the client comes back as it was."""
    config = ". {\n nsid x\n hosts {\n 192.0.2.1 a.test\n }\n}\n"
    async with corefile(config) as server:
        assert await identifier(server, "b.test.", qtype=wire.A) == b""
        assert await identifier(server, "a.test.", qtype=wire.A) == b"x"


PLACE = "Corefile:2 - Error during parsing: "


@pytest.mark.parametrize(
    ("line", "message", "word"),
    [
        ("nsid a {\n}", "this plugin can only be used once per Server Block", "{"),
        ("nsid a\nnsid", "this plugin can only be used once per Server Block", "nsid"),
    ],
)
def test_mistakes(line: str, message: str, word: str) -> None:
    assert refused(f". {{\n{line}\nwhoami\n}}\n") == (f"plugin/nsid: {message}", word)


def test_accepted() -> None:
    assert built(". {\nnsid a b c\nwhoami\n}\n").notices == []


async def test_the_log_counts_a_query_whose_options_stay_in_it(corefile: Start) -> None:
    """The reply gets an OPT record of its own, so the query keeps the one it has."""
    async with corefile('. {\n nsid x\n log . "{size}"\n whoami\n}\n') as server:
        await server.exchange(query("a.test.", edns=1232, options=option(65200, b"ab")))
        await server.exchange(query("a.test.", edns=1232, options=ASKS + option(65200, b"ab")))
        assert server.log[-2:] == ["[INFO] 35", "[INFO] 45"]
