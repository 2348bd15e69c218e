"""The page `/metrics`: where it is, what is on it, when it goes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from corepy.testing import Start, free_port
from corepy_plugins.prometheus import runtime
from tests.support.web import fetch

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
FROM_THE_START = {
    "coredns_forward_healthcheck_broken_total",
    "coredns_forward_max_concurrent_rejects_total",
    "coredns_health_request_duration_seconds_count",
    "coredns_health_request_failures_total",
    "coredns_hosts_reload_timestamp_seconds",
    "coredns_local_localhost_requests_total",
    "coredns_panics_total",
    "coredns_reload_failed_total",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_network_receive_bytes_total",
    "process_network_transmit_bytes_total",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_virtual_memory_bytes",
    "process_virtual_memory_max_bytes",
}


async def scrape(port: int) -> dict[str, str]:
    reply = await fetch(port, "/metrics")
    assert reply.status == 200
    lines = [line for line in reply.body.decode().splitlines() if line[0] != "#"]
    return {name: value for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_the_page(corefile: Start) -> None:
    port = free_port()
    async with corefile(f". {{\n prometheus 127.0.0.1:{port}\n whoami\n}}") as dns:
        reply = await fetch(port, "/metrics")
        assert reply.headers["content-type"] == CONTENT_TYPE
        head = await fetch(port, "/metrics", method="HEAD")
        assert (head.status, head.body) == (200, b"")
        assert (await fetch(port, "/")).body == b"404 page not found\n"
        assert (await fetch(port, "/metrics/")).status == 404
        samples = await scrape(port)
        assert set(samples) >= FROM_THE_START
        (build,) = (name for name in samples if name.startswith("coredns_build_info"))
        assert 'goversion="python3.' in build
        assert float(samples["process_resident_memory_bytes"]) > 1e6
        assert float(samples["process_network_receive_bytes_total"]) > 0
        assert dns.log == []


async def test_enabled_plugins(corefile: Start) -> None:
    port = free_port()
    text = (
        f"a.test b.test {{\n bind 127.0.0.1\n prometheus 127.0.0.1:{port}\n whoami\n}}\n"
        f"c.test {{\n bind 127.0.0.1\n prometheus 127.0.0.1:{port}\n}}\n"
        "d.test {\n bind 127.0.0.1\n whoami\n}\n"
    )
    async with corefile(text) as dns:
        found = {name for name in await scrape(port) if name.startswith("coredns_plugin_enabled")}
    server = f"dns://127.0.0.1:{dns.port}"
    assert found == {
        f'coredns_plugin_enabled{{server="{server}",zone="{zone}",view="",name="{name}"}}'
        for zone, name in (
            *(("a.test.", "prometheus"), ("a.test.", "whoami")),
            *(("c.test.", "prometheus"),),
        )
    }


async def test_enabled_plugins_are_those_of_the_running_instance(corefile: Start) -> None:
    port, dns_port = free_port(), free_port()
    text = f". {{\n prometheus 127.0.0.1:{port}\n whoami\n}}"
    async with corefile(text, port=dns_port):
        async with corefile(text.replace("whoami", "any"), port=dns_port):
            pass
        found = [name for name in await scrape(port) if name.startswith("coredns_plugin_enabled")]
    assert [name.rpartition("name=")[2] for name in sorted(found)] == ['"prometheus"}', '"whoami"}']


async def test_one_address_for_several_blocks(corefile: Start) -> None:
    port = free_port()
    blocks = [f"z{at}.test {{\n prometheus 127.0.0.1:{port}\n whoami\n}}\n" for at in range(5)]
    async with corefile("".join(blocks)) as dns:
        await dns.query("a.z3.test A")
        samples = await scrape(port)
        asked = [name for name in samples if name.startswith("coredns_dns_requests_total")]
        assert [name for name in asked if f":{dns.port}" in name and "z3.test." in name]
    with pytest.raises(ConnectionRefusedError):
        await fetch(port, "/metrics")


async def test_two_addresses_show_the_same(corefile: Start) -> None:
    first, second = free_port(), free_port()
    text = "".join(
        f"{zone} {{\n prometheus 127.0.0.1:{port}\n whoami\n}}\n"
        for zone, port in (("a.test", first), ("b.test", second))
    )
    async with corefile(text) as dns:
        await dns.query("x.a.test A")
        for port in (first, second):
            assert [name for name in await scrape(port) if 'zone="a.test."' in name]


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        (
            "192.0.2.1:9153",
            "listen tcp 192.0.2.1:9153: bind: cannot assign requested address",
        ),
        ("127.0.0.1:99999", "listen tcp: address 99999: invalid port"),
    ],
)
async def test_an_address_that_cannot_be_had_is_an_error_in_the_log(
    corefile: Start, address: str, fault: str
) -> None:
    text = "".join(
        f"{zone} {{\n prometheus {address}\n whoami\n}}\n" for zone in ("a.test", "b.test")
    )
    async with corefile(text) as dns:
        assert (await dns.query("x.a.test A")).rcode() == 0
        assert dns.log == [f"[ERROR] Failed to start metrics handler: {fault}"]


async def test_runtime_metrics(corefile: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "LAG_INTERVAL", 0.01)
    port = free_port()
    text = f". {{\n prometheus 127.0.0.1:{port} {{\n runtime_metrics\n }}\n whoami\n}}"
    async with corefile(text):
        await asyncio.sleep(0.1)
        samples = await scrape(port)
    assert float(samples["python_asyncio_tasks"]) >= 2
    assert float(samples["python_asyncio_lag_seconds_count"]) >= 3
    assert float(samples["python_threads"]) >= 1
    assert float(samples["python_memory_blocks"]) > 1000
    assert float(samples['process_cpu_mode_seconds_total{mode="user"}']) > 0
    assert float(samples['process_page_faults_total{kind="minor"}']) > 0
    async with corefile(text.replace("runtime_metrics", "")):
        assert "python_threads" in await scrape(port)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (None, "TLS config file does not exist: {}"),
        ("nonsense: 1\n", "Failed to start HTTPS metrics server: {}: unknown field 'nonsense'"),
    ],
)
async def test_a_web_configuration_that_cannot_be_used_opens_nothing(
    corefile: Start, tmp_path: Path, content: str | None, fault: str
) -> None:
    port, path = free_port(), tmp_path / "web.yml"
    if content is not None:
        path.write_text(content)
    text = f". {{\n prometheus 127.0.0.1:{port} {{\n tls {path}\n }}\n whoami\n}}"
    async with corefile(text) as dns:
        assert dns.log == [f"[ERROR] {fault.format(path)}"]
        with pytest.raises(ConnectionRefusedError):
            await fetch(port, "/metrics")
