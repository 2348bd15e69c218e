"""One item of Headscale's node list, in the spelling of any version since 0.22, as facts.

The reader is tolerant: a field of a wrong type counts as absent, and only an item that tells
nothing at all is refused. Tags of a pre-auth key and tags that a client merely asked for are never
read.
"""

from __future__ import annotations

import marshal
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final, NamedTuple

from corepy_plugins.k8s_cross import tags
from corepy_plugins.k8s_cross.tags import Catalog, Cluster, Clusterset, Export, Invalid, Port

DEFAULT_CLUSTER: Final = "default-cluster"
DEFAULT_CLUSTERSET: Final = "default-clusterset"

Network = tuple[bytes, int]
"""Address in network order, and length of the prefix."""

GATEWAY: Final = ""
"""The role of every node of the list: a gateway, or an endpoint of a headless service."""

VIP: Final = "vip"
"""The role of an address of the service itself: it stands in for its cluster's gateways."""

NAMED: Final = "named"
"""The role of an endpoint behind a ClusterSetIP: only its own name leads to it."""

FORMAT: Final = 2
"""Of `marshal`, without references between parts: equal facts are equal octets."""

MATCHES: Final = ("tags", "names", "both")
"""What makes a node export something: its tags, its name, either."""

# The permitted ones: 0.28 and later have the first, earlier versions the others.
_TAG_FIELDS: Final = ("tags", "forcedTags", "validTags")
_DEFAULT_SETS: Final = frozenset((DEFAULT_CLUSTERSET,))
_GATEWAY: Final = re.compile(r"(.+)-tsgateway(?:-[0-9]+|-[a-z0-9]{8})?")
_BAD: Final = re.compile(r"[^a-z0-9-]")
_COLLISION: Final = re.compile(r"-(?:[0-9]+|[a-z0-9]{8})")


class Node(NamedTuple):
    """What a node exports and where it is reached; equal as long as its answers stay the same."""

    id: str
    number: int
    """For ordering: the id as a number."""
    created: float
    """Unix seconds, infinite if unknown: an export of unknown age gives way to all others."""
    expiry: float
    """Unix seconds, infinite for never."""
    label: str
    v4: tuple[bytes, ...]
    v6: tuple[bytes, ...]
    """Addresses in network order, each once."""
    cluster: str
    clustersets: frozenset[str]
    exports: tuple[Export, ...]
    catalog: int = 0
    """The TCP port at which the node serves a catalog of its cluster, 0 for none."""
    tagged: bool = False
    """Its cluster comes from a tag, not from a name."""
    routes: tuple[Network, ...] | None = ()
    """The networks that are reached through the node; None if the list does not say."""
    role: str = GATEWAY
    """For what does not come from the list of nodes: see `VIP` and `NAMED`."""


def packed(node: Node) -> bytes:
    """The node as octets, which cost the garbage collector nothing; equal for equal nodes."""
    exports = tuple((*one[:3], one.port and tuple(one.port)) for one in node.exports)
    sets = tuple(sorted(node.clustersets))
    plain: Any = [*node[:8], sets, exports, *node[10:]]  # a list, to be changed when unpacked
    return marshal.dumps(plain, FORMAT)


def unpacked(octets: bytes) -> Node:
    """The node that was packed."""
    plain = marshal.loads(octets)  # noqa: S302 - our own
    plain[8:10] = _shared(frozenset(plain[8])), tuple(_export(*one) for one in plain[9])
    return Node(*plain)


ONLINE: Final = math.inf
"""The presence of a node whose client Headscale sees. That of others is when their client last
connected, in Unix seconds, 0 for never."""


class Reading:
    """One item read: the node if it exports anything, its presence, and what was wrong with it.

    `dropped` are addresses with the reason why they are not used; `ambiguous` says that the node
    has two cluster tags, of which the first in the alphabet counts.
    """

    __slots__ = ("ambiguous", "dropped", "id", "invalid", "node", "presence")

    def __init__(self, item: dict[str, Any], match: str = "tags") -> None:
        addresses = _texts(item.get("ipAddresses"))
        self.id = _text(item.get("id")) or next(iter(addresses), "")
        if not self.id:
            raise ValueError("neither an id nor an address")
        online = item.get("online", True) is True
        self.presence = ONLINE if online else timestamp(item.get("lastSeen")) or 0.0
        self.dropped: list[tuple[str, str]] = []
        found = [tag for text in _tag_texts(item) if (tag := tags.parse(text))]
        self.invalid = [tag.tag for tag in found if isinstance(tag, Invalid)]
        exports = sorted(_exports(item, found, match), key=_export_order)
        clusters = sorted({tag.id for tag in found if isinstance(tag, Cluster)})
        catalogs = [tag.port for tag in found if isinstance(tag, Catalog)]
        routes = _routes(item) if clusters else ()
        self.ambiguous = len(clusters) > 1 and bool(exports or catalogs or routes)
        self.node: Node | None = None
        # A router counts without exporting anything: catalogs are trusted by its networks.
        if exports or catalogs or routes != ():
            v4, v6 = self._families(addresses)
            if v4 or v6:
                node = self._node(item, tuple(exports), clusters, found, v4, v6)
                self.node = node._replace(catalog=min(catalogs, default=0), routes=routes)

    def _families(self, texts: Iterable[str]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        families: tuple[dict[bytes, None], dict[bytes, None]] = {}, {}
        for text in texts:
            address, reason = usable(text)
            if address is None:
                self.dropped.append((reason, text))
            else:
                families[address.version == 6][address.packed] = None
        return tuple(families[0]), tuple(families[1])

    def _node(
        self,
        item: dict[str, Any],
        exports: tuple[Export, ...],
        clusters: list[str],
        found: list[tags.Tag],
        v4: tuple[bytes, ...],
        v6: tuple[bytes, ...],
    ) -> Node:
        name, given = _text(item.get("name")), _text(item.get("givenName"))
        expiry, created = timestamp(item.get("expiry")), timestamp(item.get("createdAt"))
        sets = frozenset(tag.name for tag in found if isinstance(tag, Clusterset))
        return Node(
            self.id,
            int(self.id) if self.id.isascii() and self.id.isdigit() and len(self.id) < 20 else 0,
            math.inf if created is None else created,
            math.inf if expiry is None else expiry,
            host_label(name, given) or dashed(v4, v6),
            v4,
            v6,
            clusters[0] if clusters else _cluster_of(given),
            _shared(sets) if sets else _DEFAULT_SETS,
            exports,
            tagged=bool(clusters),
        )


def usable(text: str) -> tuple[IPv4Address | IPv6Address | None, str]:
    """The address, or None and the reason why a service can never be reached there."""
    try:
        address = ip_address(text)
    except ValueError:
        return None, "malformed"
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or address.scope_id):
        return None, "malformed"
    if (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
    ):
        return None, "unusable"
    return address, ""


def host_label(name: str, given: str) -> str:
    """The label of a node below its services, empty if neither name yields one.

    Two clusters may both have a `db-0`, so it is the host's own name, unless an administrator gave
    the node another; what Headscale appends to keep its own names apart does not count as that.
    """
    label, renamed = sanitise(name), sanitise(given)
    if not label or not renamed:
        return label or renamed
    for flavour in ("-", ""):
        own, other = sanitise(name, flavour), sanitise(given, flavour)
        if own == other or (other.startswith(own) and _COLLISION.fullmatch(other[len(own) :])):
            return label
    return renamed


def sanitise(text: str, replacement: str = "-") -> str:
    """A name as one label of at most 63: lower case, other characters replaced."""
    return _BAD.sub(replacement, text.lower()).strip("-")[:63].rstrip("-")


def timestamp(value: Any) -> float | None:
    """RFC 3339 as Unix seconds; None for anything else and for Go's zero time."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.year <= 1:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


@lru_cache(maxsize=16384)
def _export(
    namespace: str, service: str, headless: bool, port: tuple[int, str, str] | None
) -> Export:
    return Export(namespace, service, headless, port and Port(*port))


@lru_cache(maxsize=1024)
def _shared(names: frozenset[str]) -> frozenset[str]:
    """The same object for equal sets: there are many nodes and few sets."""
    return names


def _cluster_of(given: str) -> str:
    gateway = _GATEWAY.fullmatch(given.lower())
    return gateway[1] if gateway and tags.is_label(gateway[1]) else DEFAULT_CLUSTER


def dashed(v4: tuple[bytes, ...], v6: tuple[bytes, ...]) -> str:
    """The first address as a label, as CoreDNS names an endpoint without a hostname."""
    if v4:
        return str(IPv4Address(v4[0])).replace(".", "-")
    text = str(IPv6Address(v6[0])).replace(":", "-")
    return f"{'0' * text.startswith('-')}{text}{'0' * text.endswith('-')}"


def network(text: str) -> Network | None:
    """A network in CIDR form; None for what is none, and for the whole Internet."""
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        return None
    return (found.network_address.packed, found.prefixlen) if found.prefixlen else None


def _routes(item: dict[str, Any]) -> tuple[Network, ...] | None:
    """Headscale lists them with the nodes from 0.26 on.

    Those in use, `subnetRoutes`, are none while a client is away, and for seconds after each start
    of Headscale all of them are. So what is both approved and announced counts too.
    """
    if "subnetRoutes" not in item:
        return None
    announced = set(_texts(item.get("availableRoutes")))
    approved = [text for text in _texts(item.get("approvedRoutes")) if text in announced]
    texts = dict.fromkeys((*_texts(item["subnetRoutes"]), *approved))
    return tuple(found for text in texts if (found := network(text)))


def _exports(item: dict[str, Any], found: list[tags.Tag], match: str) -> set[Export]:
    exports = {tag for tag in found if isinstance(tag, Export)} if match != "names" else set()
    if match != "tags":
        exports |= set(_named(_text(item.get("name")), _text(item.get("givenName"))))
    return exports


def _named(name: str, given: str) -> Iterable[Export]:
    """What a node exports by its name: `SERVICE.NAMESPACE`, or `SERVICE--NAMESPACE` as given."""
    dotted, dashed_ = name.lower().split("."), tags.DASHES.split(given.lower())
    if any("--" in field for field in dashed_):
        dashed_ = []  # it could be read in two ways
    for fields in (dotted, dashed_):
        if len(fields) == 2 and all(map(tags.is_label, fields)):
            yield Export(fields[1], fields[0], headless=False)


def _tag_texts(item: dict[str, Any]) -> Iterable[str]:
    return dict.fromkeys(text for field in _TAG_FIELDS for text in _texts(item.get(field)))


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    """Names are text; an id is text that holds a number, or by later habit the number itself."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _export_order(export: Export) -> tuple[str, str, bool, tuple[int, str, str]]:
    return (*export[:3], export.port or (0, "", ""))
