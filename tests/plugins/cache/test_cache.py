"""The plugin in a running server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from corepy.testing import Dns, Start

HOSTS = """\
. {{
    cache 30 {{
        {options}
    }}
    hosts {{
        192.0.2.1 a.test
        ttl 7200
    }}
}}
"""


async def counters(dns: Dns, name: str) -> float:
    """The sum of a counter over this server's addresses."""
    samples = await dns.metrics()
    return sum(
        value
        for key, value in samples.items()
        if key.startswith(f"coredns_cache_{name}{{") and f":{dns.port}" in key
    )


@pytest.mark.parametrize(
    ("options", "hits", "misses"),
    [("keepttl", 4, 1), ("success 1024", 4, 1), ("disable success", 0, 5)],
)
async def test_each_query_is_counted_also_when_the_host_repeats_the_answer(
    corefile: Start, options: str, hits: int, misses: int
) -> None:
    text = HOSTS.format(options=options)
    async with corefile(text) as dns:
        answers = {await dns.ask("a.test A") for _ in range(5)}
        assert answers == {"a.test. 30 IN A 192.0.2.1"}
        assert await counters(dns, "requests_total") == 5
        assert await counters(dns, "hits_total") == hits
        assert await counters(dns, "misses_total") == misses


async def test_ttls_count_down_by_the_second(corefile: Start) -> None:
    async with corefile(HOSTS.format(options="")) as dns:
        ttls = []
        for _ in range(11):
            ttls.append(int((await dns.ask("a.test A")).split()[1]))
            await asyncio.sleep(0.12)
        assert ttls[0] == 30
        assert set(ttls) == {30, 29}
        assert ttls == sorted(ttls, reverse=True)


async def test_letters(corefile: Start) -> None:
    text = HOSTS.format(options="")
    async with corefile(text) as dns:
        for name in ("A.test.", "a.TEST.", "a.test.", "a.TEST.", "A.TEST."):
            reply = await dns.query(f"{name} A")
            assert reply.question[0].name.to_text() == name
            # The owner is what hosts made of the first question.
            assert reply.answer[0].name.to_text() == "a.test."


async def test_names_no_plugin_knows_are_not_kept(corefile: Start) -> None:
    text = HOSTS.format(options="")
    async with corefile(text) as dns:
        for _ in range(3):
            assert await dns.ask("b.test A") == "SERVFAIL"
        assert await counters(dns, "misses_total") == 3
        assert await counters(dns, "entries") == 0


def test_the_readme_names_every_property_and_metric() -> None:
    from corepy import metrics
    from corepy_plugins import cache
    from corepy_plugins.cache import counters, options

    assert cache.__file__
    text = (Path(cache.__file__).parent / "README.md").read_text(encoding="utf-8")
    for name in options._PROPERTIES:
        assert f"`{name}`" in text or f"`{name} " in text
    families = [family for family in vars(counters).values() if isinstance(family, metrics.Family)]
    assert len(families) == 8
    for family in families:
        assert f"`{family.name}{{{', '.join(family.label_names)}}}`" in text
