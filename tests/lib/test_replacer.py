"""What stands for each placeholder, and what belongs to one client only."""

from __future__ import annotations

import re
from time import monotonic
from typing import Any

import pytest

from corepy import wire
from corepy.lib import labels
from corepy.lib.replacer import Exchange, Format, bracketed, fill, flags_text, seconds_text
from corepy.lib.rewritten import note
from corepy.record import Record
from corepy.request import Request
from corepy.response import DROP, Edns, Response
from tests.support.queries import option, request_of

A = Record.make(b"\1a\4test\0", wire.A, 60, b"\1\2\3\4")
OK = Response(0, [A])


def filled(text: str, request: Request, response: Response = OK) -> str:
    template = Format(text).settle(Exchange(request, response))
    return fill(template, request.wire, request.peer, monotonic())


QUERIES = [
    ("{type} {class} {name}", {"name": "A.Test.", "qtype": wire.A}, "A IN a.test."),
    ("{type} {class}", {"qtype": 65280, "qclass": 3}, "TYPE65280 CH"),
    ("{name}", {"name": r"\{w x\200\}.test."}, r"{w\ x\200}.test."),
    ("{proto} {>bufsize}", {}, "udp 512"),
    ("{proto} {>bufsize}", {"proto": "tcp", "edns": 1232}, "tcp 65535"),
    ("{>bufsize} {>do}", {"edns": 1232, "do": True}, "1232 true"),
    ("{>bufsize} {>do}", {"edns": 100}, "512 false"),
    ("{remote} {port}", {"peer": ("192.0.2.1", 53)}, "192.0.2.1 53"),
    ("{remote} {port}", {"peer": ("2001:db8::1", 5, 0, 0)}, "[2001:db8::1] 5"),
    ("{local}", {}, "127.0.0.1"),
    ("{>id} {>opcode}", {"ident": 40000}, "40000 0"),
    ("{>opcode}", {"flags": 0x2000}, "4"),
    ("{size}", {"name": "a.test."}, "24"),
    ("{size}", {"name": "a.test.", "edns": 1232}, "35"),
    ("{size}", {"edns": 1232, "options": option(10, b"12345678")}, "47"),
    ("{size}", {"edns": 1232, "options": option(8, b"\0\1\x18\0\xc0\0\2") + option(3)}, "39"),
]


@pytest.mark.parametrize(("text", "parts", "expected"), QUERIES)
def test_query(text: str, parts: dict[str, Any], expected: str) -> None:
    assert filled(text, request_of(**parts)) == expected


MANY = Response(0, [A] * 40)
ANSWERS = [
    ("{rcode} {rsize} {>rflags}", {}, OK, "NOERROR 46 qr,aa,rd"),
    ("{rcode}", {}, Response(23), "BADCOOKIE"),
    ("{rcode}", {}, Response(24), "24"),
    ("{rcode} {rsize} {>rflags}", {}, Response.failure(2), "SERVFAIL 24 qr,rd"),
    ("{>rflags}", {"flags": wire.CD}, OK, "qr,aa,cd"),
    ("{>rflags}", {"flags": 0x2000 | wire.RD | wire.CD}, OK, "qr,aa"),
    ("{>rflags}", {}, Response(flags=wire.QR | wire.RA | wire.AD | wire.Z), "qr,ra,z,ad"),
    ("{rsize}", {"edns": 1232}, OK, "46"),
    ("{rsize}", {"edns": 1232}, Response(edns=Edns().with_option(15, b"\0\x0f")), "41"),
    ("{rsize} {>rflags}", {}, MANY, "904 qr,aa,tc,rd"),
    ("{rsize} {>rflags}", {"edns": 1232}, MANY, "904 qr,aa,rd"),
    ("{rsize} {>rflags}", {"proto": "tcp"}, MANY, "904 qr,aa,rd"),
    ("{rcode} {rsize} {>rflags}", {}, DROP, "- 0 -"),
]


@pytest.mark.parametrize(("text", "parts", "response", "expected"), ANSWERS)
def test_answer(text: str, parts: dict[str, Any], response: Response, expected: str) -> None:
    assert filled(text, request_of(**parts), response) == expected


LITERALS = [
    ("", ""),
    ("100%s {0} {1:x} {{2}}", "100%s {0} {1:x} {{2}}"),
    ("{nosuch} {>DO} {Type} {type", "{nosuch} {>DO} {Type} {type"),
    ("} {{type}} {", "} {TXT} {"),
    ("{x {type} }", "{x TXT }"),
    ("{}{/}{/a}{/a/b}", "{}---"),
    ("{when} {common}", "{when} {common}"),
]


@pytest.mark.parametrize(("text", "expected"), LITERALS)
def test_literal(text: str, expected: str) -> None:
    assert filled(text, request_of()) == expected


def test_metadata() -> None:
    request = request_of()
    labels.begin(request)["a/b"] = lambda: "{0}x"
    assert filled("<{/a/b}> {/a/c} {/ab}", request) == "<{0}x> - -"


def test_duration_is_in_seconds() -> None:
    request = request_of()
    template = Format("{duration}").settle(Exchange(request, OK))
    text = fill(template, request.wire, request.peer, monotonic() - 1.5)
    assert re.fullmatch(r"1\.5\d*s", text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0"),
        (0.00012, "0.00012"),
        (0.000123456, "0.000123456"),
        (1.23456e-7, "0.000000123"),
        (10.0, "10"),
    ],
)
def test_seconds(seconds: float, text: str) -> None:
    assert seconds_text(seconds) == text


def test_a_template_serves_other_clients() -> None:
    template = Format("{remote} {port} {>id} {name}").settle(Exchange(request_of(), OK))
    again = request_of(ident=7)
    assert fill(template, again.wire, ("2001:db8::9", 9, 0, 0), 0.0) == "[2001:db8::9] 9 7 a.test."


def test_without_an_outcome() -> None:
    text = Format("{rcode} {rsize} {>rflags} {duration} {name} {>id}").text(request_of(ident=1))
    assert text == "- - - - a.test. 1"


def test_a_rewritten_question() -> None:
    request = request_of(qtype=wire.TXT)
    note(request.replace(owner=b"\3sub\1a\4test\0", qtype=wire.A))
    # The name is the one that was asked first.
    assert filled("{name} {type} {size} {rsize}", request) == "a.test. A 28 46"


def test_listening_everywhere() -> None:
    request = request_of()
    request.listener.local = ("::", 53)  # type: ignore[misc]  # a fake
    assert filled("{local}", request) == "[::]"


def test_looking_leaves_an_answer_repeatable() -> None:
    request = request_of()
    filled("{remote} {name} {local} {>id}", request)
    assert request.repeatable
    assert not request.client_seen
    assert not request.owner_seen


def test_flags() -> None:
    assert flags_text(0xFFFF) == "qr,aa,tc,rd,ra,z,ad,cd"
    assert flags_text(0) == ""


def test_brackets() -> None:
    assert (bracketed("::1"), bracketed("127.0.0.1")) == ("[::1]", "127.0.0.1")
