"""Contexts out of a web configuration."""

from __future__ import annotations

import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from corepy.errors import CorepyError
from corepy_plugins.prometheus.tls import context, openssl_name
from corepy_plugins.prometheus.webconfig import Tls
from tests.support.certificates import Authority


@pytest.fixture
def config(tmp_path: Path) -> Tls:
    pair = Authority(tmp_path).issue("server")
    return Tls(cert=pair.cert, key=pair.key)


def test_defaults(config: Tls) -> None:
    made = context(config)
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2
    assert made.verify_mode == ssl.CERT_NONE
    assert made.options & ssl.OP_CIPHER_SERVER_PREFERENCE


def test_choices(config: Tls, tmp_path: Path) -> None:
    ciphers = ("TLS_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384")
    made = context(
        replace(
            config,
            least="TLS12",
            most="TLS12",
            ciphers=ciphers,
            curves=("CurveP384",),
            client_auth="required",
            client_ca=tmp_path / "test-authority.pem",
        )
    )
    assert made.maximum_version == ssl.TLSVersion.TLSv1_2
    assert made.verify_mode == ssl.CERT_REQUIRED
    names = [cipher["name"] for cipher in made.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
    assert names == ["ECDHE-ECDSA-AES256-GCM-SHA384"]
    assert made.cert_store_stats()["x509_ca"] == 1


def test_pem_text_instead_of_files(config: Tls, tmp_path: Path) -> None:
    assert isinstance(config.cert, Path)
    assert isinstance(config.key, Path)
    ca = (tmp_path / "test-authority.pem").read_text()
    inline = replace(config, cert=config.cert.read_text(), key=config.key.read_text(), client_ca=ca)
    assert context(inline).cert_store_stats()["x509_ca"] == 1


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"cert": Path("/none.pem")}, "No such file"),
        ({"key": "no key"}, "TLS material"),
        ({"client_ca": "nonsense"}, "TLS material"),
        ({"ciphers": ("TLS_NONE_WITH_NOTHING",)}, "unknown cipher in TLS_NONE_WITH_NOTHING"),
        ({"curves": ("CurveP1",)}, "unknown curve: CurveP1, one of CurveP256"),
    ],
)
def test_refused(config: Tls, change: dict[str, str], fault: str) -> None:
    with pytest.raises(CorepyError, match=fault):
        context(replace(config, **change))  # type: ignore[arg-type]  # one field each


@pytest.mark.parametrize(
    ("suite", "name"),
    [
        ("TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"),
        ("TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
        ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", "ECDHE-RSA-AES128-SHA256"),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ],
)
def test_cipher_names(suite: str, name: str) -> None:
    assert openssl_name(suite) == name
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers(f"{name}:@SECLEVEL=0")
    assert name in [cipher["name"] for cipher in made.get_ciphers()]
