"""What one `acl` says: for which zones, and its lines in their order."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from typing import Final

from corepy import Request, Zones
from corepy.lib import cidr
from corepy.lib.cidr import Network

_ALL_TYPES: Final = 0  # CoreDNS takes the type `None` for any too
_REMEMBERED: Final = 4096


class Action(Enum):
    """What becomes of a query that a line is about."""

    ALLOW = "allow"
    BLOCK = "block"
    FILTER = "filter"
    DROP = "drop"


class Policy:
    """One line: the types and networks it is about, all of them where there is None."""

    __slots__ = ("_networks", "_types", "action", "everyone", "holds")

    def __init__(
        self,
        action: Action,
        types: frozenset[int] | None,
        networks: tuple[Network, ...] | None,
    ) -> None:
        self.action = action
        self._types = None if types is None or _ALL_TYPES in types else types
        self._networks = networks or ()
        self.everyone = networks is None
        # Clients come again, and an address costs more to read than a decision to remember.
        self.holds = lru_cache(_REMEMBERED)(self._holds)

    def concerns(self, qtype: int) -> bool:
        """True for queries of a type it is about."""
        return self._types is None or qtype in self._types

    def _holds(self, host: str) -> bool:
        """Whether a client, in text form, is in one of the networks."""
        found = cidr.address(host.partition("%")[0])
        return found is not None and any(found in network for network in self._networks)


class Rule:
    """The zones of an `acl` and its lines; the first line that fits counts."""

    __slots__ = ("_policies", "zones")

    def __init__(self, zones: Zones, policies: Sequence[Policy]) -> None:
        self.zones = zones
        self._policies = tuple(policies)

    def decide(self, request: Request) -> Action | None:
        """The action of the first line about such a query; None if no line is.

        The client is looked at only where it matters, so that other answers may be repeated.
        """
        qtype = request.qtype
        for policy in self._policies:
            if policy.concerns(qtype) and (policy.everyone or policy.holds(request.client.host)):
                return policy.action
        return None
