"""TO: what the words behind FROM stand for - addresses, files with name servers, host names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from corepy import ConfigError, Token
from corepy.corefile.address import is_domain_name
from corepy.corefile.faults import BareError
from corepy.errors import UpstreamError
from corepy.lib.suggest import hint as did_you_mean
from corepy.lib.upstream.address import Address, is_ip, join, parse, split_host_port
from corepy.lib.upstream.lookup import lookup

LIMIT = 15
_PORTS = {"dns": "53", "tls": "853", "https": "443", "quic": "853", "grpc": "443", "https3": "443"}
_SCHEMES = (*_PORTS, "unix")
_LATER = ("tls", "https")

Warn = Callable[[str, Token], None]


@dataclass(frozen=True, slots=True)
class Target:
    """One TO: `addresses` that are known, or else a host `name` to be looked up, and its port."""

    token: Token
    addresses: tuple[Address, ...] = ()
    name: str = ""
    port: str = ""

    async def resolve(self, resolvers: Sequence[Address]) -> tuple[Address, ...]:
        """The addresses of this target; raises `ConfigError` if its name leads nowhere."""
        if not self.name:
            return self.addresses
        try:
            hosts = await lookup(self.name, resolvers)
        except UpstreamError as error:
            message = f'failed to resolve "{self.name}": {error}'
            raise BareError(message, self.token.span) from None
        return tuple(join(host, self.port) for host in hosts)


def targets(tokens: Sequence[Token], warn: Warn) -> list[Target]:
    """All TOs of a line. Raises `ConfigError`."""
    found = [target for token in tokens if (target := _target(token, warn)) is not None]
    if not found:
        raise BareError("no valid upstream addresses found", tokens[0].span)
    if len(found) > LIMIT:
        message = f"more than {LIMIT} TOs configured: {len(found)}"
        raise BareError(message, found[LIMIT].token.span)
    return found


def distinct(addresses: Sequence[Address]) -> list[Address]:
    """Each address once, where it came first."""
    return list({address.label: address for address in reversed(addresses)}.values())[::-1]


def _target(token: Token, warn: Warn) -> Target | None:
    scheme, rest = _scheme(token.text)
    _check_scheme(token, scheme, rest)
    if not rest:
        raise BareError(f'invalid address: "{token.text}"', token.span)
    address = parse(rest, int(_PORTS["dns"]))
    if address is not None:
        if address.port < 0:
            warn(f"{address.label}: no valid port, queries to it will fail", token)
        return Target(token, (address,))
    servers = _name_servers(rest, token, warn)
    if servers is not None:
        return Target(token, servers) if servers else None
    return _host(token, rest)


def _check_scheme(token: Token, scheme: str, rest: str) -> None:
    if scheme == "https" and "/" in rest:
        message = (
            "paths are not allowed in HTTPS upstream addresses (the /dns-query path is used"
            f" by default): {token.text}"
        )
        raise BareError(message, token.span)
    if scheme in _LATER:
        raise BareError(f"upstreams over '{scheme}://' are not available yet", token.span)
    if scheme != "dns":
        text = f"'{scheme}' is not supported as a destination protocol in forward: {token.text}"
        raise BareError(text, token.span, "one of: dns, tls, https")


def _scheme(text: str) -> tuple[str, str]:
    scheme, found, rest = text.partition("://")
    return (scheme, rest) if found and scheme in _SCHEMES else ("dns", text)


def _name_servers(path: str, token: Token, warn: Warn) -> tuple[Address, ...] | None:
    """The name servers of a file like resolv.conf, None if there is no such file."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except IsADirectoryError:
        return ()
    except (OSError, ValueError):
        return None
    found: list[Address] = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or words[0] != "nameserver":
            continue
        if is_ip(words[1]):
            found.append(join(words[1], _PORTS["dns"]))
        else:
            warn(f"{path}: '{words[1]}' is no IP address, it is left out", token)
    return tuple(found)


def _host(token: Token, text: str) -> Target:
    host, port = split_host_port(text) or (text, _PORTS["dns"])
    host = host.strip("[]")
    if not host or "%" in host or not is_domain_name(host) or is_ip(host):
        raise _no_target(token)
    return Target(token, name=host, port=port)


def _no_target(token: Token) -> ConfigError:
    scheme = token.text.partition("://")[0] if "://" in token.text else ""
    hint = did_you_mean(scheme, _PORTS) if scheme else None
    message = f'not an IP address, file, or valid domain: "{token.text}"'
    return BareError(message, token.span, hint)
