"""A stand-in for Headscale: the list endpoint of every generation, with ways to fail."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from aiohttp import web

GENERATIONS = ("0.22", "0.23", "0.25", "0.26", "0.27", "0.28", "0.29", "0.30")
KEY = "hskey-api-SYNTHETIC_00-not_a_real-key"
PAGE = '<!DOCTYPE html><html lang="en"><head></head><body></body></html>'

Item = dict[str, Any]


def node(number: int, *tags: str, **fields: Any) -> Item:
    """One item in the form of 0.28 and later; `fields` replace the usual ones."""
    item: Item = {
        "id": str(number),
        "ipAddresses": [f"100.64.0.{number}", f"fd7a:115c:a1e0::{number:x}"],
        "name": f"node-{number}",
        "lastSeen": "2026-01-01T00:00:00Z",
        "expiry": None,
        "preAuthKey": None,
        "createdAt": f"2025-01-01T00:{number % 60:02d}:00Z",
        "givenName": fields.get("name", f"node-{number}"),
        "online": True,
        "subnetRoutes": [],
        "tags": [f"tag:{tag}" for tag in tags],
    }
    return {**item, **fields}


def shaped(items: list[Item], generation: str) -> Item:
    """The list as this generation of Headscale writes it."""
    if generation >= "0.28":
        return {"nodes": items}
    old = []
    for item in items:
        tags = item["tags"]
        absent = {"tags"} if generation >= "0.26" else {"tags", "subnetRoutes"}
        rest = {key: value for key, value in item.items() if key not in absent}
        valid = [] if generation < "0.24" else tags
        old.append({**rest, "forcedTags": tags, "validTags": valid, "invalidTags": []})
    return {"machines" if generation == "0.22" else "nodes": old}


def routes(items: list[Item], generation: str) -> Item:
    """The list of routes up to 0.25; the routes of a node stand in its `subnetRoutes`."""
    of = "machine" if generation == "0.22" else "node"
    found = [
        {of: item, "prefix": prefix, "advertised": True, "enabled": True, "isPrimary": True}
        for item in items
        for prefix in item.get("subnetRoutes", [])
    ]
    off = {of: items[0], "prefix": "203.0.113.0/24", "enabled": False, "isPrimary": False}
    return {"routes": [*found, off] if items else []}


class Headscale:
    """A server on loopback; set `nodes`, or `trouble` to have it fail in that way.

    `asked` are the paths and Authorization headers of all requests so far.
    """

    def __init__(self, generation: str = "0.30", *, prefix: str = "") -> None:
        self.generation = generation
        self.prefix = prefix
        self.key = KEY
        self.nodes: list[Item] = []
        self.trouble = ""
        self.location = ""
        self.retry_after = ""
        self.asked: list[tuple[str, str]] = []
        self.port = 0
        self.secure = False

    @property
    def url(self) -> str:
        """What goes into `headscale_url`."""
        base = "https://localhost" if self.secure else "http://127.0.0.1"
        return f"{base}:{self.port}{self.prefix}"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Whatever is asked for."""
        authorization = request.headers.get("Authorization", "")
        self.asked.append((request.path, authorization))
        if self.trouble:
            return await self._fail(request)
        name = "machine" if self.generation == "0.22" else "node"
        if not request.path.startswith(f"{self.prefix}/api/"):
            return self._unknown_page()
        if authorization != f"Bearer {self.key}":
            return self._denied(authorization)
        if request.path == f"{self.prefix}/api/v1/routes" and self.generation < "0.26":
            return web.json_response(routes(self.nodes, self.generation))
        if request.path != f"{self.prefix}/api/v1/{name}":
            return self._unknown_path()
        return web.json_response(shaped(self.nodes, self.generation))

    def _unknown_page(self) -> web.Response:
        if self.generation >= "0.28":
            return web.Response(text=PAGE, content_type="text/html")
        return web.Response(status=404, text="404 page not found\n")

    def _unknown_path(self) -> web.Response:
        if self.generation >= "0.30":
            return web.Response(status=404, text="404 page not found\n")
        return web.json_response({"code": 5, "message": "Not Found", "details": []}, status=404)

    def _denied(self, authorization: str) -> web.Response:
        if self.generation >= "0.30":
            body = {"title": "Unauthorized", "status": 401, "detail": "Unauthorized"}
            text = json.dumps(body)
            return web.Response(status=401, text=text, content_type="application/problem+json")
        wrong = 500 if self.generation < "0.27" else 401
        status = wrong if authorization.startswith("Bearer ") else 401
        return web.Response(status=status, text="Unauthorized")

    async def _fail(self, request: web.Request) -> web.StreamResponse:
        kind = self.trouble
        octets = json.dumps(shaped(self.nodes, self.generation)).encode()
        if kind.isdigit():
            headers = {"Retry-After": self.retry_after} if self.retry_after else {}
            if self.location:
                headers["Location"] = self.location
            return web.Response(status=int(kind), text="<p>no</p>", headers=headers)
        if kind in _BODIES:
            return web.Response(body=_BODIES[kind], content_type="application/json")
        if kind == "html":
            return web.Response(text=PAGE, content_type="text/html")
        if kind == "hang":
            await asyncio.sleep(30)
        if kind == "close":
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        if kind in ("gzip", "bomb"):
            packed = gzip.compress(octets) if kind == "gzip" else _bomb()
            return web.Response(body=packed, headers={"Content-Encoding": "gzip"})
        assert kind in ("cut", "slow")
        return await self._drip(request, octets, whole=kind == "slow")

    async def _drip(
        self, request: web.Request, octets: bytes, *, whole: bool
    ) -> web.StreamResponse:
        """Half of what Content-Length promises, or an octet each tenth of a second."""
        response = web.StreamResponse(headers={"Content-Length": str(len(octets))})
        await response.prepare(request)
        if not whole:
            await response.write(octets[: len(octets) // 2])
            assert request.transport is not None
            request.transport.close()
            return response
        for octet in octets:
            await response.write(bytes((octet,)))
            await asyncio.sleep(0.1)
        return response


_BODIES = {
    "brace": b"{",
    "nothing": b"",
    "null": b"null",
    "list": b"[]",
    "no-list": b'{"nodes":null}',
    "number": b"1" * 5000,
    "deep": b"[" * 100_000,
    "nan": b'{"nodes":[NaN]}',
    "latin": b'{"nodes":["\xff"]}',
}
"""Octets with status 200 that are no list."""

BODIES = tuple(_BODIES)
TROUBLES = (*BODIES, "500", "502", "503", "429", "404", "302", "401", "403", "html", "close", "cut")
"""Failures that come at once."""


@cache
def _bomb() -> bytes:
    """Gzip that unpacks to 80 MiB."""
    packer = zlib.compressobj(9, wbits=31)
    block = b" " * (1 << 20)
    return b"".join([packer.compress(block) for _ in range(80)] + [packer.flush()])


@asynccontextmanager
async def headscale(
    generation: str = "0.30",
    *nodes: Item,
    prefix: str = "",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Headscale]:
    """A running stand-in."""
    server = Headscale(generation, prefix=prefix)
    server.nodes = list(nodes)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls)
    await site.start()
    server.secure = tls is not None
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()
