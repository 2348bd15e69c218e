"""What a plugin's setup is handed."""

from __future__ import annotations

from pathlib import Path

import pytest

from corepy.controller import BlockConfig, BlockInfo, Controller
from corepy.corefile import load
from corepy.corefile.report import headline
from corepy.errors import ConfigError

KEYS = "a.test tls://a.test 10.0.0.0/15"


def controller(text: str, root: Path | None = None) -> Controller:
    corefile = load(f"{KEYS} {{\n{text}\n}}", "Corefile", known=lambda _: True, environ={})
    block = corefile.blocks[0]
    ((name, directives),) = block.directives.items()
    return Controller(name, directives, BlockInfo(block.keys, BlockConfig(root)))


def test_occurrences() -> None:
    c = controller("x 1 {\n a\n}\nx 2 {\n b\n c\n}")
    assert [prop.name.text for prop in c.properties()] == ["a", "b", "c"]
    assert [arg.text for arg in c.args] == ["1"]
    with pytest.raises(ConfigError) as caught:
        c.once()
    assert headline(caught.value) == "this plugin can only be used once per Server Block"
    assert caught.value.span
    assert caught.value.span.line == 5


def test_once() -> None:
    assert controller("x 1").once().values() == ["1"]


def test_an_argument_that_is_not_there() -> None:
    c = controller("x 1")
    assert len(c.args) == 1
    with pytest.raises(ConfigError) as caught:
        assert c.args[1]
    assert caught.value.message == "Wrong argument count or unexpected line ending after '1'"


def test_zones() -> None:
    c = controller("x B.test 192.0.2.0/24 b.test. a..b")
    assert c.block.zones == ("a.test.", "0.10.in-addr.arpa.", "1.10.in-addr.arpa.")
    assert c.zones() == c.zones([]) == c.block.zones
    assert c.zones(c.args) == ("b.test.", "2.0.192.in-addr.arpa.")


def test_paths() -> None:
    assert controller("x").path("db.a") == Path("db.a")
    assert controller("x", root=Path("/zones")).path("db.a") == Path("/zones/db.a")
    assert controller("x", root=Path("/zones")).path("/etc/db.a") == Path("/etc/db.a")


def test_errors_and_warnings_have_a_place() -> None:
    c = controller("x 1")
    assert headline(c.error("no")) == "Corefile:2 - Error during parsing: no"
    error = c.error("no", c.args[0], "yes")
    assert error.span
    assert (error.span.column, error.hint) == (3, "yes")
    c.warn("odd")
    c.warn("odder", c.args[0], "so")
    assert [(one.message, one.span and one.span.column, one.hint) for one in c.warnings] == [
        ("odd", 1, None), ("odder", 3, "so"),
    ]  # fmt: skip


def test_metric_names() -> None:
    c = controller("xyz")
    assert c.counter("things_total", "Things.", "zone").name == "coredns_xyz_things_total"
    assert c.gauge("things", "Things.").name == "coredns_xyz_things"
    assert c.histogram("seconds", "Time.", buckets=(1, 2)).name == "coredns_xyz_seconds"
    c.counter("things_total", "Things.", "zone").labels("a.").inc()
    assert c.counter("things_total", "Things.", "zone").labels("a.").value == 1


def test_log_lines_name_the_plugin() -> None:
    assert controller("xyz").log.name.endswith("plugin.xyz")
