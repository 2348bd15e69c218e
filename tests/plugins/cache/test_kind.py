"""What sort of answer a response is, in both forms of a response."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from corepy import wire
from corepy.record import Record
from corepy.response import Response, WireResponse
from corepy_plugins.cache import kind
from corepy_plugins.cache.kind import judge
from tests.support.caching import SOA, message
from tests.support.queries import request_of

A = "a.up.test. 60 IN A 192.0.2.1"
ALIAS = "a.up.test. 60 IN CNAME b.up.test."
LOOP = f"{ALIAS}\nb.up.test. 60 IN CNAME a.up.test."
TWO = f"{ALIAS}\na.up.test. 60 IN CNAME c.up.test.\nb.up.test. 60 IN A 192.0.2.1"
NS = "up.test. 60 IN NS ns.up.test."
SIG = "a.up.test. 60 IN RRSIG A 13 3 60 {} {} 1 up.test. AAAA"
GOOD, OLD = (
    SIG.format("20370101000000", "20240101000000"),
    SIG.format("20240102000000", "20240101000000"),
)
LATER = SIG.format("20370101000000", "20360101000000")

CASES = [
    ("A", A, "", "NOERROR", kind.ANSWER),
    ("A", A, SOA, "NOERROR", kind.ANSWER),
    ("A", "A.UP.test. 60 IN A 192.0.2.1", "", "NOERROR", kind.ANSWER),
    ("A", f"{ALIAS}\nB.up.test. 60 IN A 192.0.2.1", "", "NOERROR", kind.ANSWER),
    ("A", f"b.up.test. 60 IN A 192.0.2.1\n{ALIAS}", "", "NOERROR", kind.ANSWER),
    ("A", f"{ALIAS}\n{ALIAS}\nb.up.test. 60 IN A 192.0.2.1", "", "NOERROR", kind.ANSWER),
    ("A", ALIAS, "", "NOERROR", kind.HALF),
    ("A", ALIAS, SOA, "NOERROR", kind.NODATA),
    ("A", f"{ALIAS}\nx.up.test. 60 IN A 192.0.2.1", "", "NOERROR", kind.HALF),
    ("A", f"{ALIAS}\n{A}", "", "NOERROR", kind.HALF),
    ("A", LOOP, "", "NOERROR", kind.HALF),
    ("A", LOOP, SOA, "NOERROR", kind.NODATA),
    ("A", TWO, "", "NOERROR", kind.HALF),
    ("A", "a.up.test. 60 CH A up.test. 1", "", "NOERROR", kind.HALF),
    ("A", 'a.up.test. 60 IN TXT "x"', "", "NOERROR", kind.HALF),
    ("A", "x.up.test. 60 IN A 192.0.2.1", SOA, "NOERROR", kind.NODATA),
    ("CNAME", ALIAS, "", "NOERROR", kind.ANSWER),
    ("CNAME", LOOP, "", "NOERROR", kind.ANSWER),
    ("CNAME", TWO, "", "NOERROR", kind.HALF),
    ("CNAME", A, "", "NOERROR", kind.HALF),
    ("ANY", A, "", "NOERROR", kind.ANSWER),
    ("ANY", ALIAS, "", "NOERROR", kind.ANSWER),
    ("ANY", "x.up.test. 60 IN A 192.0.2.1", "", "NOERROR", kind.HALF),
    ("A", A, "", "NXDOMAIN", kind.OTHER),
    ("A", ALIAS, SOA, "NXDOMAIN", kind.OTHER),
    ("A", A, "", "SERVFAIL", kind.FAILURE),
    ("A", A, "", "REFUSED", kind.OTHER),
    ("A", "", "", "NOERROR", kind.EMPTY),
    ("A", "", SOA, "NOERROR", kind.NODATA),
    ("A", "", f"{NS}\n{SOA}", "NOERROR", kind.NODATA),
    ("A", "", NS, "NOERROR", kind.DELEGATION),
    ("A", "", SOA, "NXDOMAIN", kind.NXDOMAIN),
    ("A", "", "", "NXDOMAIN", kind.ENDLESS),
    ("A", "", NS, "NXDOMAIN", kind.ENDLESS),
    ("A", "", "", "SERVFAIL", kind.FAILURE),
    ("A", "", SOA, "NOTIMP", kind.FAILURE),
    ("A", "", SOA, "REFUSED", kind.OTHER),
    ("A", "", "", "FORMERR", kind.OTHER),
    ("A", "", "", "BADCOOKIE", kind.OTHER),
    ("AXFR", A, "", "NOERROR", kind.OTHER),
    ("IXFR", "", SOA, "NOERROR", kind.OTHER),
    ("A", f"{A}\n{OLD}", "", "NOERROR", kind.OTHER),
    ("A", f"{A}\n{LATER}", "", "NOERROR", kind.OTHER),
    ("A", "", f"{SOA}\n{OLD}", "NXDOMAIN", kind.OTHER),
    ("A", f"{A}\n{GOOD}", "", "NOERROR", kind.ANSWER),
]


def made(
    rdtype: str, answer: str, authority: str, rcode: str, *, do: bool = True
) -> tuple[WireResponse, Response]:
    """The same response in both forms; EDNS of both has the DO bit as given."""
    query = dns.message.make_query("a.up.test.", rdtype, want_dnssec=do)
    whole = message(query, answer, authority=authority)
    if do:
        whole.use_edns(ednsflags=dns.flags.DO)
    whole.set_rcode(dns.rcode.from_text(rcode))
    octets = whole.to_wire()
    read = WireResponse(octets)
    return read, read.replace()


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize(("rdtype", "answer", "authority", "rcode", "verdict"), CASES)
def test_judge(
    rdtype: str, answer: str, authority: str, rcode: str, verdict: kind.Verdict, form: int
) -> None:
    response = made(rdtype, answer, authority, rcode)[form]
    request = request_of(name="A.up.test.", qtype=int(dns.rdatatype.from_text(rdtype)))
    assert judge(request, response, now=1.75e9) is verdict


@pytest.mark.parametrize("form", [0, 1])
def test_signatures_count_with_do_only(form: int) -> None:
    request = request_of(name="a.up.test.", qtype=wire.A)
    response = made("A", f"{A}\n{OLD}", "", "NOERROR", do=False)[form]
    assert judge(request, response, now=1.75e9) is kind.ANSWER


def test_a_notify_is_no_answer() -> None:
    request = request_of(name="a.up.test.", qtype=wire.A, flags=wire.NOTIFY << 11)
    assert judge(request, made("A", A, "", "NOERROR")[0]) is kind.OTHER


def test_no_record_of_a_message_is_built() -> None:
    request = request_of(name="a.up.test.", qtype=wire.A)
    octets = made("A", f"{ALIAS}\nb.up.test. 60 IN A 192.0.2.1", SOA, "NOERROR")[0].wire
    response = WireResponse(octets)
    assert judge(request, response) is kind.ANSWER
    assert response._sections is None


def test_names_that_cannot_be_read_answer_nothing() -> None:
    octets = bytearray(made("A", ALIAS, "", "NOERROR")[0].wire)
    at = octets.index(b"\x01b\xc0")
    octets[at + 2 : at + 4] = b"\xff\xff"
    request = request_of(name="a.up.test.", qtype=wire.A)
    assert judge(request, WireResponse(bytes(octets))) is kind.HALF


def test_an_answer_of_class_any() -> None:
    request = request_of(name="a.up.test.", qtype=wire.A, qclass=wire.CLASS_ANY)
    record = Record.make(b"\1a\2up\4test\0", wire.A, 60, b"\1\2\3\4", 3)
    assert judge(request, Response(answer=[record])) is kind.ANSWER
