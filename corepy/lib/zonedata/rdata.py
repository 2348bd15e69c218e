"""Record data from master-file words to wire form.

What most records are made of is done here, at a fraction of the time; all other types are read by
dnspython.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Final

from corepy import wire
from corepy.lib.zonedata.errors import Fault
from corepy.lib.zonedata.text import LONGEST_TTL, parse_name, parse_ttl, unescape
from corepy.lib.zonedata.words import Word, join

_NAPTR: Final = 35
_HINFO: Final = 13
_SSHFP: Final = 44
_TLSA: Final = 52
_SPF: Final = 99
_SVCB: Final = 64
_HTTPS: Final = 65
_LARGEST: Final = 0xFFFF

Parser = Callable[[list[Word], bytes], bytes]


def parse_rdata(rdtype: int, rdclass: int, words: list[Word], origin: bytes) -> bytes:
    """Wire form of the data of one record; relative names are below `origin` (wire form)."""
    parser = _PARSERS.get(rdtype)
    if not words:
        raise Fault("unexpected newline")
    if parser is None or words[0].text == "\\#":
        data = _by_dnspython(rdtype, rdclass, words, origin)
    else:
        data = parser(words, origin)
    if len(data) > _LARGEST:
        raise Fault("record data too long")
    return data


def lowered(rdtype: int, rdata: bytes) -> bytes:
    """The data with those names in lower case that CoreDNS keeps in lower case."""
    if rdtype == wire.NS or rdtype == wire.CNAME:  # noqa: PLR1714
        return rdata.lower()
    if rdtype == wire.MX:
        return rdata[:2] + rdata[2:].lower()
    if rdtype == wire.SOA:
        return rdata[:-20].lower() + rdata[-20:]
    if rdtype in (_SVCB, _HTTPS):
        end = _behind_name(rdata, 2)
        return rdata[:2] + rdata[2:end].lower() + rdata[end:]
    return rdata


def _behind_name(octets: bytes, at: int) -> int:
    while size := octets[at]:
        at += size + 1
    return at + 1


def _exactly(words: list[Word], count: int) -> None:
    if len(words) < count:
        raise Fault("unexpected newline")
    if len(words) > count:
        raise Fault("garbage after rdata")
    if any([word.quoted for word in words]):  # noqa: C419 - a list is faster here
        raise Fault("no quotes expected")


def _a(words: list[Word], origin: bytes) -> bytes:  # noqa: ARG001
    _exactly(words, 1)
    try:
        return socket.inet_pton(socket.AF_INET, words[0].text)
    except (OSError, ValueError):
        raise Fault("bad A A") from None


def _aaaa(words: list[Word], origin: bytes) -> bytes:  # noqa: ARG001
    _exactly(words, 1)
    try:
        return socket.inet_pton(socket.AF_INET6, words[0].text)
    except (OSError, ValueError):
        raise Fault("bad AAAA AAAA") from None


def _target(words: list[Word], origin: bytes) -> bytes:
    _exactly(words, 1)
    return parse_name(words[0].text, origin)


def _mx(words: list[Word], origin: bytes) -> bytes:
    _exactly(words, 2)
    return _number(words[0], 2) + parse_name(words[1].text, origin)


def _srv(words: list[Word], origin: bytes) -> bytes:
    _exactly(words, 4)
    return b"".join([_number(word, 2) for word in words[:3]]) + parse_name(words[3].text, origin)


def _soa(words: list[Word], origin: bytes) -> bytes:
    _exactly(words, 7)
    names = [parse_name(word.text, origin) for word in words[:2]]
    times = []
    for word in words[3:]:
        seconds = parse_ttl(word.text)
        if seconds is None:
            raise Fault("bad SOA zone parameter")
        times.append(seconds.to_bytes(4, "big"))
    return b"".join([*names, _number(words[2], 4), *times])


def _txt(words: list[Word], origin: bytes) -> bytes:  # noqa: ARG001
    strings = []
    for word in words:
        octets = unescape(word.text)
        pieces = [octets[at : at + 255] for at in range(0, len(octets), 255)] or [b""]
        strings += [b"%c%b" % (len(piece), piece) for piece in pieces]
    return b"".join(strings)


def _hinfo(words: list[Word], origin: bytes) -> bytes:
    if len(words) == 1:
        words = [*words, Word("", words[0].at, quoted=True)]
    if len(words) > 2:
        raise Fault("garbage after rdata")
    return _txt(words, origin)


def _ds(words: list[Word], origin: bytes) -> bytes:
    return _digest(wire.DS, (2, 1, 1), words, origin)


def _tlsa(words: list[Word], origin: bytes) -> bytes:
    return _digest(_TLSA, (1, 1, 1), words, origin)


def _sshfp(words: list[Word], origin: bytes) -> bytes:
    return _digest(_SSHFP, (1, 1), words, origin)


def _digest(rdtype: int, sizes: tuple[int, ...], words: list[Word], origin: bytes) -> bytes:
    """Numbers and a digest in hexadecimal, of any length as in CoreDNS."""
    count = len(sizes)
    if not all([word.text.isdecimal() for word in words[:count]]):  # noqa: C419
        return _by_dnspython(rdtype, wire.IN, words, origin)  # it knows algorithms by name
    numbers = [_number(word, size) for word, size in zip(words, sizes, strict=False)]
    try:
        digest = bytes.fromhex("".join([word.text for word in words[count:]]))
    except ValueError:
        raise Fault("bad hexadecimal data") from None
    if not digest:
        raise Fault("unexpected newline")
    return b"".join([*numbers, digest])


def _number(word: Word, octets: int) -> bytes:
    text = word.text
    number = int(text) if text.isdecimal() and len(text) < 11 else LONGEST_TTL + 1
    if number >> 8 * octets:
        raise Fault("bad number")
    return number.to_bytes(octets, "big")


def _by_dnspython(rdtype: int, rdclass: int, words: list[Word], origin: bytes) -> bytes:
    import dns.exception  # noqa: PLC0415 - most zones have none of these types
    import dns.name  # noqa: PLC0415
    import dns.rdata  # noqa: PLC0415
    from dns.rdataclass import RdataClass  # noqa: PLC0415
    from dns.rdatatype import RdataType  # noqa: PLC0415

    if rdtype == _NAPTR and not all(word.quoted for word in words[2:5]):
        raise Fault("bad NAPTR Flags")
    try:
        rdata = dns.rdata.from_text(
            RdataClass.make(rdclass),
            RdataType.make(rdtype),
            join(words),
            dns.name.from_wire(origin, 0)[0],
            relativize=False,
        )
        return rdata.to_wire() or b""
    except (dns.exception.DNSException, ValueError, NotImplementedError, AttributeError) as error:
        raise Fault(str(error).partition("\n")[0] or "bad record data") from error


_PARSERS: Final[dict[int, Parser]] = {
    wire.A: _a,
    wire.NS: _target,
    wire.CNAME: _target,
    wire.SOA: _soa,
    wire.PTR: _target,
    wire.MX: _mx,
    wire.TXT: _txt,
    wire.AAAA: _aaaa,
    wire.SRV: _srv,
    wire.DNAME: _target,
    _HINFO: _hinfo,
    wire.DS: _ds,
    _SSHFP: _sshfp,
    _TLSA: _tlsa,
    _SPF: _txt,
}
