"""Stand-ins for the nodes that serve catalogs."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

PATH = "/k8s_cross/v1/catalog"


def service(name: str = "web", **fields: Any) -> dict[str, Any]:
    """A ClusterSetIP service of namespace shop."""
    return {"namespace": "shop", "name": name, **fields}


class Peer:
    """A node on loopback that serves `document`, or fails as `trouble` says.

    `asked` has the If-None-Match of each request so far, `most` how many were here at once.
    """

    def __init__(self, tagged: str, /, *services: dict[str, Any], **fields: Any) -> None:
        self.document: Any = {
            "version": 1,
            "cluster": tagged,
            "clusterset": "default-clusterset",
            "generation": 1,
            "services": list(services),
            **fields,
        }
        self.etag = ""
        self.trouble = ""
        self.packed = False
        self.asked: list[str] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    def put(self, *services: dict[str, Any], **fields: Any) -> None:
        """Serve other services."""
        self.document = {**self.document, "services": list(services), **fields}

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The catalog."""
        assert request.path == PATH
        assert "Authorization" not in request.headers
        self.asked.append(request.headers.get("If-None-Match", ""))
        if self.trouble.isdigit():
            headers = {"Location": self.url} if self.trouble == "302" else {}
            return web.Response(status=int(self.trouble), headers=headers)
        if self.trouble == "hang":
            await asyncio.sleep(30)
        if self.trouble == "large":
            return web.Response(body=b" " * (9 << 20))
        if self.trouble == "bomb":
            body = gzip.compress(b" " * (9 << 20))
            return web.Response(body=body, headers={"Content-Encoding": "gzip"})
        if self.etag and self.etag == self.asked[-1]:
            return web.Response(status=304, headers={"ETag": self.etag})
        octets = self.trouble.encode() or json.dumps(self.document).encode()
        headers = {"ETag": self.etag} if self.etag else {}
        if self.packed:
            octets, headers = gzip.compress(octets), {**headers, "Content-Encoding": "gzip"}
        return web.Response(body=octets, headers=headers)


@asynccontextmanager
async def serving(*peers: Peer) -> AsyncIterator[None]:
    """These are running."""
    runners = []
    for peer in peers:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", peer.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        peer.port = runner.addresses[0][1]
    try:
        yield
    finally:
        for runner in runners:
            await runner.cleanup()
