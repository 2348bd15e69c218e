"""What becomes of the answers to AXFR and IXFR."""

from __future__ import annotations

import pytest

from corepy import Record, names
from corepy.errors import UpstreamError
from corepy.lib.zonedata import ZoneData
from corepy_plugins.secondary.arriving import Changes, Mismatch, Whole

APEX = names.from_text("a.test.")


def _record(text: str) -> Record:
    """`7` is the SOA record with this serial, `www=1` an address record, else OWNER TYPE RDATA."""
    if text.isdigit():
        return Record.parse(APEX, "SOA", 60, f"ns.a.test. host.a.test. {text} 1 1 1 60")
    if "=" in text:
        owner, _, number = text.partition("=")
        return Record.parse(names.from_text(f"{owner}.a.test."), "A", 60, f"192.0.2.{number}")
    owner, rdtype, rdata = text.split(" ", 2)
    return Record.parse(names.from_text(owner), rdtype, 60, rdata)


def _zone(*records: str) -> ZoneData:
    data = ZoneData(APEX)
    for text in ("5", "a.test. NS ns.a.test.", *records):
        data.add(_record(text))
    for _ in data.finish():
        pass
    return data


def _shown(data: ZoneData) -> set[str]:
    """The serial and the records that are not at the apex."""
    apart = {
        f"{names.to_text(record.owner).removesuffix('.a.test.')}={record.rdata[-1]}"
        for record in data.records()
        if record.owner != APEX
    }
    return {str(data.serial), *apart}


@pytest.mark.parametrize(
    ("arrived", "result"),
    [
        ("6 5 6 www=2 6", {"6", "www=1", "www=2"}),
        ("6 5 www=1 6 6", {"6"}),
        ("6 5 www=1 6 www=3 6", {"6", "www=3"}),
        ("7 5 www=1 6 x=1 6 x=1 7 y=1 7", {"7", "y=1"}),
        ("9 5 www=1 6 x=1 6 x=1 9 www=1 9", {"9", "www=1"}),
        ("6 5 6 a.b=1 6", {"6", "www=1", "a.b=1"}),
        # All of the zone instead.
        ("6 x=1 6", {"6", "x=1"}),
        ("6 6", {"6"}),
    ],
)
def test_changes_lead_to_the_newer_zone(arrived: str, result: set[str]) -> None:
    old = _zone("www=1")
    changes = Changes(old)
    for text in arrived.split():
        assert not changes.complete
        changes.take(_record(text))
    assert changes.complete
    for _ in changes.finish():
        pass
    assert _shown(changes.data) == result
    assert _shown(old) == {"5", "www=1"}


@pytest.mark.parametrize(
    ("arrived", "fault"),
    [
        ("5", "no newer zone"),
        ("4", "no newer zone"),
        ("7 6", "another serial"),
        ("6 5 www=2", "no such record"),
        ("6 5 6 www=1", "the record already"),
        ("7 5 4", "an older serial"),
        ("7 5 6 7", "a gap"),
        ("6 5 6 6 x=1", "behind the end"),
    ],
)
def test_changes_that_do_not_fit_are_a_mismatch(arrived: str, fault: str) -> None:
    changes = Changes(_zone("www=1"))
    *fitting, last = arrived.split()
    for text in fitting:
        changes.take(_record(text))
    with pytest.raises(Mismatch, match=fault):
        changes.take(_record(last))


def test_what_the_changes_leave_alone_is_kept_with_what_it_means() -> None:
    """A wildcard, a delegation, an empty non-terminal and the spelling of an SRV owner."""
    old = _zone(
        "*.w.a.test. TXT x",
        "sub.a.test. NS ns.sub.a.test.",
        "_S._tcp.a.test. SRV 1 2 3 www.a.test.",
        "www=1",
    )
    changes = Changes(old)
    for text in ("6", "5", "www=1", "6", "www=2", "6"):
        changes.take(_record(text))
    for _ in changes.finish():
        pass
    assert changes.data.wildcards
    assert changes.data.cuts == old.cuts
    assert [record.rdata for record in changes.data.ns] == [record.rdata for record in old.ns]
    spelled = {names.to_text(record.owner) for record in changes.data.records()}
    assert "_S._tcp.a.test." in spelled


@pytest.mark.parametrize("first", ["www=1", "b.test. SOA ns. host. 9 1 1 1 1"])
def test_a_transfer_begins_with_the_soa_record_of_the_zone(first: str) -> None:
    for arrival in (Whole(APEX), Changes(_zone())):
        with pytest.raises(UpstreamError, match="no SOA"):
            arrival.take(_record(first))
