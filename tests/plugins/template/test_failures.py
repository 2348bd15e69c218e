"""Templates that cannot be filled in, and what is counted."""

from __future__ import annotations

import pytest

from corepy import wire
from corepy.testing import Dns, Start
from corepy_plugins.template.record import RecordError, parse

CONFIG = r"""
example.org {
    view inside {
        expr true
    }
    errors
    template IN A ok.example.org {
        answer "{{ .Name }} 60 IN A 192.0.2.1"
    }
    template IN A miss.example.org {
        match ^x
        fallthrough
    }
    template IN A index.example.org {
        answer "{{ .Name }} 60 IN A 192.0.2.1"
        answer "{{ .Name }} 60 IN TXT {{ index .Match 5 }}"
    }
    template IN A bad.example.org {
        answer "{{.Name}}   60 IN A not-an-address"
    }
    template IN A none.example.org {
        additional "{{ if false }}no{{ end }}"
    }
    template IN A authority.example.org {
        authority "{{ .Name }} 60 IN NS {{ .Nonsense }}"
    }
    template IN A number.example.org {
        answer "{{ .Name }} {{ parseInt `x` 10 8 }} A 192.0.2.1"
    }
    template IN A loop.example.org {
        answer "{{ define `x` }}{{ template `x` }}{{ end }}{{ template \"x\" }}"
    }
    template IN A wide.example.org {
        answer "{{ printf `%262145d` 1 }}"
    }
    template IN A failed.example.org {
        rcode SERVFAIL
    }
    template IN A value.example.org {
        expr incidr('300.0.0.1', '192.0.2.0/24')
        fallthrough
    }
    template ANY TXT ok.example.org {
        answer "{{ .Name }} 60 IN TXT yes"
    }
}
"""


class Counted:
    """What is counted from now on; ports, and with them samples, may be those of other tests."""

    def __init__(self, dns: Dns) -> None:
        self.dns = dns
        self.before: dict[str, float] = {}

    async def __call__(self, name: str) -> dict[str, float]:
        """Samples that have grown by their other labels, in the order of the labels."""
        start = f'coredns_template_{name}{{server="dns://:{self.dns.port}",'
        return {
            sample.removeprefix(start).removesuffix("}"): value - self.before.get(sample, 0)
            for sample, value in (await self.dns.metrics()).items()
            if sample.startswith(start) and value > self.before.get(sample, 0)
        }


async def counted_from_now_on(dns: Dns) -> Counted:
    counted = Counted(dns)
    counted.before = await dns.metrics()
    return counted


def label(zone: str, qtype: str = "A") -> str:
    return f'zone="{zone}.example.org.",view="inside",class="IN",type="{qtype}"'


@pytest.mark.parametrize(
    ("zone", "family", "section", "template", "reason"),
    [
        ("index", "template", "answer", "{{.Name}} 60 IN TXT {{index .Match 5}}",
         "error calling index"),
        ("authority", "template", "authority", "{{.Name}} 60 IN NS {{.Nonsense}}",
         "can't evaluate field Nonsense"),
        ("number", "template", "answer", "{{.Name}} {{parseInt `x` 10 8}} A 192.0.2.1",
         "error calling parseInt"),
        ("loop", "template", "answer", '{{template "x"}}', "exceeded maximum template depth"),
        ("wide", "template", "answer", "{{printf `%262145d` 1}}", "more than 262144 char"),
        ("bad", "rr", "answer", "{{.Name}}   60 IN A not-an-address", "dns: "),
        ("none", "rr", "additional", "{{if false}}no{{end}}", "dns: no record"),
    ],
)  # fmt: skip
async def test_a_failing_template(
    corefile: Start, zone: str, family: str, section: str, template: str, reason: str
) -> None:
    """SERVFAIL without records, a line in the log, and one more of its kind."""
    async with corefile(CONFIG) as dns:
        counted = await counted_from_now_on(dns)
        message = await dns.query(f"{zone}.example.org A")
        assert message.rcode() == wire.SERVFAIL
        assert not message.answer
        assert len(dns.log) == 1
        assert f"plugin/errors: 2 {zone}.example.org. A: " in dns.log[0]
        assert reason in dns.log[0]
        assert await counted("matches_total") == {label(zone): 1}
        sample = f'{label(zone)},section="{section}",template="{template}"'
        other = {"template": "rr", "rr": "template"}[family]
        assert await counted(f"{family}_failures_total") == {sample: 1}
        assert await counted(f"{other}_failures_total") == {}


async def test_matches(corefile: Start) -> None:
    """Each question that a template took, also those answered from memory."""
    async with corefile(CONFIG) as dns:
        counted = await counted_from_now_on(dns)
        for _ in range(3):
            await dns.ask("ok.example.org A")
            await dns.ask("x.ok.example.org A +tcp")
            await dns.ask("ok.example.org TXT")
        await dns.ask("failed.example.org A")
        for name in ("miss", "value", "other"):  # not taken
            assert await dns.ask(f"{name}.example.org A") in ("SERVFAIL", "REFUSED")
        assert await counted("matches_total") == {
            label("ok"): 6,
            label("ok", "TXT"): 3,
            label("failed"): 1,
        }
        assert await counted("template_failures_total") == {}
        assert await counted("rr_failures_total") == {}


async def test_a_condition_without_a_value(corefile: Start) -> None:
    async with corefile(CONFIG) as dns:
        assert await dns.ask("value.example.org A") == "SERVFAIL"
        assert len(dns.log) == 1


@pytest.mark.parametrize(
    ("text", "record"),
    [
        ("a.test. 60 IN A 192.0.2.1", "a.test. 60 IN A 192.0.2.1"),
        ("a.test 60 A 192.0.2.1", "a.test. 60 IN A 192.0.2.1"),  # names are whole names
        ("a.test. A 192.0.2.1", "a.test. 3600 IN A 192.0.2.1"),
        ("a.test. IN 5 A 192.0.2.1", "a.test. 5 IN A 192.0.2.1"),
        ("\n; a comment\na.test. 5 A 192.0.2.1\nb.test. 5 A 192.0.2.2", "a.test. 5 IN A 192.0.2.1"),
        ("a.test. 5 MX 10 mail", "a.test. 5 IN MX 10 mail."),
        ("a.test. 5 CH TXT x", 'a.test. 5 CH TXT "x"'),
        ('a.test. 5 TXT "ü"', 'a.test. 5 IN TXT "\\195\\188"'),
        ("a.test. 5 TYPE65280 \\# 2 abcd", "a.test. 5 IN TYPE65280 \\# 2 abcd"),
    ],
)
def test_records(text: str, record: str) -> None:
    assert parse(text).to_text() == record


@pytest.mark.parametrize(
    "text",
    [
        "",
        "; a comment",
        "a.test. 60 IN A",
        "a.test. 60 IN A 192.0.2.300",
        "a.test. 60 IN A 192.0.2.1 192.0.2.2",
        "a.test. 60 IN BOGUS x",
        "a..test. 60 IN A 192.0.2.1",
        f"{'a' * 64}.test. 60 IN A 192.0.2.1",
        'a.test. 60 IN TXT "x',
        "a.test. 60 IN MX mail",
    ],
)
def test_no_records(text: str) -> None:
    with pytest.raises(RecordError, match=r"^dns: "):
        parse(text)
