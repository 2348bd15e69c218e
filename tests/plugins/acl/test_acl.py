"""Who gets an answer, which one, and what is counted."""

from __future__ import annotations

import asyncio

import pytest

from corepy import metrics, wire
from corepy.plugin import Plugin
from corepy.request import Request
from corepy.response import DROP, Response
from corepy.testing import Dns, Start
from corepy_plugins.acl.handler import Acl
from tests.support.builds import built
from tests.support.queries import request_of
from tests.support.serving import Answers, at_once, like_a_transport, listener_of

RULES = """
acl a.test sub.b.test {
    allow net 192.0.2.1 2001:db8::/33
    block type A AAAA net 192.0.2.0/24
    filter type TXT net 192.0.2.0/25
    drop type MX net 192.0.2.7
    block net 2001:db8::/32
}
acl b.test {
    block net 192.0.2.1
    filter type ANY
}
acl c.test {
    allow type A
    filter type * net *
}
acl c.test {
    block
}
"""


def acl_of(rules: str, zone: str = ".") -> Acl:
    """The plugin of a block with these rules."""
    from corepy.host import Host

    host = Host()
    built(f"{zone} {{\n{rules}\nwhoami\n}}\n", host)
    (plugin,) = [plugin for _, name, plugin in host.plugins if name == "acl"]
    assert isinstance(plugin, Acl)
    return plugin


async def fate(acl: Acl, request: Request) -> str:
    """What became of a request: `passed`, `none`, or rcode and extended error."""
    passed = Response()

    async def following(_: Request) -> Response:
        return passed

    response = await acl.serve(request, following)
    if response is passed:
        return "passed"
    if response is DROP:
        return "none"
    assert response.edns
    assert (response.edns.size, response.edns.do, response.flags) == (4096, True, 0)
    assert not response.implicit
    assert response.edns.options[:4] == b"\0\x0f\0\2"
    return f"{response.rcode} {response.edns.options[5]}"


BLOCKED, FILTERED = "5 15", "0 17"


@pytest.mark.parametrize(
    ("name", "qtype", "client", "wanted"),
    [
        ("a.test.", wire.A, "192.0.2.1", "passed"),
        ("a.test.", wire.A, "192.0.2.2", BLOCKED),
        ("X.A.Test.", wire.AAAA, "192.0.2.255", BLOCKED),
        ("a.test.", wire.TXT, "192.0.2.127", FILTERED),
        ("a.test.", wire.TXT, "192.0.2.128", "passed"),
        ("a.test.", wire.MX, "192.0.2.7", "none"),
        ("a.test.", wire.MX, "192.0.2.8", "passed"),
        ("a.test.", wire.A, "192.0.3.1", "passed"),
        ("a.test.", wire.A, "2001:db8:7fff::1", "passed"),
        ("a.test.", wire.A, "2001:db8:8000::1", BLOCKED),
        ("a.test.", wire.A, "2001:db8:8000::1%eth0", BLOCKED),
        ("a.test.", wire.A, "::ffff:192.0.2.2", BLOCKED),
        ("xa.test.", wire.A, "192.0.2.2", "passed"),
        # An earlier rule that lets a query through keeps later ones from being asked.
        ("sub.b.test.", wire.MX, "192.0.2.1", "passed"),
        ("b.test.", wire.MX, "192.0.2.1", BLOCKED),
        ("sub.b.test.", wire.ANY, "192.0.2.9", FILTERED),
        ("b.test.", wire.A, "192.0.2.9", "passed"),
        ("c.test.", wire.A, "192.0.2.9", "passed"),
        ("c.test.", wire.TXT, "2001:db8::1", FILTERED),
    ],
)
async def test_fate(name: str, qtype: int, client: str, wanted: str) -> None:
    request = request_of(name=name, qtype=qtype, peer=(client, 4000))
    assert await fate(acl_of(RULES), request) == wanted


@pytest.mark.parametrize(
    ("line", "qtype", "wanted"),
    [
        ("block type A AAAA type MX", wire.MX, BLOCKED),
        ("block net 10.0.0.1 net 192.0.2.7", wire.A, BLOCKED),
        ("block net 10.0.0.1 net *", wire.A, BLOCKED),
        ("block net * net 10.0.0.1", wire.A, BLOCKED),
        ("block type None", wire.MX, BLOCKED),
        ("block type ANY", wire.A, "passed"),
        ("DROP NET 192.0.2.7/32 TYPE A", wire.A, "none"),
    ],
)
async def test_lines(line: str, qtype: int, wanted: str) -> None:
    assert await fate(acl_of(f"acl {{\n {line}\n}}"), request_of(qtype=qtype)) == wanted


def count(name: str, *labels: str) -> float:
    family = metrics.counter(f"coredns_acl_{name}_requests_total", "", *labels[::2])
    return family.labels(*labels[1::2]).value


def counts(zone: str) -> tuple[float, ...]:
    place = ("server", "dns://:53", "zone", zone, "view", "")
    stopped = [count(name, *place) for name in ("blocked", "filtered", "dropped")]
    return (*stopped, count("allowed", "server", "dns://:53", "view", ""))


def test_repeated_answers_count_too() -> None:
    acl = acl_of("acl m.test {\n block type A\n filter type MX net 192.0.2.0/24\n}")
    answers = Answers()
    listener = listener_of(acl, answers)
    before = counts("m.test.")
    for qtype in (wire.A, wire.TXT, wire.MX):
        for _ in range(3):
            octets = bytes(request_of(name="m.test.", qtype=qtype).wire)
            assert like_a_transport(listener, octets)[3] & 15 == (5 if qtype == wire.A else 0)
    after = counts("m.test.")
    assert tuple(b - a for a, b in zip(before, after, strict=True)) == (3, 3, 0, 3)
    assert answers.served == 1


def test_an_answer_for_one_client_is_not_given_to_another() -> None:
    listener = listener_of(acl_of("acl {\n block net 192.0.2.7\n}"), Answers())
    octets = bytes(request_of(name="a.test.").wire)
    assert at_once(listener, octets, ("192.0.2.8", 1))[3] & 15 == 0
    assert like_a_transport(listener, octets, ("192.0.2.7", 1))[3] & 15 == 5
    assert like_a_transport(listener, octets, ("192.0.2.8", 1))[3] & 15 == 0


def test_answers_are_repeated_to_clients_of_the_same_networks() -> None:
    rules = """
    acl a.test {
        allow net 192.0.2.0/24
        filter type MX net 198.51.100.0/24 2001:db8::/32
        block type MX net 203.0.113.0/24
        drop net 203.0.113.0/25
    }
    """
    acl, answers = acl_of(rules), Answers()
    listener = listener_of(acl, answers)
    before = counts("a.test.")
    octets = bytes(request_of(name="a.test.", qtype=wire.MX).wire)
    fates = {
        "192.0.2.1": "answer", "192.0.2.2": "answer", "10.0.0.1": "answer", "10.0.0.2": "answer",
        "198.51.100.1": "empty", "2001:db8::1": "empty", "203.0.113.129": "refused",
        "203.0.113.1": "refused", "::1": "answer",
    }  # fmt: skip
    for _ in range(3):
        for host, wanted in fates.items():
            reply = like_a_transport(listener, octets, (host, 1))
            found = "refused" if reply[3] & 15 == 5 else "answer" if reply[7] else "empty"
            assert (host, found) == (host, wanted)
    after = counts("a.test.")
    assert tuple(b - a for a, b in zip(before, after, strict=True)) == (6, 6, 0, 15)
    # One for those who are allowed, one for those whom no line is about.
    assert answers.served == 2


def test_what_is_dropped_stays_dropped_and_counts() -> None:
    listener = listener_of(acl_of("acl d.test {\n drop net 192.0.2.7\n}"), Answers())
    before = counts("d.test.")
    octets = bytes(request_of(name="d.test.").wire)
    for _ in range(3):
        assert like_a_transport(listener, octets, ("192.0.2.8", 1))
        assert like_a_transport(listener, octets, ("192.0.2.7", 1)) == b""
    after = counts("d.test.")
    assert tuple(b - a for a, b in zip(before, after, strict=True)) == (0, 0, 3, 3)


async def test_behind_it_there_is_nothing() -> None:
    """CoreDNS names the query then."""
    acl = acl_of("acl {\n block type MX\n}")
    acl.placed("")

    async def never(_: Request) -> Response:
        raise AssertionError

    response = await acl.serve(request_of(name="A.test."), never)
    assert (response.rcode, response.error) == (2, "plugin/a.test.: no next plugin found")
    assert isinstance(acl, Plugin)


async def _asked(dns: Dns, question: str) -> str:
    message = await dns.query(question)
    options = [option.to_text() for option in message.options]
    return f"{message.rcode()} {options}"


@pytest.mark.parametrize("transport", ["", " +tcp"])
async def test_over_the_wire(corefile: Start, transport: str) -> None:
    text = ". {\n acl {\n block type A\n filter type MX\n drop type NS\n }\n whoami\n}\n"
    async with corefile(text) as dns:
        refused = await dns.query(f"a.test A +noedns{transport}")
        assert refused.rcode() == wire.REFUSED
        assert (refused.edns, refused.payload, refused.ednsflags & 0x8000) == (0, 4096, 0x8000)
        assert await _asked(dns, f"a.test MX{transport}") == "0 ['EDE 17 (Filtered)']"
        assert (await dns.query(f"a.test TXT{transport}")).additional
        with pytest.raises((AssertionError, asyncio.TimeoutError, OSError)):
            await dns.query(f"a.test NS{transport}", timeout=0.3)
