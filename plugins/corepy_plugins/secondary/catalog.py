"""Reads catalog zones (RFC 9432): zones that list other zones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from corepy import CorepyError, Record, names, wire


@dataclass(frozen=True)
class Member:
    """A zone of a catalog under its id; `heir` is the catalog it may move to, or empty."""

    id: bytes
    zone: str
    heir: str = ""


def read(origin: str, records: Iterable[Record]) -> list[Member]:
    """The members by id; raises `CorepyError` for a catalog that is not to be followed."""
    apex = names.labels(names.from_text(origin).lower())
    base = [b"zones", *apex]
    seen: set[int] = set()
    versions: list[bytes] = []
    pointers: dict[bytes, set[str]] = {}
    heirs: dict[bytes, set[str]] = {}
    for record in records:
        if record.rdclass != 1:
            raise CorepyError(f"catalog zone {origin} contains non-IN record")
        labels = names.labels(record.owner.lower())
        if labels == apex:
            seen.add(record.rdtype)
        elif record.rdtype == wire.TXT and labels == [b"version", *apex]:
            versions.append(_text(record.rdata))
        elif record.rdtype == wire.PTR and labels[1:] == base:
            pointers.setdefault(labels[0], set()).add(names.to_text(record.rdata.lower()))
        elif record.rdtype == wire.PTR and labels[2:] == base and labels[0] == b"coo":
            heirs.setdefault(labels[1], set()).add(names.to_text(record.rdata.lower()))
    _check(origin, seen, versions)
    return _members(origin, pointers, heirs)


def _text(rdata: bytes) -> bytes:
    parts, at = [], 0
    while at < len(rdata):
        end = at + 1 + rdata[at]
        parts.append(rdata[at + 1 : end])
        at = end
    return b"".join(parts)


def _check(origin: str, seen: set[int], versions: list[bytes]) -> None:
    for rdtype, name in ((wire.SOA, "SOA"), (wire.NS, "NS")):
        if rdtype not in seen:
            raise CorepyError(f"catalog zone {origin} has no {name} record")
    if len(versions) != 1:
        raise CorepyError(f"catalog zone {origin} must have exactly one version TXT record")
    if versions[0] != b"2":
        shown = versions[0].decode("latin-1")
        raise CorepyError(f'catalog zone {origin} has unsupported version "{shown}"')


def _members(
    origin: str, pointers: dict[bytes, set[str]], heirs: dict[bytes, set[str]]
) -> list[Member]:
    members: dict[str, Member] = {}
    for id_, zones in sorted(pointers.items()):
        shown = id_.decode("latin-1")
        heir = heirs.get(id_, {""})
        if len(zones) != 1:
            raise CorepyError(
                f"catalog member {shown}.zones.{origin} must have exactly one PTR record"
            )
        if len(heir) > 1:
            raise CorepyError(f"catalog member {shown} has more than one coo PTR record")
        zone = next(iter(zones))
        if zone in members:
            raise CorepyError(f"catalog member zone {zone} is listed twice")
        members[zone] = Member(id_, zone, next(iter(heir)))
    return sorted(members.values(), key=lambda member: member.id)
