"""Metadata that a block has collected whose view then turned the request down."""

from __future__ import annotations

from corepy.testing import Start, free_port

COREFILE = """\
.:{upstream} {{
    bind 127.0.0.1
    hosts {{
        192.0.2.1 a.test
    }}
}}
. {{
    metadata
    whoami
    view inside {{
        expr "type() == 'MX'"
    }}
}}
. {{
    log . "upstream {{/forward/upstream}}"
    forward . 127.0.0.1:{upstream}
}}
"""


async def test_what_is_published_later_joins_it(corefile: Start) -> None:
    upstream = free_port()
    async with corefile(COREFILE.format(upstream=upstream)) as dns:
        assert await dns.ask("a.test A") == "a.test. 3600 IN A 192.0.2.1"
        assert dns.log[-1].endswith(f"upstream 127.0.0.1:{upstream}")
