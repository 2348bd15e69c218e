"""The listening sockets of several workers: a set for each in the supervisor, handed over.

The sets are alike; the kernel spreads queries over them by the client's address and port. As the
supervisor keeps every socket open, a queue outlives the worker that reads it.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Sequence
from typing import Any

from corepy.instance import Instance
from corepy.transport.sockets import Endpoint, ListenError, Sockets


class Twin(Sockets):
    """Another set like `model`: where that has found a free port, this one takes the same."""

    def __init__(self, model: Sockets) -> None:
        super().__init__()
        self._model = model

    def take(self, endpoint: Endpoint) -> list[socket.socket]:
        """As `Sockets.take`."""
        if endpoint.port or endpoint in self._open:
            return super().take(endpoint)
        port: int = self._model.take(endpoint)[0].getsockname()[1]
        found = super().take(endpoint._replace(port=port))
        self._open[endpoint] = self._open.pop(endpoint._replace(port=port))
        return found


class Ports:
    """A set of sockets for each of `size` workers, kept for the life of the supervisor."""

    def __init__(self, size: int) -> None:
        first = Sockets()
        self.sets: list[Sockets] = [first, *(Twin(first) for _ in range(size - 1))]

    def open(self, instance: Instance) -> None:
        """Open what an instance wants in every set. Raises `ListenError`; then all is as before."""
        before = [sockets.endpoints() for sockets in self.sets]
        try:
            for sockets in self.sets:
                instance.open(sockets)
        except ListenError:
            for sockets, endpoints in zip(self.sets, before, strict=True):
                sockets.keep(endpoints)
            raise

    def keep(self, endpoints: Iterable[Endpoint]) -> None:
        """Close all sockets but those of `endpoints`."""
        wanted = set(endpoints)
        for sockets in self.sets:
            sockets.keep(wanted)

    def parcel(self, slot: int) -> tuple[list[list[Any]], list[socket.socket]]:
        """A set as it travels: rows of endpoint and number of sockets, and the sockets."""
        rows: list[list[Any]] = []
        files: list[socket.socket] = []
        for endpoint in sorted(self.sets[slot].endpoints()):
            sockets = self.sets[slot].take(endpoint)
            rows.append([*endpoint, len(sockets)])
            files += sockets
        return rows, files


class Given(Sockets):
    """The sockets that a worker was given: its own set, and those of workers that are gone."""

    def __init__(self) -> None:
        super().__init__()
        self._sets: dict[int, dict[Endpoint, list[socket.socket]]] = {}

    def put(self, slot: int, rows: Sequence[Sequence[Any]], files: Sequence[socket.socket]) -> None:
        """Unpack a `parcel`; what is here already is not needed twice."""
        held, rest = self._sets.setdefault(slot, {}), list(files)
        for *place, number in rows:
            endpoint = Endpoint(*place)
            sockets, rest = rest[:number], rest[number:]
            if endpoint in held:
                for sock in sockets:
                    sock.close()
            else:
                held[endpoint] = sockets
        self._arrange()

    def of(self, slot: int) -> list[socket.socket]:
        """All sockets of a set."""
        return [sock for several in self._sets.get(slot, {}).values() for sock in several]

    def drop(self, slot: int) -> None:
        """Close a set, which somebody else reads from now."""
        for sock in self.of(slot):
            sock.close()
        self._sets.pop(slot, None)
        self._arrange()

    def take(self, endpoint: Endpoint) -> list[socket.socket]:
        """Those of an endpoint in all sets; raises `ListenError` if there are none."""
        found = self._open.get(endpoint)
        if found is None:
            raise ListenError(endpoint, OSError(errno.EADDRNOTAVAIL, ""))
        return found

    def keep(self, endpoints: Iterable[Endpoint]) -> None:
        """Close all sockets but those of `endpoints`."""
        super().keep(endpoints)
        for held in self._sets.values():
            for endpoint in [one for one in held if one not in self._open]:
                del held[endpoint]

    def _arrange(self) -> None:
        self._open.clear()
        for held in self._sets.values():
            for endpoint, sockets in held.items():
                self._open.setdefault(endpoint, []).extend(sockets)
