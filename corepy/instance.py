"""A built configuration in use: its servers, its plugins, and their common start and stop."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterable
from contextlib import suppress

from corepy.corefile.token import Span
from corepy.errors import CorepyError
from corepy.plugin import Drain, Home, Lifespan, Started, lives_in
from corepy.server import Listener, Server
from corepy.transport.sockets import Endpoint, ListenError, Sockets, near
from corepy.transport.tcp import Connections, Timeouts, connection_factory
from corepy.transport.udp import UdpTransport

_log = logging.getLogger("corepy")

GRACE = 5.0
"""Seconds that queries under way get when an instance stops."""


class Site:
    """One address to serve: the server, where it listens, and its connections' limits.

    `span` is the place of the first key that asks for it.
    """

    def __init__(self, server: Server, host: str, port: int, span: Span | None = None) -> None:
        self.server = server
        self.host = host
        self.port = port
        self.span = span
        self.timeouts = Timeouts()
        self.udp: dict[socket.socket, UdpTransport] = {}
        self.tcp: dict[socket.socket, asyncio.Server] = {}
        self.connections: dict[str, Connections] = {}
        self.listeners: dict[str, Listener] = {}
        self.near: list[Endpoint] = []

    @property
    def udp_endpoint(self) -> Endpoint:
        """Where it listens for UDP; `near` are shorter ways to the same."""
        return Endpoint("udp", self.host, self.port)

    @property
    def tcp_endpoint(self) -> Endpoint:
        """Where it listens for TCP."""
        return Endpoint("tcp", self.host, self.port)

    @property
    def endpoints(self) -> list[Endpoint]:
        """All of them."""
        return [self.udp_endpoint, *self.near, self.tcp_endpoint]


class Instance:
    """The servers and plugins of one reading of the Corefile.

    `plugins` are all plugin objects; those with a lifespan are started together, each in a task of
    its own, so that what is opened and closed in it happens in one task.
    """

    def __init__(self, sites: Iterable[Site], plugins: Iterable[object]) -> None:
        self.sites = tuple(sites)
        self.plugins = tuple(plugins)
        self._stopping = asyncio.Event()
        self._lives: list[tuple[asyncio.Task[None], asyncio.Future[None]]] = []

    async def start(self, sockets: Sockets, previous: Instance | None = None) -> None:
        """Start the plugins, then take or open the sockets, then serve.

        Raises what a lifespan raises, or `ListenError`; then nothing of this instance is left.
        Queries that the `previous` instance has not read yet are read by this one, and its TCP
        connections go on here if their address is still served.
        """
        before = sockets.endpoints()
        await self.begin()
        await self.take_over(sockets, previous, before)
        self.tell_started()

    def only(self, home: Home) -> None:
        """Leave the plugins that do not live in this process alone."""
        self.plugins = tuple(one for one in self.plugins if lives_in(one, home))

    async def begin(self) -> None:
        """Start the plugins, the first half of `start`; if one fails, none is left."""
        try:
            await self._begin_lives()
        except BaseException:
            await self.abandon()
            raise

    async def take_over(
        self, sockets: Sockets, previous: Instance | None, before: Iterable[Endpoint]
    ) -> None:
        """Serve, the second half. If that fails, only the sockets of `before` stay open."""
        try:
            self.open(sockets)
            if previous is not None:
                previous.pause()
            for site in self.sites:
                await self._serve(site, sockets)
        except BaseException:
            await self.abandon()
            sockets.keep(before)
            if previous is not None:
                previous.resume()
            raise
        if previous is not None:
            previous.hand_over(self)

    def tell_started(self) -> None:
        """Tell the plugins that want to know that queries are answered."""
        for plugin in self.plugins:
            if isinstance(plugin, Started):
                try:
                    plugin.started()
                except Exception as error:  # noqa: BLE001 - too late to fail the start
                    _log.error("%s: %r", type(plugin).__name__, error, exc_info=error)

    async def _begin_lives(self) -> None:
        loop = asyncio.get_running_loop()
        for plugin in self.plugins:
            if isinstance(plugin, Lifespan):
                ready = loop.create_future()
                self._lives.append((loop.create_task(self._live(plugin, ready)), ready))
        await asyncio.gather(*(ready for _, ready in self._lives))

    async def _live(self, plugin: Lifespan, ready: asyncio.Future[None]) -> None:
        try:
            async with plugin.lifespan():
                if not ready.done():
                    ready.set_result(None)
                await self._stopping.wait()
        except asyncio.CancelledError:
            if not ready.done():
                ready.set_exception(
                    CorepyError(f"{type(plugin).__name__}: its start was cancelled")
                )
            raise
        except Exception as error:  # noqa: BLE001 - the start fails with it, or the log has it
            if ready.cancelled():
                _log.debug("%s: %r", type(plugin).__name__, error)  # its start was given up
            elif ready.done():
                _log.error("%s ended badly: %r", type(plugin).__name__, error, exc_info=error)
            else:
                ready.set_exception(error)

    def open(self, sockets: Sockets) -> None:
        """Take the sockets, or open those that are not yet; raises `ListenError`."""
        bound = [site.udp_endpoint for site in self.sites if not site.udp_endpoint.everywhere]
        for site in self.sites:
            try:
                sockets.take(site.tcp_endpoint)  # first, as in CoreDNS: it is named in the error
                sockets.take(site.udp_endpoint)
            except ListenError as error:
                error.span = site.span
                raise
        for site in self.sites:
            site.near = []
            for endpoint in near(site.udp_endpoint, bound):
                with suppress(ListenError):
                    sockets.take(endpoint)
                    site.near.append(endpoint)

    async def _serve(self, site: Site, sockets: Sockets) -> None:
        host = "::" if site.udp_endpoint.everywhere else site.host
        site.listeners["udp"] = Listener(site.server, "udp", (host, site.port))
        site.listeners["tcp"] = Listener(site.server, "tcp", (host, site.port))
        site.connections["tcp"] = Connections()
        await self._read(site, sockets)
        for transport in site.udp.values():
            transport.start()

    async def _read(self, site: Site, sockets: Sockets) -> list[UdpTransport]:
        """Listen on what there is for a site and not read yet; the UDP ones are to be started."""
        listener, found = site.listeners["udp"], []
        for endpoint in (site.udp_endpoint, *site.near):
            for sock in sockets.take(endpoint):
                if sock not in site.udp:
                    site.udp[sock] = UdpTransport(sock, listener)
                    found.append(site.udp[sock])
        loop = asyncio.get_running_loop()
        factory = connection_factory(site.listeners["tcp"], site.timeouts, site.connections["tcp"])
        for sock in sockets.take(site.tcp_endpoint):
            if sock not in site.tcp:
                server = loop.create_server(factory, sock=sock.dup(), backlog=1024)
                site.tcp[sock] = await server
        return found

    async def extend(self, sockets: Sockets) -> None:
        """Serve further sockets of the same endpoints too."""
        for site in self.sites:
            for transport in await self._read(site, sockets):
                transport.start()

    def leave(self, sockets: Iterable[socket.socket]) -> None:
        """Read no more from these; connections that came by them go on."""
        for sock in sockets:
            for site in self.sites:
                if sock in site.udp:
                    site.udp.pop(sock).stop()
                if sock in site.tcp:
                    site.tcp.pop(sock).close()

    def pause(self) -> None:
        """Read no more queries, for the moment in which another instance takes over."""
        for site in self.sites:
            for transport in site.udp.values():
                transport.stop()

    def resume(self) -> None:
        """Go on after a take-over that failed."""
        for site in self.sites:
            for transport in site.udp.values():
                transport.start()

    def hand_over(self, successor: Instance) -> None:
        """Give the TCP connections to the next instance, and close those it has no place for."""
        heirs = {
            (site.server.address, key): (site, listener)
            for site in successor.sites
            for key, listener in site.listeners.items()
        }
        for site in self.sites:
            for server in site.tcp.values():
                server.close()
            for key, connections in site.connections.items():
                heir = heirs.get((site.server.address, key))
                if heir is None:
                    _retire(connections)
                    continue
                new, listener = heir
                connections.heir = (listener, new.timeouts, new.connections[key])
                for connection in list(connections):
                    connection.adopt(*connections.heir)

    async def drain(self) -> None:
        """Wait for what plugins want to wait for before serving stops (lameduck)."""
        waits = [plugin.drain() for plugin in self.plugins if isinstance(plugin, Drain)]
        if waits:
            await asyncio.gather(*waits)

    async def stop(self) -> bool:
        """Stop serving, give queries under way `GRACE` seconds, then end the plugins.

        False if some query was not answered by then.
        """
        for site in self.sites:
            for transport in site.udp.values():
                transport.drain()
        self.pause()
        for site in self.sites:
            for server in site.tcp.values():
                server.close()
            for connections in site.connections.values():
                _retire(connections)
        answered = await self._answer_all()
        await self.abandon()
        return answered

    async def _answer_all(self) -> bool:
        deadline = asyncio.get_running_loop().time() + GRACE
        while any(listener.under_way for listener in self._listeners()):
            if asyncio.get_running_loop().time() > deadline:
                return False
            await asyncio.sleep(0.01)
        return True

    def _listeners(self) -> Iterable[Listener]:
        return [listener for site in self.sites for listener in site.server.listeners]

    async def abandon(self) -> None:
        """End the plugins, and serve no more."""
        self.pause()
        for site in self.sites:
            for server in site.tcp.values():
                server.close()
            for connections in site.connections.values():
                for connection in list(connections):
                    connection.close()
        self._stopping.set()
        for life, ready in self._lives:
            if ready.cancelled() or not ready.done():
                life.cancel()
        for life, _ in self._lives:
            with suppress(asyncio.CancelledError):
                await life
        self._lives.clear()


def _retire(connections: Connections) -> None:
    connections.retired = True
    for connection in list(connections):
        connection.retire()
