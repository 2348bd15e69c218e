"""How large a query is, as CoreDNS counts it: in logs and in metrics."""

from __future__ import annotations

from corepy import wire
from corepy.errors import WireError
from corepy.record import Expander
from corepy.request import Request


def query_size(request: Request) -> int:
    """Octets of the query with its names written out, without what trails behind the last record.

    Names are compressed in few queries: those for a zone's changes, which name an SOA (RFC 1995).
    """
    octets = request.wire
    if request.plain:
        return len(octets)
    end = request.end
    spans = wire.scan_records(octets, end, sum(octets[7:12:2]))
    if not spans:
        return end
    try:
        records = Expander(octets).size(spans, octets[12 : end - 4])
    except WireError:  # a name that nobody needed so far
        return spans[-1].end
    return end + records + sum(one.end - one.start for one in spans if one.rdtype == wire.OPT)
