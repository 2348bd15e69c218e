"""The web configuration of Prometheus' exporters (`tls FILE`): TLS, users and headers in YAML.

The format is exporter-toolkit's; unknown keys are errors there and here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from corepy.errors import CorepyError
from corepy.lib.suggest import hint
from corepy.registry import need

CLIENT_AUTH: Final = {
    "": "none",
    "NoClientCert": "none",
    # A certificate that nobody checks decides nothing, so there is no use in asking for it.
    "RequestClientCert": "none",
    "VerifyClientCertIfGiven": "optional",
    "RequireAndVerifyClientCert": "required",
}
HEADERS: Final = (
    "Content-Security-Policy",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "X-XSS-Protection",
)


@dataclass(frozen=True)
class Tls:
    """`tls_server_config`. Certificates, key and authorities are files or PEM text."""

    cert: Path | str = ""
    key: Path | str = ""
    client_ca: Path | str = ""
    client_auth: str = "none"
    client_sans: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()
    least: str = "TLS12"
    most: str = "TLS13"
    prefer_server: bool = True

    @property
    def files(self) -> tuple[Path, ...]:
        """What must be read anew when it changes."""
        given = (self.cert, self.key, self.client_ca)
        return tuple(value for value in given if isinstance(value, Path))


@dataclass(frozen=True)
class WebConfig:
    """The whole file; `tls` is None where the endpoint stays plain HTTP."""

    tls: Tls | None = None
    users: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def load(path: Path) -> WebConfig:
    """Read a file. Raises `CorepyError` with what is wrong, never with the file's contents."""
    yaml: Any = need("yaml", extra="web")
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CorepyError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    except UnicodeDecodeError:
        raise CorepyError(f"{path}: not UTF-8 text") from None
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise CorepyError(f"{path}: not YAML{place}") from None
    try:
        return _whole(tree if tree is not None else {}, path.parent)
    except ValueError as fault:
        raise CorepyError(f"{path}: {fault}") from None


def _whole(tree: Any, folder: Path) -> WebConfig:
    top = _section(tree, "", "tls_server_config", "http_server_config", "basic_auth_users")
    users = {str(k): _text(v, str(k)) for k, v in _mapping(top, "basic_auth_users").items()}
    http = _section(_mapping(top, "http_server_config"), "http_server_config", "http2", "headers")
    # HTTP/1.1 is all there is here, which satisfies `http2` either way.
    _flag(http, "http2", default=True)
    headers = {str(k): _text(v, str(k)) for k, v in _mapping(http, "headers").items()}
    for name in headers:
        if name not in HEADERS:
            raise ValueError(f"HTTP header {name!r} can not be configured{_near(name, HEADERS)}")
    server = _mapping(top, "tls_server_config")
    return WebConfig(_tls(server, folder) if server else None, users, headers)


def _tls(tree: dict[str, Any], folder: Path) -> Tls:
    known = (
        *("cert", "cert_file", "key", "key_file", "client_ca", "client_ca_file"),
        *("client_auth_type", "client_allowed_sans", "cipher_suites", "curve_preferences"),
        *("min_version", "max_version", "prefer_server_cipher_suites"),
    )
    server = _section(tree, "tls_server_config", *known)
    auth = _text(server.get("client_auth_type", ""), "client_auth_type")
    if auth not in CLIENT_AUTH:
        raise ValueError(f"invalid client_auth_type {auth!r}{_near(auth, CLIENT_AUTH)}")
    found = Tls(
        cert=_material(server, "cert", folder),
        key=_material(server, "key", folder),
        client_ca=_material(server, "client_ca", folder),
        client_auth=CLIENT_AUTH[auth],
        client_sans=_texts(server, "client_allowed_sans"),
        ciphers=_texts(server, "cipher_suites"),
        curves=_texts(server, "curve_preferences"),
        least=_version(server, "min_version", "TLS12"),
        most=_version(server, "max_version", "TLS13"),
        prefer_server=_flag(server, "prefer_server_cipher_suites", default=True),
    )
    if not found.cert:
        raise ValueError("missing one of cert or cert_file")
    if not found.key:
        raise ValueError("missing one of key or key_file")
    if found.client_ca and found.client_auth == "none":
        raise ValueError("client CA's have been configured without a Client Auth Policy")
    if found.client_auth != "none" and not found.client_ca:
        raise ValueError(f"client_auth_type {auth!r} needs client_ca or client_ca_file")
    if found.client_sans and found.client_auth != "required":
        raise ValueError("client_allowed_sans needs client_auth_type RequireAndVerifyClientCert")
    return found


def _material(tree: dict[str, Any], name: str, folder: Path) -> Path | str:
    text, file = tree.get(name), tree.get(f"{name}_file")
    if text and file:
        raise ValueError(f"cannot specify both {name} and {name}_file")
    if file:
        return folder / _text(file, f"{name}_file")
    return _text(text or "", name)


def _version(tree: dict[str, Any], name: str, default: str) -> str:
    text = _text(tree.get(name) or default, name)
    if text not in ("TLS10", "TLS11", "TLS12", "TLS13"):
        raise ValueError(f"unknown TLS version: {text!r}, one of TLS10, TLS11, TLS12, TLS13")
    return text


def _section(tree: Any, name: str, *known: str) -> dict[str, Any]:
    if not isinstance(tree, dict):
        raise ValueError(f"{name or 'the file'} is not a mapping")  # noqa: TRY004 - of the file
    for key in tree:
        if key not in known:
            raise ValueError(f"unknown field {key!r}{_near(str(key), known)}")
    return tree


def _mapping(tree: dict[str, Any], name: str) -> dict[str, Any]:
    value = tree.get(name) or {}
    if not isinstance(value, dict):
        raise ValueError(f"{name} is not a mapping")  # noqa: TRY004
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is not text")  # noqa: TRY004
    return value


def _texts(tree: dict[str, Any], name: str) -> tuple[str, ...]:
    value = tree.get(name) or []
    if not isinstance(value, list):
        raise ValueError(f"{name} is not a list")  # noqa: TRY004
    return tuple(_text(item, name) for item in value)


def _flag(tree: dict[str, Any], name: str, *, default: bool) -> bool:
    value = tree.get(name, default)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is not true or false")  # noqa: TRY004
    return value


def _near(word: str, known: Any) -> str:
    found = hint(word, [name for name in known if name])
    return f", {found}" if found else ""
