"""What one `k8s_cross` line of a Corefile says, read and checked."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from corepy.lib.fallthrough import Fallthrough
from corepy_plugins.k8s_cross.node import DEFAULT_CLUSTER, DEFAULT_CLUSTERSET, Network
from corepy_plugins.k8s_cross.socks import Proxy

CLUSTERSET_ZONE: Final = "clusterset.local."
"""The zone of the Multi-Cluster Services API, and all that is served of the root."""

STALE_TTL: Final = 30
"""Seconds that any answer may be kept while Headscale is away."""


class Tls(NamedTuple):
    """How Headscale's certificate is checked, and ours shown; paths as the Corefile names them."""

    cert: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    insecure: bool = False

    def context(self) -> ssl.SSLContext:
        """A context with the files as they are now. Raises `OSError` (`ssl.SSLError` is one)."""
        context = ssl.create_default_context(cafile=str(self.ca) if self.ca else None)
        if self.cert:
            context.load_cert_chain(self.cert, self.key)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


class Export(NamedTuple):
    """Where this cluster's catalog is served, and the file it is made of."""

    address: str
    file: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """One instance's configuration; times in seconds.

    `url` has no trailing slash and is empty when `file` is set; exactly one of `key` and
    `key_file` comes with it. `max_stale` 0 means for ever, `max_answers` 0 means all, no
    `namespaces` means all, `probe` 0 means none. `extra_records` are a file and a zone without
    its final dot.
    """

    zones: tuple[str, ...] = (CLUSTERSET_ZONE,)
    url: str = ""
    key: str = field(default="", repr=False)
    key_file: Path | None = None
    file: Path | None = None
    cluster: str = DEFAULT_CLUSTER
    clusterset: str = DEFAULT_CLUSTERSET
    ttl: int = 300
    negttl: int = 30
    fallthrough: Fallthrough = field(default_factory=Fallthrough)
    refresh: float = 30.0
    timeout: float = 10.0
    max_stale: float = 24 * 3600.0
    offline_grace: float = 60.0
    policy: str = "all"
    locality: bool = False
    max_answers: int = 0
    txt: bool = True
    namespaces: frozenset[str] = frozenset()
    tls: Tls = field(default_factory=Tls)
    probe: float = 0.0
    snapshot: Path | None = None
    match: str = "tags"
    records: Path | None = None
    allow_cidr: tuple[Network, ...] = ()
    allow_namespaces: frozenset[str] = frozenset()
    export: Export | None = None
    extra_records: tuple[Path, str] | None = None
    status: str = ""
    overlay_proxy: Proxy | None = None

    @property
    def place(self) -> str:
        """Where the node list comes from, as messages name it."""
        return f"file:{self.file}" if self.file else self.url

    @property
    def origin(self) -> str:
        """What the facts of a list depend on: its place, and how its nodes are read."""
        return f"{self.match} of {self.place}"
