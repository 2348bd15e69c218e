"""From a response to the octets that the client gets: EDNS, size limits, compression.

CoreDNS's rules (its ScrubWriter), which clients and goldens see:

* a reply that fits is sent without compression; one that does not is compressed, and cut behind the
  last whole record that fits, with TC=1;
* a client that speaks EDNS gets an OPT record with its own size and DO bit; options of its own are
  given back if they are of a kind that travels end to end;
* a UDP reply that would be fragmented is compressed even if the client takes it;
* "fits" goes by CoreDNS's count, which has up to two octets too many for each signature and key.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from corepy import wire
from corepy.record import COMPRESSIBLE, NAMES_IN_RDATA, Record, encoding_slack
from corepy.request import UDP_MINIMUM, Request
from corepy.response import Response, WireResponse

ECHOED_OPTIONS: Final = {3, 9, 10, 11, 12}
"""Codes of EDNS options that go back to the client: at first NSID, EXPIRE, COOKIE, TCP-KEEPALIVE
and PADDING, then those that plugins know about. As in CoreDNS a code that was added stays for the
rest of the process."""

BATCH: Final = 63000
"""Octets of records in one message of several."""

_SMALL: Final = 480
"""A reply of so many octets fits with any signatures: it has room for 16, of 30 octets each."""
_MOST_SLACK: Final = 2
_FRAGMENT_V4: Final = 1480
_FRAGMENT_V6: Final = 1220
_SERVICE: Final = (64, 65)  # SVCB and HTTPS have a target too (RFC 9460)
_MAX_POINTER: Final = 1 << 14
_pack_header = struct.Struct(">5H").pack  # flags and the four counts


def finish(request: Request, response: Response) -> bytes:
    """The reply to `request` in wire form, no longer than the client takes.

    Empty for an rcode that has no room in a message without EDNS: CoreDNS says nothing then.
    """
    query, own, asked = request.wire, response.edns, request.amended or request
    opt = b"" if own is None and not asked.opt else _opt(asked, response)
    if response.rcode > 15 and not opt:
        return b""
    if type(response) is WireResponse:
        relayed = _relay(request, asked, response, opt)
        if relayed is not None:
            return relayed
    answer, authority, additional = response.answer, response.authority, response.additional
    flags, ar = _flags(asked, response), len(additional) + (opt != b"")
    header = _pack_header(flags, 1, len(answer), len(authority), ar)
    parts = [query[:2], header, request.shown or query[12 : request.end]]
    for record in answer:
        parts += (record.owner, record.tail)
    for record in authority:
        parts += (record.owner, record.tail)
    for record in additional:
        parts += (record.owner, record.tail)
    parts.append(opt)
    reply = b"".join(parts)
    size = len(reply)
    if size <= _SMALL:
        return reply
    size += sum([encoding_slack(parts[at]) for at in range(4, len(parts), 2)])
    limit = max(asked.size, UDP_MINIMUM)
    if size <= limit and (size <= _FRAGMENT_V6 or not _fragments(request, size)):
        return reply
    return _compressed(request, asked, response, opt)


def messages(request: Request, response: Response) -> Iterator[bytes]:
    """The reply as one message or several, as a zone transfer over TCP may be (RFC 5936)."""
    for batch in batches(response.answer):
        yield finish(request, response.replace(answer=batch))


def batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records in portions of at most `BATCH` octets without compression, but at least one."""
    batch: list[Record] = []
    room = BATCH
    for record in records:
        size = len(record.owner) + len(record.tail)
        if size > room and batch:
            yield batch
            batch, room = [], BATCH
        batch.append(record)
        room -= size
    if batch:
        yield batch


def refusal(request: Request, rcode: int) -> bytes:
    """The server's own reply with nothing but an rcode."""
    return finish(request, Response.failure(rcode))


def bad_version(request: Request) -> bytes:
    """BADVERS for an EDNS version other than 0 (RFC 6891 section 6.1.3), OPT size 0 as CoreDNS."""
    kept = wire.OPCODE_MASK if request.opcode else wire.RD | wire.CD
    flags = wire.QR | request.flags & kept
    return b"%b%b\0\1\0\0\0\0\0\1%b\0\0\x29\0\0\1\0\0\0\0\0" % (
        request.wire[:2],
        flags.to_bytes(2, "big"),
        request.question,
    )


def _flags(request: Request, response: Response) -> int:
    own = response.flags
    if own & wire.QR:
        return own & ~wire.RCODE_MASK | response.rcode & 15
    asked = request.wire[2] << 8 | request.wire[3]
    if asked & wire.OPCODE_MASK:
        return wire.QR | asked & wire.OPCODE_MASK | own | response.rcode & 15
    return wire.QR | asked & (wire.RD | wire.CD) | own | response.rcode & 15


def _opt(request: Request, response: Response) -> bytes:
    edns, at = response.edns, request.opt
    if not at:
        if edns is None:
            return b""
        return _render_opt(edns.size, response.rcode, 0x80 if edns.do else 0, edns.options)
    octets = request.wire
    size = octets[at + 3] << 8 | octets[at + 4]
    if edns is None:
        # The seven reserved bits beside DO come back too; those of the lower octet do not.
        if request.plain and response.rcode < 16:
            return b"%b\0\0%c\0\0\0" % (octets[at : at + 5], octets[at + 7])
        options = b"" if request.plain else echoed(request.options)
        return _render_opt(size, response.rcode, octets[at + 7], options)
    do = 0x80 if edns.do or octets[at + 7] & 0x80 else 0
    return _render_opt(size, response.rcode, do, edns.options)


def _render_opt(size: int, rcode: int, high_flags: int, options: bytes) -> bytes:
    return b"\0\0\x29%b%c\0%c\0%b%b" % (
        size.to_bytes(2, "big"),
        rcode >> 4 & 255,
        high_flags,
        len(options).to_bytes(2, "big"),
        options,
    )


def echoed(options: bytes) -> bytes:
    """Those of a query's EDNS options (wire form) that go back to the client."""
    kept: list[bytes] = []
    at = 0
    while at < len(options):
        end = at + 4 + (options[at + 2] << 8 | options[at + 3])
        code, data = options[at] << 8 | options[at + 1], options[at + 4 : end]
        if code in ECHOED_OPTIONS:
            if code == wire.EXPIRE:
                data = data[:4]
            elif code == wire.TCP_KEEPALIVE and data == b"\0\0":
                data = b""
            kept += (options[at : at + 2], len(data).to_bytes(2, "big"), data)
        at = end
    return b"".join(kept)


def kept_back(options: bytes) -> int:
    """Octets of those options that do not go back."""
    octets, at = 0, 0
    while at < len(options):
        end = at + 4 + (options[at + 2] << 8 | options[at + 3])
        if (options[at] << 8 | options[at + 1]) not in ECHOED_OPTIONS:
            octets += end - at
        at = end
    return octets


def _fragments(request: Request, size: int) -> bool:
    if request.listener.proto != "udp":
        return False
    # The reply to one family is never memorised for the other: those sizes are not repeated.
    request.never_repeat()
    return size > (_FRAGMENT_V4 if "." in request.peer[0] else _FRAGMENT_V6)


def _relay(request: Request, asked: Request, response: WireResponse, opt: bytes) -> bytes | None:
    """The other server's message with our id, question and OPT, or None if it must be rebuilt."""
    octets, end, stop = response.wire, response.end, response.stop
    if stop == 0 or octets[12:end] != (request.shown or request.wire[12 : request.end]):
        return None
    an, ns, ar = response.counts
    if response.edns is not None:
        ar -= 1
    size, slack = stop + len(opt), _MOST_SLACK * (an + ns + ar)
    if size + slack > UDP_MINIMUM:
        limit = max(asked.size, UDP_MINIMUM)
        if size + slack > limit and size + _slack(response) > limit:
            return None
    flags = response.flags | response.rcode & 15
    if not flags & wire.QR or response.flags & wire.RCODE_MASK:
        flags = _flags(asked, response)
    # Compression pointers lead into the question: the owners' letters are the client's.
    request.owner_seen = True
    header = _pack_header(flags, 1, an, ns, ar + 1 if opt else ar)
    return request.wire[:2] + header + octets[12:stop] + opt


def _slack(response: Response) -> int:
    sections = (response.answer, response.authority, response.additional)
    return sum([encoding_slack(record.tail) for section in sections for record in section])


def _compressed(request: Request, asked: Request, response: Response, opt: bytes) -> bytes:
    request.owner_seen = True  # as in _relay
    room = max(asked.size, UDP_MINIMUM) - len(opt)
    writer = _Writer(request.shown or request.question)
    counts: list[int] = []
    cut = False
    for section in (response.answer, response.authority, response.additional):
        written = 0 if cut else writer.write(section, room)
        counts.append(written)
        cut = cut or written < len(section)
    flags = _flags(asked, response) | (wire.TC if cut else 0)
    an, ns, ar = counts
    header = _pack_header(flags, 1, an, ns, ar + (opt != b""))
    return b"%b%b%b%b" % (request.wire[:2], header, writer.octets(), opt)


class _Writer:
    """Writes names and records with compression (RFC 1035 section 4.1.4), letter case kept.

    Which names are compressed, and thereby where a reply is cut, is as in CoreDNS.
    """

    __slots__ = ("_at", "_offsets", "_parts", "_slack")

    def __init__(self, question: bytes) -> None:
        self._offsets: dict[bytes, int] = {}
        self._parts: list[bytes] = []
        self._at = 12
        self._slack = 0
        self._put([self._name(question[:-4], True, self._at), question[-4:]])

    def octets(self) -> bytes:
        return b"".join(self._parts)

    def write(self, section: Sequence[Record], room: int) -> int:
        """Append records as long as the message stays within `room` octets; how many did."""
        count = 0
        for record in section:
            if self._at + self._slack >= room:
                break
            parts = self._record(record)
            slack = self._slack + encoding_slack(record.tail)
            if self._at + sum(map(len, parts)) + slack > room:
                # Nothing may follow a record that was left out.
                self._at = room
                break
            self._put(parts)
            self._slack = slack
            count += 1
        return count

    def _put(self, parts: list[bytes]) -> None:
        self._parts += parts
        self._at += sum(map(len, parts))

    def _record(self, record: Record) -> list[bytes]:
        owner = self._name(record.owner, True, self._at)
        rdtype, tail = record.rdtype, record.tail
        start = self._at + len(owner) + 10
        if rdtype not in COMPRESSIBLE:
            self._note(rdtype, tail, start)
            return [owner, tail]
        data = self._rdata(rdtype, tail, start)
        return [owner, tail[:8], len(data).to_bytes(2, "big"), data]

    def _note(self, rdtype: int, tail: bytes, start: int) -> None:
        """Let later names point to those in data that is not compressed itself."""
        before, count = (2, 1) if rdtype in _SERVICE else NAMES_IN_RDATA.get(rdtype, (0, 0))
        at = 10 + before
        for _ in range(count):
            try:
                end = _name_end(tail, at)
            except IndexError:  # what SVCB data of another server hold, nobody has checked
                return
            self._name(tail[at:end], False, start + at - 10)
            at = end

    def _rdata(self, rdtype: int, tail: bytes, start: int) -> bytes:
        if rdtype == wire.MX:
            return tail[10:12] + self._name(tail[12:], True, start + 2)
        first = _name_end(tail, 10)
        data = self._name(tail[10:first], True, start)
        if rdtype in (wire.SOA, 14):
            second = _name_end(tail, first)
            data += self._name(tail[first:second], True, start + len(data))
            data += tail[second:]
        return data

    def _name(self, name: bytes, compress: bool, offset: int) -> bytes:
        offsets, at = self._offsets, 0
        while size := name[at]:
            suffix = name[at:]
            known = offsets.get(suffix)
            if known is not None:
                if compress:
                    return name[:at] + (0xC000 | known).to_bytes(2, "big")
            elif offset + at < _MAX_POINTER:
                offsets[suffix] = offset + at
            at += size + 1
        return name


def _name_end(octets: bytes, at: int) -> int:
    while size := octets[at]:
        at += size + 1
    return at + 1
