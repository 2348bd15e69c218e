"""The server's own metric series, with CoreDNS's names and labels (its plugin/metrics/vars)."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, Final

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
        "_cells", "_do", "_durations", "_key", "_requests", "_responses", "_sizes", "family"
    )  # fmt: skip

    def __init__(
        self, server: str, zone: str, view: str, proto: str, family: str, qtype: str, do: bool,
        rcode: int, plugin: str,
    ) -> None:  # fmt: skip
        self.family = family
        self._key = (server, zone, view, proto, family, qtype, do, rcode, plugin)
        self._requests: Series = _requests.labels(server, zone, view, proto, family, qtype)
        self._durations: Distribution = _durations.labels(server, zone, view)
        self._sizes: tuple[Distribution, Distribution] = (
            _request_sizes.labels(server, zone, view, proto),
            _response_sizes.labels(server, zone, view, proto),
        )
        self._responses: Series = _responses.labels(server, zone, view, rcode_text(rcode), plugin)
        self._do: Series | None = _do.labels(server, zone, view) if do else None
        self._cells: dict[tuple[int, int], Cell] = {}

    def add(self, duration: float, request_size: int, response_size: int) -> Cell:
        """Count one answered query; seconds and octets. The cell counts its repetitions."""
        cell = self.cell((request_size, response_size))
        if not cell.waiting:
            cell.waiting = True
            _pending.append(cell)
        cell.measured += 1
        self._durations.observe(duration)
        return cell

    def of_family(self, family: str, sizes: tuple[int, int]) -> Cell:
        """The cell of answers that are the same but for the family of the client's address."""
        return _find((*self._key[:4], family, *self._key[5:])).cell(sizes)

    def cell(self, sizes: tuple[int, int]) -> Cell:
        """Where queries and answers of these sizes, in octets, are counted."""
        cell = self._cells.get(sizes)
        if cell is None:
            _make_room(self._cells)
            cell = self._cells[sizes] = Cell(self, *sizes)
        return cell

    def settle(self, cell: Cell) -> None:
        """Move what a cell has counted to the series."""
        count = cell.measured + cell.repeated
        self._durations.counts[0] += cell.repeated
        cell.measured = cell.repeated = 0
        cell.waiting = False
        self._requests.value += count
        self._responses.value += count
        if self._do is not None:
            self._do.value += count
        for distribution, size in zip(self._sizes, cell.sizes, strict=True):
            distribution.counts[bisect_left(distribution.bounds, size)] += count
            distribution.total += count * size


class Cell:
    """Answers of one kind and of the same sizes since the last scrape.

    Counting is one addition; `settle` works out the rest when somebody looks.
    """

    __slots__ = ("family", "measured", "repeated", "sizes", "tally", "waiting")

    def __init__(self, tally: Tally, request_size: int, response_size: int) -> None:
        self.tally = tally
        self.family = tally.family
        self.sizes = (request_size, response_size)
        self.measured = 0
        self.repeated = 0
        self.waiting = False

    def repeat(self, _query: bytes, peer: Any, _started: float) -> None:
        """Count the same answer once more: for `Request.on_repeat`.

        Its time, a few microseconds, is below what the buckets can tell from 0.
        """
        family = "1" if "." in peer[0] else "2"
        if family != self.family:
            self = self.tally.of_family(family, self.sizes)  # noqa: PLW0642 - whose count it is
        if not self.waiting:
            self.waiting = True
            _pending.append(self)
        self.repeated += 1


_MOST: Final = 4096
_pending: list[Cell] = []


def settle() -> None:
    """Bring the families up to date."""
    for cell in _pending:
        cell.tally.settle(cell)
    _pending.clear()


metrics.before_scrape(settle, settle)

_Key = tuple[str, str, str, str, str, str, bool, int, str]
_tallies: dict[_Key, Tally] = {}


def tally(request: Request, zone: str, rcode: int, plugin: str) -> Tally:
    """The series that an answer to `request` is counted in."""
    listener = request.listener
    qtype, do = _TYPES.get(request.qtype, "other"), request.do
    family = "1" if "." in request.peer[0] else "2"
    server, proto = listener.address, listener.proto
    return _find((server, zone, request.view, proto, family, qtype, do, rcode, plugin))


def _find(key: _Key) -> Tally:
    found = _tallies.get(key)
    if found is None:
        _make_room(_tallies)
        found = _tallies[key] = Tally(*key)
    return found


def _make_room(held: dict[Any, Any]) -> None:
    # What strangers send must not fill the memory, whether somebody scrapes or not.
    if len(held) >= _MOST:
        settle()
        held.clear()
