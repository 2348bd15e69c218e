"""Sockets on the machine's own addresses, beside those on all addresses."""

from __future__ import annotations

from corepy.testing import Start, free_port
from corepy.transport.sockets import Endpoint, near

EVERYWHERE = Endpoint("udp", "", 53)


def test_own_addresses_are_near() -> None:
    assert Endpoint("udp", "127.0.0.1", 53) in near(EVERYWHERE, [])


def test_addresses_that_others_listen_on_are_theirs() -> None:
    other = Endpoint("udp", "127.0.0.1", 53)
    assert other not in near(EVERYWHERE, [other])


def test_another_port_is_no_obstacle() -> None:
    assert Endpoint("udp", "127.0.0.1", 53) in near(EVERYWHERE, [Endpoint("udp", "127.0.0.1", 54)])


def test_only_udp_on_all_addresses_has_near_ones() -> None:
    assert near(Endpoint("tcp", "", 53), []) == []
    assert near(Endpoint("udp", "127.0.0.1", 53), []) == []


async def test_a_bound_block_keeps_its_queries_beside_an_unbound_one(corefile: Start) -> None:
    port = free_port()
    text = (
        "a.test {\n hosts {\n  192.0.2.1 a.test\n }\n}\n"
        "b.test {\n bind 127.0.0.1\n hosts {\n  192.0.2.2 b.test\n }\n}\n"
    )
    async with corefile(text, port=port) as dns:
        for _ in range(3):
            assert (await dns.ask("b.test A")).endswith(" 192.0.2.2")
            assert await dns.ask("a.test A") == "REFUSED"
            assert (await dns.ask("a.test A @127.0.0.2")).endswith(" 192.0.2.1")
