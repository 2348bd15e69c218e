"""What a plugin can read of a query, and what reading it says about the answer."""

from __future__ import annotations

import dns.exception
import dns.name
import dns.rdataclass
import dns.rdatatype
import pytest

from corepy import wire
from corepy.ends import Peer, peer_of
from tests.support.queries import option, query, request_of


def test_the_question() -> None:
    request = request_of(name="wWw.a.test", qtype=wire.AAAA)
    assert request.qname == b"\3www\1a\4test\0"
    assert request.owner == b"\3wWw\1a\4test\0"
    assert (request.qtype, request.qclass) == (28, 1)
    assert request.question == query("wWw.a.test", wire.AAAA)[12:]
    assert request.type is dns.rdatatype.AAAA
    assert request.rdclass is dns.rdataclass.IN
    assert request.name == dns.name.from_text("www.a.test.")
    assert request.qname_text == "www.a.test."
    assert repr(request) == "<Request www.a.test. AAAA from ('192.0.2.7', 40000)>"


def test_the_header() -> None:
    request = request_of(ident=7, flags=4 << 11 | wire.RD | wire.AD | wire.CD)
    assert (request.id, request.opcode, request.ad, request.cd) == (7, 4, True, True)
    assert request.flags == 4 << 11 | wire.RD | wire.AD | wire.CD
    other = request_of(flags=0)
    assert (other.opcode, other.ad, other.cd) == (0, False, False)


@pytest.mark.parametrize(
    ("edns", "udp", "tcp"),
    [(None, 512, 65535), (0, 512, 65535), (512, 512, 65535), (1232, 1232, 65535)],
)
def test_size(edns: int | None, udp: int, tcp: int) -> None:
    assert request_of(edns=edns).size == udp
    assert request_of(edns=edns, proto="tcp").size == tcp


def test_edns() -> None:
    options = option(10, b"12345678") + option(65001)
    request = request_of(edns=1232, do=True, options=options)
    assert (request.has_edns, request.edns_version, request.edns_size) == (True, 0, 1232)
    assert (request.do, request.options, request.plain) == (True, options, False)
    without = request_of()
    assert (without.has_edns, without.edns_version, without.edns_size) == (False, 0, 0)
    assert (without.do, without.options, without.plain) == (False, b"", True)


def test_the_whole_message_is_dnspythons_and_read_once() -> None:
    request = request_of(edns=1232)
    assert request.message.question[0].name == dns.name.from_text("a.test.")
    assert request.message is request.message
    odd = request_of(query() + b"junk")
    assert odd.message.id == 0x1234


def test_a_message_that_dnspython_cannot_read_is_its_error() -> None:
    # The record in the authority section has a name that points to itself.
    octets = query()[:9] + b"\1" + query()[10:] + b"\xc0\x18\0\1\0\1\0\0\0\0\0\0"
    with pytest.raises(dns.exception.DNSException):
        assert request_of(octets).message is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (("192.0.2.1", 5), Peer("192.0.2.1", 5)),
        (("2001:db8::1", 5, 0, 0), Peer("2001:db8::1", 5)),
        (("fe80::1%eth0", 5, 0, 2), Peer("fe80::1%eth0", 5)),
        (("::ffff:1", 5, 0, 0), Peer("::ffff:1", 5)),
    ],
)
def test_peers(address: tuple[object, ...], expected: Peer) -> None:
    assert peer_of(address) == expected
    assert request_of(peer=address).client == expected
    assert request_of(peer=address).peer == address


def test_reading_the_client_or_the_letters_is_noted_up_to_the_first_request() -> None:
    root = request_of()
    derived = root.replace(qtype=wire.A).replace(owner=b"\1b\0")
    assert not root.client_seen
    assert derived.client == Peer("192.0.2.7", 40000)
    assert root.client_seen
    assert not root.owner_seen
    assert derived.owner == b"\1b\0"
    assert root.owner_seen
    assert root.repeatable
    derived.never_repeat()
    assert not root.repeatable


def test_peer_is_for_observers_and_leaves_no_mark() -> None:
    request = request_of()
    assert request.peer == ("192.0.2.7", 40000)
    assert not request.client_seen


def test_values_and_repeats_are_those_of_the_first_request() -> None:
    root = request_of()
    derived = root.replace(owner=b"\1b\0")
    derived.values["a/b"] = 1
    assert root.values == {"a/b": 1}
    derived.on_repeat(lambda *_: None)
    root.on_repeat(lambda *_: None)
    assert root.repeats is not None
    assert len(root.repeats) == 2
    assert derived.repeats is None


def test_replace() -> None:
    root = request_of(edns=1232, do=True, options=option(3))
    root.zone, root.view = "test.", "inner"
    derived = root.replace(owner=b"\1B\1c\0", qtype=wire.MX, qclass=wire.CH)
    assert derived.owner == b"\1B\1c\0"
    assert derived.qname == b"\1b\1c\0"
    assert (derived.qtype, derived.qclass) == (wire.MX, wire.CH)
    assert (derived.id, derived.do, derived.options) == (root.id, True, option(3))
    assert (derived.zone, derived.view, derived.parent) == ("test.", "inner", root)
    assert derived.listener is root.listener
    # The rest stays if only one thing is given.
    assert root.replace(qtype=wire.A).question == query(qtype=wire.A)[12:]
    assert root.replace(owner=b"\0").qtype == wire.TXT


def test_replace_with_other_octets() -> None:
    derived = request_of().replace(octets=query("x.test", edns=512), qtype=wire.A)
    assert (derived.qname_text, derived.edns_size, derived.qtype) == ("x.test.", 512, 1)


@pytest.mark.parametrize("parts", [{"owner": b"\x40" + 64 * b"a" + b"\0"}, {"octets": bytes(12)}])
def test_replace_refuses_what_is_no_query(parts: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="not a"):
        request_of().replace(owner=parts.get("owner"), octets=parts.get("octets"))
