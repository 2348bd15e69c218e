"""Classes and metadata, lines for what has no answer, and what a line costs the answer."""

from __future__ import annotations

import pytest

from corepy import log, wire
from corepy.lib import labels
from corepy.lib.classify import Class
from corepy.lib.replacer import Format
from corepy.plugin import Next
from corepy.record import Record
from corepy.request import Request
from corepy.response import DROP, Response
from corepy_plugins.log.rule import Log, Rule
from tests.support.queries import query, request_of
from tests.support.serving import Does, at_once, like_a_transport, listener_of

A = Record.make(b"\1a\4test\0", wire.A, 60, b"\1\2\3\4")
SOA = Record.make(b"\4test\0", wire.SOA, 60, b"\0\0" + bytes(20))
NS = Record.make(b"\4test\0", wire.NS, 60, b"\0")


class Lines(log.Output):
    """Keeps the lines."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.kept: list[str] = []

    def write(self, line: str) -> None:
        self.kept.append(line)


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    output = Lines()
    monkeypatch.setattr(log, "_output", output)
    return output.kept


def rule(text: str = "{rcode}", *classes: Class, scope: bytes = b"\0") -> Rule:
    return Rule(scope, Format(text), frozenset(classes or [Class.ALL]))


def gives(response: Response, *, collect: bool = False) -> Does:
    async def serve(request: Request, _next: Next) -> Response:
        if collect:
            labels.begin(request)
        return response

    return Does(serve)


CLASSES = [
    (Response(0, [A]), Class.SUCCESS),
    (Response(0, [], [NS]), Class.SUCCESS),
    (Response(0, [], [SOA]), Class.DENIAL),
    (Response(3, [], [SOA]), Class.DENIAL),
    (Response(3, [A], [SOA]), Class.ERROR),
    (Response.failure(2), Class.ERROR),
    (Response.failure(5), Class.ERROR),
    (DROP, Class.ERROR),
]


@pytest.mark.parametrize(("response", "group"), CLASSES)
@pytest.mark.parametrize("wanted", [Class.SUCCESS, Class.DENIAL, Class.ERROR])
def test_class(response: Response, group: Class, wanted: Class, lines: list[str]) -> None:
    at_once(listener_of(Log([rule("{rcode}", wanted)]), gives(response)), query())
    assert len(lines) == (group is wanted)


def test_several_classes(lines: list[str]) -> None:
    chosen = rule("{rcode}", Class.SUCCESS, Class.ERROR)
    for response, _ in CLASSES:
        at_once(listener_of(Log([chosen]), gives(response)), query())
    assert lines == [
        f"[INFO] {rcode}"
        for rcode in ("NOERROR", "NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED", "-")
    ]


def test_the_first_rule_for_the_name_decides(lines: list[str]) -> None:
    rules = [
        rule("sub", Class.ERROR, scope=b"\1a\4test\0"),
        rule("test", scope=b"\4test\0"),
        rule("other", scope=b"\5other\0"),
    ]
    listener = listener_of(Log(rules), gives(Response(0, [A])))
    for name in ("a.test.", "x.a.test.", "b.test.", "test.", "xtest.", "x.other.", "."):
        at_once(listener, query(name))
    assert lines == ["[INFO] test", "[INFO] test", "[INFO] other"]


@pytest.mark.parametrize(
    ("response", "line"),
    [
        (Response(0, [A]), "success NOERROR"),
        (Response(0, [], [NS]), "success DELEGATION"),
        (Response(0, [], [SOA]), "denial NODATA"),
        (Response.failure(2), "error SERVERERROR"),
        (DROP, "error OTHERERROR"),
    ],
)
def test_metadata(response: Response, line: str, lines: list[str]) -> None:
    # A wanted label that nobody collects is not known.
    text = "{/log/class} {/log/type}"
    at_once(listener_of(Log([rule(text)]), gives(response, collect=True)), query())
    at_once(listener_of(Log([rule(text)]), gives(response)), query())
    assert lines == [f"[INFO] {line}", "[INFO] - -"]


def test_an_expired_signature_is_an_error_for_who_cares(lines: list[str]) -> None:
    times = bytes(3) + b"\2" + bytes(3) + b"\1"
    signature = Record.make(A.owner, wire.RRSIG, 60, bytes(8) + times + bytes(6))
    chosen = Log([rule("{>do} {rcode}", Class.ERROR)])
    listener = listener_of(chosen, gives(Response(0, [A, signature])))
    at_once(listener, query())
    at_once(listener, query(edns=1232, do=True))
    assert lines == ["[INFO] true NOERROR"]


def test_braces_in_names_and_values(lines: list[str]) -> None:
    listener = listener_of(Log([rule("{name} {0} %s {>id}")]), gives(Response(0, [A])))
    like_a_transport(listener, query(r"\{1\}.test.", ident=5))
    like_a_transport(listener, query(r"\{1\}.test.", ident=6))
    assert lines == ["[INFO] {1}.test. {0} %s 5", "[INFO] {1}.test. {0} %s 6"]


def test_a_repeated_answer_is_not_made_again(lines: list[str]) -> None:
    asked = 0

    async def serve(_request: Request, _next: Next) -> Response:
        nonlocal asked
        asked += 1
        return Response(0, [A])

    listener = listener_of(Log([rule("{remote}:{port}")]), Does(serve))
    for host in ("192.0.2.1", "192.0.2.2"):
        like_a_transport(listener, query(), (host, 7))
    assert asked == 1
    assert lines == ["[INFO] 192.0.2.1:7", "[INFO] 192.0.2.2:7"]


async def test_a_response_passes_unchanged(lines: list[str]) -> None:
    response = Response(0, [A], fresh_until=5.0)

    async def following(_request: Request) -> Response:
        return response

    request = request_of()
    assert await Log([rule()]).serve(request, following) is response
    assert request.repeatable
    assert lines


def test_nothing_is_noted_for_an_answer_that_is_not_repeated(lines: list[str]) -> None:
    seen: list[Request] = []

    async def serve(request: Request, _next: Next) -> Response:
        seen.append(request)
        return Response(0, [A], fresh_until=0.0)

    at_once(listener_of(Log([rule()]), Does(serve)), query())
    assert seen[0].repeats is None
    assert lines


def test_no_output_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_output", None)
    for as_json in (False, True):
        monkeypatch.setattr(log, "_as_json", as_json)
        assert at_once(listener_of(Log([rule()]), gives(Response(0, [A]))), query())
