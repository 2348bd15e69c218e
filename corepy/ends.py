"""The two ends of a query: who asked, and what received it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from corepy.request import Request
    from corepy.response import Response


class Peer(NamedTuple):
    """The address a query came from."""

    host: str
    """IPv4 or IPv6 address in text form, a scope after `%` kept."""
    port: int


def peer_of(address: Any) -> Peer:
    """Address and port out of a socket address of either family."""
    return tuple.__new__(Peer, address[:2])


class Listener(Protocol):
    """What a request knows of the server that received it."""

    @property
    def address(self) -> str:
        """Scheme, host and port as CoreDNS labels them, such as `dns://:53`."""
        ...

    @property
    def proto(self) -> str:
        """`udp` or `tcp`: which size limits and metrics labels apply."""
        ...

    @property
    def local(self) -> tuple[str, int]:
        """Host and port that this listener is bound to."""
        ...

    async def resolve(self, request: Request) -> Response:
        """Send a request through the server this listener belongs to, as if it had arrived."""
        ...
