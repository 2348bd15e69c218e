"""The names of a zone: which there are, and that answers are made when somebody asks."""

from __future__ import annotations

from typing import Any

import pytest

from corepy import wire
from corepy_plugins.k8s_cross.node import NAMED, VIP
from corepy_plugins.k8s_cross.service import Backend, Service, packed
from corepy_plugins.k8s_cross.services import Catalogue
from corepy_plugins.k8s_cross.settings import Settings
from corepy_plugins.k8s_cross.table import MANY, Table, fill, render
from corepy_plugins.k8s_cross.tags import Port

ZONE = b"\4test\0"
HTTP, DNS, BARE = Port(80, "tcp", "http"), Port(53, "udp", "dns"), Port(81, "tcp")


def backend(number: int, *ports: Port, **fields: Any) -> Backend:
    usual = {
        "cluster": "west", "label": f"host-{number}", "local": False, "ready": True,
        "v4": (bytes((10, 0, number // 256, number % 256)),), "v6": (), "ports": ports,
    }  # fmt: skip
    return Backend(**{**usual, **fields})


def service(name: str, headless: bool, *backends: Backend, **fields: Any) -> Service:
    usual = {
        "namespace": "shop", "name": name, "headless": headless, "backends": backends,
        "ports": (HTTP, DNS, BARE), "clusters": ("west",),
    }  # fmt: skip
    return Service(**{**usual, **fields})


def filled(*services: Service, before: Table | None = None) -> Table:
    table = Table()
    found = Catalogue(packed=list(map(packed, services)), namespaces={"shop"})
    fill(table, ZONE, found, Settings(), lambda: None, before.made if before else None)
    return table


SERVICES = [
    service("web", False, backend(1, HTTP), backend(2, HTTP, DNS)),
    service("none", False),
    service("portless", False, backend(1), ports=()),
    service("vip", False, backend(1, HTTP, role=VIP), named=(backend(2, role=NAMED),)),
    service("db", True, backend(1, HTTP), backend(2, DNS, cluster="a.b"), backend(3)),
    service("gone", True),
    service("w" * 63, True, backend(1, label="x" * 63, cluster=f"{'y' * 63}.{'z' * 63}")),
]


@pytest.mark.parametrize("one", SERVICES, ids=[one.name[:8] for one in SERVICES])
def test_names_are_those_that_have_answers(one: Service) -> None:
    """Nothing more is promised than can be told, and nothing less."""
    table = filled(one)
    names = {name for name, answers in table.items() if isinstance(answers, bytes)}
    made = Table()
    if names:
        render(made, ZONE, packed(one), Settings())
    assert set(made) == names
    assert all(isinstance(answers, dict) for answers in made.values())
    assert bool(names) is (one.name != "gone")
    assert table[b"\4shop\3svc\4test\0"] == {}


def test_only_what_is_asked_for_is_made() -> None:
    """All names of a service at once, and of no other."""
    table = filled(*SERVICES)
    render(table, ZONE, packed(SERVICES[0]), Settings())
    for name, answers in table.items():
        if name.endswith(b"\3web\4shop\3svc\4test\0"):
            assert isinstance(answers, dict)
            assert wire.SRV in answers
        elif name.count(b"\4shop") and name != b"\4shop\3svc\4test\0":
            assert isinstance(answers, bytes)


def test_large_services_are_made_ahead() -> None:
    """So that no query waits for them."""
    few = service("few", True, *(backend(number, HTTP) for number in range(MANY)))
    many = service("many", True, *(backend(number, HTTP) for number in range(MANY + 1)))
    table = filled(few, many)
    assert isinstance(table[b"\3few\4shop\3svc\4test\0"], bytes)
    assert isinstance(table[b"\4many\4shop\3svc\4test\0"], dict)


def test_the_same_octets_for_all_names() -> None:
    """They are in memory once."""
    table = filled(SERVICES[4])
    assert len({id(answers) for answers in table.values() if isinstance(answers, bytes)}) == 1


def test_what_was_made_is_good_for_the_next_table() -> None:
    """As long as the service is the same."""
    first = filled(*SERVICES[:2])
    render(first, ZONE, packed(SERVICES[0]), Settings())
    same = filled(*SERVICES, before=first)
    name = b"\3web\4shop\3svc\4test\0"
    assert same[name] is first[name]
    assert isinstance(same[b"\4none\4shop\3svc\4test\0"], bytes)
    other = service("web", False, backend(9, HTTP))
    changed = filled(other, before=same)
    assert changed[name] == packed(other)
    assert not changed.made
