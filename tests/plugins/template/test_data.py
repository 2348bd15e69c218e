"""What templates and expressions see."""

from __future__ import annotations

import pytest

from corepy import wire
from corepy.testing import Start
from corepy_plugins.template.handler import Templates
from tests.support.builds import built
from tests.support.queries import option, query
from tests.support.serving import like_a_transport, listener_of


def seen_by(template: str, octets: bytes, more: str = "") -> str:
    """What a template makes of a query; the text of a TXT record."""
    text = f"""example.org example.net {{
        template ANY ANY {{
            match ^(?P<first>[^.]+)[.](?P<second>b)?(.)?
            {more}
            answer ". 60 IN TXT \\"{template}\\""
        }}
    }}"""
    (handler,) = (part for part in built(text).instance.plugins if isinstance(part, Templates))
    reply = like_a_transport(listener_of(handler), octets)
    assert reply[3] & 15 == wire.NOERROR
    return reply[reply.index(b"\0\0\x10\0\1\0\0\0\x3c", 12) + 12 :].split(b"\0\0\x29")[0].decode()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ .Name }}", "a.example.org."),
        ("{{ .Zone }}", "example.org."),
        ("{{ .Class }} {{ .Type }}", "IN MX"),
        ("{{ len .Match }} {{ index .Match 0 }} {{ index .Match 1 }}", "4 a.e a"),
        ("{{ .Group.first }}|{{ .Group.second }}|{{ .Group.none }}", "a||<no value>"),
        ("{{ index .Group `1` }}{{ index .Group `3` }}{{ index .Group `9` }}", "ae"),
        ("{{ .Regex }}", "^(?P<first>[^.]+)[.](?P<second>b)?(.)?"),
        ("{{ .Question.Name }} {{ .Question.Qtype }}", "A.example.org. 15"),
        ("{{ .Question.Qclass }}", "1"),
        ("{{ range .Message.Question }}{{ .Name }}{{ end }}", "A.example.org."),
        ("{{ .Message.Id }}", "4660"),
        ("{{ .Message.Opcode }} {{ .Message.Rcode }} {{ .Message.Response }}", "0 0 false"),
        ("{{ .Message.RecursionDesired }} {{ .Message.CheckingDisabled }}", "true true"),
        ("{{ .Message.AuthenticatedData }} {{ .Message.Truncated }}", "false false"),
        ("{{ len .Message.Answer }} {{ len .Message.Ns }} {{ len .Message.Extra }}", "0 0 1"),
        ("{{ with .Message.IsEdns0 }}{{ .UDPSize }} {{ .Do }}{{ end }}", "1400 true"),
        ("{{ .Message.IsEdns0.Version }}", "0"),
        ("{{ range .Message.IsEdns0.Option }}{{ .Option }} {{ end }}", "3 65001 "),
        ("{{ (index .Message.Extra 0).Hdr.Rrtype }}", "41"),
        ("{{ .Remote }}", "192.0.2.7"),
        ("{{ .Meta `forward/upstream` }}", ""),
        ("{{ parseInt `ff` 16 8 }} {{ parseInt `10` 0 64 }}", "255 10"),
        ("{{ if eq .Type `A` }}yes{{ else }}no{{ end }}", "no"),
        ("{{ printf `%03d-%s` 7 .Type }}", "007-MX"),
    ],
)
def test_fields(template: str, expected: str) -> None:
    octets = query(
        "A.example.org.",
        wire.MX,
        flags=wire.RD | wire.CD,
        edns=1400,
        do=True,
        options=option(3) + option(65001, b"xy"),
    )
    assert seen_by(template, octets) == expected


def test_without_edns() -> None:
    template = "{{ if .Message.IsEdns0 }}yes{{ else }}no{{ end }} {{ len .Message.Extra }}"
    assert seen_by(template, query("a.example.net.")) == "no 0"


@pytest.mark.parametrize(
    ("expressions", "template", "expected"),
    [
        ("var n 1 + 2\nvar twice n * 2", "{{ .Var.n }} {{ .Var.twice }}", "3 6"),
        ("var a group('first') + group(1) + group('none') + group(9)", "{{ .Var.a }}", "aa"),
        ("var list [1, 2]", "{{ index .Var.list 1 }} {{ len .Var.list }}", "2 2"),
        ("var f name() startsWith 'a.'", "{{ if .Var.f }}yes{{ end }}", "yes"),
        ("var q type() + class() + client_ip() + proto()", "{{ .Var.q }}", "TXTIN192.0.2.7udp"),
        ("var x upper(group(1))\nexpr x == 'A'\nexpr true", "{{ .Var.x }}", "A"),
    ],
)
def test_variables(expressions: str, template: str, expected: str) -> None:
    assert seen_by(template, query("a.example.org."), expressions) == expected


CONDITIONS = """
. {
    template IN A {
        match ^h([0-9]+_[0-9]+_[0-9]+_[0-9]+)[.]
        var addr replace(group(1), '_', '.')
        expr incidr(addr, '192.0.2.0/24')
        expr type() == 'A'
        answer "{{ .Name }} 60 IN A {{ .Var.addr }}"
        fallthrough a.test
    }
    template IN A b.test {
        expr 1 + 1
        fallthrough
    }
    hosts {
        192.0.2.50 h10_0_0_1.a.test h10_0_0_300.a.test
    }
    errors
}
"""


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("h192_0_2_9.a.test", "192.0.2.9"),
        ("h10_0_0_1.a.test", "192.0.2.50"),  # false is no match
        ("h10_0_0_1.c.test", "SERVFAIL"),
        ("h10_0_0_300.a.test", "SERVFAIL"),  # no value is a failure
    ],
)
async def test_conditions(corefile: Start, name: str, answer: str) -> None:
    async with corefile(CONDITIONS) as dns:
        for _ in range(2):
            assert (await dns.ask(name)).rpartition(" ")[2] == answer
        assert bool(dns.log) == ("300" in name)


async def test_metadata(corefile: Start) -> None:
    text = """
    . {
        metadata
        view inside {
            expr true
        }
        template IN TXT {
            answer "{{ .Name }} TXT \\"{{ .Meta `view/name` }}\\" \\"{{ .Meta `no/label` }}\\""
        }
    }
    """
    async with corefile(text) as dns:
        for _ in range(2):
            assert await dns.ask("a.test TXT") == 'a.test. 3600 IN TXT "inside" ""'


@pytest.mark.parametrize(
    ("line", "repeated"),
    [
        ('answer "{{ .Name }} TXT {{ .Type }}"', True),
        ('answer "{{ .Name }} TXT {{ .Remote }}"', False),
        ('answer "{{ .Name }} TXT {{ .Message.Id }}"', False),
        ('answer "{{ .Name }} TXT x{{ .Meta `a/b` }}"', False),
        ("expr client_ip() != ''", False),
        ("var x client_ip()", False),
        ("expr name() != ''", True),
    ],
)
def test_what_depends_on_the_client_is_not_repeated_to_others(line: str, repeated: bool) -> None:
    made = built(f". {{\ntemplate IN TXT {{\n{line}\n}}\n}}\n")
    (handler,) = (part for part in made.instance.plugins if isinstance(part, Templates))
    listener = listener_of(handler)
    like_a_transport(listener, query())
    assert (query()[2:] in listener.memo.young) == repeated


def test_each_client_sees_itself() -> None:
    made = built('. {\ntemplate IN TXT {\nanswer "{{ .Name }} TXT {{ .Remote }}"\n}\n}\n')
    (handler,) = (part for part in made.instance.plugins if isinstance(part, Templates))
    listener = listener_of(handler)
    for host in ("192.0.2.7", "192.0.2.8", "2001:db8::1"):
        peer = (host, 40000) if "." in host else (host, 40000, 0, 0)
        assert like_a_transport(listener, query(), peer).endswith(host.encode())


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ len .Message.Ns }}", "1"),
        ("{{ (index .Message.Ns 0).Hdr.Name }}", "a.example.org."),
        ("{{ with index .Message.Ns 0 }}{{ .Header.Ttl }} {{ .Header.Rrtype }}{{ end }}", "60 2"),
    ],
)
def test_records_of_the_query(template: str, expected: str) -> None:
    octets = bytearray(query("a.example.org."))
    octets[9] = 1
    octets += b"\xc0\x0c\0\2\0\1\0\0\0\x3c\0\2\xc0\x0c"
    assert seen_by(template, bytes(octets)) == expected


@pytest.mark.parametrize(
    ("data", "template", "expected"),
    [
        (option(8, b"\0\1\x18\0\xc0\0\2"), "{{ .Address }} {{ .SourceNetmask }}", "192.0.2.0 24"),
        (option(8, b"\0\1\x18\0\xc0\0\2"), "{{ .String }} {{ .Family }}", "192.0.2.0/24/0 1"),
        (option(8, b"\0\2\x20\0\x20\1\x0d\xb8"), "{{ .Address }}", "2001:db8::"),
        (option(10, b"\1\2\3\4\5\6\7\x08"), "{{ .Cookie }} {{ .Code }}", "0102030405060708 10"),
        (option(65001, b"xy"), "{{ .String }} {{ .Data }}", "0x7879 [120 121]"),
    ],
)
def test_options_of_the_query(data: bytes, template: str, expected: str) -> None:
    octets = query("a.example.org.", edns=1232, options=data)
    whole = "{{ with index .Message.IsEdns0.Option 0 }}" + template + "{{ end }}"
    assert seen_by(whole, octets) == expected
