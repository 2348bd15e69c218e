"""The names of one zone with their ready-made answers (KEP-1645's DNS specification).

A lookup is one dictionary access: from a name in lower-case wire form to its answers by type. A
name that is not in the table does not exist. Owners are those of the canonical spelling; who
answers puts the client's in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from corepy import wire
from corepy.record import Record
from corepy.response import Response
from corepy_plugins.k8s_cross.service import Backend, Service, unpacked
from corepy_plugins.k8s_cross.services import Catalogue, Pause
from corepy_plugins.k8s_cross.settings import Settings
from corepy_plugins.k8s_cross.tags import Port

Answers = dict[int, Response]
Names = dict[bytes, Answers]


class Table(dict[bytes, Answers | bytes]):
    """By name the answers, or the packed service that they are to be made of, see `render`.

    `made` has the names of each service whose answers were made: they are good for as long as the
    service stays the same, in the next table too.
    """

    __slots__ = ("made",)

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[bytes, Names] = {}

    def add(self, packed: bytes, names: Names) -> None:
        """Take in the answers of a service."""
        self.made[packed] = names
        self.update(names)


MANY: Final = 32
"""Backends from which on a service's answers are made ahead, in the thread that fills the table."""

OWN: Final = Response()
"""Stands for records of the server's own addresses, which depend on where a query came in."""

DNS_VERSION: Final = "1.0.0"
_DNS_VERSION_TTL: Final = 28800
_REMOTE_PRIORITY: Final = 10
_NOTHING: Final[Answers] = {}


def fixed(zone: bytes, ttl: int, soa: Record) -> Names:
    """The names that exist without any service; `soa` is the apex's own record."""
    server = b"\2ns\3dns" + zone
    version = b"\x0bdns-version" + zone
    text = bytes((len(DNS_VERSION),)) + DNS_VERSION.encode()
    return {
        zone: {wire.SOA: Response(answer=[soa.with_ttl(ttl)]), wire.NS: OWN},
        server: {wire.A: OWN, wire.AAAA: OWN},
        version: {wire.TXT: _answer([Record.make(version, wire.TXT, _DNS_VERSION_TTL, text)])},
        b"\3svc" + zone: _NOTHING,
        b"\3pod" + zone: _NOTHING,
    }


def soa(zone: bytes, negttl: int, serial: int) -> Record:
    """The zone's SOA as denials carry it, with CoreDNS's names and times."""
    numbers = (serial & 0xFFFFFFFF, 7200, 1800, 86400, negttl)
    rdata = b"\2ns\3dns%b\x0ahostmaster%b%b" % (
        zone,
        zone,
        b"".join(number.to_bytes(4, "big") for number in numbers),
    )
    return Record.make(zone, wire.SOA, negttl, rdata)


def fill(
    table: Table,
    zone: bytes,
    catalogue: Catalogue,
    settings: Settings,
    pause: Pause,
    before: Mapping[bytes, Names] | None = None,
) -> None:
    """Add a clusterset's services to a zone's table; `before` is what was made for the last one.

    Most are only asked for now and then, if at all: their answers are made when somebody asks.
    """
    base = b"\3svc" + zone
    for namespace in catalogue.namespaces:
        if (name := _below(base, namespace)) is not None:
            table[name] = _NOTHING
    for packed in catalogue.packed:
        pause()
        if before and (names := before.get(packed)) is not None:
            table.add(packed, names)
        elif (rendering := _rendering(zone, packed, settings, pause)) is None:
            pass
        elif len(rendering.service.backends) + len(rendering.service.named) > MANY:
            table.add(packed, rendering.answers())
        else:
            table.update(dict.fromkeys(rendering.names(), packed))


def render(table: Table, zone: bytes, packed: bytes, settings: Settings) -> None:
    """Put the answers of a service in the place of the service, at all its names."""
    rendering = _rendering(zone, packed, settings, lambda: None)
    assert rendering is not None
    table.add(packed, rendering.answers())


def _rendering(zone: bytes, packed: bytes, settings: Settings, pause: Pause) -> _Rendering | None:
    """None for a service that does not exist in DNS."""
    service = unpacked(packed)
    name = _below(b"\3svc" + zone, service.name, service.namespace)
    if name is None or (service.headless and not service.backends):
        return None
    return _Rendering(name, service, settings, pause)


class _Rendering:
    """One service's names and answers."""

    def __init__(self, name: bytes, service: Service, settings: Settings, pause: Pause) -> None:
        self.name = name
        self.service = service
        self.settings = settings
        self.pause = pause
        self._made: dict[tuple[bytes, tuple[Backend, ...]], tuple[list[Record], list[Record]]] = {}

    def names(self) -> Iterator[bytes]:
        """All names that there are answers for."""
        service = self.service
        yield self.name
        for backend in service.backends if service.headless else service.named:
            if (owner := self._endpoint(backend)) is not None:
                yield owner
        for port in service.ports:
            if (owner := self._port_name(port)) is not None:
                yield owner

    def answers(self) -> Names:
        """The answers by name."""
        service = self.service
        table: Names = {}
        if service.headless:
            for backend in service.backends:
                self.pause()
                if (target := self._target(backend)) is not None:
                    table[target] = self._answers(target, [backend], backend.ports)
        for backend in service.named:
            self.pause()
            if (owner := self._endpoint(backend)) is not None:
                table[owner] = self._addresses(owner, [backend])
        every = self._answers(self.name, service.backends, service.ports)
        for port in service.ports:
            if (name := self._port_name(port)) is not None:
                table[name] = every if self._alike(port) else self._port(name, port, every)
        if self.settings.txt:
            every = {**every, wire.TXT: _answer([self._description()])}
        table[self.name] = every
        return table

    def _port_name(self, port: Port) -> bytes | None:
        return _below(self.name, f"_{port.name}", f"_{port.protocol}") if port.name else None

    def _alike(self, port: Port) -> bool:
        """True if a port's name has the answers of the service: they are in memory once then."""
        service = self.service
        return service.ports == (port,) and (
            not service.headless or all(port in backend.ports for backend in service.backends)
        )

    def _port(self, name: bytes, port: Port, every: Answers) -> Answers:
        """SRV of one port; the addresses are those of all gateways, or of its own endpoints."""
        exposing = list(_exposing(self.service.backends, (port,)))
        answers = self._answers(name, exposing, (port,))
        if not self.service.headless:
            for rdtype in (wire.A, wire.AAAA):
                answers.pop(rdtype, None)
                if rdtype in every:
                    answers[rdtype] = every[rdtype]
        return answers

    def _target(self, backend: Backend) -> bytes | None:
        """What SRV records lead to; None if an endpoint's name is longer than a name may be."""
        if not self.service.headless:
            return self.name
        return self._endpoint(backend)

    def _endpoint(self, backend: Backend) -> bytes | None:
        """The name of one endpoint."""
        return _below(self.name, backend.label, *backend.cluster.split("."))

    def _addresses(self, owner: bytes, backends: Sequence[Backend]) -> Answers:
        v4, v6 = self._records(owner, backends)
        answers: Answers = {}
        if v4:
            answers[wire.A] = _answer(v4)
        if v6:
            answers[wire.AAAA] = _answer(v6)
        return answers

    def _answers(
        self, owner: bytes, backends: Sequence[Backend], ports: tuple[Port, ...]
    ) -> Answers:
        """Addresses, and SRV records of `ports` with those of their targets."""
        answers = self._addresses(owner, backends)
        items = [
            (target, port, backend)
            for backend in _exposing(backends, ports)
            if (target := self._target(backend)) is not None
            for port in ports
            if port in backend.ports
        ]
        if items:
            answers[wire.SRV] = _answer(self._srv(owner, items), self._additional(items))
        return answers

    def _additional(self, items: list[tuple[bytes, Port, Backend]]) -> Iterator[Record]:
        targets: dict[bytes, dict[Backend, None]] = {}
        for target, _, backend in items:
            targets.setdefault(target, {})[backend] = None
        for target, backends in targets.items():
            for records in self._records(target, backends):
                yield from records

    def _records(
        self, owner: bytes, backends: Iterable[Backend]
    ) -> tuple[list[Record], list[Record]]:
        """The A and the AAAA records, made once for the same owner and backends."""
        backends = tuple(backends)
        found = self._made.get((owner, backends))
        if found is None:
            v4 = dict.fromkeys(address for backend in backends for address in backend.v4)
            v6 = dict.fromkeys(address for backend in backends for address in backend.v6)
            ttl = self.settings.ttl
            found = self._made[owner, backends] = (
                [Record.make(owner, wire.A, ttl, address) for address in v4],
                [Record.make(owner, wire.AAAA, ttl, address) for address in v6],
            )
        return found

    def _srv(self, owner: bytes, items: list[tuple[bytes, Port, Backend]]) -> list[Record]:
        """One record per target and port; its weight is a share of all items of its priority.

        Items are addresses times ports, before what is the same is left out, as CoreDNS counts.
        """
        totals: dict[int, int] = {}
        for _, _, backend in items:
            priority = self._priority(backend)
            totals[priority] = totals.get(priority, 0) + backend.addresses
        best: dict[tuple[bytes, int], int] = {}
        for target, port, backend in items:
            best.setdefault((target, port.number), self._priority(backend))
        return [
            Record.make(
                owner,
                wire.SRV,
                self.settings.ttl,
                b"%b%b%b%b"
                % (
                    priority.to_bytes(2, "big"),
                    max(1, 100 // totals[priority]).to_bytes(2, "big"),
                    number.to_bytes(2, "big"),
                    target,
                ),
            )
            for (target, number), priority in best.items()
        ]

    def _priority(self, backend: Backend) -> int:
        return _REMOTE_PRIORITY if self.settings.locality and not backend.local else 0

    def _description(self) -> Record:
        """The TXT record of a service: the original plugin's four strings, then two of ours."""
        service, settings = self.service, self.settings
        strings = [
            f"cluster={settings.cluster}",
            f"clusterset={settings.clusterset}",
            f"service={service.name}",
            f"namespace={service.namespace}",
            f"type={service.type}",
            _listed("clusters=", service.clusters),
        ]
        rdata = b"".join(bytes((len(text),)) + text.encode("ascii") for text in strings)
        return Record.make(self.name, wire.TXT, settings.ttl, rdata)


def _answer(records: list[Record], additional: Iterable[Record] = ()) -> Response:
    return Response(answer=tuple(records), additional=tuple(additional))


def _exposing(backends: Iterable[Backend], ports: tuple[Port, ...]) -> Iterator[Backend]:
    wanted = set(ports)
    return (backend for backend in backends if not wanted.isdisjoint(backend.ports))


def _below(base: bytes, *labels: str) -> bytes | None:
    """A name below `base`; None if it would be longer than 255 octets (RFC 1035 section 2.3.4)."""
    wired = b"".join(bytes((len(label),)) + label.encode("ascii") for label in labels)
    return wired + base if len(wired) + len(base) <= wire.MAX_NAME else None


def _listed(prefix: str, words: Iterable[str]) -> str:
    """As many words as fit in one character-string of 255 octets."""
    text = prefix
    for word in words:
        longer = f"{text}{',' * (text != prefix)}{word}"
        if len(longer) > 255:
            break
        text = longer
    return text
