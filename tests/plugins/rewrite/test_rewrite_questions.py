"""What is asked in the end: names, types, classes, and which rule is the last."""

from __future__ import annotations

import pytest

from corepy import wire
from corepy.request import Request
from corepy.response import Response
from corepy.server import Listener
from tests.support.queries import query, request_of
from tests.support.rewriting import Upstream, passed_on, rewrite_of
from tests.support.serving import Answers, at_once, listener_of


@pytest.mark.parametrize(
    ("rule", "name", "wanted"),
    [
        ("name a.test b.test", "a.test.", "b.test."),
        ("name a.test. B.Test.", "A.Test.", "b.test."),
        ("name exact a.test b.test", "x.a.test.", "x.a.test."),
        ("name exact . b.test", ".", "b.test."),
        ("name a.test .", "a.test.", "."),
        ("name prefix www web", "www.a.test.", "web.a.test."),
        ("name prefix www web", "www2.a.test.", "www2.a.test."),
        ("name prefix www.a web.b", "www.a.test.", "web.b.test."),
        ("NAME Prefix WWW Web", "www.A.test.", "web.a.test."),
        ("name suffix .a.test .b.test", "x.a.test.", "x.b.test."),
        ("name suffix .a.test .b.test", "a.test.", "a.test."),
        ("name suffix a.test b.test", "xa.test.", "xb.test."),
        ("name substring a b", "a.a.test.", "b.b.test."),
        ("name substring .a. .b.", "x.a.a.test.", "x.b.a.test."),
        ("name substring test dev", "a.test.", "a.dev."),
        ("name regex (.*)\\.a\\.test {1}.b.test", "x.y.a.test.", "x.y.b.test."),
        ("name regex ^(a|(b))\\.test\\.$ x{1}{2}.test", "a.test.", "xa.test."),
        ("name regex ^(a|(b))\\.test\\.$ x{1}{2}.test", "b.test.", "xbb.test."),
        ("name regex (a)(\\.) {0}X.{1}.test", "x.a.test.", "a.x.a.test."),
        ("name regex z (none)", "a.test.", "a.test."),
        ("name regex . b.test", "a\\032b.test.", "b.test."),
        ("name regex (.*)\\.test {1}.test", "a\\032b.test.", "a\\ b.test."),
        ("name exact a\\.b.test b.test", "a\\.b.test.", "b.test."),
    ],
)
async def test_names(rule: str, name: str, wanted: str) -> None:
    assert await passed_on((rule,), name) == f"{wanted} IN A"


@pytest.mark.parametrize(
    ("rule", "qtype", "qclass", "wanted"),
    [
        ("type A AAAA", wire.A, 1, "IN AAAA"),
        ("type any hinfo", wire.ANY, 1, "IN HINFO"),
        ("type A AAAA", wire.TXT, 1, "IN TXT"),
        ("class CH IN", wire.TXT, 3, "IN TXT"),
        ("class in ch", wire.TXT, 1, "CH TXT"),
        ("class CH IN", wire.TXT, 1, "IN TXT"),
    ],
)
async def test_types_and_classes(rule: str, qtype: int, qclass: int, wanted: str) -> None:
    assert await passed_on((rule,), "a.test.", qtype, qclass) == f"a.test. {wanted}"


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        (("name a.test b.test", "name b.test c.test"), "b.test. IN A"),
        (("stop name a.test b.test", "type A MX"), "b.test. IN A"),
        (("continue name a.test b.test", "name b.test c.test"), "c.test. IN A"),
        (("Continue name a.test b.test", "name a.test c.test", "type A MX"), "b.test. IN MX"),
        (("name x.test b.test", "name a.test c.test"), "c.test. IN A"),
        (("continue type A MX", "continue class IN CH", "name a.test b.test"), "b.test. CH MX"),
        (("ttl a.test 5", "name a.test b.test"), "a.test. IN A"),
        (("ttl x.test 5", "name a.test b.test"), "b.test. IN A"),
        (("rcode a.test 0 3", "name a.test b.test"), "a.test. IN A"),
        (("cname x.test y.test", "name a.test b.test"), "a.test. IN A"),
        (("continue cname x.test y.test", "name a.test b.test"), "b.test. IN A"),
        (('cname substring "" x', "name a.test b.test"), "b.test. IN A"),
        (("edns0 local replace 0xffee x", "name a.test b.test"), "b.test. IN A"),
        (("edns0 local unset 0xffee", "name a.test b.test"), "a.test. IN A"),
        (("edns0 local set 0xffee {no/label}", "name a.test b.test"), "b.test. IN A"),
        (("{\nname a.test b.test\n}",), "b.test. IN A"),
        (("continue {\nname a.test b.test\n}", "name b.test c.test"), "c.test. IN A"),
    ],
)
async def test_which_rule_is_the_last(rules: tuple[str, ...], wanted: str) -> None:
    assert await passed_on(rules, "a.test.") == wanted


@pytest.mark.parametrize(
    "rule",
    [
        "name a.test a..test",
        "name prefix a x..",
        "name regex (.*) {1}",
        "name regex a " + "a" * 64 + ".test",
        "name regex a " + "a." * 127 + "test",
    ],
)
async def test_what_is_no_name_is_not_asked(rule: str) -> None:
    upstream = Upstream()
    for _ in range(2):
        response = await rewrite_of(rule).serve(request_of(name="a.test."), upstream)
        assert not upstream.asked
        assert (response.rcode, response.implicit) == (wire.SERVFAIL, True)
        assert response.error is not None
        assert response.error.startswith("invalid name after rewrite: ")


async def test_a_rule_with_a_name_that_cannot_be_never_applies() -> None:
    assert await passed_on(("name a..test b.test",), "a.test.") == "a.test. IN A"


async def test_the_letters_of_the_client_are_kept_where_nothing_renames() -> None:
    assert await passed_on(("type A MX",), "A.tEst.") == "A.tEst. IN MX"
    assert await passed_on(("name x.test b.test",), "A.tEst.") == "A.tEst. IN A"


async def test_without_change_it_is_the_same_request() -> None:
    upstream = Upstream()
    request = request_of(name="a.test.", qtype=wire.A)
    response = await rewrite_of("name x.test b.test").serve(request, upstream)
    assert upstream.asked == [request]
    assert response is upstream.response


# ---- the question the client is shown


class Asked(Answers):
    """Says what it was asked."""

    async def serve(self, request: Request, next: object) -> Response:  # noqa: A002
        self.served += 1
        return Response()


def shown(listener: Listener, name: str = "A.test.") -> bytes:
    reply = at_once(listener, query(name, wire.A))
    return reply[12:-4].rstrip(b"\0")


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        (("name prefix a b",), b"\1A\4test"),
        (("continue name a.test b.test",), b"\1A\4test"),
        (("continue name prefix a b answer auto",), b"\1A\4test"),
        (("continue name prefix a b", "continue ttl b.test 5"), b"\1A\4test"),
        (("continue name prefix a b", "type A MX"), b"\1A\4test"),
        (("continue name prefix a b",), b"\1b\4test"),
        (("continue name prefix a b", "type MX A"), b"\1b\4test"),
    ],
)
def test_which_question_the_client_is_shown(rules: tuple[str, ...], wanted: bytes) -> None:
    answers = Asked()
    listener = listener_of(rewrite_of(*rules), answers)
    for _ in range(2):
        assert shown(listener) == wanted


@pytest.mark.parametrize("first", ["name a.test b.test", "type A SRV", "class IN CH"])
def test_a_failure_shows_the_question_as_it_was_asked(first: str) -> None:
    listener = listener_of(rewrite_of(f"continue {first}", "name substring test .."), Asked())
    for _ in range(2):
        reply = at_once(listener, query("A.test.", wire.A))
        assert reply[3] & 15 == wire.SERVFAIL
        assert reply[12:] == query("A.test.", wire.A)[12:]


def test_answers_are_repeated_for_the_question_that_was_asked_first() -> None:
    answers = Asked()
    listener = listener_of(rewrite_of("name prefix a b answer auto"), answers)
    assert shown(listener, "a.test.") == b"\1a\4test"
    assert shown(listener, "b.test.") == b"\1b\4test"
    assert len(listener.memo.young) == 2


def test_what_rules_make_of_a_question_is_kept_within_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("corepy_plugins.rewrite.handler._KEPT", 4)
    plugin = rewrite_of("name suffix .a.test .b.test answer auto")
    listener = listener_of(plugin, Asked())
    for index in range(20):
        assert shown(listener, f"x{index}.a.test.") == b"%cx%d\1a\4test" % (
            len(str(index)) + 1,
            index,
        )
        assert len(plugin._plans) <= 4
