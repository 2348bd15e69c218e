"""Answers from zones filled by hand: signed ones, and what only many records show."""

from __future__ import annotations

import random

import dns.name
import pytest

from corepy import names, wire
from corepy.lib.zonedata import Answer, Result, ZoneData, ZoneError, find
from corepy.lib.zonedata.order import Order, canonical_key
from corepy.record import Record

SIGNATURE = "13 2 60 20990101000000 20200101000000 1 z.test. AAAA"


def name(text: str) -> bytes:
    return names.from_text(text)


def filled(*lines: str, origin: str = "z.test.") -> ZoneData:
    zone = ZoneData(name(origin))
    for line in lines:
        owner, rdtype, text = line.split(" ", 2)
        zone.add(Record.parse(name(owner), rdtype, 60, text))
    for _ in zone.finish():
        pass
    return zone


SIGNED = filled(
    "z.test. SOA ns.z.test. host.z.test. 1 2 3 4 5",
    f"z.test. RRSIG SOA {SIGNATURE}",
    "z.test. NS ns.z.test.",
    f"z.test. RRSIG NS {SIGNATURE}",
    "z.test. NSEC *.w.z.test. SOA NS NSEC",
    f"z.test. RRSIG NSEC {SIGNATURE}",
    "*.w.z.test. A 192.0.2.1",
    f"*.w.z.test. RRSIG A {SIGNATURE}",
    "*.w.z.test. NSEC a.ent.z.test. A NSEC",
    f"*.w.z.test. RRSIG NSEC {SIGNATURE}",
    "a.ent.z.test. NSEC ns.z.test. NSEC",
    "ns.z.test. A 192.0.2.53",
    f"ns.z.test. RRSIG A {SIGNATURE}",
    "ns.z.test. NSEC z.test. A NSEC",
    "alias.z.test. CNAME ns.z.test.",
    f"alias.z.test. RRSIG CNAME {SIGNATURE}",
    "cut.z.test. NS ns.cut.z.test.",
    "cut.z.test. DS 1 13 2 " + "ab" * 32,
    f"cut.z.test. RRSIG DS {SIGNATURE}",
    "ns.cut.z.test. A 192.0.2.9",
    "dn.z.test. DNAME w.z.test.",
    f"dn.z.test. RRSIG DNAME {SIGNATURE}",
)  # fmt: skip


def shape(answer: Answer) -> tuple[str, list[str], list[str], list[str]]:
    """The result, and for each record its first label, type and what a signature covers."""

    def brief(record: Record) -> str:
        words = record.to_text().split()
        covered = f"({words[4]})" if words[3] == "RRSIG" else ""
        return f"{words[0].partition('.')[0]} {words[3]}{covered}"

    sections = (answer.answer, answer.authority, answer.additional)
    return (answer.result.name, *[[brief(record) for record in part] for part in sections])  # type: ignore[return-value]


NS = ["z NS", "z RRSIG(NS)"]
SOA = ["z SOA", "z RRSIG(SOA)"]
SIGNED_ANSWERS = [
    ("z.test.", wire.SOA, "SUCCESS", SOA, NS, []),
    ("z.test.", wire.NS, "SUCCESS", NS, [], ["ns A", "ns RRSIG(A)"]),
    ("z.test.", wire.A, "NO_DATA", [], [*SOA, "z NSEC", "z RRSIG(NSEC)"], []),
    ("ns.z.test.", wire.A, "SUCCESS", ["ns A", "ns RRSIG(A)"], NS, []),
    ("x.w.z.test.", wire.A, "SUCCESS", ["x A", "x RRSIG(A)"],
     [*NS, "* NSEC", "* RRSIG(NSEC)"], []),
    ("x.w.z.test.", wire.TXT, "NO_DATA", [], [*SOA, "* NSEC", "* RRSIG(NSEC)"], []),
    ("nope.z.test.", wire.A, "NAME_ERROR", [], [*SOA, "a NSEC", "z NSEC", "z RRSIG(NSEC)"], []),
    ("zz.z.test.", wire.A, "NAME_ERROR", [],
     [*SOA, "* NSEC", "* RRSIG(NSEC)", "z NSEC", "z RRSIG(NSEC)"], []),
    ("ent.z.test.", wire.A, "SUCCESS", [], SOA, []),
    ("alias.z.test.", wire.A, "SUCCESS",
     ["alias CNAME", "alias RRSIG(CNAME)", "ns A", "ns RRSIG(A)"], NS, []),
    ("cut.z.test.", wire.A, "DELEGATION", [], ["cut NS", "cut DS", "cut RRSIG(DS)"], ["ns A"]),
    ("cut.z.test.", wire.DS, "SUCCESS", ["cut DS", "cut RRSIG(DS)"], NS, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("qname", "qtype", "result", "answer", "authority", "additional"),
    SIGNED_ANSWERS,
    ids=[f"{row[0]}{row[1]}" for row in SIGNED_ANSWERS],
)
def test_signed_zones(
    qname: str,
    qtype: int,
    result: str,
    answer: list[str],
    authority: list[str],
    additional: list[str],
) -> None:
    found = find(SIGNED, name(qname), qtype, do=True)
    assert shape(found) == (result, answer, authority, additional)
    without = find(SIGNED, name(qname), qtype, do=False)
    assert shape(without)[0] == result
    assert not any(
        "RRSIG" in record or "NSEC" in record for part in shape(without)[1:] for record in part
    )


def test_a_dname_brings_its_signature_and_leads_on() -> None:
    found = find(SIGNED, name("x.dn.z.test."), wire.A, do=True)
    assert shape(found)[1] == ["dn DNAME", "dn RRSIG(DNAME)", "x CNAME"]
    assert found.target == name("x.w.z.test.")


def test_wildcards_are_told() -> None:
    assert find(SIGNED, name("x.w.z.test."), wire.A, do=False).wildcard == name("*.w.z.test.")
    assert find(SIGNED, name("*.w.z.test."), wire.A, do=False).wildcard is None
    assert find(SIGNED, name("ns.z.test."), wire.A, do=False).wildcard is None


def test_only_missing_and_empty_names_are_empty() -> None:
    for qname, empty in [("nope", True), ("ent", True), ("ns", False), ("cut", False)]:
        assert find(SIGNED, name(f"{qname}.z.test."), wire.MX, do=False).empty is empty


def test_an_apex_of_soa_and_ns_alone_is_no_name_of_the_zone() -> None:
    """As in CoreDNS: nothing but the two, so any other type does not exist."""
    zone = filled("z.test. SOA a. b. 1 2 3 4 5", "z.test. NS a.")
    assert find(zone, name("z.test."), wire.A, do=False).result == Result.NAME_ERROR


def test_the_root_can_be_a_zone() -> None:
    zone = filled(
        ". SOA a. b. 1 2 3 4 5", ". NS a.", "*. A 192.0.2.1", "a. A 192.0.2.2", origin="."
    )
    assert shape(find(zone, name("x."), wire.A, do=False))[1] == ["x A"]
    assert shape(find(zone, name("x.y."), wire.A, do=False))[1] == ["x A"]
    assert find(zone, b"\0", wire.A, do=False).result == Result.SUCCESS


def test_thousands_of_records_at_one_name_are_kept_in_order() -> None:
    zone = ZoneData(name("z.test."))
    zone.add(Record.parse(name("z.test."), "SOA", 60, "a. b. 1 2 3 4 5"))
    for i in range(5000):
        zone.add(Record.make(name("a.z.test."), wire.A, 60, i.to_bytes(4, "big")))
        zone.add(Record.make(name("b.z.test."), wire.A, 60, i.to_bytes(4, "big")))
    for _ in zone.finish():
        pass
    found = find(zone, name("a.z.test."), wire.A, do=False).answer
    assert [int.from_bytes(record.rdata, "big") for record in found] == list(range(5000))


def test_a_zone_needs_a_soa_and_no_nsec3() -> None:
    zone = ZoneData(name("z.test."))
    with pytest.raises(ZoneError, match="no SOA"):
        list(zone.finish())
    with pytest.raises(ZoneError, match="NSEC3 zone is not supported"):
        zone.add(Record.parse(name("z.test."), "NSEC3PARAM", 60, "1 0 0 -"))


def test_a_transfer_has_everything() -> None:
    texts = [record.to_text() for record in SIGNED.records()]
    assert len(texts) == 22
    assert [text.split()[3] for text in texts[:4]] == ["SOA", "RRSIG", "NS", "RRSIG"]


def test_canonical_order_is_that_of_the_rfc() -> None:
    """Against dnspython, with the octets that separate labels in between."""
    rnd = random.Random(4034)
    labels = [b"\0", b"\1", b"\2", b"a", b"a\0", b"a\1", b"b", b"*", b"-", b"z\xff", b"\xff"]
    found = [
        dns.name.Name([rnd.choice(labels) for _ in range(rnd.randrange(4))] + [b""])
        for _ in range(300)
    ]
    by_rfc = [each.to_wire() or b"" for each in sorted(set(found))]
    wires = list(by_rfc)
    rnd.shuffle(wires)
    assert sorted(wires, key=canonical_key) == by_rfc
    order = Order((canonical_key(each), each) for each in by_rfc[1:])
    assert order.floor(by_rfc[0]) is None
    assert order.floor(by_rfc[7]) == by_rfc[7]
    assert order.floor(b"\3zzz" + by_rfc[-1]) == by_rfc[-1]
