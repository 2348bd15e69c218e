"""The client: every generation, every refusal, and that the key goes nowhere else."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from corepy_plugins.k8s_cross.headscale import Headscale, is_key, refused, retry_after
from corepy_plugins.k8s_cross.listing import Listing, Malformed, read
from corepy_plugins.k8s_cross.settings import Tls
from corepy_plugins.k8s_cross.source import FetchError, FileSource
from tests.support import headscale as standin
from tests.support.certificates import Authority
from tests.support.headscale import GENERATIONS, KEY, headscale, node

WEB = node(1, "mcs--web--shop--tcp--80--http")


@asynccontextmanager
async def client(url: str, key: str = KEY, **options: Any) -> AsyncIterator[Headscale]:
    """A client that is closed in the end; `observe` collects into `client.seen`."""
    found = Headscale(url, key=key, **{"timeout": 5.0, **options})
    try:
        yield found
    finally:
        await found.close()


async def fetched(source: Headscale) -> Listing:
    """One poll, read."""
    return read(await source.fetch(), lambda: None)


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_every_generation(generation: str) -> None:
    """The list arrives, and the second poll asks the right collection at once."""
    async with headscale(generation, WEB) as server, client(server.url) as source:
        for _ in range(2):
            listing = await fetched(source)
            assert [export.service for n in listing.nodes for export in n.exports] == ["web"]
        paths = [path.rpartition("/")[2] for path, _ in server.asked]
        assert paths == (["node"] + ["machine"] * 2 if generation == "0.22" else ["node"] * 2)
        assert {authorization for _, authorization in server.asked} == {f"Bearer {KEY}"}


@pytest.mark.parametrize("generation", GENERATIONS)
async def test_a_key_that_is_not_accepted(generation: str) -> None:
    """401 of two kinds, and 500 with the text Unauthorized."""
    async with headscale(generation) as server, client(server.url, key="wrong-SECRET") as source:
        with pytest.raises(FetchError) as caught:
            await source.fetch()
        assert caught.value.denied
        assert "SECRET" not in str(caught.value)


async def test_an_upgrade_and_back() -> None:
    """The remembered collection is forgotten when it is not there any more."""
    async with headscale("0.22", WEB) as server, client(server.url) as source:
        for generation in ("0.22", "0.23", "0.30", "0.22"):
            server.generation = generation
            assert (await fetched(source)).size == 1


async def test_a_path_prefix() -> None:
    """Joined with exactly one slash."""
    async with headscale("0.30", WEB, prefix="/hs") as server, client(server.url) as source:
        assert (await fetched(source)).size == 1
        assert server.asked[0][0] == "/hs/api/v1/node"


@pytest.mark.parametrize(
    ("generation", "error"), [("0.28", Malformed), ("0.30", Malformed), ("0.26", FetchError)]
)
async def test_a_wrong_path_is_named(generation: str, error: type[Exception]) -> None:
    """A blank page with status 200 from 0.28 on, 404 before."""
    async with headscale(generation, WEB) as server, client(server.url + "/hs") as source:
        with pytest.raises(error, match=r"is the path /hs in headscale_url right\?"):
            await source.fetch()


async def test_two_missing_collections_are_no_headscale() -> None:
    """404 twice."""
    async with headscale() as server, client(server.url) as source:
        server.trouble = "404"
        with pytest.raises(FetchError, match="not a Headscale API"):
            await source.fetch()
        assert len(server.asked) == 2


@pytest.mark.parametrize("trouble", standin.TROUBLES)
async def test_trouble(trouble: str) -> None:
    """Each is an error of ours, soon, without a word of the body; afterwards all is well."""
    async with headscale("0.30", WEB) as server, client(server.url) as source:
        server.trouble = trouble
        with pytest.raises((FetchError, Malformed)) as caught:
            await fetched(source)
        assert "<p>" not in str(caught.value)
        assert KEY not in str(caught.value)
        server.trouble = ""
        assert (await fetched(source)).size == 1


@pytest.mark.parametrize("location", ["http://127.0.0.1:{port}/elsewhere", "//other/", "/x", ""])
async def test_redirects_are_not_followed(location: str) -> None:
    """The key must not go where somebody points."""
    async with headscale() as other, headscale() as server, client(server.url) as source:
        server.trouble, server.location = "302", location.format(port=other.port)
        with pytest.raises(FetchError, match="not followed") as caught:
            await source.fetch()
        assert other.asked == []
        assert len(server.asked) == 1
        if location.startswith("http"):
            assert f"redirects to 127.0.0.1:{other.port}" in str(caught.value)


@pytest.mark.parametrize("trouble", ["hang", "slow"])
async def test_an_answer_that_takes_too_long(trouble: str) -> None:
    """Also one that comes an octet at a time."""
    async with headscale("0.30", WEB) as server, client(server.url, timeout=0.3) as source:
        server.trouble = trouble
        with pytest.raises(FetchError, match=r"no answer within 0\.3 s"):
            await source.fetch()


async def test_gzip_and_a_bomb() -> None:
    """Packed lists are read, within a limit."""
    async with headscale("0.30", WEB) as server, client(server.url) as source:
        server.trouble = "gzip"
        assert (await fetched(source)).size == 1
        server.trouble = "bomb"
        with pytest.raises(Malformed, match="too large"):
            await fetched(source)


async def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused, and a name that does not exist."""

    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    for url, reason in (
        ("http://127.0.0.1:1", "refused"),
        ("http://nosuch.invalid", "Name or service not known"),
    ):
        async with client(url) as source:
            with pytest.raises(FetchError, match=reason) as caught:
                await source.fetch()
            assert caught.value.code == 0


async def test_plain_octets_that_are_no_http() -> None:
    """And a server that speaks HTTP/1.0 and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(replies.pop(0))
        await writer.drain()
        writer.close()

    replies = [b"SSH-2.0-x\r\n", b'HTTP/1.0 200 OK\r\n\r\n{"nodes":[]}']
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as source:
        with pytest.raises(FetchError):
            await source.fetch()
        assert (await fetched(source)).size == 0


async def test_requests_are_counted_by_status() -> None:
    """Those without an answer as error; each with its time."""
    seen: list[str] = []

    def observe(code: str, seconds: float) -> None:
        assert 0 <= seconds < 5
        seen.append(code)

    async with headscale("0.30") as server, client(server.url, observe=observe) as source:
        await source.fetch()
        for trouble in ("502", "close", "404"):
            server.trouble = trouble
            with pytest.raises(FetchError):
                await source.fetch()
    assert seen == ["200", "502", "error", "404", "404"]


async def test_a_key_file(tmp_path: Path) -> None:
    """Read when it changes; missing, empty and strange ones are refusals."""
    path = tmp_path / "key"
    async with headscale("0.30", WEB) as server, client(server.url, "", key_file=path) as source:
        for content in (None, "", "two words", "\xff"):
            if content is not None:
                path.write_text(content, "latin-1")
                assert source.renewed()
            with pytest.raises(FetchError) as caught:
                await source.fetch()
            assert caught.value.denied
            assert not source.renewed()
        assert server.asked == []
        path.write_text(f"{KEY}\n")
        assert source.renewed()
        assert (await fetched(source)).size == 1
        assert not source.renewed()
        server.key = "another-key"
        with pytest.raises(FetchError):
            await source.fetch()
        path.write_text("another-key")
        assert (await fetched(source)).size == 1


async def test_certificate_files_that_are_not_there(tmp_path: Path) -> None:
    """A failure like any other, which a later try may not have."""
    tls = Tls(ca=tmp_path / "none.pem")
    async with client("https://127.0.0.1:1", tls=tls) as source:
        with pytest.raises(FetchError, match="tls: No such file"):
            await source.fetch()


async def test_tls(tmp_path: Path) -> None:
    """A certificate is checked against the given authority; ours is shown; http is not https."""
    authority, stranger = Authority(tmp_path), Authority(tmp_path, "stranger")
    server_pair, own = authority.issue("server"), authority.issue("client")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(authority.ca))
    context.load_cert_chain(server_pair.cert, server_pair.key)
    context.verify_mode = ssl.CERT_REQUIRED
    async with headscale("0.30", WEB, tls=context) as server:
        good = Tls(own.cert, own.key, authority.ca)
        async with client(server.url, tls=good) as source:
            assert (await fetched(source)).size == 1
        unchecked = good._replace(ca=stranger.ca, insecure=True)
        async with client(server.url, tls=unchecked) as source:
            assert (await fetched(source)).size == 1
        for tls, reason in (
            (Tls(own.cert, own.key, stranger.ca), "certificate verify failed"),
            (Tls(own.cert, own.key), "certificate verify failed"),
            (Tls(ca=authority.ca), "."),
        ):
            async with client(server.url, tls=tls) as source:
                with pytest.raises(FetchError, match=reason):
                    await source.fetch()
        async with client(server.url.replace("https:", "http:")) as source:
            with pytest.raises(FetchError):
                await source.fetch()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("99999999999", 300),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("1.5", None),
    ],
)
def test_retry_after_in_seconds(text: str, seconds: float | None) -> None:
    """At most five minutes."""
    assert retry_after(text) == seconds


def test_retry_after_as_a_date() -> None:
    """In the past it means now."""
    now = datetime.now(UTC)
    soon = retry_after(format_datetime(now + timedelta(seconds=60), usegmt=True))
    assert soon == pytest.approx(60, abs=3)
    assert retry_after(format_datetime(now - timedelta(days=1), usegmt=True)) == 0
    assert retry_after(format_datetime(now + timedelta(days=1), usegmt=True)) == 300


@pytest.mark.parametrize(
    ("status", "body", "denied"),
    [
        (401, b'{"nodes":[]}', True),
        (403, b"", True),
        (500, b"Unauthorized", True),
        (500, b" Unauthorized\n", True),
        (500, b"Unauthorized access to the database", False),
        (500, b"", False),
        (407, b"Unauthorized", False),
    ],
)
def test_the_status_decides(status: int, body: bytes, denied: bool) -> None:
    """And the body only for the 500 of old versions."""
    assert refused(status, {}, body).denied is denied


@pytest.mark.parametrize(
    ("text", "good"),
    [
        (KEY, True),
        ("prefix.secret_-", True),
        ("", False),
        ("a b", False),
        ("a\nb", False),
        ("ä", False),
    ],
)
def test_keys(text: str, good: bool) -> None:
    """What may stand in a header."""
    assert is_key(text) is good


async def test_a_file_is_read_when_it_changes(tmp_path: Path) -> None:
    """And says so when it has not."""
    path = tmp_path / "nodes.json"
    source = FileSource(path)
    with pytest.raises(FetchError, match="no such file"):
        await source.fetch()
    path.write_text('{"nodes":[]}')
    body = await source.fetch()
    assert body is not None
    assert bytes(body.octets) == b'{"nodes":[]}'
    assert await source.fetch() is None
    path.write_text('{"nodes": []}')
    assert await source.fetch() is not None
    path.unlink()
    with pytest.raises(FetchError):
        await source.fetch()
    path.mkdir()
    with pytest.raises(FetchError, match="directory"):
        await source.fetch()
