"""What clients get from a zone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from corepy.testing import Answerless, Dns, Start

DIGEST = "ab" * 32

ZONE = f"""\
$TTL 60
@         SOA ns host 5 7200 1800 86400 60
@         NS ns
@         NS ns.out.test.
@         MX 10 Mail
ns        A 192.0.2.53
mail      A 192.0.2.25
mail      AAAA 2001:db8::25
WWW       A 192.0.2.80
www       A 192.0.2.80
a.b.ent   A 192.0.2.1
*.w       A 192.0.2.2
*.w       MX 5 mail
x.y.w     A 192.0.2.3
*.cw      CNAME www
*.ns      TXT star
al        CNAME www
gone      CNAME missing
loop      CNAME loop
far       CNAME www.other.test.
toout     CNAME x.elsewhere.example.
tocut     CNAME a.sub
noaddr    CNAME ns
sub       NS ns.sub
sub       NS ns.out.test.
sub       DS 1 13 2 {DIGEST}
ns.sub    A 192.0.2.54
a.sub     A 192.0.2.99
dn        DNAME tgt
h.tgt     A 192.0.2.140
self      DNAME self
_sip._TCP SRV 1 2 3 Mail
_sip._TCP SRV 1 2 4 mail
srvout    SRV 1 2 3 mail.out.test.
svc       HTTPS 1 MAIL
nullmx    MX 0 .
stray.out.test. A 192.0.2.66
tostray   CNAME stray.out.test.
"""
OTHER = "$TTL 60\n@ SOA ns host 6 7200 1800 86400 60\n@ NS ns\nwww A 192.0.2.81\n"

COREFILE = """\
z.test {{
    file {folder}/db.z
}}
other.test {{
    file {folder}/db.o
}}
. {{
    file {folder}/db.o one.test fall.test
    file {folder}/db.o sub.one.test {{
        fallthrough fall.test
    }}
}}
on.test {{
    file {folder}/db.o {{
        fallthrough
    }}
    whoami
}}
"""


@pytest.fixture
async def dns_server(corefile: Start, tmp_path: Path) -> AsyncIterator[Dns]:
    """The Corefile above."""
    (tmp_path / "db.z").write_text(ZONE)
    (tmp_path / "db.o").write_text(OTHER)
    async with corefile(COREFILE.format(folder=tmp_path)) as running:
        yield running


SOA = "z.test. 60 IN SOA ns.z.test. host.z.test. 5 7200 1800 86400 60"
NS = ["z.test. 60 IN NS ns.z.test.", "z.test. 60 IN NS ns.out.test."]
MAIL = ["mail.z.test. 60 IN A 192.0.2.25", "mail.z.test. 60 IN AAAA 2001:db8::25"]
CUT = [
    "sub.z.test. 60 IN NS ns.sub.z.test.",
    "sub.z.test. 60 IN NS ns.out.test.",
]
GLUE = ["ns.sub.z.test. 60 IN A 192.0.2.54"]

# Question, rcode, answer, authority, additional.
ANSWERS: list[tuple[str, str, list[str], list[str], list[str]]] = [
    ("z.test SOA", "NOERROR", [SOA], NS, []),
    ("z.test NS", "NOERROR", NS, [], ["ns.z.test. 60 IN A 192.0.2.53"]),
    ("z.test A", "NOERROR", [], [SOA], []),
    ("z.test MX", "NOERROR", ["z.test. 60 IN MX 10 mail.z.test."], NS, MAIL),
    ("z.test ANY", "NOERROR", [], [SOA], []),
    # The same record twice is served twice; the zone's letters are lower case.
    ("wWw.z.test A", "NOERROR", ["www.z.test. 60 IN A 192.0.2.80"] * 2, NS, []),
    ("www.z.test AAAA", "NOERROR", [], [SOA], []),
    ("no.z.test A", "NXDOMAIN", [], [SOA], []),
    ("x.www.z.test A", "NXDOMAIN", [], [SOA], []),
    ("ent.z.test A", "NOERROR", [], [SOA], []),
    ("b.ent.z.test A", "NOERROR", [], [SOA], []),
    ("c.ent.z.test A", "NXDOMAIN", [], [SOA], []),
    ("q.w.z.test A", "NOERROR", ["q.w.z.test. 60 IN A 192.0.2.2"], NS, []),
    ("q.w.z.test MX", "NOERROR", ["q.w.z.test. 60 IN MX 5 mail.z.test."], NS, MAIL),
    ("r.q.w.z.test A", "NOERROR", ["r.q.w.z.test. 60 IN A 192.0.2.2"], NS, []),
    ("q.w.z.test TXT", "NOERROR", [], [SOA], []),
    # A closer name, even an empty one, ends a wildcard's reach; y itself is still its.
    ("y.w.z.test A", "NOERROR", ["y.w.z.test. 60 IN A 192.0.2.2"], NS, []),
    ("q.y.w.z.test A", "NXDOMAIN", [], [SOA], []),
    ("*.w.z.test A", "NOERROR", ["*.w.z.test. 60 IN A 192.0.2.2"], NS, []),
    ("w.z.test A", "NOERROR", [], [SOA], []),
    ("k.cw.z.test A", "NOERROR",
     ["k.cw.z.test. 60 IN CNAME www.z.test.", *["www.z.test. 60 IN A 192.0.2.80"] * 2], NS, []),
    ("al.z.test A", "NOERROR",
     ["al.z.test. 60 IN CNAME www.z.test.", *["www.z.test. 60 IN A 192.0.2.80"] * 2], NS, []),
    ("al.z.test CNAME", "NOERROR", ["al.z.test. 60 IN CNAME www.z.test."], NS, []),
    ("noaddr.z.test AAAA", "NOERROR", ["noaddr.z.test. 60 IN CNAME ns.z.test."], NS, []),
    ("gone.z.test A", "NXDOMAIN", ["gone.z.test. 60 IN CNAME missing.z.test."], [SOA], []),
    ("loop.z.test A", "NOERROR", ["loop.z.test. 60 IN CNAME loop.z.test."] * 10, NS, []),
    ("loop.z.test NS", "SERVFAIL", ["loop.z.test. 60 IN CNAME loop.z.test."] * 9, NS, []),
    ("far.z.test A", "NOERROR",
     ["far.z.test. 60 IN CNAME www.other.test.", "www.other.test. 60 IN A 192.0.2.81"], NS, []),
    ("far.z.test AAAA", "NOERROR", ["far.z.test. 60 IN CNAME www.other.test."], [SOA], []),
    ("toout.z.test A", "NOERROR", ["toout.z.test. 60 IN CNAME x.elsewhere.example."], NS, []),
    ("tostray.z.test A", "NOERROR",
     ["tostray.z.test. 60 IN CNAME stray.out.test.", "stray.out.test. 60 IN A 192.0.2.66"], NS, []),
    ("tocut.z.test A", "NOERROR", ["tocut.z.test. 60 IN CNAME a.sub.z.test."], CUT, GLUE),
    ("sub.z.test A", "NOERROR", [], CUT, GLUE),
    ("a.sub.z.test A", "NOERROR", [], CUT, GLUE),
    ("n.o.sub.z.test DS", "NOERROR", [], CUT, GLUE),
    ("sub.z.test DS", "NOERROR", [f"sub.z.test. 60 IN DS 1 13 2 {DIGEST}"], NS, []),
    ("sub.z.test A +do", "NOERROR", [], [*CUT, f"sub.z.test. 60 IN DS 1 13 2 {DIGEST}"], GLUE),
    ("h.dn.z.test A", "NOERROR",
     ["dn.z.test. 60 IN DNAME tgt.z.test.", "h.dn.z.test. 60 IN CNAME h.tgt.z.test.",
      "h.tgt.z.test. 60 IN A 192.0.2.140"], NS, []),
    ("h.dn.z.test CNAME", "NOERROR",
     ["dn.z.test. 60 IN DNAME tgt.z.test.", "h.dn.z.test. 60 IN CNAME h.tgt.z.test."], NS, []),
    ("dn.z.test DNAME", "NOERROR", ["dn.z.test. 60 IN DNAME tgt.z.test."], NS, []),
    ("a.self.z.test A", "SERVFAIL", [], [], []),
    ("_sip._tcp.z.test SRV", "NOERROR",
     ["_sip._TCP.z.test. 60 IN SRV 1 2 3 Mail.z.test.",
      "_sip._TCP.z.test. 60 IN SRV 1 2 4 mail.z.test."], NS, MAIL),
    ("srvout.z.test SRV", "NOERROR", ["srvout.z.test. 60 IN SRV 1 2 3 mail.out.test."], NS, []),
    ("svc.z.test HTTPS", "NOERROR", ["svc.z.test. 60 IN HTTPS 1 mail.z.test."], NS, MAIL),
    ("nullmx.z.test MX", "NOERROR", ["nullmx.z.test. 60 IN MX 0 ."], NS, []),
    ("www.one.test A", "NOERROR", ["www.one.test. 60 IN A 192.0.2.81"],
     ["one.test. 60 IN NS ns.one.test."], []),
    ("www.sub.one.test A", "NOERROR", ["www.sub.one.test. 60 IN A 192.0.2.81"],
     ["sub.one.test. 60 IN NS ns.sub.one.test."], []),
    # Behind the last plugin: refused outside the zones, a failure for what falls through.
    ("nowhere.test A", "REFUSED", [], [], []),
    ("no.one.test A", "NXDOMAIN", [],
     ["one.test. 60 IN SOA ns.one.test. host.one.test. 6 7200 1800 86400 60"], []),
    ("no.fall.test A", "SERVFAIL", [], [], []),
    ("z.test AXFR +tcp", "REFUSED", [], [], []),
    ("z.test IXFR", "REFUSED", [], [], []),
]  # fmt: skip


async def query(server: Dns, question: str) -> dns.message.Message:
    """As the harness does, but with a record that came twice shown twice."""
    name, rdtype, *flags = question.split()
    query = dns.message.make_query(name, rdtype, want_dnssec="+do" in flags, payload=4096)
    reply = await server.exchange(query.to_wire(), tcp="+tcp" in flags)
    return dns.message.from_wire(reply, one_rr_per_rrset=True)


def lines(section: list[dns.rrset.RRset]) -> list[str]:
    """A section as the table above has it."""
    return [rrset.to_text() for rrset in section]


@pytest.mark.parametrize(
    ("question", "rcode", "answer", "authority", "additional"),
    ANSWERS,
    ids=[row[0] for row in ANSWERS],
)
async def test_answers(
    dns_server: Dns,
    question: str,
    rcode: str,
    answer: list[str],
    authority: list[str],
    additional: list[str],
) -> None:
    message = await query(dns_server, question)
    assert dns.rcode.to_text(message.rcode()) == rcode
    assert lines(message.answer) == answer
    assert lines(message.authority) == authority
    assert lines(message.additional) == additional


@pytest.mark.parametrize(
    ("question", "authoritative"),
    [("www.z.test", True), ("no.z.test", True), ("sub.z.test", False), ("tocut.z.test", True)],
)
async def test_only_a_bare_referral_lacks_authority(
    dns_server: Dns, question: str, authoritative: bool
) -> None:
    flags = (await dns_server.query(question)).flags
    assert bool(flags & dns.flags.AA) is authoritative


async def test_missing_names_and_empty_ones_fall_through(dns_server: Dns) -> None:
    assert (await dns_server.query("no.on.test")).additional
    assert not (await dns_server.query("www.on.test MX")).additional
    assert await dns_server.ask("www.on.test") == "www.on.test. 60 IN A 192.0.2.81"


async def test_answers_are_repeated_for_any_spelling(dns_server: Dns) -> None:
    first = await dns_server.ask("q.w.z.test A")
    assert await dns_server.ask("Q.w.Z.test A") == first
    assert await dns_server.ask("q.w.z.test A") == first


async def test_notify_is_dropped_with_a_line(dns_server: Dns) -> None:
    query = b"\0\1\x20\0\0\1\0\0\0\0\0\0\1z\4test\0\0\6\0\1"
    with pytest.raises(Answerless):
        await dns_server.exchange(query, timeout=0.3)
    assert "[INFO] plugin/file: Dropping notify from 127.0.0.1 for z.test." in dns_server.log
