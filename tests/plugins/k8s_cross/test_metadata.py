"""Labels about a question, and the parts of its name they come from."""

from __future__ import annotations

import pytest

from corepy import names
from corepy_plugins.k8s_cross.metadata import describe, parts

ORIGIN = names.from_text("clusterset.local.")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("web.shop.svc", {"service": "web", "namespace": "shop"}),
        ("shop.svc", {"namespace": "shop"}),
        ("svc", {}),
        ("", {}),
        ("dns-version", {}),
        ("web.shop.pod", {}),
        (
            "_http._tcp.web.shop.svc",
            {"service": "web", "namespace": "shop", "port": "http", "protocol": "tcp"},
        ),
        (
            "http._tcp.web.shop.svc",
            {"service": "web", "namespace": "shop", "port": "http", "protocol": "tcp"},
        ),
        (
            "db-0.east.db.shop.svc",
            {"service": "db", "namespace": "shop", "endpoint": "db-0", "cluster": "east"},
        ),
        (
            "db-0.c.reg.db.shop.svc",
            {"service": "db", "namespace": "shop", "endpoint": "db-0", "cluster": "c.reg"},
        ),
        ("x.db.shop.svc", {"service": "db", "namespace": "shop"}),
        ("a.b.c.d.db.shop.svc", {"service": "db", "namespace": "shop"}),
    ],
)
def test_parts(name: str, found: dict[str, str]) -> None:
    """What a name has; nothing for other names of the zone."""
    qname = names.from_text(f"{name}.clusterset.local.".lstrip("."))
    assert parts(qname, ORIGIN) == found


def test_labels() -> None:
    """Six of them, empty where the name has no such part."""
    labels = describe(names.from_text("web.shop.svc.clusterset.local."), ORIGIN)
    assert {label: value() for label, value in labels.items()} == {
        "k8s_cross/service": "web",
        "k8s_cross/namespace": "shop",
        "k8s_cross/cluster": "",
        "k8s_cross/endpoint": "",
        "k8s_cross/port": "",
        "k8s_cross/protocol": "",
    }


def test_octets_that_are_no_text() -> None:
    """A stranger's name must not raise anything."""
    assert parts(b"\2\xff\x00\4shop\3svc" + ORIGIN, ORIGIN)["service"] == "\\xff\x00"
