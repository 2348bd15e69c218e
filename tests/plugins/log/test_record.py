"""The line as a JSON object."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from corepy import log, wire
from corepy.lib.classify import Class
from corepy.lib.replacer import Format
from corepy.plugin import Next
from corepy.record import Record
from corepy.request import Request
from corepy.response import DROP, Response
from corepy_plugins.log.rule import Log, Rule
from tests.support.queries import query
from tests.support.serving import Does, at_once, like_a_transport, listener_of

OK = Response(0, [Record.make(b"\1a\4test\0", wire.A, 60, b"\1\2\3\4")])


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
    monkeypatch.setattr(log, "_as_json", True)
    return output.kept


def logged(text: str, response: Response = OK) -> Any:
    async def serve(_request: Request, _next: Next) -> Response:
        return response

    chosen = Rule(b"\0", Format(text), frozenset([Class.ALL]))
    return listener_of(Log([chosen]), Does(serve))


def test_fields(lines: list[str]) -> None:
    octets = query("A.Test.", wire.A, ident=7, edns=1232, do=True)
    at_once(logged('"{name}" {>id} %s \\'), octets, ("2001:db8::1", 53, 0, 0))
    row = json.loads(lines[0])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", row.pop("time"))
    assert 0 <= row.pop("duration_seconds") < 5
    assert row == {
        "level": "INFO",
        "msg": '"a.test." 7 %s \\',
        "plugin": "log",
        "client_ip": "2001:db8::1",
        "client_port": 53,
        "id": 7,
        "opcode": 0,
        "qname": "a.test.",
        "qtype": "A",
        "qclass": "IN",
        "proto": "udp",
        "size": 35,
        "do": True,
        "bufsize": 1232,
        "rcode": "NOERROR",
        "rflags": "qr,aa,rd",
        "rsize": 46,
    }
    assert list(json.loads(lines[0]))[:3] == ["time", "level", "msg"]


def test_no_answer(lines: list[str]) -> None:
    at_once(logged("{rcode}", DROP), query())
    row = json.loads(lines[0])
    assert (row["msg"], row["rcode"], row["rflags"], row["rsize"]) == ("-", None, None, 0)


def test_a_repeated_answer(lines: list[str]) -> None:
    listener = logged("{remote}")
    like_a_transport(listener, query(r"\{0\}.test.", ident=1), ("192.0.2.1", 1))
    like_a_transport(listener, query(r"\{0\}.test.", ident=2), ("192.0.2.2", 2))
    rows = [json.loads(line) for line in lines]
    assert [(row["client_ip"], row["client_port"], row["id"]) for row in rows] == [
        ("192.0.2.1", 1, 1),
        ("192.0.2.2", 2, 2),
    ]
    assert {row["qname"] for row in rows} == {"{0}.test."}
