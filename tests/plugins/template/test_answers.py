"""Which template answers, and with what."""

from __future__ import annotations

import pytest
from dns.edns import EDEOption

from corepy import wire
from corepy.testing import Start

EXAMPLE = r"""
example.org {
    template IN A {
        match ^ip-(?P<a>\d+)-(?P<b>\d+)-(?P<c>\d+)-(?P<d>\d+)[.]
        answer "{{ .Name }} 60 IN A {{ .Group.a }}.{{ .Group.b }}.{{ .Group.c }}.{{ .Group.d }}"
        additional "extra.{{ .Zone }} 60 IN TXT {{ .Type }}"
        authority "{{ .Zone }} 60 IN NS ns.{{ .Zone }}"
    }
    template IN AAAA {
        match ^h([0-9a-f]+)[.] ^i(?P<id>[0-9]+)[.]
        answer "{{ .Name }} 60 IN AAAA 2001:db8::{{ index .Group `1` }}"
    }
    template IN MX {
        answer "{{ .Name }} 60 IN MX 10 {{ .Name }}"
        answer "{{ .Name }} 60 IN MX 20 backup.{{ .Zone }}"
    }
    template IN TXT {
        match ^(.*)[.]example
        answer "{{ .Name }} IN TXT \"{{ index .Match 1 }}\" \"{{ .Class }} {{ .Type }}\""
    }
    template IN SRV {
        rcode NOERROR
    }
    template IN SOA {
        rcode REFUSED
    }
    template IN NS {
        rcode SERVFAIL
        answer "{{ .Name }} 60 IN NS ns.{{ .Zone }}"
        authority "{{ .Zone }} 60 IN NS ns.{{ .Zone }}"
    }
    template CH TXT {
        answer "{{ .Name }} 0 CH TXT chaos"
    }
    template IN PTR sub.example.org {
        answer "{{ .Name }} 60 IN PTR host.{{ .Zone }}"
    }
    template IN ANY gone.example.org {
        rcode NXDOMAIN
        authority "{{ .Zone }} 60 IN SOA ns.{{ .Zone }} mail.{{ .Zone }} 1 7200 1800 86400 60"
    }
    chaos test
    hosts {
        192.0.2.9 other.example.org
        fallthrough
    }
}
"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("ip-192-0-2-1.example.org A", "ip-192-0-2-1.example.org. 60 IN A 192.0.2.1"),
        ("IP-192-0-2-1.example.org A", "ip-192-0-2-1.example.org. 60 IN A 192.0.2.1"),
        ("hbee.example.org AAAA", "hbee.example.org. 60 IN AAAA 2001:db8::bee"),
        ("i12.example.org AAAA", "i12.example.org. 60 IN AAAA 2001:db8::12"),
        (
            "example.org MX",
            "example.org. 60 IN MX 10 example.org.\nexample.org. 60 IN MX 20 backup.example.org.",
        ),
        ("a.b.example.org TXT", 'a.b.example.org. 3600 IN TXT "a.b" "IN TXT"'),
        ("example.org SRV", "NOERROR"),
        ("example.org SOA", "REFUSED"),
        ("example.org NS", "SERVFAIL"),  # in spite of its records
        ("a.example.org TXT CH", 'a.example.org. 0 CH TXT "chaos"'),
        ("a.sub.example.org PTR", "a.sub.example.org. 60 IN PTR host.sub.example.org."),
        # What does not match fails: nobody else is asked.
        ("ip-192-0-2-300.example.org A", "SERVFAIL"),
        ("other.example.org A", "SERVFAIL"),
        ("zzz.example.org AAAA", "SERVFAIL"),
        # The first that is about the question.
        ("x.gone.example.org HINFO", "NXDOMAIN"),
        ("x.gone.example.org SRV", "NOERROR"),
    ],
)
async def test_answers(corefile: Start, question: str, answer: str) -> None:
    async with corefile(EXAMPLE) as dns:
        for _ in range(2):
            assert await dns.ask(question) == answer


async def test_sections_and_flags(corefile: Start) -> None:
    async with corefile(EXAMPLE) as dns:
        message = await dns.query("ip-192-0-2-1.example.org A")
        assert message.flags & wire.AA
        assert [str(rrset) for rrset in message.authority] == [
            "example.org. 60 IN NS ns.example.org."
        ]
        assert [str(rrset) for rrset in message.additional] == ['extra.example.org. 60 IN TXT "A"']
        message = await dns.query("x.gone.example.org HINFO")
        assert message.rcode() == wire.NXDOMAIN
        (soa,) = map(str, message.authority)
        names = "ns.gone.example.org. mail.gone.example.org."
        assert soa == f"gone.example.org. 60 IN SOA {names} 1 7200 1800 86400 60"
        message = await dns.query("example.org NS")
        assert not message.authority


FALLTHROUGH = """
. {
    template IN A a.test {
        match ^one
        answer "{{ .Name }} 60 IN A 192.0.2.1"
        fallthrough
    }
    template IN A a.test {
        match ^one ^two
        answer "{{ .Name }} 60 IN A 192.0.2.2"
        fallthrough x.a.test
    }
    template IN A b.test {
        match ^one
        answer "{{ .Name }} 60 IN A 192.0.2.3"
    }
    hosts {
        192.0.2.51 one.x.a.test three.x.a.test three.a.test two.b.test c.test
        2001:db8::1 two.b.test
    }
}
"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("one.a.test", "192.0.2.1"),
        ("one.x.a.test", "192.0.2.1"),
        ("two.a.test", "192.0.2.2"),
        ("three.x.a.test", "192.0.2.51"),
        ("three.a.test", "SERVFAIL"),
        ("one.b.test", "192.0.2.3"),
        ("two.b.test", "SERVFAIL"),
        ("two.b.test AAAA", "2001:db8::1"),  # another type
        ("c.test", "192.0.2.51"),  # another zone
    ],
)
async def test_fallthrough(corefile: Start, question: str, answer: str) -> None:
    async with corefile(FALLTHROUGH) as dns:
        assert (await dns.ask(question)).rpartition(" ")[2] == answer


ANY = """
any.test {
    chaos test
    template ANY ANY all.any.test {
        answer "{{ .Name }} 60 IN TXT \\"{{ .Class }} {{ .Type }}\\""
    }
    template IN A {
        answer "{{ .Name }} 60 IN TXT \\"{{ .Class }} {{ .Type }}\\""
    }
    template ANY TXT {
        answer "{{ .Name }} 60 {{ .Class }} TXT \\"{{ .Class }} {{ .Type }}\\""
    }
}
"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("x.all.any.test MX", '60 IN TXT "IN MX"'),
        ("x.all.any.test TXT CH", '60 IN TXT "CH TXT"'),
        ("x.all.any.test TYPE65280", '60 IN TXT "IN "'),
        ("x.any.test A", '60 IN TXT "IN A"'),
        ("x.any.test ANY", '60 IN TXT "IN A"'),  # fits the first, and is of its type
        ("x.any.test A ANY", '60 IN TXT "IN A"'),
        ("x.all.any.test MX ANY", '60 IN TXT "ANY MX"'),
        ("x.any.test TXT", '60 IN TXT "IN TXT"'),
        ("x.any.test TXT CH", '60 CH TXT "CH TXT"'),
    ],
)
async def test_any(corefile: Start, question: str, answer: str) -> None:
    async with corefile(ANY) as dns:
        assert (await dns.ask(question)).partition(" ")[2] == answer


EDERROR = """
. {
    template IN A blocked.test {
        rcode NXDOMAIN
        ederror 15 "Blocked by policy"
    }
    template IN A stale.test {
        answer "{{ .Name }} 60 IN A 192.0.2.1"
        ederror 3
    }
    template IN A failed.test {
        rcode SERVFAIL
        ederror 22 lost
    }
}
"""


@pytest.mark.parametrize(
    ("question", "rcode", "expected"),
    [
        ("blocked.test A +do", wire.NXDOMAIN, (15, "Blocked by policy")),
        ("blocked.test A +bufsize=1232", wire.NXDOMAIN, (15, "Blocked by policy")),
        ("blocked.test A", wire.NXDOMAIN, (15, "Blocked by policy")),  # CoreDNS does so
        ("stale.test A +do", wire.NOERROR, (3, None)),
        ("failed.test A +do", wire.SERVFAIL, None),
    ],
)
async def test_extended_errors(
    corefile: Start, question: str, rcode: int, expected: tuple[int, str | None] | None
) -> None:
    async with corefile(EDERROR) as dns:
        message = await dns.query(question)
        found = [(opt.code, opt.text) for opt in message.options if isinstance(opt, EDEOption)]
        assert (message.rcode(), found) == (rcode, [expected] if expected else [])


ALIASES = r"""
old.test {
    template IN ANY {
        match ^(?P<host>.*)[.]old[.]test[.]$
        answer "{{ .Name }} 60 IN CNAME {{ .Group.host }}.new.test."
        answer "last.test. 60 IN TXT last"
    }
}
new.test {
    hosts {
        192.0.2.1 www.new.test
        2001:db8::1 www.new.test
    }
}
round.test {
    template IN A {
        answer "{{ .Name }} 60 IN CNAME a.{{ .Name }}"
    }
}
"""


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("www.old.test A", ["CNAME www.new.test.", "A 192.0.2.1", 'TXT "last"']),
        ("www.old.test AAAA", ["CNAME www.new.test.", "AAAA 2001:db8::1", 'TXT "last"']),
        ("www.old.test MX", ["CNAME www.new.test.", 'TXT "last"']),
        ("none.old.test A", ["CNAME none.new.test.", 'TXT "last"']),
    ],
)
async def test_aliases_are_followed(corefile: Start, question: str, found: list[str]) -> None:
    async with corefile(ALIASES) as dns:
        for _ in range(2):
            lines = (await dns.ask(question)).splitlines()
            assert [line.partition(" IN ")[2] for line in lines] == found


async def test_aliases_without_end(corefile: Start) -> None:
    async with corefile(ALIASES) as dns:
        message = await dns.query("x.round.test A +tcp")
        assert len(message.answer) > 1  # and it ends
