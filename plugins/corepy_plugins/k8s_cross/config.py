"""Reads one `k8s_cross` line with its block into `Settings`; every mistake at its place."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from corepy.controller import Controller
from corepy.corefile import Directive, Property, Source, Span, Token
from corepy.corefile.faults import argument_error
from corepy.errors import ConfigError
from corepy.lib.fallthrough import Fallthrough
from corepy_plugins.k8s_cross import tags
from corepy_plugins.k8s_cross.headscale import is_key
from corepy_plugins.k8s_cross.settings import CLUSTERSET_ZONE, Settings, Tls

POLICIES: Final = ("all", "prefer_local", "local_only", "remote_only")
_TTL: Final = Settings().ttl
_NEGATIVE_TTL: Final = 30
_UINT31: Final = 2**31 - 1
_LONGEST_DURATION: Final = 10 * 365 * 86400.0
_NO_URL: Final = "headscale_url is required configuration for k8s_cross plugin"
# Addresses at which plain HTTP does not leave a network that somebody trusts.
_NEARBY: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")


class Reader:
    """One line being read."""

    def __init__(self, controller: Controller, directive: Directive) -> None:
        self._c = controller
        self._directive = directive
        self._found: dict[str, Any] = {}
        self._url: Property | None = None
        self._key_file: Property | None = None
        self._tls: Property | None = None

    def settings(self) -> Settings:
        """All of it, checked. Raises `ConfigError`."""
        seen: set[str] = set()
        for prop in self._directive.body:
            name = prop.name.text
            read = PROPERTIES.get(name)
            if read is None:
                prop.unknown(*PROPERTIES)
            if name in seen:
                raise prop.error(f"property '{name}' is given twice", prop.name)
            seen.add(name)
            read(self, prop)
        self._check_source()
        found = self._found
        found.setdefault("negttl", min(found.get("ttl", _TTL), _NEGATIVE_TTL))
        return Settings(zones=self._zones(), **found)

    # ---- zones

    def _zones(self) -> tuple[str, ...]:
        zones: dict[str, None] = {}
        for arg in self._directive.args:
            named = self._c.zones([arg])
            if not named:
                raise self._c.error(f"not a zone: '{arg.shown}'", arg)
            for zone in named:
                # Nobody is responsible for the whole of DNS: the root stands for the standard zone.
                zone = CLUSTERSET_ZONE if zone == "." else zone
                if zone in zones:
                    raise self._c.error(f"zone '{zone}' is given twice", arg)
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

    # ---- where the list comes from

    def headscale_url(self, prop: Property) -> None:
        """`headscale_url URL [API_KEY]`; the URL may be `file:PATH`."""
        args = prop.count(1, 2)
        self._url = prop
        token = args[0]
        try:
            url = urlsplit(token.text)
            port_is_good = url.port is None or url.port > 0
        except ValueError:
            raise _quiet(prop, "not a URL", token) from None
        if url.scheme == "file":
            self._file(prop, url, args)
            return
        if url.username is not None or "@" in url.netloc:
            raise _quiet(prop, "a URL with a user name or password in it", token)
        if url.scheme not in ("http", "https"):
            hint = "write http://HOST:PORT, https://HOST or file:PATH"
            raise prop.error(f"not an HTTP URL: '{token.shown}'", token, hint)
        if not url.hostname or not port_is_good:
            raise prop.error(f"no host or port in URL '{token.shown}'", token)
        if url.query or url.fragment:
            raise prop.error(f"URL '{token.shown}' must end with its path", token)
        self._found["url"] = f"{url.scheme}://{url.netloc}{url.path.rstrip('/')}"
        if len(args) == 2:
            self._key(prop, args[1])
        if url.scheme == "http" and not _nearby(url.hostname):
            message = f"the API key goes to {url.hostname} unencrypted"
            self._c.warn(message, token, "use https, or an address inside your network")

    def _file(self, prop: Property, url: SplitResult, args: list[Token]) -> None:
        if len(args) == 2:
            raise prop.error("a file: URL needs no API key", args[1])
        path = unquote(url.path)
        if url.netloc not in ("", "localhost") or not path or url.query or url.fragment:
            hint = "write file:PATH, relative to the Corefile's folder, or file:///PATH"
            raise prop.error(f"not a file URL: '{args[0].shown}'", args[0], hint)
        self._found["file"] = self._beside_corefile(path)

    def _beside_corefile(self, path: str) -> Path:
        conf = self._c.host.conf
        folder = Path() if conf in ("", "stdin") else Path(conf).parent
        return folder / path

    def _key(self, prop: Property, token: Token) -> None:
        if not is_key(token.text):
            hint = None if token.text else "is the environment variable set?"
            raise prop.error("not an API key", token, hint)
        self._found["key"] = token.text

    def api_key_file(self, prop: Property) -> None:
        """`api_key_file PATH`."""
        token = prop.only()
        self._key_file = prop
        self._found["key_file"] = self._c.path(token.text)

    def _check_source(self) -> None:
        if self._url is None:
            raise self._c_error(_NO_URL, hint="add a line: headscale_url URL API_KEY")
        for prop in (self._key_file, self._tls):
            if prop is not None and "file" in self._found:
                raise prop.error(f"{prop.name.text} has no use with a file: URL", prop.name)
        if "file" in self._found:
            return
        if self._tls is not None and not self._found["url"].startswith("https:"):
            raise self._tls.error("tls needs an https URL in headscale_url", self._tls.name)
        if "key" in self._found and self._key_file is not None:
            message = "an API key is given in headscale_url and in api_key_file"
            raise self._key_file.error(message, self._key_file.name, "remove one of them")
        if "key" not in self._found and self._key_file is None:
            last = self._url.args[0]
            raise argument_error(last.shown, last.span, hint="add the API key, or api_key_file")

    def _c_error(self, message: str, hint: str) -> ConfigError:
        return self._c.error(message, self._directive.name, hint)

    def tls(self, prop: Property) -> None:
        """`tls CA`, `tls CERT KEY` or `tls CERT KEY CA`, as elsewhere in a Corefile."""
        paths = [self._c.path(token.text) for token in prop.count(1, 3)]
        self._tls = prop
        ca = paths[-1] if len(paths) != 2 else None
        cert, key = paths[:2] if len(paths) > 1 else (None, None)
        self._found["tls"] = Tls(cert, key, ca)

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
        for token in prop.count(1):
            if not tags.is_label(token.text.lower()):
                raise prop.error(f"not a namespace: '{token.shown}'", token)
        self._found["namespaces"] = frozenset(text.lower() for text in prop.values())

    # ---- times

    def duration(self, prop: Property) -> None:
        """`refresh`, `timeout`, `max_stale`, `offline_grace`, each with a DURATION."""
        token = prop.only()
        least, shown = _LEAST[prop.name.text]
        value = prop.duration()
        if not least <= value <= _LONGEST_DURATION:
            raise prop.error(f"duration out of range: {token.shown}", token, f"at least {shown}")
        self._found[prop.name.text] = value


_LEAST: Final = {
    "refresh": (1.0, "1s"),
    "timeout": (0.001, "1ms"),
    "max_stale": (0.0, "0, which means for ever"),
    "offline_grace": (0.0, "0s"),
}

PROPERTIES: Final[dict[str, Callable[[Reader, Property], None]]] = {
    "headscale_url": Reader.headscale_url,
    "api_key_file": Reader.api_key_file,
    "tls": Reader.tls,
    "cluster": Reader.cluster,
    "clusterset": Reader.clusterset,
    "ttl": Reader.seconds,
    "negttl": Reader.seconds,
    "fallthrough": Reader.fallthrough,
    "policy": Reader.policy,
    "locality": Reader.locality,
    "max_answers": Reader.max_answers,
    "txt": Reader.txt,
    "namespaces": Reader.namespaces,
    "refresh": Reader.duration,
    "timeout": Reader.duration,
    "max_stale": Reader.duration,
    "offline_grace": Reader.duration,
}
"""Every property, and what reads it; the README is tested against this table."""


def read(controller: Controller, directive: Directive) -> Settings:
    """The settings of one occurrence. Raises `ConfigError`."""
    return Reader(controller, directive).settings()


def _within(name: str, zone: str) -> bool:
    return zone in (".", name) or name.endswith("." + zone)


def _nearby(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        # A name without a dot, or inside a cluster, is not looked up outside.
        return "." not in host or host.endswith((".svc", ".local", ".internal", ".localhost"))
    networks = [ip_network(text) for text in _NEARBY]
    return address.is_loopback or any(
        address.version == network.version and address in network for network in networks
    )


def _quiet(prop: Property, message: str, token: Token) -> ConfigError:
    """An error at a URL that may hold a password: the source line is shown without the word."""
    span = token.span
    line = span.source_line
    start, stop = span.column - 1, span.column - 1 + span.length
    shown = line[:start] + "***" + line[stop:]
    hidden = Source(span.file, "\n" * (span.line - 1) + shown)
    error = prop.error(message, token, "write http://HOST:PORT and give the key as second word")
    error.span = Span(span.file, span.line, span.column, 3, hidden)
    return error
