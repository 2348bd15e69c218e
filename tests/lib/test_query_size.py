"""How large a query is said to be."""

from __future__ import annotations

import dns.message
import dns.rrset
import pytest

from corepy import wire
from corepy.lib.query_size import query_size
from tests.support.queries import query, request_of


@pytest.mark.parametrize(
    ("octets", "size"),
    [
        (query("a.test."), 24),
        (query("a.test.", edns=1232), 35),
        (query("a.test.", edns=1232, options=b"\0\x0a\0\x08" + bytes(8)), 47),
        (query("a.test.") + b"trailing junk", 24),
        (query("a.test.", edns=1232) + b"junk", 35),
        (query("a.test.", edns=1232)[:24], 24),
    ],
    ids=["plain", "edns", "cookie", "junk", "edns and junk", "no opt"],
)
def test_query_size(octets: bytes, size: int) -> None:
    assert query_size(request_of(octets)) == size


def test_query_size_counts_other_sections() -> None:
    record = b"\0" + b"\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
    octets = bytearray(query("a.test.") + record + b"xx")
    octets[7] = 1
    assert isinstance(wire.admit(bytes(octets)), tuple)
    assert query_size(request_of(bytes(octets))) == 24 + len(record)


def test_names_count_as_written_out() -> None:
    question = dns.message.make_query("example.test.", "IXFR")
    soa = "ns.example.test. host.example.test. 7 0 0 0 0"
    question.authority = [dns.rrset.from_text("example.test.", 0, "IN", "SOA", soa)]
    octets = question.to_wire()
    assert query_size(request_of(octets)) == 30 + 14 + 10 + 17 + 19 + 20 > len(octets)
    assert query_size(request_of(octets + b"junk")) == 110
    question.use_edns(0, payload=1232)
    assert query_size(request_of(question.to_wire())) == 121


def test_a_name_that_cannot_be_read_counts_as_it_is() -> None:
    record = b"\xc0\xff" + b"\0\1\0\1\0\0\0\0\0\4\1\2\3\4"
    octets = bytearray(query("a.test.") + record)
    octets[9] = 1
    assert query_size(request_of(bytes(octets))) == len(octets)
