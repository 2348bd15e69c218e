"""*header* behind *cache*."""

from __future__ import annotations

import dns.flags
import pytest

from corepy.testing import Start


@pytest.mark.parametrize(
    ("cache", "rd"), [("", False), ("cache", True), ("cache other.test", True)]
)
async def test_what_the_server_says_itself_goes_by_the_copy_before_the_cache(
    corefile: Start, tmp_path: object, cache: str, rd: bool
) -> None:
    """CoreDNS's *cache* hands a copy of the query on, where *header* then clears RD."""
    text = f"a.test {{\n {cache}\n header {{\n query clear rd\n }}\n hosts {tmp_path}/none\n}}"
    async with corefile(text) as dns_server:
        message = await dns_server.query("b.a.test A")
    assert bool(message.flags & dns.flags.RD) is rd
