"""Reads where the node list comes from: `headscale_url`, `api_key_file` and TLS."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from corepy.controller import Controller
from corepy.corefile import Directive, Property, Source, Span, Token
from corepy.corefile.faults import argument_error
from corepy.errors import ConfigError
from corepy_plugins.k8s_cross.headscale import is_key
from corepy_plugins.k8s_cross.settings import Tls

_NO_URL: Final = "headscale_url is required configuration for k8s_cross plugin"
# Addresses at which plain HTTP does not leave a network that somebody trusts.
_NEARBY: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")


class SourceReader:
    """The part of a line's reader that knows of URLs and keys."""

    def __init__(self, controller: Controller, directive: Directive) -> None:
        self._c = controller
        self._directive = directive
        self._found: dict[str, Any] = {}
        self._url: Property | None = None
        self._key_file: Property | None = None
        self._tls: list[Property] = []

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

    def check_source(self) -> None:
        """What only shows when the whole block is read. Raises `ConfigError`."""
        if self._url is None:
            hint = "add a line: headscale_url URL API_KEY"
            raise self._c.error(_NO_URL, self._directive.name, hint)
        for prop in (self._key_file, *self._tls):
            if prop is not None and "file" in self._found:
                message = f"{prop.name.text} has no use with a file: URL"
                raise prop.error(message, prop.name, "remove it")
        if "file" in self._found:
            return
        for prop in self._tls:
            if not self._found["url"].startswith("https:"):
                message = f"{prop.name.text} needs an https URL in headscale_url"
                raise prop.error(message, prop.name, "write https there, or remove it")
        if "key" in self._found and self._key_file is not None:
            message = "an API key is given in headscale_url and in api_key_file"
            raise self._key_file.error(message, self._key_file.name, "remove one of them")
        if "key" not in self._found and self._key_file is None:
            last = self._url.args[0]
            raise argument_error(last.shown, last.span, hint="add the API key, or api_key_file")

    def tls(self, prop: Property) -> None:
        """`tls CA`, `tls CERT KEY` or `tls CERT KEY CA`, as elsewhere in a Corefile."""
        paths = [self._c.path(token.text) for token in prop.count(1, 3)]
        self._tls.append(prop)
        ca = paths[-1] if len(paths) != 2 else None
        cert, key = paths[:2] if len(paths) > 1 else (None, None)
        self._found["tls"] = self._tls_so_far()._replace(cert=cert, key=key, ca=ca)

    def tls_insecure(self, prop: Property) -> None:
        """`tls_insecure`."""
        prop.bare()
        self._tls.append(prop)
        self._found["tls"] = self._tls_so_far()._replace(insecure=True)
        message = "Headscale's certificate is not checked: whoever is in between gets the API key"
        self._c.warn(message, prop.name, "use tls CA with the authority that signed it")

    def _tls_so_far(self) -> Tls:
        found: Tls = self._found.get("tls") or Tls()
        return found


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
