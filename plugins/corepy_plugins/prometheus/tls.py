"""TLS of the metrics endpoint: a server context out of a web configuration."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from corepy.errors import CorepyError

from .webconfig import Tls

_VERSIONS: Final = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_VERIFY: Final = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
_CURVES: Final = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}
# Suites of TLS 1.3 are not for choice, neither in Go nor here.
_FIXED: Final = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}


def context(config: Tls) -> ssl.SSLContext:
    """A server's context. Raises `CorepyError` with what is wrong."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = _VERSIONS[config.least]
    made.maximum_version = _VERSIONS[config.most]
    made.verify_mode = _VERIFY[config.client_auth]
    made.set_alpn_protocols(["http/1.1"])
    if config.prefer_server:
        made.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        with _file(config.cert) as cert, _file(config.key) as key:
            made.load_cert_chain(cert, key)
        if isinstance(config.client_ca, Path):
            made.load_verify_locations(cafile=config.client_ca)
        elif config.client_ca:
            made.load_verify_locations(cadata=config.client_ca)
    except (OSError, ValueError) as error:
        names = ", ".join(str(path) for path in config.files)
        raise CorepyError(f"TLS material ({names or 'PEM text'}): {error}") from None
    _choose_ciphers(made, config.ciphers)
    _choose_curve(made, config.curves)
    return made


@contextmanager
def _file(material: Path | str) -> Iterator[Path]:
    """The `ssl` module takes a certificate and its key from files only."""
    if isinstance(material, Path):
        yield material
        return
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:  # mode 0600
        file.write(material)
        file.flush()
        yield Path(file.name)


def _choose_ciphers(made: ssl.SSLContext, names: tuple[str, ...]) -> None:
    chosen = [openssl_name(name) for name in names if name not in _FIXED]
    if not chosen:
        return
    try:
        made.set_ciphers(":".join(chosen))
    except ssl.SSLError:
        raise CorepyError(f"unknown cipher in {', '.join(names)}") from None


def openssl_name(suite: str) -> str:
    """OpenSSL's name of a suite that Go calls `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`."""
    exchange, _, cipher = suite.removeprefix("TLS_").partition("_WITH_")
    cipher = cipher.replace("AES_128", "AES128").replace("AES_256", "AES256").replace("_CBC", "")
    cipher = cipher.replace("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305")
    parts = [] if exchange == "RSA" else [exchange]
    return "-".join([*parts, cipher]).replace("_", "-")


def _choose_curve(made: ssl.SSLContext, names: tuple[str, ...]) -> None:
    unknown = [name for name in names if name not in _CURVES]
    if unknown:
        raise CorepyError(f"unknown curve: {unknown[0]}, one of {', '.join(_CURVES)}")
    if names:
        # The module can fix one curve; the list is in order of preference.
        made.set_ecdh_curve(_CURVES[names[0]])
