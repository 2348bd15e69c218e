"""The grammar of the tags by which a Headscale node says what it exports.

    cluster SEP LABEL [SEP LABEL]
    clusterset SEP LABEL
    mcs  SEP SERVICE SEP NAMESPACE [SEP PROTOCOL SEP PORT [SEP NAME]]     ClusterSetIP
    mcsh SEP SERVICE SEP NAMESPACE [SEP PROTOCOL SEP PORT [SEP NAME]]     headless
    mcs-catalog [SEP PORT]                                                serves a catalog

SEP is `--` (accepted by every Headscale and Tailscale version) or `.` (tags set by the server
only). A field of the `--` spelling must not hold `--` itself, so that no tag can be read in two
ways.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

_PREFIX: Final = "tag:"
_CATALOG: Final = "mcs-catalog"
_WORDS: Final = ("cluster", "clusterset", "mcs", "mcsh", _CATALOG)
_FIRST_WORD: Final = re.compile(rf"{_CATALOG}|[a-z]*")
DASHES: Final = re.compile(r"(?<!-)--(?!-)")
_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,4}")
_PORT_NAME: Final = re.compile(r"(?=.*[a-z])[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?")
PROTOCOLS: Final = ("tcp", "udp", "sctp")


CATALOG_PORT: Final = 8053
"""Where a catalog is if its tag does not say."""


class Port(NamedTuple):
    """One port of a service; the name is empty for a port without one."""

    number: int
    protocol: str
    name: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes it the same port in two clusters: its name, or its number without one."""
        return (self.name, self.protocol, 0 if self.name else self.number)


class Export(NamedTuple):
    """A node serves `service` in `namespace`, perhaps on `port`."""

    namespace: str
    service: str
    headless: bool
    port: Port | None = None


class Cluster(NamedTuple):
    """A node belongs to this cluster; the id has one or two labels."""

    id: str


class Clusterset(NamedTuple):
    """A node belongs to this clusterset; it may belong to several."""

    name: str


class Catalog(NamedTuple):
    """A node serves a catalog of its cluster's services at this TCP port."""

    port: int


class Invalid(NamedTuple):
    """A tag that begins like one of ours and is none."""

    tag: str


Tag = Export | Cluster | Clusterset | Catalog | Invalid


@lru_cache(maxsize=16384)
def parse(text: str) -> Tag | None:
    """What a tag says; None for a tag that is not meant for us."""
    tag = text.strip()
    body = tag.lower().removeprefix(_PREFIX)
    if len(body) == len(tag):
        return None
    fields = _fields(body)
    if fields is None:
        return None
    found = _meaning(*fields) if fields and tag.isascii() else None
    return found or Invalid(tag)


def is_label(text: str) -> bool:
    """True for an RFC 1123 label in lower case."""
    return _LABEL.fullmatch(text) is not None


def is_cluster(text: str) -> bool:
    """True for a cluster id: a label, or two with a dot between."""
    labels = text.split(".")
    return len(labels) <= 2 and all(map(is_label, labels))


def is_port(text: str) -> bool:
    """True for a port number, 1 to 65535, without leading zeros."""
    return _NUMBER.fullmatch(text) is not None and int(text) <= 65535


def is_port_name(text: str) -> bool:
    """True for an IANA service name in lower case (RFC 6335 section 5.1)."""
    return _PORT_NAME.fullmatch(text) is not None


def _fields(body: str) -> list[str] | None:
    """The fields; none for a field that could be read in two ways, None for a foreign tag."""
    word = _FIRST_WORD.match(body)
    if word is None or word[0] not in _WORDS:
        return None
    rest = body[word.end() :]
    if not rest and body == _CATALOG:
        return [body]
    if rest.startswith("."):
        return body.split(".")
    if not rest.startswith("--"):
        return None
    fields = DASHES.split(body)
    return [] if any("--" in field for field in fields) else fields


def _meaning(word: str, *rest: str) -> Tag | None:
    if not all(map(is_label, rest[:2])):
        return None
    if word == "cluster":
        return Cluster(".".join(rest)) if len(rest) in (1, 2) else None
    if word == "clusterset":
        return Clusterset(rest[0]) if len(rest) == 1 else None
    if word == _CATALOG:
        return _catalog(rest)
    return _export(rest, word == "mcsh")


def _catalog(rest: tuple[str, ...]) -> Catalog | None:
    if not rest:
        return Catalog(CATALOG_PORT)
    return Catalog(int(rest[0])) if len(rest) == 1 and is_port(rest[0]) else None


def _export(rest: tuple[str, ...], headless: bool) -> Export | None:
    if len(rest) == 2:
        return Export(rest[1], rest[0], headless)
    if len(rest) not in (4, 5):
        return None
    port = _port(*rest[2:])
    return Export(rest[1], rest[0], headless, port) if port else None


def _port(protocol: str, number: str, name: str | None = None) -> Port | None:
    if protocol not in PROTOCOLS or not is_port(number):
        return None
    if name is not None and not is_port_name(name):
        return None
    return Port(int(number), protocol, name or "")
