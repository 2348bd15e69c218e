"""EDNS options put into the query, changed, taken out, and what is undone of it in the answer."""

from __future__ import annotations

from typing import Any

import dns.edns
import dns.message
import pytest

from corepy import wire
from corepy.lib import labels, rewritten
from corepy.lib.replacer import Exchange
from corepy.reply import ECHOED_OPTIONS, finish
from corepy.request import Request
from corepy.response import Edns, Response
from corepy_plugins.rewrite.query import with_options
from tests.support.queries import FakeListener, opt, option, query, request_of
from tests.support.rewriting import Upstream, records, reply, rewrite_of

LOCAL, NSID, SUBNET = 0xFFEE, 3, 8
SENT = option(LOCAL, b"old") + option(NSID, b"me") + option(10, b"12345678")


def options(request: Request | Edns | None) -> list[tuple[int, bytes]]:
    octets = request.options if request else b""
    found, at = [], 0
    while at < len(octets):
        size = octets[at + 2] << 8 | octets[at + 3]
        found.append((octets[at] << 8 | octets[at + 1], octets[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


async def passed_on(
    *rules: str, sent: bytes | None = None, **parts: Any
) -> list[tuple[int, bytes]] | None:
    """The options that go on; None without an OPT record."""
    upstream = Upstream()
    edns = None if sent is None else 1232
    octets = query("a.test.", wire.A, edns=edns, options=sent or b"")
    request = request_of(octets, **parts)
    await rewrite_of(*rules).serve(request, upstream)
    (asked,) = upstream.asked
    assert wire.admit(asked.wire)[1:3] == (asked.end, asked.opt)
    return options(asked) if asked.opt else None


COOKIE = (10, b"12345678")


@pytest.mark.parametrize(
    ("rule", "added", "changed"),
    [
        ("local set 0xffee new", [(LOCAL, b"new")], [(LOCAL, b"new"), (NSID, b"me"), COOKIE]),
        ("local set 65518 0x00fF", [(LOCAL, b"\0\xff")],
         [(LOCAL, b"\0\xff"), (NSID, b"me"), COOKIE]),
        ("local set 0o177756 0x", [(LOCAL, b"")], [(LOCAL, b""), (NSID, b"me"), COOKIE]),
        ("local append 0xffee new", [(LOCAL, b"new")],
         [(LOCAL, b"old"), (NSID, b"me"), COOKIE, (LOCAL, b"new")]),
        ("local replace 0xffee new", [], [(LOCAL, b"new"), (NSID, b"me"), COOKIE]),
        ("local replace 0xffef new", [], [(LOCAL, b"old"), (NSID, b"me"), COOKIE]),
        ("local unset 0xffee", [], [(NSID, b"me"), COOKIE]),
        ("local unset 3", [], [(LOCAL, b"old"), COOKIE]),
        ("local set 3 new", [(NSID, b"new")],
         [(LOCAL, b"old"), (NSID, b"me"), COOKIE, (NSID, b"new")]),
        ("nsid set", [(NSID, b"")], [(LOCAL, b"old"), (NSID, b""), COOKIE]),
        ("nsid append", [(NSID, b"")], [(LOCAL, b"old"), (NSID, b"me"), COOKIE, (NSID, b"")]),
        ("nsid replace", [], [(LOCAL, b"old"), (NSID, b""), COOKIE]),
        ("NSID Unset", [], [(LOCAL, b"old"), COOKIE]),
    ],
)  # fmt: skip
async def test_options(
    rule: str, added: list[tuple[int, bytes]], changed: list[tuple[int, bytes]]
) -> None:
    assert await passed_on(f"edns0 {rule}") == added
    assert await passed_on(f"edns0 {rule}", sent=b"") == added
    assert await passed_on(f"edns0 {rule}", sent=SENT) == changed


@pytest.mark.parametrize(
    ("action", "client", "data"),
    [
        ("set 24 56", "192.0.2.77", b"\0\1\x18\0\xc0\0\2"),
        ("set 17 0", "192.0.255.77", b"\0\1\x11\0\xc0\0\x80"),
        ("append 32 0", "192.0.2.77", b"\0\1\x20\0\xc0\0\2\x4d"),
        ("set 0 0", "192.0.2.77", b"\0\1\0\0"),
        ("set 0 0", "2001:db8::1", b"\0\2\0\0"),
        ("set 24 33", "2001:db8:ff00::1", b"\0\2\x21\0\x20\1\x0d\xb8\x80"),
        ("set 24 128", "fe80::1%eth0", b"\0\2\x80\0\xfe\x80" + bytes(13) + b"\1"),
        ("set 24 128", "::ffff:192.0.2.1", b"\0\1\x18\0\xc0\0\2"),
    ],
)
async def test_the_clients_network(action: str, client: str, data: bytes) -> None:
    rule = f"edns0 subnet {action}"
    assert await passed_on(rule, peer=(client, 4000)) == [(SUBNET, data)]


async def test_a_network_that_is_there() -> None:
    sent = option(SUBNET, b"\0\1\x18\0\x0a\1\2")
    ours, theirs = (SUBNET, b"\0\1\x08\0\xc0"), (SUBNET, sent[4:])
    assert await passed_on("edns0 subnet set 8 8", sent=sent) == [ours]
    assert await passed_on("edns0 subnet replace 8 8", sent=sent) == [ours]
    assert await passed_on("edns0 subnet replace 8 8") == []
    assert await passed_on("edns0 subnet append 8 8", sent=sent) == [theirs]
    assert await passed_on("edns0 subnet unset", sent=sent) == []


@pytest.mark.parametrize(
    ("variable", "data"),
    [
        ("{qname}", b"A.test."),
        ("{qtype}", b"\0\x1c"),
        ("{client_ip}", b"\xc0\0\2\7"),
        ("{client_port}", b"\x9c\x40"),
        ("{protocol}", b"udp"),
        ("{server_ip}", b"\x7f\0\0\1"),
        ("{server_port}", b"\0\x35"),
    ],
)
@pytest.mark.parametrize("action", ["set", "append"])
async def test_variables(variable: str, data: bytes, action: str) -> None:
    plugin = rewrite_of(f"edns0 local {action} 0xffee {variable}")
    for _ in range(2):
        upstream = Upstream()
        await plugin.serve(request_of(name="A.test.", qtype=wire.AAAA), upstream)
        assert options(upstream.asked[0]) == [(LOCAL, data)]


async def test_the_variables_are_those_of_the_query_as_it_is_by_then() -> None:
    rules = (
        "continue name a.test b.test",
        "continue type A MX",
        "continue edns0 local set 1000 {qname}",
        "edns0 local set 1001 {qtype}",
    )
    assert await passed_on(*rules) == [(1000, b"b.test."), (1001, b"\0\x0f")]


async def test_variables_are_worked_out_for_each_query() -> None:
    plugin = rewrite_of("continue name a.test b.test", "edns0 local set 0xffee {client_ip}")
    for host in ("192.0.2.1", "192.0.2.2"):
        upstream = Upstream()
        request = request_of(name="a.test.", peer=(host, 4000))
        await plugin.serve(request, upstream)
        assert options(upstream.asked[0]) == [(LOCAL, bytes(map(int, host.split("."))))]
        assert request.client_seen


@pytest.mark.parametrize(
    ("local", "client", "data"),
    [
        ("::1", "2001:db8::1", bytes(15) + b"\1"),
        ("127.0.0.1", "2001:db8::1", bytes(10) + b"\xff\xff\x7f\0\0\1"),
        ("::1", "192.0.2.1", None),
        ("", "2001:db8::1", bytes(16)),
    ],
)
async def test_the_servers_address_in_the_clients_family(
    local: str, client: str, data: bytes | None
) -> None:
    request = request_of(name="a.test.", peer=(client, 4000))
    request.listener = FakeListener(local=(local, 53))
    upstream = Upstream()
    await rewrite_of("edns0 local set 0xffee {server_ip}").serve(request, upstream)
    assert options(upstream.asked[0]) == ([] if data is None else [(LOCAL, data)])


async def test_a_variable_option_is_not_put_beside_another() -> None:
    sent = option(LOCAL, b"old")
    assert await passed_on("edns0 local append 0xffee {qtype}", sent=sent) == [(LOCAL, b"old")]
    assert await passed_on("edns0 local set 0xffee {qtype}", sent=sent) == [(LOCAL, b"\0\1")]
    assert await passed_on("edns0 local replace 0xffee {qtype}") == []


@pytest.mark.parametrize(("text", "data"), [("me", b"me"), ("", None)])
async def test_metadata(text: str, data: bytes | None) -> None:
    plugin = rewrite_of("edns0 local set 0xffee {my/label}")
    request = request_of(name="a.test.")
    labels.begin(request)
    labels.publish(request, "my/label", lambda: text)
    upstream = Upstream()
    await plugin.serve(request, upstream)
    assert options(upstream.asked[0]) == ([] if data is None else [(LOCAL, data)])
    assert not request.repeatable


async def test_the_rest_of_the_query_stays() -> None:
    record = b"\1x\0\0\1\0\1\0\0\0\5\0\4\1\2\3\4"
    octets = query("a.test.", wire.A)
    octets = octets[:10] + b"\0\2" + octets[12:] + opt(1232, options=SENT) + record
    request = request_of(octets)
    other = with_options(request, option(1000, b"x"))
    assert other.wire == octets.replace(SENT, option(1000, b"x")).replace(
        b"\0%c" % len(SENT) + option(1000, b"x"), b"\0\5" + option(1000, b"x")
    )
    bare = request_of(octets[:10] + b"\0\1" + octets[12 : request.end] + record)
    assert with_options(bare, b"").wire == bare.wire[:10] + b"\0\2" + bare.wire[12:] + opt(4096)


async def test_options_that_would_be_refused_from_a_client_may_be_sent() -> None:
    request = request_of(name="a.test.")
    upstream = Upstream()
    await rewrite_of("edns0 local set 11 odd").serve(request, upstream)
    assert options(upstream.asked[0]) == [(11, b"odd")]


async def test_more_than_a_message_holds_is_a_failure() -> None:
    rules = [f"continue edns0 local append 1000 {'x' * 9000}" for _ in range(4)]
    upstream = Upstream()
    response = await rewrite_of(*rules).serve(request_of(name="a.test."), upstream)
    assert not upstream.asked
    assert response.error == "too many EDNS options after rewrite"


# ---- the answer


def test_options_of_a_rule_go_back_to_the_client() -> None:
    rewrite_of("edns0 local set 4711 x", "edns0 local set 4712 {qname}", "edns0 local unset 4713")
    assert {4711, 4712, 4713} <= ECHOED_OPTIONS


async def answered(
    rules: tuple[str, ...], sent: bytes | None, back: bytes | None
) -> dns.message.Message:
    """The reply; `back` are the options of an answer that has an OPT record of its own."""
    edns = None if back is None else Edns(512, options=back)
    response = Response(answer=records("a.test. 5 A 192.0.2.1"), edns=edns)
    octets = query("a.test.", wire.A, edns=None if sent is None else 1232, options=sent or b"")
    request = request_of(octets)
    return reply(request, await rewrite_of(*rules).serve(request, Upstream(response)))


def shown(message: dns.message.Message) -> list[tuple[int, bytes]]:
    return [(int(one.otype), one.to_wire() or b"") for one in message.options]


NEW = option(LOCAL, b"new")


@pytest.mark.parametrize(
    ("rules", "sent", "back", "wanted"),
    [
        (("local set 0xffee new",), None, None, [(LOCAL, b"new")]),
        (("local set 0xffee new revert",), None, None, []),
        (("local set 0xffee new revert",), option(LOCAL, b"old"), None, [(LOCAL, b"old")]),
        (("local append 0xffee new revert",), option(LOCAL, b"old"), None, [(LOCAL, b"new")]),
        (("local replace 0xffee new revert",), option(LOCAL, b"old"), NEW, [(LOCAL, b"old")]),
        (("local set 0xffee new revert",), None, NEW, []),
        (("local set 0xffee new revert",), None, NEW * 3, [(LOCAL, b"new")]),
        (("local set 0xffee new revert",), None, option(1, bytes(18)) + NEW, [(1, bytes(18))]),
        (("local set 0xffee new revert",), b"", NEW, []),
        (("local set 0xffee {qtype} revert",), None, NEW, []),
        (("local set 0xffee a", "local replace 0xffee b revert"), None, NEW, [(LOCAL, b"a")]),
        (("nsid set revert",), None, option(NSID, b"up"), []),
        (("nsid set revert",), b"", option(NSID, b"up"), []),
        (("nsid set revert",), option(NSID, b"me"), option(NSID, b"up"), [(NSID, b"up")]),
        (("nsid set", "nsid replace revert"), None, option(NSID, b"up"), [(NSID, b"")]),
        (("subnet set 8 8 revert",), None, option(SUBNET, b"\0\1\x08\0\xc0"), []),
        (("subnet set 8 8 revert",), option(SUBNET, b"\0\1\x08\0\x0a"),
         option(SUBNET, b"\0\1\x08\0\xc0"), [(SUBNET, b"\0\1\x08\0\xc0")]),
        (("local replace 0xffee new revert",), None, NEW, [(LOCAL, b"new")]),
    ],
)  # fmt: skip
async def test_revert(
    rules: tuple[str, ...], sent: bytes | None, back: bytes | None,
    wanted: list[tuple[int, bytes]],
) -> None:  # fmt: skip
    chain = tuple(f"continue edns0 {rule}" for rule in rules)
    message = await answered(chain, sent, back)
    assert shown(message) == wanted
    assert message.payload == (4096 if sent is None else 1232)


async def test_an_answer_that_was_only_decided_has_the_options_too() -> None:
    request = request_of(name="a.test.")
    failure = Upstream(Response.failure(wire.REFUSED))
    rule = "edns0 local set 0xffee new"
    found = await rewrite_of(rule).serve(request, failure)
    assert shown(dns.message.from_wire(finish(request, found))) == [(LOCAL, b"new")]
    request = request_of(name="a.test.")
    found = await rewrite_of(f"{rule} revert").serve(request, failure)
    assert shown(dns.message.from_wire(finish(request, found))) == []


@pytest.mark.parametrize(
    ("rule", "sent", "wanted"),
    [
        ("local set 10 abc", None, [(10, b"abc")]),
        ("local set 10 abc", option(*COOKIE), [COOKIE, (10, b"abc")]),
        ("local append 10 abc", None, [(10, b"abc"), (10, b"abc")]),
        ("local set 0xffee abc", SENT, [(LOCAL, b"abc"), (NSID, b"me"), COOKIE]),
        ("local unset 10", SENT, [(LOCAL, b"old"), (NSID, b"me")]),
    ],
)
async def test_look_ups_know_which_options_rules_have_put_in(
    rule: str, sent: bytes | None, wanted: list[tuple[int, bytes]]
) -> None:
    """A local option stays one, even with a code that is not local when a client sends it."""
    upstream = Upstream()
    plugin = rewrite_of(f"continue edns0 {rule}")
    edns = None if sent is None else 1232
    await plugin.serve(request_of(query("a.test.", edns=edns, options=sent or b"")), upstream)
    look_up = upstream.asked[-1].replace(owner=b"\1b\4test\0")
    await plugin.serve(look_up, upstream)
    assert options(upstream.asked[-1]) == wanted


async def test_options_that_somebody_else_has_changed_since_are_those_of_the_message() -> None:
    upstream = Upstream()
    plugin = rewrite_of("continue edns0 local set 10 abc")
    await plugin.serve(request_of(name="a.test."), upstream)
    changed = with_options(upstream.asked[-1], option(*COOKIE))
    await plugin.serve(changed, upstream)
    assert options(upstream.asked[-1]) == [COOKIE, (10, b"abc")]


# ---- what the log says


def test_what_becomes_of_the_opt_record_of_a_look_up_is_its_own_affair() -> None:
    request = request_of(query("a.test.", edns=1232, options=option(65200, b"12345678")))
    rewritten.share_options(request, shared=False)
    assert not rewritten.shares_options(request, Response())
    look_up = request.replace(owner=b"\1b\4test\0")
    look_up.depth += 1
    assert rewritten.shares_options(look_up, Response())
    rewritten.share_options(look_up, shared=True)
    assert not rewritten.shares_options(request, Response())


@pytest.mark.parametrize(
    ("rule", "response", "size"),
    [
        ("ttl b.test 5", Response.failure(2), 47),
        ("ttl a.test 5", Response.failure(2), 35),
        ("ttl a.test 5", Response(), 35),
        ("edns0 local set 0xfef1 x revert", Response.failure(2), 40),
        ("edns0 local set 0xfef1 x revert", Response(), 52),
    ],
)
async def test_the_size_of_a_query_whose_options_went_into_the_answer(
    rule: str, response: Response, size: int
) -> None:
    """An rcode that *rewrite* makes an answer of takes over the OPT record, as an answer does."""
    request = request_of(query("a.test.", edns=1232, options=option(65200, b"12345678")))
    given = await rewrite_of(rule).serve(request, Upstream(response))
    assert Exchange(request, given).size == size
