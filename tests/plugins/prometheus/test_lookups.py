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
