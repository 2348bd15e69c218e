"""Sets of sockets, and how they come to workers."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from corepy.chain import fold
from corepy.instance import Instance, Site
from corepy.server import Route, Server
from corepy.testing import free_port
from corepy.transport.sockets import Endpoint, ListenError
from corepy.workers.ports import Given, Ports
from tests.support.serving import Answers


def instance(*ports: int) -> Instance:
    sites = []
    for port in ports:
        server = Server(f"dns://127.0.0.1:{port}")
        server.add(Route(".", fold([("answers", Answers())])))
        sites.append(Site(server, "127.0.0.1", port))
    return Instance(sites, [])


@pytest.fixture
def ports() -> Iterator[Ports]:
    made = Ports(3)
    yield made
    made.keep(())


def names(ports: Ports, slot: int) -> list[tuple[str, int]]:
    return [sock.getsockname() for sock in ports.parcel(slot)[1]]


def test_every_set_has_sockets_of_its_own_for_the_same_addresses(ports: Ports) -> None:
    port = free_port()
    ports.open(instance(port))
    assert [names(ports, slot) for slot in range(3)] == [[("127.0.0.1", port)] * 2] * 3
    assert len({sock.fileno() for slot in range(3) for sock in ports.parcel(slot)[1]}) == 6
    rows = [["tcp", "127.0.0.1", port, 1], ["udp", "127.0.0.1", port, 1]]
    assert ports.parcel(1)[0] == rows


def test_a_free_port_is_the_same_for_all(ports: Ports) -> None:
    ports.open(instance(0))
    assert names(ports, 0) == names(ports, 1) == names(ports, 2)
    assert {sets.endpoints() == ports.sets[0].endpoints() for sets in ports.sets} == {True}
    assert all(port for _, port in names(ports, 0))


def test_a_port_that_is_taken_leaves_all_as_it_was(ports: Ports) -> None:
    port, new = free_port(), free_port()
    ports.open(instance(port))
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ListenError):
            ports.open(instance(port, new, taken.getsockname()[1]))
    assert [names(ports, slot) for slot in range(3)] == [[("127.0.0.1", port)] * 2] * 3


def test_what_is_not_wanted_any_more_is_closed(ports: Ports) -> None:
    one, other = free_port(), free_port()
    ports.open(instance(one, other))
    ports.keep(instance(other).sites[0].endpoints)
    assert [names(ports, slot) for slot in range(3)] == [[("127.0.0.1", other)] * 2] * 3


# ---- in a worker


UDP, TCP = Endpoint("udp", "127.0.0.1", 53), Endpoint("tcp", "127.0.0.1", 53)


@pytest.fixture
def made() -> Iterator[list[socket.socket]]:
    with ExitStack() as stack:
        yield [stack.enter_context(socket.socket()) for _ in range(8)]


def row(endpoint: Endpoint, number: int) -> list[object]:
    return [*endpoint, number]


def test_sets_are_taken_together_the_own_one_first(made: list[socket.socket]) -> None:
    given = Given()
    given.put(1, [row(UDP, 2), row(TCP, 1)], made[:3])
    given.put(0, [row(UDP, 1)], made[3:4])
    assert given.take(UDP) == [made[0], made[1], made[3]]
    assert given.take(TCP) == [made[2]]
    assert given.of(1) == made[:3]
    assert given.of(2) == []


def test_what_comes_twice_is_closed(made: list[socket.socket]) -> None:
    given = Given()
    given.put(1, [row(UDP, 1)], made[:1])
    given.put(1, [row(TCP, 1), row(UDP, 1)], made[1:3])
    assert given.take(UDP) == [made[0]]
    assert given.take(TCP) == [made[1]]
    assert [sock.fileno() < 0 for sock in made[:4]] == [False, False, True, False]


def test_a_set_goes_back(made: list[socket.socket]) -> None:
    given = Given()
    given.put(1, [row(UDP, 1)], made[:1])
    given.put(2, [row(UDP, 1), row(TCP, 1)], made[1:3])
    given.drop(2)
    given.drop(3)
    assert given.take(UDP) == [made[0]]
    with pytest.raises(ListenError):
        given.take(TCP)
    assert [sock.fileno() < 0 for sock in made[:3]] == [False, True, True]


def test_some_endpoints_are_kept(made: list[socket.socket]) -> None:
    given = Given()
    given.put(1, [row(UDP, 1), row(TCP, 1)], made[:2])
    given.put(2, [row(UDP, 1), row(TCP, 1)], made[2:4])
    given.keep([TCP])
    assert given.of(1) == [made[1]]
    assert given.of(2) == [made[3]]
    assert [sock.fileno() < 0 for sock in made[:4]] == [True, False, True, False]
    given.put(1, [row(UDP, 1), row(TCP, 1)], made[4:6])
    assert given.take(UDP) == [made[4]]


def test_what_was_not_given_cannot_be_had() -> None:
    with pytest.raises(ListenError, match=r"^listen udp 127\.0\.0\.1:53: bind: "):
        Given().take(UDP)


def test_nothing_is_left_open() -> None:
    before = len(list(os.scandir("/proc/self/fd")))
    ports = Ports(2)
    ports.open(instance(free_port()))
    ports.keep(())
    assert len(list(os.scandir("/proc/self/fd"))) == before
