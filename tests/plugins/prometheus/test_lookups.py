"""Look-ups through the server count as queries, also where no server block takes them."""

from __future__ import annotations

from pathlib import Path

from corepy.testing import Start

ZONE = """\
@ 60 IN SOA ns hostmaster 1 7200 3600 1209600 60
@ 60 IN NS ns
ns 60 IN A 192.0.2.1
out 60 IN CNAME www.nowhere.test.
"""


async def test_an_alias_that_leads_nowhere_counts_as_dropped(
    corefile: Start, tmp_path: Path
) -> None:
    (tmp_path / "db").write_text(ZONE)
    text = f"a.test {{\n prometheus 127.0.0.1:0\n file {tmp_path}/db\n}}"
    async with corefile(text) as dns:
        before = await dns.metrics()
        await dns.ask("out.a.test A")
        after = await dns.metrics()
    grown = {
        name: after[name] - before.get(name, 0)
        for name in after
        if name.startswith("coredns_dns_responses_total") and after[name] != before.get(name, 0)
    }
    (dropped,) = [name for name in grown if 'zone="dropped"' in name]
    assert 'rcode="REFUSED"' in dropped
    assert list(grown.values()) == [1.0, 1.0]


VIEWS = """\
a.test {{
    file {folder}/db
    view inside {{
        expr "name() == 'out.a.test.'"
    }}
}}
nowhere.test {{
    prometheus 127.0.0.1:0
    hosts {{
        192.0.2.7 www.nowhere.test
    }}
}}
"""


async def test_a_block_without_a_view_is_looked_up_within_that_of_the_question(
    corefile: Start, tmp_path: Path
) -> None:
    (tmp_path / "db").write_text(ZONE)
    async with corefile(VIEWS.format(folder=tmp_path)) as dns:
        before = await dns.metrics()
        await dns.ask("out.a.test A")
        await dns.ask("www.nowhere.test A")
        after = await dns.metrics()
    views = [
        view
        for view in ("inside", "")
        for name in after
        if name.startswith("coredns_dns_responses_total")
        and f'view="{view}"' in name
        and after[name] > before.get(name, 0)
    ]
    assert views == ["inside", ""]
