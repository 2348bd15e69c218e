"""From a Corefile to servers, without starting anything."""

from __future__ import annotations

import os

import pytest

from corepy.build import Built, build
from corepy.corefile import load
from corepy.errors import ConfigErrors
from corepy.host import Host
from corepy.registry import Registry
from tests.support.program import PLUGINS
from tests.support.queries import query
from tests.support.serving import at_once


def built(text: str, host: Host | None = None) -> Built:
    registry = Registry([PLUGINS])
    corefile = load(text, "Corefile", known=registry.known, environ=os.environ, port=53)
    return build(corefile, registry, host or Host())


def test_blocks_of_one_address_share_a_server() -> None:
    sites = built(
        "a.test {\n fixed a\n}\nb.test c.test:54 {\n fixed b\n}\n"
        "d.test {\n listen 127.0.0.1 ::1\n fixed d\n}\n"
    ).instance.sites
    assert [site.server.address for site in sites] == [
        "dns://:53", "dns://:54", "dns://127.0.0.1:53", "dns://[::1]:53",
    ]  # fmt: skip
    assert [(site.host, site.port) for site in sites][2:] == [("127.0.0.1", 53), ("::1", 53)]


def test_the_banner_is_sorted_by_zone() -> None:
    text = (
        "b.test {\n fixed b\n}\na.test:1053 a.test {\n listen 127.0.0.1\n fixed a\n}\n"
        ".:54 {\n fixed c\n}\n"
    )
    assert built(text).banner == [
        ".:54",
        "a.test.:1053 on 127.0.0.1",
        "a.test.:53 on 127.0.0.1",
        "b.test.:53",
    ]


def test_plugins_learn_the_addresses_of_their_block_and_the_host_learns_the_plugins() -> None:
    host = Host()
    built("a.test b.test:54 {\n peek\n fixed a\n}\nc.test {\n fixed c\n}\n", host)
    assert [name for _, name, _ in host.plugins] == ["peek", "fixed", "fixed"]
    assert host.plugins[0][0].addresses == ["dns://:53", "dns://:54"]
    assert host.plugins[0][0] is host.plugins[1][0]


def test_a_change_is_forgotten_by_every_server_of_the_block() -> None:
    host = Host()
    from corepy.plugin import Plugin
    from corepy.server import Listener

    sites = built("a.test a.test:54 {\n fixed a\n}\n", host).instance.sites
    listeners = [Listener(site.server, "udp", ("", 53)) for site in sites]
    for listener in listeners:
        at_once(listener, query("a.test"))
        assert listener.memo.young
    ((_, _, plugin),) = host.plugins
    assert isinstance(plugin, Plugin)
    plugin.changed()
    assert not any(listener.memo.young for listener in listeners)


def test_a_block_without_handlers_refuses() -> None:
    from corepy.server import Listener

    (site,) = built("a.test {\n listen 127.0.0.1\n}\n").instance.sites
    listener = Listener(site.server, "udp", ("", 53))
    assert at_once(listener, query("a.test"))[3] & 15 == 5


def test_all_mistakes_are_told_at_once_also_zones_served_twice() -> None:
    with pytest.raises(ConfigErrors) as caught:
        built("a.test {\n fixed\n}\nb.test {\n slow x\n}\n" + "c.test {\n fixed c\n}\n" * 2)
    assert len(caught.value.errors) == 3


def test_plugins_that_are_not_subclasses_are_welcome() -> None:
    host = Host()
    built(". {\n hurry 1s timeout\n fixed a\n}\n", host)
    assert [name for _, name, _ in host.plugins] == ["hurry", "fixed"]
