"""Octets in, octets out: what must be known of a DNS message before anybody parses it.

Nothing here builds an object per record or follows a compression pointer more often than a budget
allows, so no packet can cost more than its length (RFC 1035 section 4.1, RFC 6891). Names in wire
form are `bytes` with uncompressed labels and the root octet; "lower" means ASCII lower case, which
is safe on a whole name because label lengths are below 0x41.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from corepy.errors import WireError

QR: Final = 0x8000
AA: Final = 0x0400
TC: Final = 0x0200
RD: Final = 0x0100
RA: Final = 0x0080
Z: Final = 0x0040
AD: Final = 0x0020
CD: Final = 0x0010
OPCODE_MASK: Final = 0x7800
RCODE_MASK: Final = 0x000F

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
YXDOMAIN: Final = 6
NOTAUTH: Final = 9
BADVERS: Final = 16

QUERY: Final = 0
NOTIFY: Final = 4
UPDATE: Final = 5

A: Final = 1
NS: Final = 2
CNAME: Final = 5
SOA: Final = 6
PTR: Final = 12
MX: Final = 15
TXT: Final = 16
AAAA: Final = 28
SRV: Final = 33
DNAME: Final = 39
OPT: Final = 41
DS: Final = 43
RRSIG: Final = 46
TSIG: Final = 250
IXFR: Final = 251
AXFR: Final = 252
ANY: Final = 255

IN: Final = 1
CH: Final = 3
CLASS_ANY: Final = 255

MAX_NAME: Final = 255
MAX_LABEL: Final = 63
# miekg/dns follows at most this many pointers in one name; so does every sane sender.
MAX_POINTERS: Final = 126

_USUAL_COUNTS: Final = (b"\0\1\0\0\0\0\0\0", b"\0\1\0\0\0\0\0\1")
_OPT: Final = b"\0\0\x29"

CLIENT_SUBNET: Final = 8
EXPIRE: Final = 9
TCP_KEEPALIVE: Final = 11

# LLQ, UPDATE-LEASE, EXPIRE, TCP-KEEPALIVE, extended error: how long their data may be.
_OPTION_SIZES: Final[dict[int, Callable[[int], bool]]] = {
    1: lambda size: size >= 18,
    2: lambda size: size in (4, 8),
    EXPIRE: lambda size: size == 0 or size >= 4,
    TCP_KEEPALIVE: lambda size: size in (0, 2),
    15: lambda size: size >= 2,
}


QueryShape = tuple[bytes, int, int, bool]
"""Where things stand in an admitted query (a plain tuple: one is made per query):

* the query: what arrived, completed if the question was cut after its name, with honest counts
  if records are announced that are not there, and with client subnets cut to their prefixes;
* the offset behind the question section;
* the offset of the OPT record's owner octet, 0 without one (RFC 6891);
* whether nothing follows the question but at most an OPT record without options.
"""


def refuse(wire: bytes, rcode: int, question_end: int = 12) -> bytes:
    """The header-only answer to a query that is not admitted (`rcode` FORMERR or NOTIMP).

    Keeps the id and all header bits but AA and Z, as CoreDNS does, and the question if it could
    be read up to `question_end`. FORMERR always speaks opcode QUERY.
    """
    flags = (wire[2] << 8 | wire[3]) & ~(AA | Z | RCODE_MASK) | QR | rcode
    if rcode == FORMERR:
        flags &= ~OPCODE_MASK
    count = b"\0\1" if question_end > 12 else b"\0\0"
    return wire[:2] + flags.to_bytes(2, "big") + count + b"\0\0\0\0\0\0" + wire[12:question_end]


def silent(wire: bytes) -> bool:
    """True for what must never be answered: no whole header, or a response (QR=1)."""
    return len(wire) < 12 or wire[2] >= 0x80


def admit(wire: bytes) -> QueryShape | bytes:
    """Decide on a query by its octets alone, the same way for every transport.

    Returns where its parts stand, or the refusal to send. The caller has seen to `silent`.
    Bounds: one question, at most one answer and authority and two additional records (as CoreDNS).
    """
    if wire[2] & 0x78 not in (0, 0x20):
        return refuse(wire, NOTIMP)
    counts = wire[4:12]
    if counts not in _USUAL_COUNTS:
        qd, an, ns, ar = (counts[i] << 8 | counts[i + 1] for i in (0, 2, 4, 6))
        if qd != 1 or an > 1 or ns > 1 or ar > 2:
            return refuse(wire, FORMERR)
        return _admit_unusual(wire, an + ns, ar)
    size = len(wire)
    end = skip_question_name(wire) + 4
    if end == 4 or end > size:
        return _admit_unusual(wire, 0, counts[7])
    if end == size and not counts[7]:
        return wire, end, 0, True
    if counts[7] and size == end + 11 and wire[end : end + 3] == _OPT and wire[-2:] == b"\0\0":
        return wire, end, end, True
    return _admit_unusual(wire, 0, counts[7])


def _without_question(wire: bytes) -> bytes:
    asked = wire[2] << 8 | wire[3]
    kept = OPCODE_MASK if asked & OPCODE_MASK else RD | CD
    flags = QR | asked & kept | SERVFAIL
    return wire[:2] + flags.to_bytes(2, "big") + bytes(8)


def _recounted(wire: bytes, found: int) -> bytes:
    """The query with counts of the `found` records that are there; CoreDNS takes it for that."""
    head = wire[:6]
    for at in (6, 8, 10):
        count = min(found, wire[at] << 8 | wire[at + 1])
        head += count.to_bytes(2, "big")
        found -= count
    return head + wire[12:]


def skip_question_name(wire: bytes) -> int:
    """Offset behind the name at offset 12, or 0 if it is no uncompressed name of legal length."""
    name = wire[12 : 12 + MAX_NAME]  # so that no more labels are looked at than a name can have
    i = 0
    try:
        while length := name[i]:
            if length > MAX_LABEL:
                return 0
            i += length + 1
    except IndexError:
        return 0
    return i + 13


def _admit_unusual(wire: bytes, before: int, additional: int) -> QueryShape | bytes:
    if len(wire) == 12:
        # CoreDNS takes a question that is announced and missing for a message without one.
        return _without_question(wire)
    end = skip_question_name(wire)
    if end == 0:
        return refuse(wire, FORMERR)
    missing = end + 4 - len(wire)
    if missing > 0:
        # CoreDNS reads a question that stops right after its name or type as type 0 or class 0.
        if missing % 2:
            return refuse(wire, FORMERR)
        wire += bytes(missing)
    end += 4
    opt, at = 0, end
    try:
        for i in range(before + additional):
            if at == len(wire):
                wire = _recounted(wire, i)
                break
            fixed = skip_name(wire, at)
            rdtype, after = _record_extent(wire, fixed)
            if rdtype == OPT and i >= before:
                check_options(wire, fixed + 10, after)
                data = wire[fixed + 10 : after]
                if (tidy := _tidied(data)) != data:
                    size = len(tidy).to_bytes(2, "big")
                    wire = wire[: fixed + 8] + size + tidy + wire[after:]
                    after = fixed + 10 + len(tidy)
                # The last one counts; an owner other than the root is read past, as CoreDNS does.
                opt = fixed - 1
            at = after
    except WireError:
        return refuse(wire, FORMERR, end)
    return wire, end, opt, False


def skip_name(wire: bytes, at: int) -> int:
    """Offset behind the possibly compressed name at `at`; pointers are not followed."""
    start = at
    try:
        while length := wire[at]:
            if length >= 0xC0:
                wire[at + 1]
                return at + 2
            if length > MAX_LABEL:
                raise WireError("bad label type")
            at += length + 1
            if at - start >= MAX_NAME:
                raise WireError("name longer than 255 octets")
    except IndexError:
        raise WireError("name runs over the end of the message") from None
    return at + 1


def _record_extent(wire: bytes, fixed: int) -> tuple[int, int]:
    """Type and end offset of the record whose type field is at `fixed`."""
    rdata = fixed + 10
    if rdata > len(wire):
        raise WireError("record header cut short")
    end = rdata + (wire[rdata - 2] << 8 | wire[rdata - 1])
    if end > len(wire):
        raise WireError("record data cut short")
    return wire[fixed] << 8 | wire[fixed + 1], end


def check_options(wire: bytes, at: int, end: int) -> None:
    """Raise `WireError` unless the OPT rdata between `at` and `end` is a row of whole options."""
    while at < end:
        if at + 4 > end:
            raise WireError("EDNS option cut short")
        at += 4 + (wire[at + 2] << 8 | wire[at + 3])
    if at != end:
        raise WireError("EDNS option cut short")


def _tidied(options: bytes) -> bytes:
    """Whole options as CoreDNS takes them: no address of a client, but that of its network.

    Raises `WireError` for an option that CoreDNS cannot read; it refuses the whole query then.
    """
    at, end = 0, len(options)
    tidied: list[bytes] = []
    while at < end:
        head = options[at : at + 4]
        code, size = head[0] << 8 | head[1], head[2] << 8 | head[3]
        data = options[at + 4 : at + 4 + size]
        at += 4 + size
        if code == CLIENT_SUBNET:
            if not _legal_subnet(data):
                raise WireError("bad client subnet option")
            data = _network(data)
            head = head[:2] + len(data).to_bytes(2, "big")
        elif code in _OPTION_SIZES and not _OPTION_SIZES[code](size):
            raise WireError(f"EDNS option {code} with {size} octets")
        tidied += (head, data)
    return b"".join(tidied)


def _network(data: bytes) -> bytes:
    """A client subnet option with as many octets as its prefix needs, and 0 behind the prefix."""
    bits = data[2]
    octets = -(-bits // 8)
    address = int.from_bytes(data[4 : 4 + octets].ljust(octets, b"\0"), "big")
    spare = octets * 8 - bits
    return data[:4] + (address >> spare << spare).to_bytes(octets, "big")


def _legal_subnet(data: bytes) -> bool:
    """RFC 7871 section 6; family 0 is what dig sends with an empty prefix."""
    if len(data) < 4:
        return False
    bits = {0: 0, 1: 32, 2: 128}.get(data[0] << 8 | data[1])
    return bits is not None and data[2] <= bits and (data[3] <= bits or not bits)


class RecordSpan(NamedTuple):
    """One resource record inside a message, by offsets."""

    start: int
    """Of the owner name."""
    fixed: int
    """Of the type field, behind the owner name."""
    end: int
    rdtype: int


def scan_records(wire: bytes, at: int, count: int) -> list[RecordSpan]:
    """The extents of `count` records from offset `at` on; `WireError` if they are not all there."""
    spans: list[RecordSpan] = []
    size = len(wire)
    for _ in range(count):
        start = at
        if at + 12 <= size and wire[at] >= 0xC0:
            fixed = at + 2
        else:
            fixed = skip_name(wire, at)
        rdata = fixed + 10
        if rdata > size:
            raise WireError("record header cut short")
        at = rdata + (wire[rdata - 2] << 8 | wire[rdata - 1])
        if at > size:
            raise WireError("record data cut short")
        spans.append(RecordSpan(start, fixed, at, wire[fixed] << 8 | wire[fixed + 1]))
    return spans
