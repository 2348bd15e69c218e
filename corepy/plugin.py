"""The contract between the host and its plugins: one handler, and small optional capabilities.

A handler gets a request and the rest of the chain and returns a response. Everything else is a
`Protocol` of one or two members that the host looks for when it builds an instance; a plugin takes
part by having the method.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from corepy.order import Place
from corepy.record import Record
from corepy.request import Request
from corepy.response import Response

if TYPE_CHECKING:
    from corepy.controller import Controller

Next = Callable[[Request], Awaitable[Response]]
"""The rest of the chain. Always there: behind the last plugin stands one that fails."""


class Handler(Protocol):
    """What stands in a chain."""

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Answer the request, or pass it on with `await next(request)`."""
        ...


Setup = Callable[["Controller"], "Handler | object | None"]
"""A plugin's entry: reads its part of the Corefile, does no I/O, raises `ConfigError`."""

_PLACE = "corepy_place"
_F = TypeVar("_F", bound=Callable[..., object])


def plugin(
    *, before: str | Iterable[str] = (), after: str | Iterable[str] = ()
) -> Callable[[_F], _F]:
    """Decorate the `setup` of an external plugin with its place between other directives."""
    place = Place(_names(before), _names(after))

    def mark(setup: _F) -> _F:
        setattr(setup, _PLACE, place)
        return setup

    return mark


def place_of(setup: Callable[..., object]) -> Place:
    """What `plugin` said about a setup function; no wish without it."""
    place: Place = getattr(setup, _PLACE, Place())
    return place


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


class Plugin:
    """A base for plugins; handlers may also do without it.

    `repeatable`: the answers follow from the question and the loaded data alone, so the host may
    give one again without asking, until its `fresh_until` or until `changed()`. `eager`: `serve`
    never needs `asyncio.current_task()` before its first await on something that waits (no
    `asyncio.timeout`, no aiohttp call), which spares each query a task.
    """

    repeatable: ClassVar[bool] = False
    eager: ClassVar[bool] = False

    _forget: tuple[Callable[[], None], ...] = ()

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Pass every request on; a plugin that answers has its own."""
        return await next(request)

    def changed(self) -> None:
        """Say that the data behind earlier answers is not the same any more."""
        for forget in self._forget:
            forget()


Home = Literal["workers", "supervisor", "both"]
"""Where the lifespan, `started` and `drain` of a plugin belong when several processes serve.

A plugin says so in a class attribute `home`; without one it lives in each of the workers. What is
to be there once, such as an HTTP endpoint, lives in the supervisor, which answers no queries.
"""


def lives_in(part: object, home: Home) -> bool:
    """True if a plugin has a life in such a process."""
    return getattr(part, "home", "workers") in (home, "both")


@runtime_checkable
class Lifespan(Protocol):
    """Opens what it needs when the instance starts and closes it when the instance stops.

    All lifespans of an instance are entered before the first query is served; one that raises
    `CorepyError` or `OSError` fails the start (or the reload, and the old instance goes on).
    """

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """One `async with` around the time the plugin is in use."""
        ...


@runtime_checkable
class Started(Protocol):
    """Has something to do once queries are answered, which a start that fails never comes to."""

    def started(self) -> None:
        """Called once, outside of any task of its own; work that takes time is to be spawned."""
        ...


@runtime_checkable
class Ready(Protocol):
    """Takes part in the *ready* endpoint."""

    def ready(self) -> bool:
        """True once queries can be answered from complete data."""
        ...


@runtime_checkable
class Drain(Protocol):
    """Has something to wait for when the process ends, while queries are still answered."""

    async def drain(self) -> None:
        """Return when serving may stop (the lameduck time of *health*)."""
        ...


@runtime_checkable
class Placed(Protocol):
    """Wants to know where in the chain it stands."""

    def placed(self, following: str) -> None:
        """`following` is the directive name of the next handler, empty for the last one."""
        ...


@runtime_checkable
class Metadata(Protocol):
    """Publishes values about a request under names such as `kubernetes/namespace`."""

    def metadata(self, request: Request) -> dict[str, Callable[[], str]]:
        """Names and the functions that work the values out when they are wanted."""
        ...


@runtime_checkable
class Collector(Protocol):
    """Gathers metadata about a request before it is decided whether its block takes it."""

    def attach(self, providers: Sequence[Metadata]) -> None:
        """The block's plugins that publish values, once, before the first request."""
        ...

    def collect(self, request: Request) -> None:
        """Have them publish."""
        ...


@runtime_checkable
class Labeller(Protocol):
    """Counts queries by zone, also by zones that come and go while the instance runs."""

    def add_zone(self, zone: str) -> None:
        """`zone` (text form) has come."""
        ...

    def remove_zone(self, zone: str) -> None:
        """It has gone."""
        ...


class Content(Protocol):
    """A zone as it is at one moment, for a transfer."""

    soa: Record | None

    def records(self) -> Iterator[Record]:
        """All records, each once, the SOA record first."""
        ...


@runtime_checkable
class Transferer(Protocol):
    """Has zones that *transfer* may hand out."""

    def transfer(self, zone: bytes) -> Content | None:
        """The zone with exactly this name (lower-case wire form), None if it is not one of these.

        Raises `CorepyError` for a zone that is, but has no data now.
        """
        ...


@runtime_checkable
class Notifier(Protocol):
    """Tells other servers that a zone has changed (RFC 1996)."""

    def notify(self, zone: str, failed: Callable[[str], None]) -> None:
        """Begin to; `failed` is called with the reason for each server that does not take it."""
        ...


@runtime_checkable
class View(Protocol):
    """Decides whether its server block takes a request at all."""

    name: str

    def admits(self, request: Request) -> bool:
        """False sends the request to the next block with a matching zone."""
        ...


@runtime_checkable
class AutoPath(Protocol):
    """Knows the search path of a client, for *autopath*."""

    def autopath(self, request: Request) -> Sequence[bytes]:
        """Domains in lower-case wire form in the order a client tries them, the root as the last.

        Empty if the client's path is not known.
        """
        ...
