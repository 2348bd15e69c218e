"""Which questions get made records, which records are made, and what is refused."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

import pytest

from corepy import metrics, wire
from corepy.plugin import Next
from corepy.record import Record
from corepy.request import Request
from corepy.response import DROP, Edns, Response
from corepy.testing import Start
from corepy_plugins.dns64.handler import Dns64
from corepy_plugins.dns64.prefix import PrefixFault, embed, prefix_of
from tests.support.builds import built, refusal, refused
from tests.support.queries import query
from tests.support.serving import Does, at_once, like_a_transport, listener_of

# ---- prefixes


@pytest.mark.parametrize(
    ("prefix", "address"),
    [  # RFC 6052 section 2.4
        ("2001:db8::/32", "2001:db8:c000:221::"),
        ("2001:db8:100::/40", "2001:db8:1c0:2:21::"),
        ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::"),
        ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::"),
        ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::"),
        ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33"),
        # Lengths that RFC 6052 does not have and CoreDNS does.
        ("2001:db8:122:344:100::/72", "2001:db8:122:344:1c0:2:2100::"),
        ("2001:db8:122:344:1::/80", "2001:db8:122:344:1:c000:221::"),
        ("2001:db8:122:344:1:200::/88", "2001:db8:122:344:1:2c0:2:2100"),
    ],
)
def test_an_address_in_a_prefix(prefix: str, address: str) -> None:
    made = embed(prefix_of(prefix), bytes((192, 0, 2, 33)))
    assert made == ipaddress.IPv6Address(address).packed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2001:db8::/33", 'invalid prefix length "2001:db8::/33"'),
        ("2001:db8::1/24", 'invalid prefix length "2001:d00::/24"'),
        ("2001:db8::/104", 'invalid prefix length "2001:db8::/104"'),
        ("10.0.0.1/8", 'invalid netmask 32 IPv6 address: "10.0.0.0/8"'),
        ("2001:db8::", "invalid CIDR address: 2001:db8::"),
        ("64:ff9b::/129", "invalid CIDR address: 64:ff9b::/129"),
    ],
)
def test_no_prefix(text: str, message: str) -> None:
    with pytest.raises(PrefixFault) as caught:
        prefix_of(text)
    assert str(caught.value) == message


# ---- configuration

PLACE = "plugin/dns64: Corefile:{} - Error during parsing: "


@pytest.mark.parametrize(
    ("text", "message", "word"),
    [
        (
            "dns64 2001:db8::/33",
            PLACE.format(2) + 'invalid prefix length "2001:db8::/33"',
            "2001:db8::/33",
        ),
        ("dns64 nat", "plugin/dns64: invalid CIDR address: nat", "nat"),
        (
            "dns64 64:ff9b::/96 b",
            PLACE.format(2) + "Wrong argument count or unexpected line ending after 'b'",
            "b",
        ),
        (
            "dns64 {\n prefix\n}",
            PLACE.format(3) + "Wrong argument count or unexpected line ending after 'prefix'",
            "prefix",
        ),
        ("dns64 {\n prefix x\n}", "plugin/dns64: invalid CIDR address: x", "x"),
        ("dns64 {\n allow_ipv4 yes\n}", PLACE.format(3) + "unknown property 'yes'", "yes"),
        (
            "dns64 64:ff9b::/96 {\n allow_ipv4 yes\n}",
            "plugin/dns64: invalid CIDR address: yes",
            "yes",
        ),
        (
            "dns64 64:ff9b::/96 {\n a b c\n}",
            PLACE.format(3) + "Wrong argument count or unexpected line ending after 'c'",
            "c",
        ),
    ],
)
def test_mistakes(text: str, message: str, word: str) -> None:
    assert refused(f". {{\n{text}\nwhoami\n}}\n") == (message, word)


def test_hint() -> None:
    error = refusal(". {\ndns64 {\n alow_ipv4\n}\nwhoami\n}\n")
    assert error.hint == "did you mean 'allow_ipv4'?"


@pytest.mark.parametrize(
    ("text", "expected", "odd"),
    [
        ("dns64", ("0064ff9b0000000000000000", False, False), []),
        ("dns64 2001:db8::/32", ("20010db8", False, False), []),
        ("dns64 {\n allow_ipv4 translate_all\n}", ("0064ff9b0000000000000000", True, True), []),
        ("dns64 {\n prefix 1::/32 allow_ipv4\n prefix 2::/32\n}", ("00020000", False, True), []),
        ("dns64 1::/32\ndns64 {\n translate_all\n}", ("00010000", True, False), []),
        (
            "dns64 1::/32 {\n allow_ipv4\n prefix 2::/32\n}",
            ("00020000", False, False),
            ["allow_ipv4 has no effect beside a prefix argument"],
        ),
    ],
)
def test_accepted(text: str, expected: tuple[str, bool, bool], odd: list[str]) -> None:
    found = built(f". {{\n{text}\nwhoami\n}}\n")
    (plugin,) = [part for part in found.instance.plugins if isinstance(part, Dns64)]
    options = (plugin._prefix.hex(), plugin._translate_all, plugin._allow_ipv4)
    assert options == expected
    assert [notice.message for notice in found.notices] == odd


# ---- answers

ZONE = """$TTL 120
@ SOA ns host 1 7200 1800 86400 60
@ NS ns
ns A 192.0.2.53
four A 192.0.2.44
both A 192.0.2.1
both AAAA 2001:db8::1
alias CNAME four
long 9000 A 192.0.2.4
short 5 A 192.0.2.5
txt TXT text
"""
CONFIG = """a.test {{
    dns64 {{
        {}
    }}
    file {}
}}
"""


@pytest.mark.parametrize(
    ("options", "question", "expected"),
    [
        ("allow_ipv4", "four.a.test AAAA", "four.a.test. 120 IN AAAA 64:ff9b::c000:22c"),
        ("allow_ipv4", "FOUR.a.Test AAAA", "four.a.test. 120 IN AAAA 64:ff9b::c000:22c"),
        ("allow_ipv4", "long.a.test AAAA", "long.a.test. 120 IN AAAA 64:ff9b::c000:204"),
        ("allow_ipv4", "short.a.test AAAA", "short.a.test. 5 IN AAAA 64:ff9b::c000:205"),
        ("allow_ipv4", "both.a.test AAAA", "both.a.test. 120 IN AAAA 2001:db8::1"),
        (
            "allow_ipv4\ntranslate_all",
            "both.a.test AAAA",
            "both.a.test. 120 IN AAAA 64:ff9b::c000:201",
        ),
        (
            "allow_ipv4",
            "alias.a.test AAAA +tcp",
            "alias.a.test. 120 IN CNAME four.a.test.\nfour.a.test. 120 IN AAAA 64:ff9b::c000:22c",
        ),
        ("allow_ipv4", "txt.a.test AAAA", "NOERROR"),
        ("allow_ipv4", "no.a.test AAAA", "NXDOMAIN"),
        ("allow_ipv4", "four.a.test A", "four.a.test. 120 IN A 192.0.2.44"),
        ("", "four.a.test AAAA", "NOERROR"),
        ("prefix 1::/32", "four.a.test AAAA @::1", "four.a.test. 120 IN AAAA 1:0:c000:22c::"),
    ],
)
async def test_answers(
    corefile: Start, tmp_path: Any, options: str, question: str, expected: str
) -> None:
    (tmp_path / "zone").write_text(ZONE)
    async with corefile(CONFIG.format(options, tmp_path / "zone")) as dns:
        assert await dns.ask(question) == expected
        assert await dns.ask(question) == expected  # perhaps from memory


async def test_flags_and_sections(corefile: Start, tmp_path: Any) -> None:
    (tmp_path / "zone").write_text(ZONE)
    async with corefile(CONFIG.format("allow_ipv4", tmp_path / "zone")) as dns:
        message = await dns.query("four.a.test AAAA +cd")
        assert message.flags == wire.QR | wire.RD | wire.CD
        assert [rrset.to_text() for rrset in message.authority] == ["a.test. 120 IN NS ns.a.test."]


async def test_the_question_is_the_rewritten_one(corefile: Start, tmp_path: Any) -> None:
    (tmp_path / "zone").write_text(ZONE)
    config = CONFIG.format("allow_ipv4", tmp_path / "zone")
    rule = "    rewrite name exact x.a.test four.a.test answer auto\n}\n"
    async with corefile(config.rstrip().removesuffix("}") + rule) as dns:
        octets = query("x.a.test", 28)
        assert b"\4four\1a\4test\0\0\x1c" in await dns.exchange(octets)


A = Record.make(b"\1a\0", wire.A, 900, b"\xc0\0\2\1")
SOA = Record.make(b"\0", wire.SOA, 7, bytes(22))


def script(first: Response, second: Response) -> Callable[[Request, Next], Any]:
    async def serve(request: Request, _: Next) -> Response:
        return first if request.qtype == wire.AAAA else second

    return serve


def plugin_with(count: str, **options: bool) -> Dns64:
    family = metrics.counter(count, "A test.", "server")
    return Dns64(prefix_of("64:ff9b::/96"), family, **options)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Response(), Response(answer=[A]), "8100 ttl 600"),
        (Response(authority=[SOA]), Response(answer=[A]), "8100 ttl 7"),
        (Response(wire.REFUSED), Response(answer=[A], flags=wire.RA), "8100 ttl 600"),
        (Response(wire.SERVFAIL), Response(wire.NXDOMAIN), "8100"),
        (Response(), Response(answer=[A], flags=wire.TC | wire.AA), "8300 ttl 600"),
        (Response(), Response.failure(wire.REFUSED), "8100"),
        (Response(), DROP, "8102"),
        (Response.failure(wire.SERVFAIL), Response(answer=[A]), "8102"),
        (Response(wire.NXDOMAIN), Response(answer=[A]), "8503"),
        (Response(wire.NXDOMAIN, [A]), Response(answer=[A]), "8100 ttl 600"),
    ],
)
def test_what_is_made_of_what(first: Response, second: Response, expected: str) -> None:
    """Header bits and rcode of the reply, and the TTL of the record that was made."""
    handler = plugin_with("coredns_test_dns64_made_total", allow_ipv4=True)
    listener = listener_of(handler, Does(script(first, second)))
    reply = at_once(listener, query("a", 28, flags=0x0100))
    found = reply[2:4].hex()
    if reply[7]:
        at = len(query("a", 28)) + 3  # behind the owner of the first record
        assert reply[at : at + 4] == b"\0\x1c\0\1"
        found += f" ttl {int.from_bytes(reply[at + 4 : at + 8], 'big')}"
    assert found == expected


def test_dropped_stays_dropped() -> None:
    handler = plugin_with("coredns_test_dns64_dropped_total", allow_ipv4=True)
    listener = listener_of(handler, Does(script(DROP, Response())))
    replies: list[Any] = []
    assert not listener.handle(query("a", 28), ("192.0.2.1", 9), lambda *a: replies.append(a))
    assert not any(reply[0] for reply in replies)


@pytest.mark.parametrize(
    ("host", "made"),
    [
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("2001:db8::1", True),
        ("fe80::1%eth0.100", True),
    ],
)
def test_only_clients_with_ipv6(host: str, made: bool) -> None:
    handler = plugin_with("coredns_test_dns64_clients_total")
    listener = listener_of(handler, Does(script(Response(), Response(answer=[A]))))
    for _ in range(2):
        reply = like_a_transport(listener, query("a", 28), (host, 9))
        assert bool(reply[7]) is made


def test_answers_are_repeated_within_a_family() -> None:
    handler = plugin_with("coredns_test_dns64_families_total")
    listener = listener_of(handler, Does(script(Response(), Response(answer=[A]))))
    for _ in range(2):
        for host in ("192.0.2.1", "2001:db8::1", "192.0.2.2", "2001:db8::2"):
            reply = like_a_transport(listener, query("a", 28), (host, 9))
            assert bool(reply[7]) is (":" in host)
    assert handler._family.labels("dns://:53").value == 4
    assert sum(bool(entry[0]) for entry in listener.memo.young.values()) == 2


def test_repeated_answers_count() -> None:
    handler = plugin_with("coredns_test_dns64_repeated_total", allow_ipv4=True)
    listener = listener_of(handler, Does(script(Response(), Response(answer=[A]))))
    for _ in range(3):
        like_a_transport(listener, query("a", 28))
    assert handler._family.labels("dns://:53").value == 3


async def test_options_of_the_look_up_travel() -> None:
    handler = plugin_with("coredns_test_dns64_options_total", allow_ipv4=True)
    edns = Edns(1232, True)
    found = handler._made(Response(fresh_until=5.0), Response(edns=edns, fresh_until=3.0))
    assert (found.edns, found.fresh_until) == (edns, 3.0)
