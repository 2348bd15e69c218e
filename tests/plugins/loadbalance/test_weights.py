"""The weight file: what it says, what is wrong with it, and its changes."""

from __future__ import annotations

import asyncio
import functools
import ipaddress
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from corepy import names
from corepy.log import plugin_logger
from corepy.record import Record
from corepy.testing import Start
from corepy_plugins.loadbalance.weights import Weights, WeightsError, parse


def octets(address: str) -> bytes:
    packed = ipaddress.ip_address(address).packed
    return packed if len(packed) == 16 else bytes(10) + b"\xff\xff" + packed


def record(name: str, address: str) -> Record:
    packed = ipaddress.ip_address(address).packed
    return Record.make(names.from_text(name), 1 if len(packed) == 4 else 28, 60, packed)


TEXT = """
# a comment
W1.test
 192.0.2.1   10
2001:db8::1 255
192.0.2.1 20

empty.test.
w2.test
192.0.2.3 01
w1.test.
192.0.2.2 30
a..b
192.0.2.9 9
"""


def test_parse() -> None:
    table = parse(TEXT, "f")
    assert table == {
        b"\2w1\4test\0": {
            octets("192.0.2.1"): 10,
            octets("2001:db8::1"): 255,
            octets("192.0.2.2"): 30,
        },
        b"\5empty\4test\0": {},
        b"\2w2\4test\0": {octets("192.0.2.3"): 1},
    }
    assert parse("", "f") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "w.test\n192.0.2.1",
            'wrong domain name:"192.0.2.1" in weight file f. (Maybe a missing weight value?)',
        ),
        ("192.0.2.1 5", "missing domain name in weight file f"),
        ("w.test\n192.0.2.300 5", 'wrong IP address:"192.0.2.300" in weight file f'),
        ("w.test\n192.0.02.1 5", 'wrong IP address:"192.0.02.1" in weight file f'),
        ("w.test\nfe80::1%lo 5", 'wrong IP address:"fe80::1%lo" in weight file f'),
        ("w.test\n192.0.2.1 0", 'wrong weight value:"0" in weight file f'),
        ("w.test\n192.0.2.1 256", 'wrong weight value:"256" in weight file f'),
        ("w.test\n192.0.2.1 +5", 'wrong weight value:"+5" in weight file f'),
        (" w.test 1 2 ", 'could not parse weight line:"w.test 1 2" in weight file f'),
    ],
)
def test_mistake(text: str, message: str) -> None:
    with pytest.raises(WeightsError) as caught:
        parse(text, "f")
    assert str(caught.value) == message


def test_choice_by_weight() -> None:
    weights = Weights(Path("f"), "f", 0.0, plugin_logger("test"))
    weights.table = parse("w.test\n192.0.2.2 98\n", "f")
    addresses = [record("W.test", f"192.0.2.{last}") for last in (1, 2, 3)]
    counts = Counter(weights.choose(addresses) for _ in range(2000))
    # 98 of 100 parts; those without a weight have one part each.
    assert 1880 <= counts[1] < 2000
    assert counts[0] + counts[2] > 0


def test_a_weight_belongs_to_a_name() -> None:
    weights = Weights(Path("f"), "f", 0.0, plugin_logger("test"))
    weights.table = parse("w.test\n192.0.2.2 255\n", "f")
    addresses = [record("other.test", f"192.0.2.{last}") for last in (1, 2)]
    counts = Counter(weights.choose(addresses) for _ in range(1000))
    assert 350 < counts[1] < 650


async def test_changes(tmp_path: Path, corefile: Start) -> None:
    file = tmp_path / "weights"
    text = f". {{\n loadbalance weighted {file} {{\n reload 20ms\n }}\n whoami\n}}"
    line = f"[INFO] plugin/loadbalance: Successfully reloaded weight file {file}"
    async with corefile(text) as dns:
        warning = "Failed to open weight file:weight file open error. Will try again in 20ms"
        assert f"[WARNING] plugin/loadbalance: {warning}" in dns.log
        for number, content in enumerate(("a.test\n", "b.test\n"), 1):
            file.write_text(content)
            await until(functools.partial(lambda times: dns.log.count(line) == times, number))
        file.write_text("b.test\n1.2.3.4 0\n")
        mistake = f'[ERROR] plugin/loadbalance: wrong weight value:"0" in weight file {file}'
        await until(lambda: mistake in dns.log)
        await asyncio.sleep(0.1)
        # Said once, and the file is not read as changed again.
        assert dns.log.count(mistake) == 1
        assert dns.log.count(line) == 2
        file.unlink()
        await until(lambda: "[ERROR] plugin/loadbalance: weight file open error" in dns.log)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not true():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("content", "reload", "message"),
    [
        (None, "0s", "plugin/loadbalance: weight file open error"),
        ("w.test\n1.2.3.4 0\n", "1h", 'plugin/loadbalance: wrong weight value:"0" in weight file'),
    ],
)
async def test_no_start(
    tmp_path: Path, corefile: Start, content: str | None, reload: str, message: str
) -> None:
    file = tmp_path / "weights"
    if content is not None:
        file.write_text(content)
    text = f". {{\n loadbalance weighted {file} {{\n reload {reload}\n }}\n whoami\n}}"
    with pytest.raises(WeightsError, match=message):
        async with corefile(text):
            pass


async def test_a_folder_is_no_file(tmp_path: Path, corefile: Start) -> None:
    with pytest.raises(WeightsError, match=r"plugin/loadbalance: read .*: is a directory"):
        async with corefile(f". {{\n loadbalance weighted {tmp_path}\n whoami\n}}"):
            pass


async def test_below_root(tmp_path: Path, corefile: Start) -> None:
    (tmp_path / "weights").write_text("a.test\n")
    async with corefile(
        f". {{\n root {tmp_path}\n loadbalance weighted weights\n whoami\n}}"
    ) as dns:
        line = f"Successfully reloaded weight file {tmp_path}/weights"
        assert f"[INFO] plugin/loadbalance: {line}" in dns.log


async def test_a_file_is_read_though_another_line_decides(tmp_path: Path, corefile: Start) -> None:
    (tmp_path / "weights").write_text("1.2.3.4\n")
    text = f". {{\n loadbalance weighted {tmp_path}/weights\n loadbalance\n whoami\n}}"
    with pytest.raises(WeightsError, match="wrong domain name"):
        async with corefile(text):
            pass
