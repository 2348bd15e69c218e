"""What *prometheus* takes in a Corefile."""

from __future__ import annotations

import sys

import pytest

from corepy_plugins.prometheus.handler import Prometheus
from tests.support.setups import built, refusal

PARSING = "plugin/prometheus: Corefile:{} - Error during parsing: "
COUNT = "Wrong argument count or unexpected line ending after "
ONCE = "plugin/prometheus: this plugin can only be used once per Server Block"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("prometheus", "localhost:9153"),
        ("prometheus :9253", ":9253"),
        ("prometheus localhost:9253 {\n}", "localhost:9253"),
        ("prometheus {\n runtime_metrics\n runtime_metrics\n}", "localhost:9153"),
        ("prometheus {\n tls web.yml\n}", "localhost:9153"),
    ],
)
def test_accepted(text: str, address: str) -> None:
    plugin = built(f". {{\n{text}\n}}").instance.plugins[0]
    assert isinstance(plugin, Prometheus)
    assert plugin.endpoint.address == address


@pytest.mark.parametrize(
    ("text", "message", "column", "hint"),
    [
        (
            "prometheus 127.0.0.1",
            "plugin/prometheus: address 127.0.0.1: missing port in address",
            12,
            None,
        ),
        ("prometheus :1 :2", PARSING.format(2) + COUNT + "':2'", 15, None),
        ("prometheus :1\nprometheus :2", ONCE, 1, None),
        ("prometheus {\n runtime_metrics x\n}", PARSING.format(3) + COUNT + "'x'", 18, None),
        ("prometheus {\n tls\n}", PARSING.format(3) + COUNT + "'tls'", 2, None),
        ("prometheus {\n tls a b\n}", PARSING.format(3) + COUNT + "'b'", 8, None),
        (
            "prometheus {\n tls a\n tls b\n}",
            PARSING.format(4) + "tls block already specified",
            2,
            None,
        ),
        (
            "prometheus {\n runtime_metric\n}",
            PARSING.format(3) + "unknown option: runtime_metric",
            2,
            "did you mean 'runtime_metrics'?",
        ),
    ],
)
def test_refused(text: str, message: str, column: int, hint: str | None) -> None:
    assert refusal(f". {{\n{text}\n}}") == (message, column, hint)


@pytest.mark.parametrize("module", ["yaml", "bcrypt"])
def test_tls_without_its_packages_names_the_extra(
    module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    message, _, hint = refusal(". {\nprometheus {\n tls web.yml\n}\n}")
    assert message.endswith("this directive needs corepy-dns[web]")
    assert hint == "pip install 'corepy-dns[web]'"
    assert refusal(". {\nprometheus\n}") == ("", 0, None)


def test_blocks_share_the_endpoint_of_an_address() -> None:
    text = "".join(
        f"z{at}.test {{\nprometheus {where}\n}}\n" for at, where in enumerate([":1"] * 2)
    )
    first, second = built(text).instance.plugins
    assert isinstance(first, Prometheus)
    assert isinstance(second, Prometheus)
    assert first.endpoint is second.endpoint
