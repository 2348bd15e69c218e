"""The web configuration file: what it may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from corepy.errors import CorepyError
from corepy_plugins.prometheus.webconfig import Tls, WebConfig, load

PAIR = "tls_server_config:\n  cert_file: c.pem\n  key_file: /k.pem\n"


def read(folder: Path, text: str) -> WebConfig:
    path = folder / "web.yml"
    path.write_text(text)
    return load(path)


@pytest.mark.parametrize("text", ["", "# nothing\n", "tls_server_config: {}\n"])
def test_an_empty_file_means_plain_http(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == WebConfig()


def test_files_are_relative_to_the_configuration(tmp_path: Path) -> None:
    config = read(tmp_path, PAIR)
    assert config.tls
    assert config.tls == Tls(cert=tmp_path / "c.pem", key=Path("/k.pem"))
    assert config.tls.files == (tmp_path / "c.pem", Path("/k.pem"))


def test_everything(tmp_path: Path) -> None:
    text = """
tls_server_config:
  cert: |
    CERT
  key: KEY
  client_ca_file: ca.pem
  client_auth_type: RequireAndVerifyClientCert
  client_allowed_sans: [scraper.test]
  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]
  curve_preferences: [CurveP384]
  min_version: TLS12
  max_version: TLS13
  prefer_server_cipher_suites: false
http_server_config:
  http2: false
  headers:
    X-Frame-Options: deny
basic_auth_users:
  ann: $2b$04$x
"""
    assert read(tmp_path, text) == WebConfig(
        Tls(
            cert="CERT\n",
            key="KEY",
            client_ca=tmp_path / "ca.pem",
            client_auth="required",
            client_sans=("scraper.test",),
            ciphers=("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",),
            curves=("CurveP384",),
            prefer_server=False,
        ),
        {"ann": "$2b$04$x"},
        {"X-Frame-Options": "deny"},
    )


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("", "none"),
        ("NoClientCert", "none"),
        ("RequestClientCert", "none"),
        ("VerifyClientCertIfGiven", "optional"),
        ("RequireAndVerifyClientCert", "required"),
    ],
)
def test_client_auth_types(tmp_path: Path, kind: str, mode: str) -> None:
    ca = "" if mode == "none" else "  client_ca_file: ca.pem\n"
    config = read(tmp_path, f'{PAIR}  client_auth_type: "{kind}"\n{ca}')
    assert config.tls
    assert config.tls.client_auth == mode


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: [", "not YAML, line 1"),
        ("- a\n", "the file is not a mapping"),
        ("basic_auth_user: {}\n", "unknown field 'basic_auth_user', did you mean 'basic_auth_us"),
        ("basic_auth_users: [a]\n", "basic_auth_users is not a mapping"),
        ("basic_auth_users: {a: 1}\n", "a is not text"),
        ("tls_server_config: x\n", "tls_server_config is not a mapping"),
        ("tls_server_config: {cert_file: a}\n", "missing one of key or key_file"),
        ("tls_server_config: {key_file: a}\n", "missing one of cert or cert_file"),
        (PAIR + "  cert: a\n", "cannot specify both cert and cert_file"),
        (PAIR + "  ciphers: []\n", "unknown field 'ciphers'"),
        (PAIR + "  cipher_suites: x\n", "cipher_suites is not a list"),
        (PAIR + "  min_version: TLS9\n", "unknown TLS version: 'TLS9'"),
        (PAIR + "  prefer_server_cipher_suites: 1\n", "prefer_server_cipher_suites is not true"),
        (PAIR + "  client_auth_type: Maybe\n", "invalid client_auth_type 'Maybe'"),
        (PAIR + "  client_auth_type: RequireAnyClientCert\n", "invalid client_auth_type 'RequireA"),
        (PAIR + "  client_ca_file: ca\n", "without a Client Auth Policy"),
        (PAIR + "  client_auth_type: VerifyClientCertIfGiven\n", "needs client_ca"),
        (PAIR + "  client_allowed_sans: [a]\n", "client_allowed_sans needs client_auth_type"),
        ("http_server_config: {http2: maybe}\n", "http2 is not true or false"),
        ("http_server_config: {headers: {X-Foo: a}}\n", "HTTP header 'X-Foo' can not be config"),
        ("http_server_config: {headers: {X-Frame-Option: a}}\n", "did you mean 'X-Frame-Options'"),
    ],
)
def test_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(CorepyError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'web.yml'}: ")
    assert fault in str(caught.value)


def test_a_secret_is_never_part_of_the_message(tmp_path: Path) -> None:
    with pytest.raises(CorepyError) as caught:
        read(tmp_path, "basic_auth_users:\n  ann: $2b$04$geheim\n bob: x\n")
    assert "geheim" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CorepyError, match="is a directory"):
        load(tmp_path)
    (tmp_path / "latin").write_bytes(b"a: \xff\n")
    with pytest.raises(CorepyError, match="not UTF-8 text"):
        load(tmp_path / "latin")
