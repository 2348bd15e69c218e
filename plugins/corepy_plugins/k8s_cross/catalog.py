"""A catalog as it comes over the network: fetched, bounded, checked."""

from __future__ import annotations

import asyncio
import hashlib
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Final, NamedTuple

from corepy_plugins.k8s_cross import metrics
from corepy_plugins.k8s_cross.files import LIMIT
from corepy_plugins.k8s_cross.imports import BadDocument, Document, read_json
from corepy_plugins.k8s_cross.listing import Body
from corepy_plugins.k8s_cross.node import Node
from corepy_plugins.k8s_cross.pace import Pace
from corepy_plugins.k8s_cross.peer import Client
from corepy_plugins.k8s_cross.source import FetchError

PATH: Final = "/k8s_cross/v1/catalog"
"""Where a catalog is on the port of its tag."""

VERSION: Final = 1
TIMEOUT: Final = 5.0
"""Seconds for one fetch."""

_MOST_GENERATIONS: Final = 2**63
_LONGEST_ETAG: Final = 200


class Catalog(NamedTuple):
    """What a node serves, before its addresses are trusted."""

    document: Document
    generation: int
    digest: bytes
    etag: str
    """Empty if there is none to ask with."""


class Rejected(BadDocument):
    """A catalog of another cluster or clusterset than it should be: `reason`, a metric's label."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def url(node: Node) -> str:
    """Where a node serves its catalog: always at its own address in the network."""
    host = ip_address((node.v4 or node.v6)[0])
    shown = f"[{host}]" if host.version == 6 else str(host)
    return f"http://{shown}:{node.catalog}{PATH}"


async def fetch(client: Client, node: Node, clusterset: str, known: Catalog | None) -> Catalog:
    """The node's catalog, asked for only if it is not the known one any more.

    Raises `FetchError`, `Malformed` or `Rejected`.
    """
    code = "error"
    try:
        async with asyncio.timeout(TIMEOUT):
            status, etag, body = await _exchange(client, node, known)
        code = str(status)
    except TimeoutError:
        raise FetchError(f"no answer within {TIMEOUT:g} s") from None
    finally:
        metrics.catalog_called(code)
    if status == HTTPStatus.NOT_MODIFIED and known is not None:
        return known
    if status != HTTPStatus.OK:
        raise FetchError(f"HTTP {status}", code=status)
    return await asyncio.to_thread(_read, body, etag, node, clusterset, known)


async def _exchange(client: Client, node: Node, known: Catalog | None) -> tuple[int, str, Body]:
    asked = {"If-None-Match": known.etag} if known is not None and known.etag else {}
    status, headers, octets = await client.get(url(node), asked, LIMIT)
    etag = headers.get("etag", "")
    packed = headers.get("content-encoding", "").lower() == "gzip"
    good = len(etag) <= _LONGEST_ETAG and etag.isascii() and etag.isprintable()
    return status, etag if good else "", Body(octets, packed)


def _read(body: Body, etag: str, node: Node, clusterset: str, known: Catalog | None) -> Catalog:
    """In a thread: octets to services."""
    digest = hashlib.blake2b(body.octets, digest_size=16).digest()
    if known is not None and known.digest == digest:
        return known._replace(etag=etag)
    found, head = read_json(body.pieces(LIMIT), node.cluster, Pace(), forced=True)
    generation = _check(head, node, clusterset)
    return Catalog(found, generation, digest, etag)


def _check(document: dict[str, Any], node: Node, clusterset: str) -> int:
    """The generation. The cluster is that of the node's tag, whatever the document says."""
    if document.get("version") != VERSION:
        raise BadDocument(f"not a catalog of version {VERSION}")
    if document.get("cluster") != node.cluster:
        raise Rejected("cluster", f"it does not say that it is of cluster {node.cluster}")
    if document.get("clusterset") != clusterset:
        raise Rejected("clusterset", f"it does not say that it is of clusterset {clusterset}")
    generation = document.get("generation", 0)
    if type(generation) is not int or not 0 <= generation < _MOST_GENERATIONS:
        raise BadDocument("the generation is not a number")
    return generation
