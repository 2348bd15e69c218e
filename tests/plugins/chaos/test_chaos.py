"""The names of class CH, the strings behind them, and what else the class opens."""

from __future__ import annotations

import socket

import pytest

from corepy import wire
from corepy.testing import Dns, Start
from corepy_plugins.chaos import AUTHORS
from tests.support.builds import refusal
from tests.support.queries import query


async def strings(dns: Dns, name: str) -> list[bytes]:
    """The strings of a TXT answer in class CH."""
    message = await dns.query(f"{name} TXT CH")
    assert not message.flags & 0x0400
    assert all(rrset.ttl == 0 for rrset in message.answer)
    return [text for rrset in message.answer for record in rrset for text in record.strings]


@pytest.mark.parametrize(
    ("arguments", "version", "authors"),
    [
        ("", b"corepy-", {author.encode() for author in AUTHORS}),
        ("v1", b"v1", {author.encode() for author in AUTHORS}),
        ('"My Server" zoe adam zoe', b"My Server", {b"adam", b"zoe"}),
        ("\\065\\b\\\\ me", b"Ab\\", {b"me"}),
        (f"{'v' * 300} {'a' * 300}", b"v" * 255, {b"a" * 255}),
        ("v\\ me", b"v", {b"me"}),
        ("é x", "é".encode(), {b"x"}),
    ],
)
async def test_strings(
    corefile: Start, arguments: str, version: bytes, authors: set[bytes]
) -> None:
    """Escapes as in master files, at most 255 octets, each author once."""
    async with corefile(f". {{\n chaos {arguments}\n}}\n") as dns:
        for name in ("version.bind", "version.server", "VERSION.Bind"):
            assert await strings(dns, name) == [version]
        named = await strings(dns, "authors.bind")
        assert (set(named), len(named)) == (authors, len(authors))
        for name in ("hostname.bind", "id.server"):
            assert await strings(dns, name) == [socket.gethostname().encode()]


async def test_authors_come_in_any_order(corefile: Start) -> None:
    """Drawn anew for each question, never repeated from memory."""
    async with corefile(". {\n chaos v a b c d e f g h\n}\n") as dns:
        orders = set()
        for _ in range(6):
            octets = await dns.exchange(b"\0\1\1\0\0\1\0\0\0\0\0\0\7authors\4bind\0\0\x10\0\3")
            orders.add(octets)
        assert len(orders) > 1


async def test_a_new_host_name_is_told(corefile: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a reload."""
    async with corefile(". {\n chaos\n}\n") as dns:
        await strings(dns, "hostname.bind")
        monkeypatch.setattr(socket, "gethostname", lambda: "renamed")
        assert await strings(dns, "hostname.bind") == [b"renamed"]


@pytest.mark.parametrize(
    ("name", "qtype", "qclass"),
    [
        ("version.bind.", wire.TXT, wire.IN),
        ("version.bind.", wire.A, wire.CH),
        ("other.bind.", wire.TXT, wire.CH),
        ("a.test.", wire.A, 4),
        ("a.test.", wire.A, wire.CLASS_ANY),
    ],
)
async def test_all_else_passes(corefile: Start, name: str, qtype: int, qclass: int) -> None:
    """Also questions in other classes, which without *chaos* are refused at the door."""
    octets = query(name, qtype, qclass=qclass)
    async with corefile(". {\n chaos\n whoami\n}\n") as dns:
        assert (await dns.exchange(octets))[11] == 2
    async with corefile(". {\n whoami\n}\n") as dns:
        assert await dns.ask("version.bind TXT CH") == "REFUSED"


def test_has_no_properties() -> None:
    """An empty block is none."""
    error = refusal(". {\n chaos v1 me {\n x\n }\n}\n")
    assert error.message == "unknown property 'x'"
    assert error.span
    assert (error.span.line, error.span.column) == (3, 2)
