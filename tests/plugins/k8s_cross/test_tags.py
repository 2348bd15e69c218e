"""The tag grammar as a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy_plugins.k8s_cross.tags import (
    Catalog,
    Cluster,
    Clusterset,
    Export,
    Invalid,
    Port,
    Tag,
    is_cluster,
    parse,
)

LABEL63 = "a" * 63
HTTP = Port(80, "tcp", "http")
PORT15 = Port(80, "tcp", "dns-over-https1")


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        ("cluster--east", Cluster("east")),
        ("cluster--c--reg", Cluster("c.reg")),
        ("cluster.east", Cluster("east")),
        ("cluster.c.reg", Cluster("c.reg")),
        ("cluster--xn--east", Cluster("xn.east")),
        ("cluster.xn--p1ai", Cluster("xn--p1ai")),
        ("clusterset--production", Clusterset("production")),
        ("clusterset.production", Clusterset("production")),
        ("clusterset.a--b", Clusterset("a--b")),
        ("mcs--web--shop", Export("shop", "web", False)),
        ("mcs.web.shop", Export("shop", "web", False)),
        ("mcsh--db--shop", Export("shop", "db", True)),
        ("mcs--web--shop--tcp--80", Export("shop", "web", False, Port(80, "tcp"))),
        ("mcs--web--shop--tcp--80--http", Export("shop", "web", False, HTTP)),
        ("mcs.web.shop.tcp.80.http", Export("shop", "web", False, HTTP)),
        ("mcsh--db--shop--udp--65535", Export("shop", "db", True, Port(65535, "udp"))),
        ("mcs--a--b--sctp--1--x", Export("b", "a", False, Port(1, "sctp", "x"))),
        ("mcs--a-b--c-d", Export("c-d", "a-b", False)),
        ("mcs.a--b.c", Export("c", "a--b", False)),
        ("mcs--tcp--tcp--tcp--80--tcp", Export("tcp", "tcp", False, Port(80, "tcp", "tcp"))),
        ("mcs--Web--shop", Export("shop", "web", False)),
        ("MCS--WEB--SHOP--TCP--80--HTTP", Export("shop", "web", False, HTTP)),
        (f"mcs--{LABEL63}--1", Export("1", LABEL63, False)),
        ("mcs--a--b--tcp--80--dns-over-https1", Export("b", "a", False, PORT15)),
        ("mcs-catalog", Catalog(8053)),
        ("MCS-Catalog ", Catalog(8053)),
        ("mcs-catalog--8443", Catalog(8443)),
        ("mcs-catalog.8443", Catalog(8443)),
    ],
)
def test_a_tag_means(body: str, meaning: Tag) -> None:
    """One spelling, one meaning."""
    assert parse(f"tag:{body}") == meaning


@pytest.mark.parametrize(
    "body",
    [
        "mcs--a--b--c",
        "mcs--a",
        "mcs--",
        "mcs.",
        "mcs--web--",
        "mcs----shop",
        "mcs---web--shop",
        "mcs--web---shop",
        "mcs--a---b--c",
        "mcs--a----b--c--d",
        "mcs--web--shop--tcp",
        "mcs--web--shop--tcp--80--dns-over-https12",
        "mcs--web--shop--icmp--80",
        "mcs--x--y--tcp--0",
        "mcs--x--y--tcp--65536",
        "mcs--x--y--tcp--080",
        "mcs--x--y--tcp--+80",
        "mcs--x--y--tcp--80--",
        "mcs--x--y--tcp--80--80",
        "mcs--x--y--tcp--80--h_t",
        "mcs--x--y--tcp--80--http--more",
        "mcs--x--y--80--tcp",
        "mcs--a.b--c",
        "mcs.a.b.c",
        "mcs.a.b.",
        "mcs.a--b",
        "mcs--we b--shop",
        "mcs--größe--shop",
        "mcs--web\u212a--shop",
        "mcs---a--b",
        f"mcs--{LABEL63}a--shop",
        "mcs--_web--shop",
        "cluster--",
        "cluster--a--b--c",
        "cluster--a.b",
        "cluster.-a",
        "clusterset--a--b",
        "clusterset--",
        "mcsh.db",
        "mcs-catalog--",
        "mcs-catalog.",
        "mcs-catalog--x",
        "mcs-catalog--0",
        "mcs-catalog--080",
        "mcs-catalog--65536",
        "mcs-catalog--80--81",
        "mcs-catalog---80",
    ],
)
def test_a_tag_that_looks_like_ours_is_refused(body: str) -> None:
    """It is reported, and never guessed at."""
    assert parse(f"tag:{body}") == Invalid(f"tag:{body}")


@pytest.mark.parametrize(
    "text",
    [
        "tag:svc-web-shop",
        "tag:mcs",
        "tag:mcs-web-shop",
        "tag:mcs-catalogs",
        "tag:mcs-cat",
        "tag:mcsx--web--shop",
        "tag:clusters--east",
        "tag:cluster",
        "tag:cluster-east",
        "tag:server",
        "tag:",
        "",
        "mcs--web--shop",
        "autogroup:mcs--web--shop",
    ],
)
def test_a_foreign_tag_is_left_alone(text: str) -> None:
    """Other people's tags are no mistakes of ours."""
    assert parse(text) is None


def test_blanks_around_a_tag_do_not_count() -> None:
    """A pre-auth key takes a tag with a trailing blank."""
    assert parse(" tag:mcs--web--shop\t") == Export("shop", "web", False)


@given(st.text())
def test_any_text_is_taken_without_an_error(text: str) -> None:
    """Tags are strangers' text: nothing may be raised, and what is read is legal."""
    found = parse(f"tag:mcs--{text}--shop")
    if isinstance(found, Export):
        assert 0 < len(found.service) < 64
        assert found.service.isascii()


@pytest.mark.parametrize(
    ("text", "good"),
    [("east", True), ("a.b", True), ("a.b.c", False), ("", False), (".a", False), ("-a", False)],
)
def test_cluster_ids(text: str, good: bool) -> None:
    """One label or two."""
    assert is_cluster(text) is good
