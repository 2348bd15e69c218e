"""One HINFO for type ANY, nothing for others."""

from __future__ import annotations

import pytest

from corepy.testing import Start
from tests.support.builds import refused

HINFO = '8482 IN HINFO "ANY obsoleted" "See RFC 8482"'


@pytest.mark.parametrize("name", ["a.test.", ".", "WwW.A.TeSt."])
@pytest.mark.parametrize("flags", ["", "+tcp", "+do", "+norec"])
async def test_any_is_refused_politely(corefile: Start, name: str, flags: str) -> None:
    """In the letters of the question, without AA, twice the same."""
    async with corefile(". {\n any\n whoami\n}\n") as dns:
        for _ in range(2):
            message = await dns.query(f"{name} ANY {flags}")
            assert [rrset.to_text() for rrset in message.answer] == [f"{name} {HINFO}"]
            assert not message.flags & 0x0400
            assert not message.additional


@pytest.mark.parametrize("qtype", ["A", "HINFO", "TYPE254", "AXFR"])
async def test_other_types_pass(corefile: Start, qtype: str) -> None:
    """To the next plugin."""
    async with corefile(". {\n any\n whoami\n}\n") as dns:
        assert len((await dns.query(f"a.test {qtype}")).additional) == 2


@pytest.mark.parametrize(
    ("line", "text", "word"),
    [
        ("any all", "Wrong argument count or unexpected line ending after 'all'", "all"),
        ("any {\n}", "Unexpected token '{', expecting argument", "{"),
    ],
)
def test_takes_no_arguments(line: str, text: str, word: str) -> None:
    """Nor a block."""
    message = f"plugin/any: Corefile:2 - Error during parsing: {text}"
    assert refused(f". {{\n{line}\n}}\n") == (message, word)
