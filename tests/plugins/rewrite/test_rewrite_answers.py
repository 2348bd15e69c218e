"""What becomes of the answer: names, data, TTLs, response codes, aliases."""

from __future__ import annotations

from pathlib import Path

import dns.message
import dns.rcode
import pytest

from corepy import names, wire
from corepy.reply import finish
from corepy.request import Request
from corepy.response import DROP, Edns, Response
from corepy.server import MAX_LOOKUPS
from corepy.testing import Dns, Start
from tests.support.queries import query, request_of
from tests.support.rewriting import Upstream, given, records, rewrite_of, texts
from tests.support.serving import Answers, Does, at_once, listener_of

ZONE = (
    "b.test. 60 A 192.0.2.1",
    "b.test. 60 MX 10 mail.b.test.",
    "x.b.test. 60 CNAME b.test.",
    "xb.test. 60 NS nsb.test.",
    "c.test. 60 SRV 1 2 3 x.b.test.",
    "c.test. 60 SOA b.test. host.b.test. 1 2 3 4 5",
    "c.test. 60 DNAME b.test.",
    "c.test. 60 PTR B.test.",
    'c.test. 60 NAPTR 1 2 "u" "s" "!a!b!" b.test.',
    'c.test. 60 TXT "b.test."',
    "c.test. 60 HTTPS 1 b.test.",
)
SECTIONS = ("answer", "authority", "additional")
BACK = (
    "a.test. 60 A 192.0.2.1",
    "a.test. 60 MX 10 mail.a.test.",
    "x.a.test. 60 CNAME a.test.",
    "xb.test. 60 NS nsb.test.",
    "c.test. 60 SRV 1 2 3 x.a.test.",
    "c.test. 60 SOA a.test. host.b.test. 1 2 3 4 5",
    "c.test. 60 DNAME a.test.",
    "c.test. 60 PTR B.test.",
    'c.test. 60 NAPTR 1 2 "u" "s" "!a!b!" a.test.',
    'c.test. 60 TXT "b.test."',
    "c.test. 60 HTTPS 1 b.test.",
)


def asked(name: str = "a.test.", qtype: int = wire.A) -> Request:
    return request_of(name=name, qtype=qtype)


@pytest.mark.parametrize(
    "rule",
    [
        "name a.test b.test",
        "name prefix a.test b.test answer auto",
        "name regex ^a\\. b.test answer auto",
    ],
)
@pytest.mark.parametrize("section", SECTIONS)
async def test_the_old_name_comes_back(rule: str, section: str) -> None:
    sections = [records(*ZONE) if section == name else () for name in SECTIONS]
    response = Response(0, *sections)
    assert texts(await given((rule,), asked(), response)) == list(BACK)


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("name prefix a b", "b.test. 60 A 192.0.2.1", "b.test. 60 A 192.0.2.1"),
        (
            "name suffix .test .dev answer auto",
            "a.dev. 60 CNAME x.y.dev.",
            "a.test. 60 CNAME x.y.test.",
        ),
        ("name suffix test xtest answer auto", "a.xtest. 60 NS yxtest.", "a.test. 60 NS ytest."),
        ("name a.test .", "x.test. 60 NS x.test.", "x.test. 60 NS x.test."),
        ("name a.test .", ". 60 NS .", "a.test. 60 NS a.test."),
        (
            "name regex (a)\\.test b.test answer name (.*)\\.dev {1}.test",
            "b.dev. 60 CNAME x.dev.",
            "b.test. 60 CNAME x.dev.",
        ),
        (
            "name regex (a)\\.test b.test answer value (.*)\\.dev {1}.test",
            "b.dev. 60 CNAME x.dev.",
            "b.dev. 60 CNAME x.test.",
        ),
        (
            "name exact a.test b.test answer value ^x\\. Y.test value z none answer value y z.test",
            "b.test. 60 CNAME x.dev.",
            "a.test. 60 CNAME y.test.",
        ),
        (
            "name suffix .test .dev answer auto value ^x\\. y.test",
            "a.dev. 60 CNAME x.dev.",
            "a.test. 60 CNAME y.test.",
        ),
        (
            "name regex a b.test answer name ^b\\. c.test name ^c\\. d.test",
            "b.test. 60 NS b.test.",
            "c.test. 60 NS b.test.",
        ),
        (
            "name regex a b.test answer name ^c\\. d.test name ^b\\. c.test",
            "b.test. 60 NS b.test.",
            "d.test. 60 NS b.test.",
        ),
    ],
)
async def test_names_of_an_answer(rule: str, before: str, after: str) -> None:
    assert texts(await given((rule,), asked(), Response(answer=records(before)))) == [after]


async def test_rules_are_undone_in_the_opposite_order() -> None:
    rules = ("continue name a.test b.test", "name b.test c.test")
    response = Response(answer=records("c.test. 60 NS x.c.test."))
    assert texts(await given(rules, asked(), response)) == ["a.test. 60 NS x.a.test."]


@pytest.mark.parametrize(
    "rules",
    [
        ("name regex a b.test answer name b ..",),
        ("name regex a b.test answer value x " + "y." * 130,),
        ("name suffix .a.test b.test answer auto",),
        ("continue rcode suffix . 5 3", "name suffix .a.test b.test answer auto"),
    ],
)
async def test_what_cannot_be_sent_is_a_failure(rules: tuple[str, ...]) -> None:
    response = Response(answer=records("b.test. 60 CNAME x.b.test."))
    found = await given(rules, asked("y.a.test."), response)
    assert (found.rcode, found.implicit, found.answer) == (wire.SERVFAIL, True, ())
    assert found.error is not None
    assert "invalid name after rewrite" in found.error


async def test_a_name_that_grows_too_long_on_its_way_back() -> None:
    long = ".".join(["y" * 60] * 3) + ".a.test."
    response = Response(answer=records(f"{'z' * 63}.x.b.test. 60 A 192.0.2.1"))
    rule = "name regex ^y b.test answer auto"
    assert (await given((rule,), asked(long), response)).implicit


# ---- TTLs


@pytest.mark.parametrize(
    ("ttl", "wanted"),
    [("30", [30, 30, 30]), ("30-100", [30, 60, 100]), ("-50", [5, 50, 50]), ("50-", [50, 60, 900]),
     ("0", [0, 0, 0]), ("60-60", [60, 60, 60]), ("4294967295", [4294967295] * 3)],
)  # fmt: skip
@pytest.mark.parametrize(
    "match",
    ["a.test", "exact A.TEST.", "prefix a.test", "suffix .test", "substring test", "Regex ^a\\."],
)
async def test_ttls(match: str, ttl: str, wanted: list[int]) -> None:
    sections = [records(f"x. {seconds} A 192.0.2.1") for seconds in (5, 60, 900)]
    found = await given((f"ttl {match} {ttl}",), asked(), Response(0, *sections))
    assert [found.answer[0].ttl, found.authority[0].ttl, found.additional[0].ttl] == wanted


@pytest.mark.parametrize(
    "match", ["b.test", "prefix b", "suffix .a.test", "substring x", "regex ^x"]
)
async def test_ttls_of_other_names_stay(match: str) -> None:
    response = Response(answer=records("x. 5 A 192.0.2.1"))
    assert await given((f"ttl {match} 30",), asked(), response) is response


@pytest.mark.parametrize(
    ("ttl", "do", "wanted"),
    [("30-60", True, False), ("-40000", True, True), ("40000", False, True)],
)
async def test_a_ttl_rule_takes_the_flags_of_an_opt_record_for_a_ttl(
    ttl: str, do: bool, wanted: bool
) -> None:
    found = await given((f"ttl a.test {ttl}",), asked(), Response(edns=Edns(4096, do)))
    assert found.edns
    assert found.edns.do is wanted


# ---- response codes


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("rcode a.test NXDOMAIN NOERROR", "NXDOMAIN", "NOERROR"),
        ("rcode exact a.test nxdomain 0", "NXDOMAIN", "NOERROR"),
        ("rcode suffix .test 3 Refused", "NXDOMAIN", "REFUSED"),
        ("rcode suffix .test 3 Refused", "NOERROR", "NOERROR"),
        ("rcode substring es SERVFAIL 3", "SERVFAIL", "SERVFAIL"),
        ("rcode regex es SERVFAIL 3", "SERVFAIL", "NXDOMAIN"),
        ("rcode prefix a.test SERVFAIL YXDOMAIN", "SERVFAIL", "YXDOMAIN"),
        ("rcode b.test SERVFAIL 3", "SERVFAIL", "SERVFAIL"),
        ("rcode a.test 0 BADCOOKIE", "NOERROR", "BADCOOKIE"),
    ],
)
@pytest.mark.parametrize("written", [False, True])
async def test_response_codes(rule: str, before: str, after: str, written: bool) -> None:
    rcode = int(dns.rcode.from_text(before))
    response = Response(rcode, flags=0) if written else Response.failure(rcode)
    found = await given((rule,), asked(), response)
    assert dns.rcode.to_text(dns.rcode.Rcode(found.rcode)) == after


async def test_every_rule_is_tried_once_per_record() -> None:
    rules = ("continue rcode a.test 0 3", "rcode a.test 3 5")
    some = records("a.test. 5 A 192.0.2.1")
    for answer, wanted in (([], 3), (some, 3), (some * 2, 5)):
        found = await given(rules, asked(), Response(answer=answer))
        assert found.rcode == wanted


@pytest.mark.parametrize(("edns", "wanted"), [(None, None), (1232, 23)])
def test_a_code_without_room_is_not_answered(edns: int | None, wanted: int | None) -> None:
    listener = listener_of(rewrite_of("rcode a.test 0 23"), Answers())
    for _ in range(2):
        octets = at_once(listener, query(qtype=wire.A, edns=edns))
        if wanted is None:
            assert octets == b""
        else:
            assert dns.message.from_wire(octets).rcode() == wanted


async def test_an_answer_that_was_only_decided_is_written() -> None:
    request = request_of(name="a.test.", edns=1232, do=True)
    failure = Response.failure(wire.REFUSED, "why")
    found = await given(("type TXT A",), request, failure)
    assert (found.implicit, found.rcode, found.error) == (False, wire.REFUSED, "why")
    assert found.edns is not None
    assert (found.edns.size, found.edns.do) == (1232, True)
    assert await given(("type MX A",), request, failure) is failure


async def test_silence_stays_silence() -> None:
    for rule in ("name a.test b.test", "type TXT A", "rcode a.test 0 3", "cname x.test y.test"):
        assert await given((rule,), request_of(), DROP) is DROP


# ---- aliases

CHAIN = """\
one.a 10 CNAME two.a
two.a 20 CNAME web.a
web.a 30 A 192.0.2.1
web.b 40 A 192.0.2.2
more.b 50 CNAME web.b
web.a 30 TXT a
web.b 40 TXT b"""


def folded(lines: str) -> list[str]:
    return sorted(line.replace(" IN ", " ") for line in lines.splitlines())


@pytest.mark.parametrize(
    ("rule", "question", "wanted"),
    [
        ("cname web.a.test web.b.test", "two.a.test A",
         ["two.a.test. 20 CNAME web.b.test.", "web.b.test. 40 A 192.0.2.2"]),
        ("cname exact WEB.a.test. WEB.b.test", "one.a.test A",
         ["one.a.test. 10 CNAME two.a.test.", "two.a.test. 20 CNAME web.b.test.",
          "web.b.test. 40 A 192.0.2.2"]),
        ("cname two.a.test more.b.test", "one.a.test A",
         ["more.b.test. 50 CNAME web.b.test.", "one.a.test. 10 CNAME more.b.test.",
          "web.b.test. 40 A 192.0.2.2"]),
        ("cname prefix web.a web.b", "two.a.test TXT",
         ["two.a.test. 20 CNAME web.b.test.", 'web.b.test. 40 TXT "b"']),
        ("cname suffix a.test. b.test.", "two.a.test A",
         ["two.a.test. 20 CNAME web.b.test.", "web.b.test. 40 A 192.0.2.2"]),
        ("cname substring .a. .b.", "two.a.test A",
         ["two.a.test. 20 CNAME web.b.test.", "web.b.test. 40 A 192.0.2.2"]),
        ("cname regex ^(web)\\.a\\.(.*)$ {1}.b.{2}", "two.a.test A",
         ["two.a.test. 20 CNAME web.b.test.", "web.b.test. 40 A 192.0.2.2"]),
        ("cname web.a.test web.b.test", "web.a.test A", ["web.a.test. 30 A 192.0.2.1"]),
        ("cname x.test web.b.test", "two.a.test A",
         ["two.a.test. 20 CNAME web.a.test.", "web.a.test. 30 A 192.0.2.1"]),
        ("cname regex web nowhere.test.", "two.a.test A", ["two.a.test. 20 CNAME nowhere.test."]),
        ("cname web.a.test web..test", "two.a.test A", ["SERVFAIL"]),
    ],
)  # fmt: skip
async def test_aliases(
    corefile: Start, tmp_path: Path, rule: str, question: str, wanted: list[str]
) -> None:
    (tmp_path / "z").write_text(f"$ORIGIN test.\n@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\n{CHAIN}\n")
    text = f". {{\n rewrite continue {rule}\n rewrite ttl none.test 5\n file {tmp_path}/z test\n}}"
    async with corefile(text) as dns_:
        assert folded(await dns_.ask(question)) == sorted(wanted)


async def test_an_alias_that_leads_to_itself_ends(corefile: Start, tmp_path: Path) -> None:
    (tmp_path / "z").write_text(f"$ORIGIN test.\n@ 60 SOA ns host 1 2 3 4 5\n@ 60 NS ns\n{CHAIN}\n")
    text = f"test {{\n rewrite cname regex (.*) two.a.test.\n file {tmp_path}/z\n}}"
    async with corefile(text) as dns_:
        message = await dns_.query("one.a.test A")
        assert message.answer[0].to_text() == "one.a.test. 10 IN CNAME two.a.test."
        assert len(message.answer) < 20


async def test_aliases_that_lead_to_themselves_by_two_ways_end_soon(corefile: Start) -> None:
    """The look-up of the rule leads to that of the template, and both to the two again."""
    text = (
        ". {\n rewrite cname substring . x.\n"
        ' template IN A {\n  answer "{{ .Name }} 60 IN CNAME a.b."\n }\n}'
    )
    async with corefile(text) as dns_:
        before = await _templates(dns_)
        message = await dns_.query("x.test A")
        assert message.answer[0].to_text() == "x.test. 60 IN CNAME ax.bx."
        assert await _templates(dns_) - before <= 1 + MAX_LOOKUPS


async def _templates(dns_: Dns) -> float:
    """How many questions *template* has answered."""
    found = await dns_.metrics()
    return sum(v for k, v in found.items() if k.startswith("coredns_template_matches_total"))


async def test_a_look_up_without_an_answer_changes_nothing() -> None:
    request = asked()

    async def resolve(_: Request) -> Response:
        return DROP

    request.listener.resolve = resolve  # type: ignore[assignment,method-assign]
    response = Response(answer=records("a.test. 5 CNAME b.test."))
    found = await given(("cname b.test c.test",), request, response)
    assert texts(found) == texts(response)


# ---- again and again


async def test_the_same_response_is_changed_once() -> None:
    plugin, upstream = rewrite_of("name a.test b.test"), Upstream(
        Response(answer=records("b.test. 5 A 192.0.2.1"))
    )  # fmt: skip
    first = await plugin.serve(asked(), upstream)
    assert await plugin.serve(asked(), upstream) is first
    upstream.response = Response(answer=records("b.test. 5 A 192.0.2.9"))
    assert texts(await plugin.serve(asked(), upstream)) == ["a.test. 5 A 192.0.2.9"]


async def test_a_short_lived_response_is_not_kept() -> None:
    plugin, upstream = rewrite_of("name a.test b.test"), Upstream(
        Response(answer=records("b.test. 5 A 192.0.2.1"), fresh_until=1.0)
    )  # fmt: skip
    first = await plugin.serve(asked(), upstream)
    again = await plugin.serve(asked(), upstream)
    assert again is not first
    assert again.fresh_until == 1.0


async def test_what_another_server_sent() -> None:
    def relayed(request: Request) -> Response:
        assert names.to_text(request.qname) == "b.test."
        return Response.from_wire(
            finish(request, Response(answer=records("b.test. 5 MX 1 x.b.test."), edns=Edns(512)))
        )

    async def forward(request: Request, _: object) -> Response:
        return relayed(request)

    listener = listener_of(rewrite_of("name a.test b.test"), Does(forward))
    message = dns.message.from_wire(at_once(listener, query(qtype=wire.MX, edns=1232)))
    assert [rrset.to_text() for rrset in message.answer] == ["a.test. 5 IN MX 1 x.a.test."]
    assert message.payload == 1232
