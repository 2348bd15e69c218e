"""What clients get, from the file and from the Corefile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from corepy.testing import Dns, Start

FILE = """\
127.0.0.1 localhost localhost.test
::1 localhost
192.0.2.12 dup.test
192.0.2.12 dup.test
192.0.2.13 *.w.test
192.0.2.14 known.pass.test
"""

COREFILE = """\
. {{
    hosts {file} {{
        192.0.2.98 dup.test
        192.0.2.99 x.w.test
        2001:db8::1 Six.TEST
        192.0.2.20 www.b\\@d.test
    }}
}}
pass.test {{
    hosts {file} {{
        ttl 15
        no_reverse
        fallthrough
        fallthrough_unsupported
    }}
    whoami
}}
some.test {{
    hosts {file} some.test in.test {{
        192.0.2.1 a.some.test a.in.test a.out.test
        fallthrough sub.some.test
    }}
    whoami
}}
"""


@pytest.fixture
async def dns(corefile: Start, tmp_path: Path) -> AsyncIterator[Dns]:
    """The Corefile above."""
    (tmp_path / "hosts").write_text(FILE)
    async with corefile(COREFILE.format(file=tmp_path / "hosts")) as running:
        yield running


FELL = "fell through"

ANSWERS = [
    ("localhost", "A", ["localhost. 3600 IN A 127.0.0.1"]),
    ("LocalHost", "AAAA", ["localhost. 3600 IN AAAA ::1"]),
    ("localhost.test", "AAAA", []),
    ("localhost", "TXT", []),
    ("localhost", "ANY", []),
    ("six.test", "A", []),
    ("six.test", "AAAA", ["six.test. 3600 IN AAAA 2001:db8::1"]),
    # The file's first, each as often as it stands there.
    ("dup.test", "A", ["dup.test. 3600 IN A 192.0.2.12", "dup.test. 3600 IN A 192.0.2.98"]),
    # Exact in one place, by wildcard in the other: both.
    ("x.w.test", "A", ["x.w.test. 3600 IN A 192.0.2.13", "x.w.test. 3600 IN A 192.0.2.99"]),
    ("y.w.test", "AAAA", []),
    ("www.b\\@d.test", "A", ["www.b\\@d.test. 3600 IN A 192.0.2.20"]),
    ("missing.test", "A", "SERVFAIL"),
    ("missing.test", "MX", "SERVFAIL"),
    ("w.test", "A", "SERVFAIL"),
    ("1.0.0.127.in-addr.arpa", "PTR",
     ["1.0.0.127.in-addr.arpa. 3600 IN PTR localhost.",
      "1.0.0.127.in-addr.arpa. 3600 IN PTR localhost.test."]),
    ("13.2.0.192.in-addr.arpa", "PTR", "SERVFAIL"),
    ("1.0.0.127.in-addr.arpa", "A", "SERVFAIL"),
    ("known.pass.test", "A", ["known.pass.test. 15 IN A 192.0.2.14"]),
    ("known.pass.test", "AAAA", []),
    ("known.pass.test", "TXT", FELL),
    ("known.pass.test", "PTR", FELL),
    ("other.pass.test", "A", FELL),
    ("a.some.test", "A", ["a.some.test. 3600 IN A 192.0.2.1"]),
    ("b.some.test", "A", "SERVFAIL"),
    ("b.sub.some.test", "A", FELL),
    ("a.some.test", "TXT", []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "qtype", "expected"), ANSWERS)
async def test_answers(dns: Dns, name: str, qtype: str, expected: list[str] | str) -> None:
    """Once made and once more from memory, over both transports."""
    for flags in ("", "", "+tcp"):
        message = await dns.query(f"{name} {qtype} {flags}")
        lines = [line for rrset in message.answer for line in rrset.to_text().splitlines()]
        if expected == FELL:
            assert len(message.additional) == 2
        elif isinstance(expected, str):
            assert message.rcode().name == expected
            assert not message.flags & 0x0400
        else:
            assert lines == expected  # dnspython shows a duplicate once
            assert message.flags & 0x0400
            assert not message.authority


async def test_duplicates_are_kept(dns: Dns) -> None:
    """CoreDNS sends a line that stands twice in the file twice."""
    octets = (await dns.query("dup.test A")).to_wire()
    query = octets[:2] + b"\1\0\0\1\0\0\0\0\0\0" + b"\3dup\4test\0\0\1\0\1"
    assert int.from_bytes((await dns.exchange(query))[6:8], "big") == 3


async def test_a_name_with_many_addresses_is_cut_over_udp(corefile: Start, tmp_path: Path) -> None:
    """Whole over TCP, and whole again over UDP for who takes it, whatever was asked first."""
    path = tmp_path / "hosts"
    lines = [f"10.0.{i >> 8}.{i & 255} many.test" for i in range(300)]
    names = [f"192.0.2.1 n{i}.test" for i in range(300)]
    path.write_text("\n".join([*lines, *names]))
    async with corefile(f". {{\n hosts {path}\n}}\n") as dns:
        for question in ("many.test A", "1.2.0.192.in-addr.arpa PTR"):
            small = await dns.query(question)
            assert small.flags & 0x0200
            assert 5 < len(small.answer[0]) < 300
            assert len((await dns.query(f"{question} +tcp")).answer[0]) == 300
            assert len((await dns.query(f"{question} +bufsize=65000")).answer[0]) == 300
            assert len((await dns.query(question)).answer[0]) == len(small.answer[0])


async def test_illegal_names_are_left_out_of_ptr_answers(corefile: Start, tmp_path: Path) -> None:
    """CoreDNS does not answer at all here."""
    path = tmp_path / "hosts"
    path.write_text(f"192.0.2.1 a..b.test good.test {'x' * 70}.test\n192.0.2.2 a..b\n")
    async with corefile(f". {{\n hosts {path}\n}}\n") as dns:
        name = "1.2.0.192.in-addr.arpa."
        assert await dns.ask(f"{name} PTR") == f"{name} 3600 IN PTR good.test."
        assert await dns.ask("2.2.0.192.in-addr.arpa PTR") == "SERVFAIL"


async def test_answers_made_on_demand_stay_bounded(corefile: Start) -> None:
    """However many names a wildcard is asked for."""
    from corepy_plugins.hosts import handler

    async with corefile(". {\n hosts /dev/null {\n 192.0.2.1 *.w.test\n }\n}\n") as dns:
        (plugin,) = (p for p in dns.built.instance.plugins if isinstance(p, handler.Hosts))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(handler, "_KEPT_ANSWERS", 8)
            for i in range(40):
                assert await dns.ask(f"n{i}.w.test A") == f"n{i}.w.test. 3600 IN A 192.0.2.1"
                assert len(plugin._kept[1]) <= 8
