"""Zones with everything in them that an authority must get right, and questions about them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import dns.dnssec
import dns.message
import dns.name
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import Algorithm

ORIGIN: Final = "example.org."
ELSEWHERE: Final = "www.elsewhere.test."

_FIXED: Final = f"""\
$ORIGIN {ORIGIN}
$TTL 300
@ 600 IN SOA ns1 hostmaster 2024 7200 3600 1209600 300
@ NS ns1
@ NS ns.elsewhere.test.
ns1 A 192.0.2.1
ns1 AAAA 2001:db8::1
deep.empty.inner A 192.0.2.2
*.wild A 192.0.2.3
*.wild MX 10 mail
set.wild TXT "beside the wildcard"
below.name.wild TXT "below it"
*.alias CNAME www
*.away CNAME {ELSEWHERE}
www A 192.0.2.4
www AAAA 2001:db8::4
mail A 192.0.2.5
unsigned NS ns.unsigned
unsigned NS ns1
ns.unsigned A 192.0.2.6
signed NS ns.signed
signed DS 12345 13 2 {"ab" * 32}
ns.signed A 192.0.2.7
tree DNAME branch
tree TXT "beside the DNAME"
leaf.branch A 192.0.2.8
out DNAME elsewhere.test.
one CNAME two
two CNAME www
nowhere CNAME missing
nodata CNAME ns1
away CNAME {ELSEWHERE}
down CNAME host.unsigned
downed CNAME unsigned
looped CNAME looping
looping CNAME looped
bushy CNAME leaf.tree
starred CNAME any.wild
"""

_NAMES: Final = ("a", "b", "c.d", "e", "f.g.h", "i", "j.k")
_HOSTS: Final = ("www", "mail", "ns1", "a", "b", "missing", "any.wild", "one", "ns.unsigned")
_LABELS: Final = (
    *("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "www", "mail", "ns1", "deep", "empty"),
    *("inner", "wild", "set", "below", "name", "alias", "away", "unsigned", "signed", "ns", "host"),
    *("tree", "leaf", "branch", "out", "one", "two", "nowhere", "nodata", "down", "downed", "*"),
    *("looped", "looping", "bushy", "starred", "missing", "zz", "0"),
)
_TYPES: Final = (
    *("A", "A", "A", "AAAA", "AAAA", "TXT", "MX", "SRV", "NS", "SOA", "CNAME", "DNAME", "DS", "DS"),
    *("PTR", "CAA", "NSEC", "DNSKEY", "RRSIG", "TYPE65280", "ANY"),
)


def text(rng: random.Random) -> str:
    """A zone file: what is always there, and some more."""
    lines = [_FIXED]
    for name in _NAMES:
        records = [
            f"A 192.0.2.{rng.randint(20, 250)}",
            f"AAAA 2001:db8::{rng.randint(20, 250)}",
            f"MX {rng.randint(1, 9)} {rng.choice(_HOSTS)}",
            f"SRV 1 2 80 {rng.choice(_HOSTS)}",
            f"PTR {rng.choice(_HOSTS)}",
            'CAA 0 issue "ca.test"',
            'TXT "one" "two"',
            r"TYPE65280 \# 3 010203",
        ]
        lines += [f"{name} {record}\n" for record in rng.sample(records, rng.randint(1, 4))]
    return "".join(lines)


def signed(zone_text: str) -> str:
    """The same with keys, NSEC records and signatures."""
    zone = dns.zone.from_text(zone_text, ORIGIN, relativize=False)
    private = ec.generate_private_key(ec.SECP256R1())
    key = dns.dnssec.make_dnskey(private.public_key(), Algorithm.ECDSAP256SHA256, flags=257)
    with zone.writer() as writer:
        dns.dnssec.sign_zone(
            zone,
            writer,
            keys=[(private, key)],
            dnskey_ttl=300,
            inception=datetime(2020, 1, 1, tzinfo=UTC),
            expiration=datetime(2100, 1, 1, tzinfo=UTC),
        )
    found: str = zone.to_text(relativize=False)
    return found


def questions(rng: random.Random, count: int) -> Iterator[dns.message.Message]:
    """Queries for names that are there, that nearly are, and that are not."""
    for _ in range(count):
        labels = [rng.choice(_LABELS) for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3)))]
        name = dns.name.from_text(".".join([*labels, ORIGIN]))
        if rng.random() < 0.02:
            name = dns.name.from_text(rng.choice(["org.", ".", ELSEWHERE, "xexample.org."]))
        query = dns.message.make_query(name, rng.choice(_TYPES))
        query.use_edns(payload=4096, ednsflags=rng.choice((0, 0x8000)))
        yield query
