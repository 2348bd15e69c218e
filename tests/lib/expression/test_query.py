"""The names that tell about a query, and what an answer comes to depend on by using them."""

from __future__ import annotations

import pytest

from corepy import wire
from corepy.lib import expression, labels
from corepy.lib.expression import EvaluationError, Variable
from corepy.lib.expression.query import query_names
from corepy.request import Request
from tests.support.queries import request_of


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("name()", "ww.example.org."),
        ("type()", "AAAA"),
        ("class()", "IN"),
        ("proto()", "udp"),
        ("size()", 43),
        ("client_ip()", "192.0.2.7"),
        ("port()", "40000"),
        ("id()", 0x1234),
        ("opcode()", 0),
        ("do()", True),
        ("bufsize()", 1400),
        ("server_ip()", "127.0.0.1"),
        ("server_port()", "53"),
        ("metadata('a/b')", ""),
    ],
)
def test_names(source: str, wanted: object) -> None:
    request = request_of(name="Ww.Example.ORG.", qtype=wire.AAAA, edns=1400, do=True)
    assert expression.compile(source, query_names()).run(request) == wanted


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("incidr(client_ip(), '10.0.0.0/8')", {"incidr", "client_ip"}),
        ("1 == 1 || any(['a'], # == name())", {"name"}),
        ("let client_ip2 = 1; client_ip2 == 1", set()),
        ("true", set()),
        ("$env == nil", set(query_names())),
    ],
)
def test_the_names_that_are_used(source: str, names: set[str]) -> None:
    assert expression.compile(source, query_names()).names == names


@pytest.mark.parametrize(
    ("proto", "edns", "wanted"),
    [("udp", None, 512), ("udp", 100, 512), ("udp", 4096, 4096), ("tcp", None, 65535)],
)
def test_bufsize(proto: str, edns: int | None, wanted: int) -> None:
    request = request_of(proto=proto, edns=edns)
    assert expression.compile("bufsize()", query_names()).run(request) == wanted


def test_types_and_classes_without_a_name() -> None:
    request = request_of(qtype=65280, qclass=42)
    assert expression.compile("type() + class()", query_names()).run(request) == "TYPE65280CLASS42"


def test_metadata() -> None:
    request = request_of()
    program = expression.compile("metadata('a/b') == 'x'", query_names())
    assert not program.run(request)
    labels.begin(request)["a/b"] = lambda: "x"
    assert program.run(request)


@pytest.mark.parametrize(
    ("source", "client", "never"),
    [
        ("name() == 'x.' && size() > 3 && do()", False, False),
        ("client_ip() == 'x'", True, False),
        ("false && client_ip() == 'x'", False, False),
        ("type() == 'MX' && client_ip() == 'x'", False, False),
        ("port() == '1'", True, True),
        ("id() == 1", False, True),
    ],
)
def test_what_an_answer_depends_on(source: str, client: bool, never: bool) -> None:
    request = request_of()
    expression.compile(source, query_names()).run(request)
    assert (request.client_seen, not request.repeatable) == (client, never)


@pytest.mark.parametrize(
    ("address", "network", "inside"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.4/31", False),
        ("10.1.2.3", "10.9.9.9/8", True),
        ("10.1.2.3", "0.0.0.0/0", True),
        ("10.1.2.3", "::/0", False),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "::ffff:10.0.0.0/104", True),
        ("10.1.2.3", "::ffff:11.0.0.0/104", False),
        ("2001:db8::1", "2001:db8::/32", True),
        ("2001:db8::1", "2001:DB8:0::/33", True),
        ("2001:db8::1", "10.0.0.0/8", False),
    ],
)
def test_incidr(address: str, network: str, inside: bool) -> None:
    program = expression.compile(f"incidr('{address}', '{network}')", query_names())
    assert program.run(request_of()) is inside


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.1.2.300", "10.0.0.0/8"),
        ("10.1.2.03", "10.0.0.0/8"),
        ("fe80::1%eth0", "fe80::/10"),
        ("", "10.0.0.0/8"),
        ("10.1.2.3", "10.0.0.0"),
        ("10.1.2.3", "10.0.0.0/33"),
        ("10.1.2.3", "10.0.0.0/255.0.0.0"),
        ("10.1.2.3", "10.0.0.0/-1"),
        ("10.1.2.3", "x/8"),
    ],
)
def test_incidr_of_what_is_no_address(address: str, network: str) -> None:
    program = expression.compile(f"incidr('{address}', '{network}')", query_names())
    with pytest.raises(EvaluationError):
        program.run(request_of())


def test_names_of_something_that_has_a_request() -> None:
    """As *template* needs them, with variables of its own."""

    class Match:
        request: Request = request_of(name="a.test.")
        x = "b"

    names = {
        **query_names(lambda match: match.request),
        "x": Variable(lambda match: match.x),
    }
    assert expression.compile("name() + x + $env.x + $env['x']", names).run(Match()) == "a.test.bbb"
    assert expression.compile("upper(x)", names).run(Match()) == "B"
    assert expression.compile("incidr('10.0.0.1', '10.0.0.0/8')", names).run(Match()) is True
