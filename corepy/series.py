"""The server's own metric series, with CoreDNS's names and labels (its plugin/metrics/vars)."""

from __future__ import annotations

from typing import Final

from corepy import metrics
from corepy.metrics import SIZE_BUCKETS, Distribution, Series
from corepy.request import Request

PANICS: Final = metrics.counter(
    "coredns_panics_total", "Exceptions that no plugin handled, contained by the server."
).labels()
_requests = metrics.counter(
    "coredns_dns_requests_total",
    "Queries received.",
    *("server", "zone", "view", "proto", "family", "type"),
)
_durations = metrics.histogram(
    "coredns_dns_request_duration_seconds",
    "Seconds from a query to its answer.",
    *("server", "zone", "view"),
)
_request_sizes = metrics.histogram(
    "coredns_dns_request_size_bytes",
    "Octets of the queries.",
    *("server", "zone", "view", "proto"),
    buckets=SIZE_BUCKETS,
)
_do = metrics.counter(
    "coredns_dns_do_requests_total",
    "Queries that ask for DNSSEC records.",
    *("server", "zone", "view"),
)
_response_sizes = metrics.histogram(
    "coredns_dns_response_size_bytes",
    "Octets of the answers, without compression.",
    *("server", "zone", "view", "proto"),
    buckets=SIZE_BUCKETS,
)
_responses = metrics.counter(
    "coredns_dns_responses_total",
    "Answers by response code.",
    *("server", "zone", "view", "rcode", "plugin"),
)

_TYPES: Final = {
    1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 33: "SRV",
    43: "DS", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 50: "NSEC3", 64: "SVCB", 65: "HTTPS",
    251: "IXFR", 252: "AXFR", 255: "ANY",
}  # fmt: skip
_RCODES: Final = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
    6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE", 16: "BADSIG",
    17: "BADKEY", 18: "BADTIME", 19: "BADMODE", 20: "BADNAME", 21: "BADALG", 22: "BADTRUNC",
    23: "BADCOOKIE",
}  # fmt: skip

DROPPED: Final = "dropped"
"""The zone label of queries that no server block took."""


def rcode_text(rcode: int) -> str:
    """The name of an rcode as CoreDNS writes it, `RCODE11` where there is none."""
    return _RCODES.get(rcode) or f"RCODE{rcode}"


class Tally:
    """The series that one kind of query and answer adds to, looked up once."""

    __slots__ = (
        "_do",
        "_durations",
        "_request_sizes",
        "_requests",
        "_response_sizes",
        "_responses",
    )

    def __init__(
        self, server: str, zone: str, view: str, proto: str, family: str, qtype: str, do: bool,
        rcode: int, plugin: str,
    ) -> None:  # fmt: skip
        self._requests: Series = _requests.labels(server, zone, view, proto, family, qtype)
        self._durations: Distribution = _durations.labels(server, zone, view)
        self._request_sizes: Distribution = _request_sizes.labels(server, zone, view, proto)
        self._response_sizes: Distribution = _response_sizes.labels(server, zone, view, proto)
        self._responses: Series = _responses.labels(server, zone, view, rcode_text(rcode), plugin)
        self._do: Series | None = _do.labels(server, zone, view) if do else None

    def add(self, duration: float, request_size: int, response_size: int) -> None:
        """Count one answered query; seconds and octets."""
        self._requests.value += 1
        self._responses.value += 1
        if self._do is not None:
            self._do.value += 1
        self._durations.observe(duration)
        self._request_sizes.observe(request_size)
        self._response_sizes.observe(response_size)


_tallies: dict[tuple[object, ...], Tally] = {}


def tally(request: Request, zone: str, rcode: int, plugin: str) -> Tally:
    """The series that an answer to `request` is counted in."""
    listener = request.listener
    key = (
        listener.address, zone, request.view, listener.proto, "." in request.peer[0],
        request.qtype, request.do, rcode, plugin,
    )  # fmt: skip
    found = _tallies.get(key)
    if found is None:
        family = "1" if "." in request.peer[0] else "2"
        found = Tally(
            listener.address, zone, request.view, listener.proto, family,
            _TYPES.get(request.qtype, "other"), request.do, rcode, plugin,
        )  # fmt: skip
        if len(_tallies) > 4096:  # types of strangers must not fill the memory
            _tallies.clear()
        _tallies[key] = found
    return found
