"""What is cut off a positive answer, and what stays whole."""

from __future__ import annotations

import pytest

from corepy import names, wire
from corepy.record import Record
from corepy.reply import finish
from corepy.response import DROP, FOREVER, Edns, Response, WireResponse
from corepy.testing import Start
from corepy_plugins.minimal import Minimal
from tests.support.builds import built, refused
from tests.support.queries import request_of

OWNER = names.from_text("a.test.")
_DATA = {
    "a": (wire.A, b"\xc0\0\2\1"),
    "n": (wire.NS, names.from_text("ns.test.")),
    "s": (wire.SOA, names.from_text("ns.test.") * 2 + bytes(20)),
    "t": (wire.TXT, b"\3yes"),
    # Signed in 1970, until 1970.
    "r": (wire.RRSIG, b"\0\1\x0d\2" + bytes(4) + b"\0\0\0\2\0\0\0\1" + b"\0\1\0" + b"sig"),
}
EXPIRED = Edns(1232, True)


def records(text: str) -> list[Record]:
    return [Record.make(OWNER, _DATA[letter][0], 60, _DATA[letter][1]) for letter in text]


def response(text: str, rcode: int = 0, edns: Edns | None = None) -> Response:
    """Letters of three sections, separated by `/`."""
    sections = [records(part) for part in text.split("/")]
    return Response(rcode, *sections, edns=edns, error="odd")


def shape(found: Response) -> str:
    letters = {rdtype: letter for letter, (rdtype, _) in _DATA.items()}
    sections = (found.answer, found.authority, found.additional)
    return "/".join("".join(letters[one.rdtype] for one in part) for part in sections)


async def minimal(given: Response, qtype: int = wire.A, flags: int = wire.RD) -> Response:
    async def following(_: object) -> Response:
        return given

    return await Minimal().serve(request_of(qtype=qtype, flags=flags), following)


def in_wire_form(given: Response) -> WireResponse:
    """As another server would have sent it."""
    request = request_of(qtype=wire.A, name="a.test.", edns=4096 if given.edns else None)
    found = WireResponse(finish(request, given), fresh_until=7.0)
    blame(found)
    return found


def blame(response: Response) -> None:
    response.error = "odd"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a//", "a//"),
        ("a/n/a", "a//"),
        ("aat/ns/aaa", "aat//"),
        ("//a", "//"),
        ("/t/a", "//"),
        ("/n/a", "/n/a"),
        ("/s/a", "/s/a"),
        ("/ns/a", "/ns/a"),
    ],
)
@pytest.mark.parametrize("edns", [None, Edns(1232, False, b"\0\x0a\0\1x")])
async def test_sections(given: str, expected: str, edns: Edns | None) -> None:
    for form in (response(given, edns=edns), in_wire_form(response(given, edns=edns))):
        found = await minimal(form)
        assert shape(found) == expected
        assert (found.rcode, found.error) == (0, "odd")
        assert found.flags == form.flags
        assert found.fresh_until == form.fresh_until
        cut = expected != given or (edns is not None and expected.endswith("//"))
        assert (found is form) is not cut
        assert (found.edns is None) is (cut or edns is None)
        assert type(found) is type(form)


@pytest.mark.parametrize(
    "given",
    [
        response("a/n/a", wire.NXDOMAIN),
        response("/s/a", wire.NXDOMAIN),
        response("/n/a", wire.SERVFAIL),
        response("a/n/a", wire.REFUSED),
        response("a/n/a", wire.YXDOMAIN),
        response("ar/n/a", edns=EXPIRED),
        Response.failure(wire.REFUSED, "no"),
        Response.failure(wire.NOERROR, "no"),
    ],
)
async def test_left_whole(given: Response) -> None:
    assert await minimal(given) is given


@pytest.mark.parametrize(
    "given", [DROP, Response.failure(wire.NOERROR), Response.failure(wire.REFUSED)]
)
async def test_no_answer_is_a_failure(given: Response) -> None:
    """Where CoreDNS panics."""
    found = await minimal(given)
    assert (found.rcode, found.implicit) == (wire.SERVFAIL, True)


async def test_signatures_count_only_with_do() -> None:
    assert shape(await minimal(response("ar/n/a", edns=Edns(1232, False)))) == "ar//"


@pytest.mark.parametrize(("qtype", "flags"), [(wire.AXFR, 0), (wire.IXFR, 0), (wire.SOA, 0x2000)])
async def test_transfers_and_messages_between_servers(qtype: int, flags: int) -> None:
    given = response("a/n/a")
    assert await minimal(given, qtype, flags) is given


async def test_a_cut_message_is_passed_on_in_wire_form() -> None:
    """Its records are not read, and its sizes are those of what is left."""
    given = in_wire_form(response("aa/nn/aa", edns=Edns(4096, True)))
    found = await minimal(given)
    assert isinstance(found, WireResponse)
    assert found.wire == given.wire[: given.spans[1].end]
    assert found.stop == len(found.wire)
    assert found.size(12) == response("aa//").size(12)
    request = request_of(qtype=wire.A)
    reply = finish(request, found)
    assert reply[4:12] == b"\0\1\0\2\0\0\0\0"
    assert reply[12:] == found.wire[12:]


async def test_whole_server(corefile: Start) -> None:
    async with corefile(". {\n minimal\n whoami\n}\n") as dns:
        for flags in ("", "+do", "+tcp", "+noedns"):
            message = await dns.query(f"a.test A {flags}")
            assert not message.additional
            assert message.flags & wire.AA
            assert (message.edns == 0) is (flags == "+do")


async def test_answers_stay_repeatable() -> None:
    assert (await minimal(response("a/n/"))).fresh_until == FOREVER


@pytest.mark.parametrize(
    ("line", "text", "word"),
    [
        ("minimal x", "Wrong argument count or unexpected line ending after 'x'", "x"),
        ("minimal {\n}", "Unexpected token '{', expecting argument", "{"),
    ],
)
def test_takes_nothing(line: str, text: str, word: str) -> None:
    message = f"plugin/minimal: Corefile:2 - Error during parsing: {text}"
    assert refused(f". {{\n{line}\nwhoami\n}}\n") == (message, word)


def test_accepted() -> None:
    assert built(". {\nminimal\nminimal\nwhoami\n}\n").notices == []
