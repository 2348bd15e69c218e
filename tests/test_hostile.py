"""Octets from strangers: no exception, no answer where none is due, and bounded work.

Work is counted in lines of Python that ran, which is the same on every machine.
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import dns.message
import dns.rrset
import pytest

from corepy import wire
from corepy.errors import WireError
from corepy.response import WireResponse
from corepy.server import Listener
from corepy.testing import running
from tests.support.program import PLUGINS
from tests.support.queries import opt, option, query
from tests.support.serving import Answers, at_once, listener_of

COUNT = 100_000


def lines_of(call: Callable[[], Any]) -> int:
    """How many lines of our own Python a call runs; loops count each time round."""
    ran = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal ran
        if "corepy" not in frame.f_code.co_filename:
            return None
        if event == "line":
            ran += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return ran


# ---- what strangers send


def bomb(records: int, labels: int = 120, counts: bytes | None = None) -> bytes:
    """A query with NS records whose names are pointers to one name of many labels."""
    name = b"\1a" * labels + b"\0"
    pointer = b"\xc0\x0c"
    record = pointer + b"\0\2\0\1\0\0\0\0\0\2" + pointer
    count = records.to_bytes(2, "big")
    return b"\0\7\1\0\0\1" + (counts or b"\0\0\0\0" + count) + name + b"\0\1\0\1" + record * records


BOMBS = [
    bomb(55),
    bomb(2, counts=b"\0\0\0\0\0\2"),
    bomb(4600),
    bomb(4600, counts=b"\0\1\0\1\0\2"),
    bomb(4600, counts=b"\0\0\0\0\0\2"),
    b"\0\7\1\0\x27\x11" + bytes(6) + (b"\1a" * 2 + b"\0\0\1\0\1") * 6000,
    query()[:11] + b"\1" + query()[12:] + b"\x3f" * 64000,
    query()[:11] + b"\1" + query()[12:] + b"\1a" * 32000,
    query()[:11] + b"\2" + query()[12:] + (b"\0\0\x10\0\1\0\0\0\0\0\0") * 5800,
    query(edns=512, options=option(65001) * 15000),
    query(edns=512, options=option(3) * 15000),
    query(edns=512, options=option(10, bytes(60000))),
    query(edns=512, options=option(8, b"\0\1\x20\0\1\2\3\4") * 5000),
    query()[:12] + b"\1a" * 32000,
    query()[:12] + b"\xc0\x0c\0\1\0\1",
    query()[:12] + b"\xff" * 65523,
    query() + bytes(65000),
    b"\0" * 65535,
]


def mutated(rng: random.Random, octets: bytes) -> bytes:
    data = bytearray(octets)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data)) if data else 0
        match rng.randrange(6):
            case 0:
                data[at : at + 1] = bytes((rng.randrange(256),))
            case 1:
                del data[at:]
            case 2:
                data[at:at] = rng.randbytes(rng.randint(1, 20))
            case 3:
                del data[at : at + rng.randint(1, 8)]
            case 4:
                data[at : at + 2] = rng.choice([b"\xc0\x0c", b"\xff\xff", b"\0\0", b"\x3f\x3f"])
            case _:
                data += data[at : at + rng.randint(1, 40)]
        if not data:
            break
    return bytes(data[:65535])


def packets(seed: int, count: int) -> Iterator[bytes]:
    """Random octets, and mutations of queries of all kinds."""
    rng = random.Random(seed)
    seeds = [
        query(),
        query("wWw.a.test", wire.A, edns=1232, do=True),
        query(edns=4096, options=option(10, b"12345678") + option(8, b"\0\1\x18\0\1\2\3")),
        query()[:11] + b"\2" + query()[12:] + opt(512) + opt(1232),
        query(".", wire.NS),
        query("a." * 127),
        query(flags=4 << 11),
        query()[:9] + b"\1" + query()[10:] + b"\xc0\x0c\0\6\0\1\0\0\0\0\0\0",
        bomb(3, 20, b"\0\1\0\1\0\1"),
    ]
    for number in range(count):
        match number % 4:
            case 0:
                yield rng.randbytes(rng.randrange(80))
            case 1:
                yield rng.randbytes(2) + b"\1\0\0\1" + rng.randbytes(rng.randrange(60))
            case _:
                yield mutated(rng, rng.choice(seeds))


def judge(octets: bytes, reply: bytes) -> None:
    """What holds for every answer to anything."""
    if len(octets) < 12 or octets[2] & 0x80:
        assert reply == b""
    elif reply:
        assert reply[:2] == octets[:2]
        assert reply[2] & 0x80
        assert len(reply) >= 12


@pytest.fixture(scope="module")
def listener() -> Listener:
    return listener_of(Answers(), zone="test.")


def test_no_packet_makes_an_exception_or_an_answer_that_is_not_due(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    answered = 0
    with caplog.at_level(logging.WARNING):
        for octets in packets(1, COUNT):
            reply = at_once(listener, octets)
            judge(octets, reply)
            answered += reply[3:4] == b"\0"
    assert caplog.records == []
    assert answered > COUNT // 100  # the mutations are not all beyond the first check
    assert at_once(listener, query()).endswith(b"\3yes")


@pytest.mark.parametrize("number", range(len(BOMBS)))
def test_no_packet_costs_more_than_its_length(listener: Listener, number: int) -> None:
    octets = BOMBS[number]
    ran = lines_of(lambda: judge(octets, at_once(listener, octets)))
    # Only a row of EDNS options, 60 kB of which come over TCP alone, is read one by one.
    assert ran <= 1500 + (len(octets) // 4 * 20 if b"\0\0\x29" in octets else 0)


def test_the_work_for_a_packet_does_not_grow_with_it(listener: Listener) -> None:
    def ran(octets: bytes) -> int:
        at_once(listener, octets)  # the first of its kind makes series and fills caches
        return lines_of(lambda: at_once(listener, octets))

    assert ran(bomb(4600)) <= ran(bomb(2)) + 50
    assert ran(bomb(4600, counts=b"\0\0\0\0\0\2")) == ran(bomb(2, counts=b"\0\0\0\0\0\2"))
    assert ran(query() + bytes(60000)) == ran(query() + bytes(10))


def test_random_packets_are_cheap(listener: Listener) -> None:
    rng = random.Random(3)
    for octets in packets(2, 2000):
        assert lines_of(lambda octets=octets: at_once(listener, octets)) <= 1500  # type: ignore[misc]
    for _ in range(50):
        large = rng.randbytes(2) + b"\1\0\0\1\0\0\0\0\0\1" + rng.randbytes(65000)
        assert lines_of(lambda large=large: at_once(listener, large)) <= 1500  # type: ignore[misc]


async def test_real_sockets_take_it_too() -> None:
    text = "test {\n listen 127.0.0.1\n fixed yes\n}\n"
    async with running(text, plugin_path=[PLUGINS]) as dns:
        loop = asyncio.get_running_loop()
        replies: list[bytes] = []
        with socket.socket(type=socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.bind(("127.0.0.1", 0))
            loop.add_reader(sock, lambda: replies.append(sock.recv(65535)))
            for number, octets in enumerate(packets(4, 4000)):
                sock.sendto(octets, ("127.0.0.1", dns.port))
                if number % 50 == 49:
                    await asyncio.sleep(0.001)
            for octets in BOMBS:
                sock.sendto(octets[:60000], ("127.0.0.1", dns.port))
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.05)
            loop.remove_reader(sock)
        assert len(replies) > 500
        assert all(reply[2] & 0x80 for reply in replies)
        for number in range(0, 2000, 40):
            await _abuse(dns.port, number)
        for tcp in ("", " +tcp"):
            assert await dns.ask("a.test TXT" + tcp) == 'a.test. 60 IN TXT "yes"'
        assert dns.log == []


async def _abuse(port: int, seed: int) -> None:
    """One TCP connection with a few dozen packets, framed well or not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    rng = random.Random(seed)
    try:
        for octets in (*packets(seed, 40), rng.choice(BOMBS)):
            length = len(octets) if rng.random() < 0.9 else rng.randrange(65536)
            writer.write(length.to_bytes(2, "big") + octets)
        writer.write_eof()
        async with asyncio.timeout(5):
            while await reader.read(1 << 16):
                pass
    except ConnectionError:
        pass
    finally:
        writer.close()


# ---- what other servers send


def upstream_bomb(records: int, *, spread: bool) -> bytes:
    """NS records with two pointers of 120 labels each, all to one place or each to another."""
    labels = 120
    name = b"\1a" * labels + b"\0"
    head = b"\0\0\x80\0\0\1" + (records + 1).to_bytes(2, "big") + b"\0\0\0\0" + b"\0\0\1\0\1"
    places = 60 if spread else 1
    opaque = b"\0\xff\0\0\1\0\0\0\0" + (len(name) * places).to_bytes(2, "big")
    start = len(head) + len(opaque)

    def pointer(number: int) -> bytes:
        at = start
        if spread:
            at += number % places * len(name) + number // places % labels * 2
        return (0xC000 | at).to_bytes(2, "big")

    rows = [
        pointer(2 * number) + b"\0\2\0\1\0\0\0\0\0\2" + pointer(2 * number + 1)
        for number in range(records)
    ]
    return head + opaque + name * places + b"".join(rows)


@pytest.mark.parametrize("records", [20, 300, 1000, 3500])
@pytest.mark.parametrize("spread", [False, True])
def test_reading_an_upstreams_answer_costs_no_more_than_its_length(
    records: int, spread: bool
) -> None:
    octets = upstream_bomb(records, spread=spread)
    assert len(octets) <= 65535

    def read() -> None:
        try:
            assert len(WireResponse(octets).answer) == records + 1
        except WireError:
            return

    # A line takes about 50 ns: 16 of them per octet stay below a millisecond per kB.
    assert lines_of(read) <= 16 * len(octets) + 8000


def test_the_largest_honest_answers_are_read() -> None:
    message = dns.message.make_response(dns.message.make_query("a.test", "NS"))
    names = [f"n{number}.some.long-name.of.a.zone.test." for number in range(1000)]
    message.answer = [dns.rrset.from_text("a.test.", 60, "IN", "NS", *names)]
    message.additional = [dns.rrset.from_text(name, 60, "IN", "A", "192.0.2.1") for name in names]
    response = WireResponse(message.to_wire(max_size=65535))
    assert len(response.answer) == 1000
    assert len(response.additional) == 1000
    # Reverse names are the ones with the most labels.
    reverse = [f"{'.'.join(f'{n:04x}')}.{'0.' * 28}ip6.arpa." for n in range(2000)]
    message = dns.message.make_response(dns.message.make_query("a.test", "PTR"))
    message.answer = [dns.rrset.from_text(name, 60, "IN", "PTR", "a.test.") for name in reverse]
    assert len(WireResponse(message.to_wire(max_size=65535)).answer) == 2000
