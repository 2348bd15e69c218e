"""What kind of answer a response is: data, denial, delegation, error (CoreDNS: pkg/response).

Looks at types and counts only, so a response in wire form stays unparsed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import StrEnum

from corepy import wire
from corepy.request import Request
from corepy.response import Response, WireResponse

_YEARS_68 = 1 << 31


class Kind(StrEnum):
    """CoreDNS's response types."""

    NOERROR = "NOERROR"
    NXDOMAIN = "NXDOMAIN"
    SERVERERROR = "SERVERERROR"
    """SERVFAIL and NOTIMP: errors that a cache may keep."""
    NODATA = "NODATA"
    DELEGATION = "DELEGATION"
    META = "META"
    """NOTIFY and transfers."""
    UPDATE = "UPDATE"
    OTHERERROR = "OTHERERROR"


class Class(StrEnum):
    """Groups of kinds that an operator chooses from; `ALL` is any of them."""

    ALL = "all"
    SUCCESS = "success"
    DENIAL = "denial"
    ERROR = "error"


_CLASS_OF = {
    Kind.NOERROR: Class.SUCCESS,
    Kind.DELEGATION: Class.SUCCESS,
    Kind.NXDOMAIN: Class.DENIAL,
    Kind.NODATA: Class.DENIAL,
}


def classify(kind: Kind) -> Class:
    """The group a kind belongs to."""
    return _CLASS_OF.get(kind, Class.ERROR)


def typify(request: Request, response: Response, *, do: bool, now: float | None = None) -> Kind:
    """The kind of `response`.

    With `do` an expired or future signature makes it OTHERERROR; `now` is in seconds since 1970.
    """
    opcode = request.opcode
    if opcode:
        return Kind.UPDATE if opcode == wire.UPDATE else Kind.META
    if request.qtype in (wire.AXFR, wire.IXFR):
        return Kind.META
    if do and _expired(response, time.time() if now is None else now):
        return Kind.OTHERERROR
    return _by_sections(response)


def _by_sections(response: Response) -> Kind:
    rcode = response.rcode
    answered, authority = _shape(response)
    if answered and rcode == wire.NOERROR:
        return Kind.NOERROR
    if answered and rcode == wire.NXDOMAIN:
        return Kind.OTHERERROR
    if rcode == wire.NOERROR:
        if wire.SOA in authority:
            return Kind.NODATA
        return Kind.DELEGATION if wire.NS in authority else Kind.NOERROR
    if rcode == wire.NXDOMAIN:
        return Kind.NXDOMAIN
    return Kind.SERVERERROR if rcode in (wire.SERVFAIL, wire.NOTIMP) else Kind.OTHERERROR


def _shape(response: Response) -> tuple[bool, list[int]]:
    """Whether there is an answer, and the types in the authority section."""
    if type(response) is WireResponse:
        answers, authorities, _ = response.counts
        spans = response.spans[answers : answers + authorities]
        return answers > 0, [span.rdtype for span in spans]
    return bool(response.answer), [record.rdtype for record in response.authority]


def _expired(response: Response, now: float) -> bool:
    return any(not _valid(times, int(now)) for times in _signature_times(response))


def _signature_times(response: Response) -> Iterator[bytes]:
    """Expiration and inception of each RRSIG, eight octets (RFC 4034 section 3.1.5)."""
    if type(response) is WireResponse:
        for span in response.spans:
            if span.rdtype == wire.RRSIG:
                yield response.wire[span.fixed + 18 : span.fixed + 26]
        return
    for section in (response.answer, response.authority, response.additional):
        for record in section:
            if record.rdtype == wire.RRSIG:
                yield record.tail[18:26]


def _valid(times: bytes, now: int) -> bool:
    """Whether `now` is between the two, eras of 68 years counted as CoreDNS's library does."""
    expiration = _near(int.from_bytes(times[:4], "big"), now)
    inception = _near(int.from_bytes(times[4:8], "big"), now)
    return inception <= now <= expiration


def _near(seconds: int, now: int) -> int:
    away = seconds - now
    turns = abs(away) // _YEARS_68
    return seconds + (turns if away > 0 else -turns) * _YEARS_68
