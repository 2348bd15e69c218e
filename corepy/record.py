"""One resource record that carries its wire form (RFC 1035 section 3.2.1).

A plugin that knows its data ahead renders records once; an answer is then a join of octets. `owner`
and the names inside `rdata` are uncompressed and keep their case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from corepy import names, wire
from corepy.errors import WireError
from corepy.wire import RecordSpan

if TYPE_CHECKING:
    from dns.rdataset import Rdataset
    from dns.rrset import RRset

MAX_EXPANDED = 1 << 20
"""Octets that the names of one message may have after decompression: a bound on hostile work."""

STEPS_PER_OCTET = 2
"""Labels of compressed names that may be read per octet of a message, plus `STEPS`. Each name that
a pointer leads to is read once, so honest messages need less than one; hostile ones, in which every
pointer leads to another place in a long name, would need up to twenty."""

STEPS = 512

NAMES_IN_RDATA = {
    wire.NS: (0, 1),
    3: (0, 1),
    4: (0, 1),
    wire.CNAME: (0, 1),
    wire.SOA: (0, 2),
    7: (0, 1),
    8: (0, 1),
    9: (0, 1),
    wire.PTR: (0, 1),
    14: (0, 2),
    wire.MX: (2, 1),
    17: (0, 2),
    18: (2, 1),
    21: (2, 1),
    24: (18, 1),
    26: (2, 2),
    30: (0, 1),
    wire.SRV: (6, 1),
    36: (2, 1),
    wire.DNAME: (0, 1),
    wire.RRSIG: (18, 1),
    47: (0, 1),
}
"""Octets before the first name and number of names, by type; what follows them is copied."""

_BEFORE_TARGET = {
    wire.NS: 0,
    wire.CNAME: 0,
    wire.PTR: 0,
    wire.MX: 2,
    wire.SRV: 6,
    wire.DNAME: 0,
}
# SIG, KEY, RRSIG, DNSKEY, DHCID, RKEY, CDNSKEY, OPENPGPKEY: octets before what base64 shows
# (SIG and RRSIG: before the signer's name, which comes first).
_ENCODED = {24: 18, 25: 4, wire.RRSIG: 18, 48: 4, 49: 0, 57: 4, 60: 4, 61: 0}
COMPRESSIBLE = frozenset((2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15))
"""Types whose rdata names a sender may compress (RFC 3597 section 4)."""


class Record:
    """An owner name and the rest of a record: type, class, TTL, length and data, in wire form."""

    __slots__ = ("owner", "tail")

    def __init__(self, owner: bytes, tail: bytes) -> None:
        self.owner = owner
        self.tail = tail

    @classmethod
    def make(cls, owner: bytes, rdtype: int, ttl: int, rdata: bytes, rdclass: int = 1) -> Record:
        """A record of its parts; `ttl` in seconds, `rdata` in uncompressed wire form."""
        return cls(
            owner,
            b"%b%b%b%b%b"
            % (
                rdtype.to_bytes(2, "big"),
                rdclass.to_bytes(2, "big"),
                ttl.to_bytes(4, "big"),
                len(rdata).to_bytes(2, "big"),
                rdata,
            ),
        )

    @classmethod
    def parse(cls, owner: bytes, rdtype: str | int, ttl: int, text: str) -> Record:
        """A record from rdata in master-file form; dnspython's `SyntaxError` on bad text."""
        import dns.rdata  # noqa: PLC0415 - start-up time: many Corefiles never need the codec
        import dns.rdataclass  # noqa: PLC0415
        import dns.rdatatype  # noqa: PLC0415

        kind = dns.rdatatype.RdataType.make(rdtype)
        rdata = dns.rdata.from_text(dns.rdataclass.IN, kind, text)
        return cls.make(owner, int(kind), ttl, _octets(rdata.to_wire()))

    @classmethod
    def from_rdataset(cls, owner: bytes, rdataset: Rdataset) -> list[Record]:
        """The records of a dnspython rdataset under `owner`."""
        kind, ttl, klass = int(rdataset.rdtype), rdataset.ttl, int(rdataset.rdclass)
        return [cls.make(owner, kind, ttl, _octets(rdata.to_wire()), klass) for rdata in rdataset]

    @classmethod
    def from_rrset(cls, rrset: RRset) -> list[Record]:
        """The records of a dnspython RRset, the case of its owner kept."""
        return cls.from_rdataset(_octets(rrset.name.to_wire()), rrset)

    @property
    def rdtype(self) -> int:
        """The type's number."""
        return self.tail[0] << 8 | self.tail[1]

    @property
    def rdclass(self) -> int:
        """The class's number."""
        return self.tail[2] << 8 | self.tail[3]

    @property
    def ttl(self) -> int:
        """Time to live in seconds."""
        return int.from_bytes(self.tail[4:8], "big")

    @property
    def rdata(self) -> bytes:
        """The data in uncompressed wire form."""
        return self.tail[10:]

    @property
    def size(self) -> int:
        """Octets of the record in uncompressed wire form."""
        return len(self.owner) + len(self.tail)

    def with_ttl(self, ttl: int) -> Record:
        """The same record with another TTL, in seconds."""
        return Record(self.owner, self.tail[:4] + ttl.to_bytes(4, "big") + self.tail[8:])

    def with_owner(self, owner: bytes) -> Record:
        """The same record under another name."""
        return Record(owner, self.tail)

    def target(self) -> bytes | None:
        """The domain name in the data of NS, CNAME, PTR, MX, SRV or DNAME, else None."""
        before = _BEFORE_TARGET.get(self.rdtype)
        return None if before is None else self.tail[10 + before :]

    def to_text(self) -> str:
        """The record in master-file form, as a person reads it."""
        import dns.rdata  # noqa: PLC0415
        import dns.rdataclass  # noqa: PLC0415
        import dns.rdatatype  # noqa: PLC0415

        tail = self.tail
        rdtype = dns.rdatatype.RdataType.make(self.rdtype)
        rdclass = dns.rdataclass.RdataClass.make(self.rdclass)
        rdata = dns.rdata.from_wire(rdclass, rdtype, tail, 10, len(tail) - 10)
        kind, klass = dns.rdatatype.to_text(rdtype), dns.rdataclass.to_text(rdclass)
        return f"{names.to_text(self.owner)} {self.ttl} {klass} {kind} {rdata.to_text()}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return self.tail == other.tail and self.owner == other.owner

    def __hash__(self) -> int:
        return hash((self.owner, self.tail))

    def __repr__(self) -> str:
        return f"Record({self.to_text()!r})"


def encoding_slack(tail: bytes) -> int:
    """Octets that CoreDNS counts too many for a record: it keeps keys and signatures as base64."""
    rdtype = tail[0] << 8 | tail[1]
    if rdtype not in _ENCODED:
        return 0
    at = 10 + _ENCODED[rdtype]
    if rdtype in NAMES_IN_RDATA:
        while size := tail[at]:
            at += size + 1
        at += 1
    return -(len(tail) - at) % 3


def _octets(rendered: bytes | None) -> bytes:
    # dnspython returns None only when it was given a file to write to.
    assert rendered is not None
    return rendered


class Expander:
    """Reads records out of one message, without compression, within `MAX_EXPANDED` octets."""

    __slots__ = ("_budget", "_seen", "_steps", "_wire")

    def __init__(self, message: bytes) -> None:
        self._wire = message
        self._seen: dict[int, tuple[bytes, int]] = {}
        self._budget = MAX_EXPANDED
        self._steps = STEPS + STEPS_PER_OCTET * len(message)

    def name(self, at: int) -> tuple[bytes, int]:
        """The name at offset `at` and the offset behind it; `WireError` if there is none."""
        found = self._seen.get(at)
        if found is None:
            found = self._seen[at] = self._expand(at)
        self._budget -= len(found[0])
        if self._budget < 0:
            raise WireError("too much compressed data")
        return found

    def _expand(self, at: int, depth: int = 0) -> tuple[bytes, int]:
        """Labels up to the first pointer, and behind them the name that it leads to."""
        message, start, length = self._wire, at, 0
        try:
            while length := message[at]:
                if length >= 0xC0:
                    break
                if length > wire.MAX_LABEL:
                    raise WireError("bad label type")
                at += length + 1
                self._steps -= 1
            after = at + 1 if length == 0 else at + 2
            target = (length & 0x3F) << 8 | message[after - 1]
        except IndexError:
            raise WireError("name runs over the end of the message") from None
        if length == 0:
            name = message[start:after]
        elif target >= start:
            raise WireError("bad compression pointer")
        else:
            known = self._seen.get(target)
            if known is None:
                if depth == wire.MAX_POINTERS:
                    raise WireError("too many compression pointers")
                known = self._seen[target] = self._expand(target, depth + 1)
            name = message[start:at] + known[0]
        if len(name) > wire.MAX_NAME:
            raise WireError("name longer than 255 octets")
        if self._steps < 0:
            raise WireError("too many labels behind compression pointers")
        return name, after

    def records(self, spans: Iterable[RecordSpan]) -> Iterator[Record]:
        """The records at `spans`; `WireError` if a name in them is broken."""
        message = self._wire
        for span in spans:
            owner, _ = self.name(span.start)
            rdata = span.fixed + 10
            layout = NAMES_IN_RDATA.get(span.rdtype)
            if layout is None and span.rdtype != 35:
                yield Record(owner, message[span.fixed : span.end])
                continue
            data = self._naptr(rdata) if layout is None else self._plain(rdata, *layout)
            parts, at = data
            if at > span.end:
                raise WireError("record data shorter than its names")
            parts.append(message[at : span.end])
            octets = b"".join(parts)
            if len(octets) > 0xFFFF:
                raise WireError("record data too long without compression")
            head = message[span.fixed : span.fixed + 8]
            yield Record(owner, head + len(octets).to_bytes(2, "big") + octets)

    def size(self, spans: Iterable[RecordSpan], question: bytes) -> int:
        """Octets of the records at `spans` without compression, as CoreDNS counts them.

        OPT records do not count. `question` is the name at offset 12, which most owners point to.
        """
        message, total = self._wire, 0
        for start, fixed, end, rdtype in spans:
            if rdtype == wire.OPT:
                continue
            if message[start : start + 2] == b"\xc0\x0c":
                total += len(question) + end - fixed
            else:
                total += len(self.name(start)[0]) + end - fixed
            if rdtype in NAMES_IN_RDATA:
                before, count = NAMES_IN_RDATA[rdtype]
                at = fixed + 10 + before
                for _ in range(count):
                    name, after = self.name(at)
                    total += len(name) - (after - at)
                    at = after
                if rdtype in _ENCODED:
                    total += -(end - at) % 3
            elif rdtype in _ENCODED:
                total += -(end - fixed - 10 - _ENCODED[rdtype]) % 3
        return total

    def _plain(self, at: int, before: int, count: int) -> tuple[list[bytes], int]:
        parts = [self._wire[at : at + before]]
        at += before
        for _ in range(count):
            name, at = self.name(at)
            parts.append(name)
        return parts, at

    def _naptr(self, at: int) -> tuple[list[bytes], int]:
        start, message = at, self._wire
        at += 4
        for _ in range(3):
            if at >= len(message):
                raise WireError("NAPTR cut short")
            at += message[at] + 1
        name, after = self.name(at)
        return [message[start:at], name], after
