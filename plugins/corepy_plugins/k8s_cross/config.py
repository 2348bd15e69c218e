"""Reads one `k8s_cross` line with its block into `Settings`; every mistake at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from corepy.controller import Controller
from corepy.corefile import Directive, Property, Token
from corepy.errors import ConfigError
from corepy.lib.fallthrough import Fallthrough
from corepy.lib.listen import split
from corepy_plugins.k8s_cross import files, tags
from corepy_plugins.k8s_cross.config_source import SourceReader
from corepy_plugins.k8s_cross.node import MATCHES, network
from corepy_plugins.k8s_cross.settings import CLUSTERSET_ZONE, Export, Settings
from corepy_plugins.k8s_cross.socks import Proxy

POLICIES: Final = ("all", "prefer_local", "local_only", "remote_only")
_TTL: Final = Settings().ttl
_NEGATIVE_TTL: Final = 30
_PROBE: Final = 5.0
_UINT31: Final = 2**31 - 1
_LONGEST_DURATION: Final = 10 * 365 * 86400.0


class Reader(SourceReader):
    """One line being read."""

    def settings(self) -> Settings:
        """All of it, checked. Raises `ConfigError`."""
        seen: set[str] = set()
        for prop in self._directive.body:
            name = prop.name.text
            if name not in PROPERTIES:
                prop.unknown(*PROPERTIES)
            if name in seen:
                raise prop.error(f"property '{name}' is given twice", prop.name, "remove one")
            seen.add(name)
            self._read(prop, *PROPERTIES[name])
        self.check_source()
        found = self._found
        found.setdefault("negttl", min(found.get("ttl", _TTL), _NEGATIVE_TTL))
        return Settings(zones=self._zones(), **found)

    def _read(self, prop: Property, read: Callable[[Reader, Property], None], usage: str) -> None:
        try:
            read(self, prop)
        except ConfigError as error:
            error.hint = error.hint or f"write: {prop.name.text} {usage}".rstrip()
            raise

    # ---- zones

    def _zones(self) -> tuple[str, ...]:
        zones: dict[str, None] = {}
        for arg in self._directive.args:
            named = self._c.zones([arg])
            if not named:
                raise self._c.error(f"not a zone: '{arg.shown}'", arg, "write a domain name")
            for zone in named:
                # Nobody is responsible for the whole of DNS: the root stands for the standard zone.
                zone = CLUSTERSET_ZONE if zone == "." else zone
                if zone in zones:
                    raise self._c.error(f"zone '{zone}' is given twice", arg, "remove one")
                zones[zone] = None
                self._check_reachable(zone, arg)
        if not zones:
            zones[CLUSTERSET_ZONE] = None
            self._check_reachable(CLUSTERSET_ZONE, self._directive.name)
        return tuple(zones)

    def _check_reachable(self, zone: str, token: Token) -> None:
        keys = self._c.block.zones
        if any(_within(zone, key) or _within(key, zone) for key in keys):
            return
        message = f"no query for {zone} reaches this server block ({', '.join(keys)})"
        hint = f"add {zone.removesuffix('.')} to the block's zones"
        if token is self._directive.name:
            hint += f", or name the zone: k8s_cross {keys[0].removesuffix('.')}" if keys else ""
        self._c.warn(message, token, hint)

    # ---- who we are

    def cluster(self, prop: Property) -> None:
        """`cluster CLUSTER_NAME`."""
        token = prop.only()
        if not tags.is_cluster(token.text.lower()):
            hint = "letters, digits and '-'; at most one dot"
            raise prop.error(f"not a cluster name: '{token.shown}'", token, hint)
        self._found["cluster"] = token.text.lower()

    def clusterset(self, prop: Property) -> None:
        """`clusterset CLUSTERSET_NAME`."""
        token = prop.only()
        if not tags.is_label(token.text.lower()):
            hint = "letters, digits and '-'"
            raise prop.error(f"not a clusterset name: '{token.shown}'", token, hint)
        self._found["clusterset"] = token.text.lower()

    # ---- what is answered

    def seconds(self, prop: Property) -> None:
        """`ttl SECONDS`, `negttl SECONDS`."""
        prop.only()
        self._found[prop.name.text] = prop.seconds(most=_UINT31)

    def fallthrough(self, prop: Property) -> None:
        """`fallthrough [ZONES...]`."""
        zones = self._c.zones(prop.args) if prop.args else ()
        if prop.args and not zones:
            raise prop.error(f"not a zone: '{prop.args[0].shown}'", prop.args[0])
        self._found["fallthrough"] = Fallthrough(zones)

    def policy(self, prop: Property) -> None:
        """`policy all|prefer_local|local_only|remote_only`."""
        prop.only()
        self._found["policy"] = prop.choice(*POLICIES)

    def locality(self, prop: Property) -> None:
        """`locality srv`."""
        prop.only()
        prop.choice("srv")
        self._found["locality"] = True

    def max_answers(self, prop: Property) -> None:
        """`max_answers N`."""
        prop.only()
        self._found["max_answers"] = prop.integer(least=0, most=65535)

    def txt(self, prop: Property) -> None:
        """`txt on|off`."""
        prop.only()
        self._found["txt"] = prop.choice("on", "off") == "on"

    def namespaces(self, prop: Property) -> None:
        """`namespaces NAMESPACE...`."""
        self._found["namespaces"] = _namespaces(prop)

    def match(self, prop: Property) -> None:
        """`match tags|names|both`."""
        token = prop.only()
        self._found["match"] = prop.choice(*MATCHES)
        if token.text != "tags":
            message = "whoever may name a node can make it a gateway to any service"
            self._c.warn(message, token, "tags are granted by Headscale")

    def allow_namespaces(self, prop: Property) -> None:
        """`allow_namespaces NAMESPACE...`."""
        self._found["allow_namespaces"] = _namespaces(prop)

    def allow_cidr(self, prop: Property) -> None:
        """`allow_cidr NETWORK...`."""
        found = []
        for token in prop.count(1):
            if (read := network(token.text)) is None:
                hint = "write ADDRESS/LENGTH, not the whole Internet"
                raise prop.error(f"not a network: '{token.shown}'", token, hint)
            found.append(read)
        self._found["allow_cidr"] = tuple(found)

    # ---- times

    def duration(self, prop: Property) -> None:
        """`refresh`, `timeout`, `max_stale`, `offline_grace`, each with a DURATION."""
        token = prop.only()
        least, shown = _LEAST[prop.name.text]
        value = prop.duration()
        if not least <= value <= _LONGEST_DURATION:
            raise prop.error(f"duration out of range: {token.shown}", token, f"at least {shown}")
        self._found[prop.name.text] = value

    def probe(self, prop: Property) -> None:
        """`probe [INTERVAL]`."""
        if not prop.count(0, 1):
            self._found["probe"] = _PROBE
            return
        self.duration(prop)

    # ---- files

    def snapshot(self, prop: Property) -> None:
        """`snapshot FILE`."""
        self._found["snapshot"] = self._written(prop, prop.only())

    def records(self, prop: Property) -> None:
        """`records FILE`."""
        self._found["records"] = self._document(prop, prop.only())

    def export(self, prop: Property) -> None:
        """`export ADDRESS:PORT { file PATH }`."""
        token = prop.only()
        self._check_listener(prop, token)
        others: set[str] = self._c.host.shared.setdefault(("k8s_cross", "export"), set())
        if token.text in others:
            raise prop.error(f"'{token.shown}' is used by another line too", token)
        others.add(token.text)
        found: Path | None = None
        for inner in prop.block():
            if inner.name.text != "file":
                inner.unknown("file")
            if found is not None:
                raise inner.error("property 'file' is given twice", inner.name)
            found = self._document(inner, inner.only())
        if found is None:
            hint = "write: export ADDRESS:PORT { file PATH }"
            raise prop.error("export needs a file", prop.name, hint)
        if split(token.text)[0] in ("", "0.0.0.0", "::"):
            message = "the catalog is served on all addresses"
            self._c.warn(message, token, "name the server's address in the network")
        self._found["export"] = Export(token.text, found)

    def status(self, prop: Property) -> None:
        """`status ADDRESS:PORT`."""
        token = prop.only()
        self._check_listener(prop, token)
        self._found["status"] = token.text

    def overlay_proxy(self, prop: Property) -> None:
        """`overlay_proxy socks5://HOST:PORT`."""
        token = prop.only()
        hint = "write socks5://HOST:PORT"
        try:
            url = urlsplit(token.text)
            port = url.port
        except ValueError:
            raise prop.error("not a URL", token, hint) from None
        rest = url.path.strip("/") or url.query or url.fragment or "@" in url.netloc
        if url.scheme != "socks5" or not url.hostname or not port or rest:
            raise prop.error(f"not a SOCKS5 proxy: '{token.shown}'", token, hint)
        self._found["overlay_proxy"] = Proxy(url.hostname, port)

    def _check_listener(self, prop: Property, token: Token) -> None:
        """An address with a port to listen at."""
        hint = "write ADDRESS:PORT"
        try:
            port = split(token.text)[1]
        except ValueError as fault:
            raise prop.error(str(fault), token, hint) from None
        if not tags.is_port(port):
            raise prop.error(f"not a port: '{port}'", token, hint)

    def extra_records_out(self, prop: Property) -> None:
        """`extra_records_out FILE ZONE`."""
        file, zone = prop.count(2, 2)
        named = self._c.zones([zone])
        if len(named) != 1 or named == (".",):
            raise prop.error(f"not a zone for names of services: '{zone.shown}'", zone)
        self._found["extra_records"] = (self._written(prop, file), named[0].removesuffix("."))

    def _document(self, prop: Property, token: Token) -> Path:
        """A file with services, of a kind that can be read here."""
        path = self._c.path(token.text)
        if path.suffix not in files.JSON + files.YAML:
            hint = "name it .json, .yaml or .yml"
            raise prop.error(f"'{token.shown}' is neither JSON nor YAML", token, hint)
        if path.suffix in files.YAML and not files.has_yaml():
            hint = "install corepy-dns[yaml], or write JSON"
            raise prop.error("YAML needs the Python package pyyaml", token, hint)
        return path

    def _written(self, prop: Property, token: Token) -> Path:
        """A file to write, which nobody else in this configuration writes."""
        path = self._c.path(token.text)
        others: set[Path] = self._c.host.shared.setdefault(("k8s_cross", "written"), set())
        if path in others:
            raise prop.error(f"'{token.shown}' is written by another line too", token)
        others.add(path)
        return path


_LEAST: Final = {
    "refresh": (1.0, "1s"),
    "timeout": (0.001, "1ms"),
    "max_stale": (0.0, "0, which means for ever"),
    "offline_grace": (0.0, "0s"),
    "probe": (1.0, "1s"),
}

PROPERTIES: Final[dict[str, tuple[Callable[[Reader, Property], None], str]]] = {
    "headscale_url": (Reader.headscale_url, "URL [API_KEY]"),
    "api_key_file": (Reader.api_key_file, "PATH"),
    "tls": (Reader.tls, "[CERT KEY] [CA]"),
    "tls_insecure": (Reader.tls_insecure, ""),
    "cluster": (Reader.cluster, "CLUSTER_NAME"),
    "clusterset": (Reader.clusterset, "CLUSTERSET_NAME"),
    "ttl": (Reader.seconds, "TTL_VALUE"),
    "negttl": (Reader.seconds, "TTL_VALUE"),
    "fallthrough": (Reader.fallthrough, "[ZONES...]"),
    "policy": (Reader.policy, "all|prefer_local|local_only|remote_only"),
    "locality": (Reader.locality, "srv"),
    "max_answers": (Reader.max_answers, "N"),
    "txt": (Reader.txt, "on|off"),
    "namespaces": (Reader.namespaces, "NAMESPACE..."),
    "match": (Reader.match, "tags|names|both"),
    "refresh": (Reader.duration, "DURATION"),
    "timeout": (Reader.duration, "DURATION"),
    "max_stale": (Reader.duration, "DURATION"),
    "offline_grace": (Reader.duration, "DURATION"),
    "probe": (Reader.probe, "[INTERVAL]"),
    "snapshot": (Reader.snapshot, "FILE"),
    "records": (Reader.records, "FILE"),
    "export": (Reader.export, "ADDRESS:PORT { file FILE }"),
    "allow_cidr": (Reader.allow_cidr, "NETWORK..."),
    "allow_namespaces": (Reader.allow_namespaces, "NAMESPACE..."),
    "extra_records_out": (Reader.extra_records_out, "FILE ZONE"),
    "status": (Reader.status, "ADDRESS:PORT"),
    "overlay_proxy": (Reader.overlay_proxy, "socks5://HOST:PORT"),
}
"""Every property with what reads it, and its arguments as the README has them."""


def read(controller: Controller, directive: Directive) -> Settings:
    """The settings of one occurrence. Raises `ConfigError`."""
    return Reader(controller, directive).settings()


def _namespaces(prop: Property) -> frozenset[str]:
    for token in prop.count(1):
        if not tags.is_label(token.text.lower()):
            raise prop.error(f"not a namespace: '{token.shown}'", token)
    return frozenset(text.lower() for text in prop.values())


def _within(name: str, zone: str) -> bool:
    return zone in (".", name) or name.endswith("." + zone)
