"""The file changes, goes, comes back, or was never one."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from corepy.errors import ConfigErrors
from corepy.testing import Dns, Start
from corepy_plugins.hosts.file import HostsFile
from corepy_plugins.hosts.handler import Hosts
from corepy_plugins.hosts.table import Below, Table

ONE = "a.test. 3600 IN A 192.0.2.1"
TWO = "a.test. 3600 IN A 192.0.2.2"


async def settled(dns: Dns, expected: str) -> None:
    """Wait until `a.test` has this answer."""
    for _ in range(150):
        if (got := await dns.ask("a.test A")) == expected:
            return
        await asyncio.sleep(0.02)
    pytest.fail(f"still {got}")


def text(path: Path, reload: str = "20ms") -> str:
    """A Corefile that looks at the file often."""
    return f". {{\n hosts {path} {{\n reload {reload}\n 192.0.2.9 inline.test\n }}\n}}\n"


def rewrite(path: Path) -> None:
    path.write_text("192.0.2.2 a.test\n# longer\n")


def same_size_later(path: Path) -> None:
    path.write_text("192.0.2.2 a.test\n")
    os.utime(path, (1, 1))


def rename_over(path: Path) -> None:
    """As ConfigMaps do: another file with the size and time of the old one."""
    before = path.stat()
    new = path.with_name("new")
    new.write_text("192.0.2.2 a.test\n")
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.rename(path)


def swap_link(path: Path) -> None:
    target = path.with_name("target")
    target.write_text("192.0.2.2 a.test\n")
    link = path.with_name("link")
    link.symlink_to(target)
    link.rename(path)


@pytest.mark.parametrize("change", [rewrite, same_size_later, rename_over, swap_link])
async def test_changes_are_taken(
    corefile: Start, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """Also for questions whose answers were repeated from memory before."""
    path = tmp_path / "hosts"
    path.write_text("192.0.2.1 a.test\n")
    async with corefile(text(path)) as dns:
        assert await dns.ask("a.test A") == ONE
        assert await dns.ask("a.test A") == ONE
        change(path)
        await settled(dns, TWO)


def nothing(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


BROKEN = [
    (nothing, "File does not exist: {}"),
    (folder, 'Hosts file "{}" is a directory'),
    (fifo, "Hosts file {} cannot be read: not a regular file"),
]


@pytest.mark.parametrize(("harm", "warning"), BROKEN)
async def test_the_last_good_data_stays(
    corefile: Start, tmp_path: Path, harm: Callable[[Path], None], warning: str
) -> None:
    """One warning, however often it is looked at; and the next good file is taken."""
    path = tmp_path / "hosts"
    path.write_text("192.0.2.1 a.test\n")
    async with corefile(text(path)) as dns:
        harm(path)
        await asyncio.sleep(0.2)
        assert await dns.ask("a.test A") == ONE
        expected = f"[WARNING] plugin/hosts: {warning.format(path)}"
        assert dns.log == [f"{expected}; what was read before stays in use"]
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
        path.write_text("192.0.2.2 a.test\n# new\n")
        await settled(dns, TWO)


@pytest.mark.parametrize(("harm", "warning"), BROKEN)
async def test_a_file_that_is_none_at_the_start(
    corefile: Start, tmp_path: Path, harm: Callable[[Path], None], warning: str
) -> None:
    """The server starts, warns, and waits for the file."""
    path = tmp_path / "hosts"
    path.touch()
    harm(path)
    async with corefile(text(path)) as dns:
        assert dns.log == [f"[WARNING] plugin/hosts: {warning.format(path)}"]
        assert await dns.ask("a.test A") == "SERVFAIL"
        assert await dns.ask("inline.test A") == "inline.test. 3600 IN A 192.0.2.9"


async def test_a_path_that_cannot_be_is_a_start_error(corefile: Start, tmp_path: Path) -> None:
    """As in CoreDNS, with the path marked."""
    path = tmp_path / "hosts" / "x"
    path.parent.touch()
    with pytest.raises(ConfigErrors) as caught:
        async with corefile(text(path)):
            pass
    (error,) = caught.value.errors
    assert error.message == f"unable to access hosts file '{path}': stat {path}: not a directory"
    assert error.span
    assert error.span.length == len(str(path))


async def test_truncation_is_a_change(corefile: Start, tmp_path: Path) -> None:
    """An empty file is a good file."""
    path = tmp_path / "hosts"
    path.write_text("192.0.2.1 a.test\n")
    async with corefile(text(path)) as dns:
        assert await dns.ask("a.test A") == ONE
        path.write_text("")
        await settled(dns, "SERVFAIL")


async def test_reload_zero_reads_once(corefile: Start, tmp_path: Path) -> None:
    """And never looks again."""
    path = tmp_path / "hosts"
    path.write_text("192.0.2.1 a.test\n")
    async with corefile(text(path, "0")) as dns:
        rewrite(path)
        await asyncio.sleep(0.15)
        assert await dns.ask("a.test A") == ONE


async def test_metrics_follow_the_file(corefile: Start, tmp_path: Path) -> None:
    """Entries of both places, and the time of the file."""
    path = tmp_path / "hosts"
    path.write_text("192.0.2.1 a.test *.w.test\n")
    os.utime(path, (1_000_000_000, 1_000_000_000.5))
    series = f'coredns_hosts_entries{{hostsfile="{path}"}}'
    async with corefile(text(path)) as dns:
        found = await dns.metrics()
        assert found[series] == 5
        assert found["coredns_hosts_reload_timestamp_seconds"] == 1_000_000_000.5
        path.write_text("192.0.2.2 a.test\n")
        await settled(dns, TWO)
        found = await dns.metrics()
        assert found[series] == 4
        assert found["coredns_hosts_reload_timestamp_seconds"] == pytest.approx(time.time(), abs=9)


async def test_of_several_with_one_file_the_last_shows_its_entries(
    corefile: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the start, whichever has read it last."""
    path = tmp_path / "hosts"
    path.write_text("192.0.2.1 a.test\n192.0.2.2 a.test\n192.0.2.3 b.test\n")
    look = Hosts._look_first

    async def slowly(plugin: Hosts) -> None:
        await asyncio.sleep(0.1 if plugin._zones and b"\1a\4test\0" in plugin._zones else 0)
        await look(plugin)

    monkeypatch.setattr(Hosts, "_look_first", slowly)
    block = "{0}.test {{\n hosts " + str(path) + "\n}}\n"
    async with corefile("".join(block.format(zone) for zone in "ab")) as dns:
        assert (await dns.metrics())[f'coredns_hosts_entries{{hostsfile="{path}"}}'] == 2


async def test_a_missing_file_has_no_entries(corefile: Start, tmp_path: Path) -> None:
    """CoreDNS shows a series only for what was read."""
    async with corefile(text(tmp_path / "hosts")) as dns:
        assert f'coredns_hosts_entries{{hostsfile="{tmp_path / "hosts"}"}}' not in (
            await dns.metrics()
        )


async def test_endless_lines_are_cut(tmp_path: Path) -> None:
    """What stands behind 64 KiB of one line is not read, the next line is."""
    path = tmp_path / "hosts"
    filler = " ".join(f"n{i}.test" for i in range(100_000))
    path.write_text(
        f"192.0.2.1 first.test {filler} late.test\n192.0.2.2 next.test\n192.0.2.3 end.test"
    )
    table = Table(Below(["."]), reverse=True)
    assert await HostsFile(path).read(table)
    found = {key: table.addresses(key, True)[-1:] for key in (b"first.test", b"n9.test")}
    assert found == {b"first.test": b"\1", b"n9.test": b"\1"}
    assert not table.addresses(b"late.test", True)
    assert table.addresses(b"next.test", True)[-1] == 2
    assert table.addresses(b"end.test", True)[-1] == 3


async def test_a_big_file_is_read_in_slices(tmp_path: Path) -> None:
    """Others get a turn at least every few milliseconds of work, and no line is lost."""
    path = tmp_path / "hosts"
    count = 60_000
    path.write_text(
        "".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255} n{i}.test\n" for i in range(count))
    )
    table, stalls, reading = Table(Below(["."]), reverse=True), [], True

    async def heartbeat() -> None:
        while reading:
            before = time.thread_time()
            await asyncio.sleep(0)
            stalls.append(time.thread_time() - before)

    beat = asyncio.ensure_future(heartbeat())
    assert await HostsFile(path).read(table)
    reading = False
    await beat
    assert table.entries == 2 * count
    assert all(table.addresses(b"n%d.test" % i, True) for i in range(0, count, 997))
    assert sorted(stalls)[-2] < 0.010
