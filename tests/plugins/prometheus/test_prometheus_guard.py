"""The endpoint under a web configuration: TLS, users, changed files."""

from __future__ import annotations

import base64
import os
import ssl
from pathlib import Path

import bcrypt
import pytest

from corepy.testing import Start, free_port
from corepy_plugins.prometheus import guard
from tests.support.certificates import Authority
from tests.support.web import Reply, fetch

HASH = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
USERS = f"basic_auth_users:\n  ann: {HASH}\n  bad: nohash\n"


class Site:
    """A Corefile with a web configuration, and clients for it."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.path = folder / "web.yml"
        self.port = free_port()
        self.pair = self.authority.issue("server")
        self.corefile = (
            f". {{\n prometheus 127.0.0.1:{self.port} {{\n tls {self.path}\n }}\n whoami\n}}"
        )

    def write(self, text: str) -> None:
        before = self.path.stat().st_mtime_ns if self.path.exists() else 0
        self.path.write_text(text)
        os.utime(self.path, ns=(before + 10**9, before + 10**9))

    def tls(self, *lines: str) -> str:
        settings = [f"cert_file: {self.pair.cert}", f"key_file: {self.pair.key}", *lines]
        return "tls_server_config:\n" + "".join(f"  {line}\n" for line in settings)

    def client(self, pair: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        made = ssl.create_default_context(cafile=self.authority.ca)
        if pair:
            made.load_cert_chain(*pair)
        return made

    async def get(
        self, user: str | None = None, tls: ssl.SSLContext | None = None, auth: str = ""
    ) -> Reply:
        if user is not None:
            auth = "Basic " + base64.b64encode(user.encode()).decode()
        headers = {"Authorization": auth} if auth else {}
        return await fetch(self.port, "/metrics", headers=headers, tls=tls)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def test_tls(corefile: Start, site: Site) -> None:
    site.write(site.tls() + "http_server_config:\n  headers:\n    X-Frame-Options: deny\n")
    async with corefile(site.corefile) as dns:
        assert dns.log == ["[INFO] Server is ready and accepting connections"]
        reply = await site.get(tls=site.client())
        assert reply.status == 200
        assert reply.headers["x-frame-options"] == "deny"
        assert b"coredns_build_info" in reply.body
        with pytest.raises((ConnectionError, IndexError, ValueError)):
            await site.get()
        assert (await dns.query("a.test A")).rcode() == 0
        assert len(dns.log) == 1


@pytest.mark.parametrize(
    ("user", "status"),
    [
        ("ann:secret", 200),
        (None, 401),
        ("ann:wrong", 401),
        ("ann:" + "x" * 100, 401),
        ("bob:secret", 401),
        ("bad:nohash", 401),
        ("ann", 401),
        ("ann:", 401),
    ],
)
async def test_users(corefile: Start, site: Site, user: str | None, status: int) -> None:
    site.write(USERS)
    async with corefile(site.corefile):
        assert (await site.get(user)).status == status
        reply = await site.get(user)  # the second time from memory
        assert reply.status == status
        if status == 401:
            assert reply.headers["www-authenticate"] == "Basic"
            assert b"coredns" not in reply.body


@pytest.mark.parametrize("auth", ["Bearer x", "Basic", "Basic %%%", "basic " + "/" * 9])
async def test_other_authorization(corefile: Start, site: Site, auth: str) -> None:
    site.write(USERS)
    async with corefile(site.corefile):
        assert (await site.get(auth=auth)).status == 401


async def test_what_is_remembered_is_bounded(
    corefile: Start, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_REMEMBERED", 2)
    monkeypatch.setattr(guard, "NOBODY", HASH.encode())
    site.write(USERS)
    async with corefile(site.corefile):
        for name in "abcde":
            assert (await site.get(f"{name}:secret")).status == 401
        assert (await site.get("ann:secret")).status == 200


def test_the_hash_of_nobody_takes_its_time() -> None:
    # With a hash that bcrypt refuses at once, strangers could tell who exists.
    assert bcrypt.checkpw(b"anything", guard.NOBODY) is False


async def test_changed_users_count_at_once(corefile: Start, site: Site) -> None:
    site.write("")
    async with corefile(site.corefile) as dns:
        assert (await site.get()).status == 200
        site.write(USERS)
        assert (await site.get()).status == 401
        assert (await site.get("ann:secret")).status == 200
        site.write("nonsense: 1\n")
        assert (await site.get("ann:secret")).status == 500
        assert dns.log[-1].startswith("[ERROR] Unable to parse configuration: ")
        site.write(USERS)
        assert (await site.get("ann:secret")).status == 200


async def test_a_renewed_certificate_is_shown_from_the_next_handshake_on(
    corefile: Start, site: Site, tmp_path: Path
) -> None:
    site.write(site.tls())
    async with corefile(site.corefile):
        old, other = site.client(), Authority(tmp_path, "other authority")
        assert (await site.get(tls=old)).status == 200
        other.issue("server")
        with pytest.raises(ssl.SSLCertVerificationError):
            await site.get(tls=old)
        site.authority = other
        assert (await site.get(tls=site.client())).status == 200


async def test_client_certificates(corefile: Start, site: Site) -> None:
    site.write(
        site.tls(
            f"client_ca_file: {site.authority.ca}",
            "client_auth_type: RequireAndVerifyClientCert",
            "client_allowed_sans: [scraper.test]",
        )
    )
    good = site.client(site.authority.issue("scraper", "scraper.test", "x.test"))
    other = site.client(site.authority.issue("other", "other.test"))
    async with corefile(site.corefile) as dns:
        assert (await site.get(tls=good)).status == 200
        assert (await site.get(tls=other)).status == 403
        with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
            await site.get(tls=site.client())
        assert (await site.get(tls=good)).status == 200
        assert len(dns.log) == 1
