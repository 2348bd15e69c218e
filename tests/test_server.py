"""Which block a query goes to, and what becomes of mistakes in plugins."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from corepy import metrics, series, wire
from corepy.chain import fold
from corepy.plugin import Next, View
from corepy.request import Request
from corepy.response import DROP, Response
from corepy.server import MAX_LOOKUPS, Listener, Route, Server
from tests.support.queries import opt, query, request_of
from tests.support.serving import Answers, Does, at_once, in_time, listener_of


class FakeView:
    """Admits by the first letter of the name."""

    def __init__(self, name: str, letter: str) -> None:
        self.name = name
        self.letter = letter.encode()

    def admits(self, request: Request) -> bool:
        return request.qname[1:2] == self.letter


def server_of(*routes: tuple[str, str | None] | tuple[str, str | None, View]) -> Listener:
    """A server whose blocks answer with their own text, or have no plugins (None)."""
    server = Server("dns://:53")
    for zone, text, *views in routes:
        chain = None if text is None else fold([("answers", Answers(text.encode()))])
        server.add(Route(zone, chain, tuple(views)))
    return Listener(server, "udp", ("127.0.0.1", 53))


def said(listener: Listener, name: str, qtype: int = wire.TXT) -> str:
    """What the block said, or the rcode."""
    reply = at_once(listener, query(name, qtype))
    if reply[3] & 15:
        return f"rcode {reply[3] & 15}"
    # Behind the TTL: the length of the data, the length of the text, the text.
    return reply.partition((60).to_bytes(4, "big"))[2][3:].decode()


# ---- zones


def test_the_longest_zone_wins_whatever_the_order() -> None:
    routes = [(".", "root"), ("b.a.test.", "b"), ("test.", "top"), ("a.test.", "a")]
    for ordered in (routes, routes[::-1]):
        listener = server_of(*ordered)
        found = [said(listener, name) for name in ("x.b.a.test", "a.test", "x.test", "other", ".")]
        assert found == ["b", "a", "top", "root", "root"]


def test_a_name_outside_of_all_zones_is_refused() -> None:
    listener = server_of(("a.test.", "a"))
    for name in ("test", "xa.test", ".", "b.test"):
        assert said(listener, name) == "rcode 5"


def test_zones_and_names_meet_without_case() -> None:
    listener = server_of(("A.tEst.", "a"))
    assert said(listener, "X.a.TEST") == "a"


def test_a_block_without_plugins_refuses_also_what_a_shorter_zone_would_take() -> None:
    listener = server_of((".", "root"), ("a.test.", None))
    assert said(listener, "x.a.test") == "rcode 5"
    assert said(listener, "x.test") == "root"


def test_the_first_block_of_a_zone_wins() -> None:
    assert said(server_of(("a.test.", "one"), ("a.test.", "two")), "a.test") == "one"


@pytest.mark.parametrize(
    ("zones", "name", "expected"),
    [
        (["a.test.", "test."], "a.test", "test."),
        (["a.test."], "a.test", "a.test."),
        (["b.a.test.", "a.test.", "test."], "b.a.test", "test."),
        # The root zone is no parent for CoreDNS.
        (["a.test.", "."], "a.test", "a.test."),
        (["."], "a.test", "."),
        (["."], ".", "."),
        (["test."], "a.test", "test."),
    ],
)
def test_ds_is_asked_at_the_parent(zones: list[str], name: str, expected: str) -> None:
    listener = server_of(*[(zone, zone) for zone in zones])
    assert said(listener, name, wire.DS) == expected


@pytest.mark.parametrize(("qtype", "expected"), [(wire.A, "first"), (wire.DS, "second")])
def test_ds_of_the_root_is_asked_at_the_last_of_its_blocks(qtype: int, expected: str) -> None:
    listener = server_of((".", "first"), (".", "second"))
    assert said(listener, ".", qtype) == expected


# ---- views


def test_views_send_a_query_on_to_the_next_block() -> None:
    listener = server_of(
        ("test.", "for a", FakeView("one", "a")),
        ("test.", "for b", FakeView("two", "b")),
        (".", "root"),
    )
    assert [said(listener, f"{name}.test") for name in "abc"] == ["for a", "for b", "root"]


def test_all_views_of_a_block_must_admit() -> None:
    server = Server("dns://:53")
    views = (FakeView("one", "a"), FakeView("two", "b"))
    server.add(Route("test.", fold([("answers", Answers())]), views))
    assert said(Listener(server, "udp", ("::", 53)), "a.test") == "rcode 5"


def test_the_request_knows_zone_and_view() -> None:
    found: list[tuple[str, str]] = []

    async def looks(request: Request, following: Next) -> Response:
        found.append((request.zone, request.view))
        return Response()

    server = Server("dns://:53")
    chain = fold([("looks", Does(looks))])
    server.add(Route("test.", chain, (FakeView("one", "a"),)))
    server.add(Route("test.", chain))
    listener = Listener(server, "udp", ("::", 53))
    for name in ("a.test", "b.test"):
        at_once(listener, query(name))
    assert found == [("test.", "one"), ("test.", "")]


@pytest.mark.parametrize(
    ("qtype", "name", "expected"),
    [(wire.A, "a", "one"), (wire.A, "b", ""), (wire.DS, "a", "one"), (wire.DS, "b", "")],
)
def test_a_block_without_a_view_leaves_that_of_ds_as_it_was(
    qtype: int, name: str, expected: str
) -> None:
    """As in CoreDNS the last of two blocks takes DS, within the view of the first."""
    found: list[str] = []

    async def serve(request: Request, next: Next) -> Response:  # noqa: A002
        found.append(request.view)
        return Response()

    server = Server("dns://:53")
    chain = fold([("does", Does(serve))])
    server.add(Route("test.", chain, (FakeView("one", "a"),)))
    server.add(Route("test.", chain))
    at_once(Listener(server, "udp", ("::", 53)), query(f"{name}.test", qtype))
    assert found == [expected]


def test_a_view_that_fails_is_a_mistake_that_is_contained(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(FakeView):
        def admits(self, request: Request) -> bool:
            raise LookupError

    listener = server_of(("test.", "x", Broken("one", "a")))
    assert said(listener, "a.test") == "rcode 2"
    assert "Recovered from panic" in caplog.text


# ---- classes and EDNS versions


@pytest.mark.parametrize("qclass", [0, wire.CH, 4, 254, wire.CLASS_ANY, 65280])
def test_other_classes_are_refused_unless_a_plugin_takes_them(qclass: int) -> None:
    listener = server_of((".", "root"))
    octets = query(qclass=qclass)
    assert at_once(listener, octets)[3] & 15 == wire.REFUSED
    listener.server.any_class = True
    assert at_once(listener, octets)[3] & 15 == wire.NOERROR


def test_class_comes_before_version_comes_before_zone() -> None:
    listener = server_of(("a.test.", "a"))

    def rcode(name: str, **parts: Any) -> int:
        reply = at_once(listener, query(name, **parts))
        extended = reply[reply.rindex(b"\0\0\x29") + 5] if b"\0\0\x29" in reply else 0
        return extended << 4 | reply[3] & 15

    assert rcode("a.test", qclass=wire.CH, edns=1232, version=1) == wire.REFUSED
    assert rcode("other", edns=1232, version=1) == wire.BADVERS
    assert rcode("other", edns=1232) == wire.REFUSED
    assert rcode("a.test", edns=1232) == wire.NOERROR


# ---- raw packets (as recorded from CoreDNS)


def test_what_is_not_admitted_is_refused_or_met_with_silence() -> None:
    listener = server_of((".", "root"))
    assert at_once(listener, b"\0") == b""
    assert at_once(listener, query(flags=0x8100)) == b""
    assert at_once(listener, query(flags=0x2900)) == b"\x12\x34\xa9\x04" + bytes(8)
    assert at_once(listener, query()[:-2])[3] & 15 == wire.REFUSED  # class 0
    two = query(edns=512)[:11] + b"\2" + query(edns=512)[12:] + opt(1232)
    assert at_once(listener, two)[-11:] == opt(1232)


# ---- mistakes of plugins


async def raises(request: Request, following: Next) -> Response:
    raise LookupError("a mistake")


async def raises_later(request: Request, following: Next) -> Response:
    await asyncio.sleep(0)
    raise LookupError("a mistake")


async def is_cancelled(request: Request, following: Next) -> Response:
    raise asyncio.CancelledError


async def is_cancelled_later(request: Request, following: Next) -> Response:
    task = asyncio.ensure_future(asyncio.sleep(60))
    asyncio.get_running_loop().call_soon(task.cancel)
    await task
    return Response()


async def returns_nothing(request: Request, following: Next) -> Any:
    return None


async def has_odd_records(request: Request, following: Next) -> Response:
    return Response(answer=["text"])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "serve",
    [raises, raises_later, is_cancelled, is_cancelled_later, returns_nothing, has_odd_records],
)
async def test_a_mistake_is_a_server_failure_and_a_line_in_the_log(
    serve: Any, caplog: pytest.LogCaptureFixture
) -> None:
    listener = listener_of(Does(serve))
    before = series.PANICS.value
    reply = await in_time(listener, query(edns=1232))
    assert reply[3] & 15 == wire.SERVFAIL
    assert reply[12:] == query(edns=1232)[12:]
    assert series.PANICS.value == before + 1
    (record,) = [r for r in caplog.records if r.name == "corepy"]
    assert record.getMessage().startswith('Recovered from panic in server: "dns://:53" ')
    assert record.exc_info is None
    assert listener.under_way == 0
    assert not listener.memo.young


@pytest.mark.parametrize("which", ["debug", "stacktrace"])
def test_the_traceback_is_logged_if_that_is_wished(
    which: str, caplog: pytest.LogCaptureFixture
) -> None:
    listener = listener_of(Does(raises))
    setattr(listener.server, which, True)
    at_once(listener, query())
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None


def test_a_handler_that_is_no_coroutine_function_is_contained_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Plain:
        eager = True
        repeatable = True

        def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
            raise LookupError("no coroutine")

    listener = listener_of(Plain())  # type: ignore[arg-type]
    assert at_once(listener, query())[3] & 15 == wire.SERVFAIL


async def test_nothing_is_said_when_a_plugin_drops_a_query() -> None:
    async def drops(request: Request, following: Next) -> Response:
        return DROP

    async def drops_later(request: Request, following: Next) -> Response:
        await asyncio.sleep(0)
        return DROP

    assert await in_time(listener_of(Does(drops)), query()) == b""
    assert await in_time(listener_of(Does(drops_later)), query()) == b""


# ---- the whole server, asked by a plugin


async def test_resolve_goes_through_all_blocks() -> None:
    listener = server_of(("a.test.", "a"), ("b.test.", "b"), ("empty.", None))
    for name, text in (("x.a.test", b"a"), ("x.b.test", b"b")):
        request = request_of(name="alias.test").replace(owner=query(name)[12:-4])
        response = await listener.resolve(request)
        assert response.answer[0].rdata == b"\1" + text
        assert request.zone == name[2:] + "."
    for name in ("other", "empty"):
        response = await listener.resolve(request_of(name=name))
        assert (response.rcode, response.implicit) == (wire.REFUSED, True)


async def test_look_ups_that_lead_to_two_others_each_end_soon() -> None:
    asked = 0

    async def forks(request: Request, following: Next) -> Response:
        nonlocal asked
        asked += 1
        found = [await request.listener.resolve(request.replace()) for _ in range(2)]
        return found[0] if found[0].rcode else found[1]

    listener = listener_of(Does(forks))
    assert (await in_time(listener, query()))[3] & 15 == wire.SERVFAIL
    assert asked == 1 + MAX_LOOKUPS
    # Of each question anew.
    await in_time(listener, query())
    assert asked == 2 + 2 * MAX_LOOKUPS


def test_dropped_queries_are_counted() -> None:
    listener = server_of(("a.test.", "a"))
    listener.server.address = listener.address = "dns://:5399"
    at_once(listener, query("other.test"))
    at_once(listener, query("other.test", qclass=wire.CH))
    list(metrics.collect())
    family = metrics.counter(
        "coredns_dns_responses_total", "", "server", "zone", "view", "rcode", "plugin"
    )
    assert family.labels("dns://:5399", "dropped", "", "REFUSED", "").value == 2


def test_options_that_do_not_go_back_do_not_count_for_a_dropped_query() -> None:
    listener = server_of(("a.test.", "a"))
    listener.server.address = listener.address = "dns://:5398"
    nsid, unknown = b"\0\3\0\0", b"\xfd\xea\0\2ab"
    octets = query("other.test", edns=1232, options=nsid + unknown)
    at_once(listener, octets)
    list(metrics.collect())
    sizes = series._request_sizes.labels("dns://:5398", "dropped", "", "udp")
    assert sizes.total == len(octets) - len(unknown)
