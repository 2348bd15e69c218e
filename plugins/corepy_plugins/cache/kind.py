"""What sort of answer a response is, which decides where and for how long it is kept.

The rules of CoreDNS's cache on top of its response types. A message that came in wire form is
looked at by offsets; no record is built.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from corepy import wire
from corepy.errors import WireError
from corepy.lib.classify import Kind, typify
from corepy.record import Expander
from corepy.request import Request
from corepy.response import Response, WireResponse


class Verdict(NamedTuple):
    """One sort of answer. There is one object for each sort: compare with `is`."""

    keepable: bool
    """May be stored at all."""
    denial: bool
    """Belongs to the denial cache and has its limits."""
    measured: bool
    """Lives as long as its records say."""
    answering: bool = False
    """Holds a record that answers the question, aliases followed."""


ANSWER: Final = Verdict(keepable=True, denial=False, measured=True, answering=True)
EMPTY: Final = Verdict(keepable=True, denial=False, measured=True)
"""NOERROR without an answer, a SOA or a delegation."""
HALF: Final = Verdict(keepable=False, denial=False, measured=True)
"""An alias that leads nowhere, and no SOA to bound it."""
NODATA: Final = Verdict(keepable=True, denial=True, measured=True)
NXDOMAIN: Final = Verdict(keepable=True, denial=True, measured=True)
ENDLESS: Final = Verdict(keepable=False, denial=True, measured=True)
"""NXDOMAIN, and nobody has said for how long (RFC 2308 section 5)."""
FAILURE: Final = Verdict(keepable=True, denial=True, measured=False)
"""SERVFAIL and NOTIMP."""
DELEGATION: Final = Verdict(keepable=True, denial=False, measured=False)
OTHER: Final = Verdict(keepable=False, denial=False, measured=False)
"""Zone transfers, NOTIFY, other errors, contradictions, expired signatures."""

# Bound here: a look-up in the enum for each response costs more than the comparison.
_NOERROR: Final = Kind.NOERROR
_OF_KIND: Final = (
    (Kind.NXDOMAIN, NXDOMAIN),
    (Kind.NODATA, NODATA),
    (Kind.SERVERERROR, FAILURE),
    (Kind.DELEGATION, DELEGATION),
)
_TRANSFERS: Final = (wire.AXFR, wire.IXFR)
_SOA: Final = wire.SOA.to_bytes(2, "big")


class _Row(NamedTuple):
    owner: bytes  # lower-case wire form
    rdtype: int
    rdclass: int
    target: bytes  # lower case; of a CNAME, else empty


def judge(
    request: Request, response: Response, *, plain: bool = False, now: float | None = None
) -> Verdict:
    """What sort of answer this is.

    `plain` is what `Draft` says, which settles it mostly; `now` is the time of day in seconds, for
    signatures.
    """
    edns, query = response.edns, request.wire[2] & 0x78 == 0
    do = edns is not None and edns.do
    if query and not do and request.qtype not in _TRANSFERS:
        if plain and response.rcode == 0:
            return ANSWER
        if response.rcode == wire.NXDOMAIN and not _count_answers(response):
            return NXDOMAIN if _has_soa(response) else ENDLESS
    kind = typify(request, response, do=do, now=now)
    if kind is _NOERROR:
        return _with_answers(request, response) if _count_answers(response) else EMPTY
    for other, verdict in _OF_KIND:
        if kind is other:
            return ENDLESS if verdict is NXDOMAIN and not _has_soa(response) else verdict
    return OTHER


def _with_answers(request: Request, response: Response) -> Verdict:
    if _answers(request, response):
        return ANSWER
    # An alias that leads nowhere is a denial if a SOA bounds it, else half an answer.
    return NODATA if _has_soa(response) else HALF


def _count_answers(response: Response) -> int:
    return response.counts[0] if isinstance(response, WireResponse) else len(response.answer)


def _has_soa(response: Response) -> bool:
    if isinstance(response, WireResponse):
        an, ns, _ = response.counts
        return any(span.rdtype == wire.SOA for span in response.spans[an : an + ns])
    return _SOA in [record.tail[:2] for record in response.authority]


def _answers(request: Request, response: Response) -> bool:
    """True if following the aliases from the question's name leads to a record of its type."""
    try:
        return _resolves(list(_rows(response)), request.qname, request.qtype, request.qclass)
    except WireError:
        return False


def _rows(response: Response) -> Iterator[_Row]:
    if not isinstance(response, WireResponse):
        for record in response.answer:
            target = record.rdata.lower() if record.rdtype == wire.CNAME else b""
            yield _Row(record.owner.lower(), record.rdtype, record.rdclass, target)
        return
    octets, expander = response.wire, Expander(response.wire)
    for start, fixed, _, rdtype in response.spans[: response.counts[0]]:
        owner = expander.name(start)[0].lower()
        target = expander.name(fixed + 10)[0].lower() if rdtype == wire.CNAME else b""
        yield _Row(owner, rdtype, octets[fixed + 2] << 8 | octets[fixed + 3], target)


def _resolves(rows: list[_Row], name: bytes, qtype: int, qclass: int) -> bool:
    if qclass != wire.CLASS_ANY:
        rows = [row for row in rows if row.rdclass == qclass]
    if qtype == wire.ANY:
        return any(row.owner == name for row in rows)
    targets: dict[bytes, set[bytes]] = {}
    for row in rows:
        if row.rdtype == wire.CNAME:
            targets.setdefault(row.owner, set()).add(row.target)
    if qtype == wire.CNAME:
        return len(targets.get(name, ())) == 1
    seen: set[bytes] = set()
    while found := targets.get(name):
        # Two targets of one alias (RFC 2181 section 10.1) and loops lead nowhere.
        if len(found) > 1 or name in seen:
            return False
        seen.add(name)
        (name,) = found
    return any(row.rdtype == qtype and row.owner == name for row in rows)
