"""What one `acl` says: for which zones, and its lines in their order."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Final

from corepy import Zones
from corepy.lib.cidr import Network

_ALL_TYPES: Final = 0  # CoreDNS takes the type `None` for any too


class Action(Enum):
    """What becomes of a query that a line is about."""

    ALLOW = "allow"
    BLOCK = "block"
    FILTER = "filter"
    DROP = "drop"


class Policy:
    """One line: the types and networks it is about, all of them where there is None.

    `bit` is that of its networks among those of the whole server block, 0 if it is about everyone.
    """

    __slots__ = ("_types", "action", "bit", "networks")

    def __init__(
        self,
        action: Action,
        types: frozenset[int] | None,
        networks: tuple[Network, ...] | None,
    ) -> None:
        self.action = action
        self._types = None if types is None or _ALL_TYPES in types else types
        self.networks = networks
        self.bit = 0

    def concerns(self, qtype: int) -> bool:
        """True for queries of a type it is about."""
        return self._types is None or qtype in self._types


class Rule:
    """The zones of an `acl` and its lines; the first line that fits counts."""

    __slots__ = ("policies", "zones")

    def __init__(self, zones: Zones, policies: Sequence[Policy]) -> None:
        self.zones = zones
        self.policies = tuple(policies)
