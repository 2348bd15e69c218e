"""The handler: which answers get another order, by which policy."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from corepy import wire
from corepy.plugin import Next, Plugin
from corepy.record import Record
from corepy.request import Request
from corepy.response import Response, WireResponse
from corepy_plugins.loadbalance.order import Kinds, Shape, shuffled
from corepy_plugins.loadbalance.prefer import Network, by_network
from corepy_plugins.loadbalance.shuffle import shuffle_octets
from corepy_plugins.loadbalance.weights import Weights

_TRANSFERS: Final = (wire.IXFR, wire.AXFR)
_WEIGHED: Final = (wire.A, wire.AAAA, wire.SRV)


class Balance(Plugin):
    """Orders what passes. An answer that came out by chance is not repeated.

    `weights` makes the policy a weighted one. `watched` is a weight file that is read, be it
    used or not.
    """

    repeatable = True
    eager = True

    def __init__(
        self,
        weights: Weights | None = None,
        networks: Sequence[Network] = (),
        watched: Weights | None = None,
    ) -> None:
        self._weights = weights
        self._networks = tuple(networks)
        self._watched = watched or weights

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Order the records of a positive answer."""
        response = await next(request)
        if response.rcode or response.implicit or request.qtype in _TRANSFERS:
            return response
        if self._weights is not None:
            if request.qtype not in _WEIGHED:
                return response
            return _weigh(request, response, self._weights)
        return self._shuffle(request, response)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Keep the weights up to date."""
        if self._watched is None:
            yield
            return
        async with self._watched.watch():
            yield

    def _shuffle(self, request: Request, response: Response) -> Response:
        answer, authority, additional = shapes = _shapes(response)
        settled = answer.settled and authority.settled and additional.settled
        if settled and (not self._networks or answer.count + additional.count < 2):
            return response
        if not self._networks:
            quick = (
                answer.sorted and answer.exchanges < 2 and authority.settled and additional.settled
            )
            if quick and isinstance(response, WireResponse):
                octets = shuffle_octets(response)
                if octets is not None:
                    return octets
        sections: list[Sequence[Record]] = [
            self._preferred(shuffled(response.answer)),
            shuffled(response.authority),
            self._preferred(shuffled(response.additional)),
        ]
        chance = any(shape.addresses > 1 or shape.exchanges > 1 for shape in shapes)
        return _ordered(request, response, sections, chance=chance)

    def _preferred(self, section: list[Record]) -> list[Record]:
        if not self._networks:
            return section
        kinds = Kinds(section)
        kinds.addresses = by_network(kinds.addresses, self._networks)
        return kinds.joined_addresses_early()


def _weigh(request: Request, response: Response, weights: Weights) -> Response:
    answer, _, additional = _shapes(response)
    if all(shape.addresses == 0 or shape.settled for shape in (answer, additional)):
        return response
    sections = [
        _first_by_weight(response.answer, weights),
        response.authority,
        _first_by_weight(response.additional, weights),
    ]
    chance = answer.addresses > 1 or additional.addresses > 1
    return _ordered(request, response, sections, chance=chance)


def _first_by_weight(section: Sequence[Record], weights: Weights) -> Sequence[Record]:
    kinds = Kinds(section)
    addresses = kinds.addresses
    if not addresses:
        return section
    first = weights.choose(addresses)
    addresses[0], addresses[first] = addresses[first], addresses[0]
    return kinds.joined()


def _ordered(
    request: Request, response: Response, sections: list[Sequence[Record]], *, chance: bool
) -> Response:
    answer, authority, additional = sections
    if chance:
        return response.replace(
            answer=answer, authority=authority, additional=additional, fresh_until=0.0
        )
    before = (response.answer, response.authority, response.additional)
    if all(list(old) == list(new) for old, new in zip(before, sections, strict=True)):
        return response
    if isinstance(response, WireResponse):
        # Its names are spelled like a question, maybe this one; reading says that it matters.
        _ = request.owner
    return response.replace(answer=answer, authority=authority, additional=additional)


def _shapes(response: Response) -> tuple[Shape, Shape, Shape]:
    if isinstance(response, WireResponse):
        spans = response.spans
        an, ns, _ = response.counts
        types = [span.rdtype for span in spans]
        return Shape(types[:an]), Shape(types[an : an + ns]), Shape(_but_opt(types[an + ns :]))
    return (
        Shape([record.rdtype for record in response.answer]),
        Shape([record.rdtype for record in response.authority]),
        Shape([record.rdtype for record in response.additional]),
    )


def _but_opt(types: list[int]) -> list[int]:
    return [rdtype for rdtype in types if rdtype != wire.OPT]
