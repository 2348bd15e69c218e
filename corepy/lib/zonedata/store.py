"""The records of one zone by name, kept as the octets an answer is joined from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from corepy import names, wire
from corepy.lib.zonedata.answer import Answer, Result
from corepy.lib.zonedata.errors import NoSoa, ZoneError
from corepy.lib.zonedata.order import Order, canonical_key
from corepy.lib.zonedata.rdata import lowered
from corepy.record import Record

Node = tuple[bytes, ...]
"""The records of one name in the order they came: type, class, TTL, length and data of each."""

NSEC: Final = 47
_NSEC3: Final = (50, 51)
_SLICE: Final = 1024
"""Names that are finished between two turns of the event loop."""

_SORTED: Final = 1 << 14
"""Names that are sorted for a transfer."""

_CODES: Final = [number.to_bytes(2, "big") for number in range(512)]


def code(rdtype: int) -> bytes:
    """A type's number as the records of a node begin with it."""
    return _CODES[rdtype] if rdtype < 512 else rdtype.to_bytes(2, "big")


class ZoneData:
    """One zone. SOA and NS of the origin stand apart; `nodes` has everything else.

    * `empty`: names above others, with or without records of their own (RFC 4592 section 2.2.2);
    * `cuts`: names with NS or DNAME records, where a walk down the tree ends or turns;
    * `wildcards`: there is some name with `*` in front;
    * `signed`: there are records that only clients with the DO bit get;
    * `kept`: finished answers, filled by `look_up`;
    * `spelled`: owner names with capitals, by what their records are kept under.

    Records outside the zone are kept too: CoreDNS finds them when an alias leads to them.
    `nxdomain`, `no_data` and `nothing_here` (an empty non-terminal) are the denials without DNSSEC.
    """

    nxdomain: Answer
    no_data: Answer
    nothing_here: Answer

    def __init__(self, origin: bytes) -> None:
        """`origin` is the zone's name in lower-case wire form."""
        self.origin = origin
        self.depth = len(names.labels(origin))
        self.nodes: dict[bytes, Node] = {}
        self.empty: set[bytes] = set()
        self.cuts: set[bytes] = set()
        self.wildcards = False
        self.signed = False
        self.soa: Record | None = None
        self.ns: list[Record] = []
        self.order: Order | None = None
        self.kept: dict[tuple[bytes, int, bool], Answer] = {}
        self._nsec = False
        self._soa_signatures: list[Record] = []
        self._ns_signatures: list[Record] = []
        # While records are added, names with several of them have lists, turned into tuples later.
        self._open: dict[bytes, list[bytes]] = {}
        # CoreDNS keeps the letters of SRV owners, and of no others.
        self.spelled: dict[tuple[bytes, bytes], bytes] = {}

    # ---- filling

    def add(self, record: Record) -> None:
        """Take one record; those with the same content twice are kept twice.

        `ZoneError` for NSEC3, which no answer could be made from.
        """
        owner, tail = record.owner.lower(), record.tail
        rdtype, rdata = record.rdtype, record.rdata
        if rdtype in _NSEC3:
            raise ZoneError(
                f"NSEC3 zone is not supported, dropping RR: {names.to_text(owner)} "
                f"for zone: {names.to_text(self.origin)}"
            )
        data = lowered(rdtype, rdata)
        if data is not rdata:
            tail = tail[:10] + data
        if rdtype == wire.SRV and record.owner != owner:
            self.spelled[owner, tail] = record.owner
        if not self._apart(owner, rdtype, tail):
            self.put(owner, tail)

    def put(self, owner: bytes, tail: bytes) -> None:
        """Take a record of a plain type (A, TXT ...) in its final form: lower case, in `nodes`."""
        nodes = self.nodes
        node = nodes.get(owner)
        if node is None:
            nodes[owner] = (tail,)
            if owner.startswith(b"\1*"):
                self.wildcards = True
            self._rise(owner)
        elif (known := self._open.get(owner)) is not None:
            known.append(tail)
        else:
            self._open[owner] = [*node, tail]

    def adopt(self, owner: bytes, node: Node) -> None:
        """Take a name with all its records as it is in another zone."""
        self.nodes[owner] = node
        if owner.startswith(b"\1*"):
            self.wildcards = True
        self._rise(owner)
        for tail in node:
            self._apart(owner, tail[0] << 8 | tail[1], tail)

    def _apart(self, owner: bytes, rdtype: int, tail: bytes) -> bool:
        """Note what a record means for the zone; True if it is one of those of the origin."""
        if rdtype == wire.SOA:
            self.soa = Record(owner, tail)
            return True
        if rdtype == wire.NS:
            if owner == self.origin:
                self.ns.append(Record(owner, tail))
                return True
            self.cuts.add(owner)
        elif rdtype == wire.DNAME:
            self.cuts.add(owner)
        elif rdtype == wire.RRSIG:
            self.signed = True
            covered = tail[10] << 8 | tail[11]
            if covered == wire.SOA:
                self._soa_signatures.append(Record(owner, tail))
                return True
            if covered == wire.NS and owner == self.origin:
                self._ns_signatures.append(Record(owner, tail))
                return True
        elif rdtype == wire.DS:
            self.signed = True
        elif rdtype == NSEC:
            self.signed = self._nsec = True
        return False

    def _rise(self, name: bytes) -> None:
        empty = self.empty
        while name != b"\0":
            name = name[name[0] + 1 :]
            if name in empty:
                break
            empty.add(name)
            if name.startswith(b"\1*"):
                self.wildcards = True

    def finish(self) -> Iterator[None]:
        """Close the zone, in small steps; raises `ZoneError` without a SOA record."""
        if self.soa is None:
            raise NoSoa("no SOA record")
        for count, (name, tails) in enumerate(self._open.items()):
            self.nodes[name] = tuple(tails)
            if count % _SLICE == 0:
                yield
        self._open.clear()
        if self._nsec:
            keyed: list[tuple[bytes, bytes]] = []
            for count, name in enumerate(self.nodes):
                keyed.append((canonical_key(name), name))
                if count % _SLICE == 0:
                    yield
            self.order = Order(keyed)
        soa = [self.soa]
        self.nxdomain = Answer(Result.NAME_ERROR, (), soa)
        self.no_data = Answer(Result.NO_DATA, (), soa)
        self.nothing_here = Answer(Result.SUCCESS, (), soa)

    # ---- reading

    @property
    def serial(self) -> int:
        """The serial of the SOA record."""
        assert self.soa is not None
        return int.from_bytes(self.soa.tail[-20:-16], "big")

    def soa_set(self, do: bool) -> list[Record]:
        """The SOA record, with `do` its signatures too."""
        assert self.soa is not None
        return [self.soa, *self._soa_signatures] if do else [self.soa]

    def ns_set(self, do: bool) -> list[Record]:
        """The NS records of the origin, with `do` their signatures too."""
        return self.ns + self._ns_signatures if do else self.ns

    def apart(self) -> list[Record]:
        """What is not in `nodes`, but for the SOA record."""
        return [*self.ns, *self._ns_signatures, *self._soa_signatures]

    def of(self, name: bytes, rdtype: int, do: bool = False) -> list[Record]:
        """The records of a type at a name, with `do` their signatures too."""
        node = self.nodes.get(name)
        if node is None:
            return []
        start = code(rdtype)
        found = [Record(name, tail) for tail in node if tail.startswith(start)]
        if rdtype == wire.SRV and self.spelled:
            found = [Record(self.spelled.get((name, r.tail), name), r.tail) for r in found]
        return found + self.signatures(name, rdtype) if do else found

    def signatures(self, name: bytes, covered: int) -> list[Record]:
        """The RRSIG records at a name for one type."""
        start, wanted = code(wire.RRSIG), code(covered)
        return [
            Record(name, tail)
            for tail in self.nodes.get(name, ())
            if tail.startswith(start) and tail.startswith(wanted, 10)
        ]

    def records(self) -> Iterator[Record]:
        """Everything there is, for a transfer: SOA, NS, then all else by name.

        To sort a large zone would hold up others: its names come as they were read.
        """
        yield from self.soa_set(do=True)
        yield from self.ns_set(do=True)
        few = len(self.nodes) <= _SORTED
        for name in sorted(self.nodes, key=canonical_key) if few else self.nodes:
            for tail in self.nodes[name]:
                yield Record(self.spelled.get((name, tail), name), tail)
