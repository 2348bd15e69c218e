"""The whole plugin on loopback, against upstreams that do what they are told."""

import asyncio
from contextlib import AsyncExitStack
from time import monotonic

import pytest
from dns.message import from_wire

from corepy.errors import ConfigErrors
from corepy.request import Request
from corepy.response import Response
from corepy.testing import Dns, Start, _message
from corepy_plugins.forward import stanza as module
from corepy_plugins.forward.handler import Forward
from tests.support import upstream as fake
from tests.support.upstream import CLOSE, FakeUpstream


def block(*lines: str) -> str:
    return ". {\n" + "\n".join(lines) + "\n}\n"


def line(*upstreams: FakeUpstream | str, options: str = "", base: str = ".") -> str:
    words = " ".join(each if isinstance(each, str) else each.at for each in upstreams)
    return f"forward {base} {words} {{\npolicy sequential\n{options}\n}}"


def handler(dns: Dns) -> Forward:
    found = next(plugin for plugin in dns.built.instance.plugins if isinstance(plugin, Forward))
    assert isinstance(found, Forward)
    return found


# ---- what goes up and comes down


async def test_an_answer_is_relayed(corefile: Start) -> None:
    async with FakeUpstream() as up, corefile(block(f"forward . {up.at}")) as dns:
        assert await dns.ask("www.example") == "www.example. 60 IN A 192.0.2.1"
        assert up.queries[0].proto == "udp"


@pytest.mark.parametrize(
    "flags", ["", "+do", "+cd", "+ad", "+norec", "+bufsize=4096", "+do +cd +ad"]
)
async def test_the_query_goes_up_unchanged_but_for_its_id(corefile: Start, flags: str) -> None:
    async with FakeUpstream() as up, corefile(block(f"forward . {up.at}")) as dns:
        query = _message(f"wWw.Example A {flags}".split()).to_wire()
        await dns.exchange(query)
        assert up.queries[0].octets[2:] == query[2:]


@pytest.mark.parametrize("rdclass", ["CH", "HS", "CLASS42"])
async def test_other_classes_go_up_too(corefile: Start, rdclass: str) -> None:
    async with FakeUpstream() as up, corefile(block(f"forward . {up.at}")) as dns:
        up.always(fake.rcode(5))
        assert await dns.ask(f"version.bind TXT {rdclass}") == "REFUSED"
        assert up.count() == 1


@pytest.mark.parametrize("number", range(16))
@pytest.mark.parametrize("tcp", ["", "+tcp"])
async def test_every_rcode_of_the_header(corefile: Start, number: int, tcp: str) -> None:
    async with FakeUpstream() as up, corefile(block(f"forward . {up.at}")) as dns:
        up.always(fake.rcode(number))
        message = await dns.query(f"www.example {tcp}")
        assert (int(message.rcode()), up.count()) == (number, 1)


@pytest.mark.parametrize(
    ("options", "asked", "upstream"),
    [
        ("", "", ["udp"]),
        ("", "+tcp", ["tcp"]),
        ("force_tcp", "", ["tcp"]),
        ("force_tcp", "+tcp", ["tcp"]),
        ("prefer_udp", "", ["udp"]),
        ("prefer_udp", "+tcp", ["udp"]),
        ("force_tcp\nprefer_udp", "", ["tcp"]),
    ],
)
async def test_transport(corefile: Start, options: str, asked: str, upstream: list[str]) -> None:
    async with FakeUpstream() as up, corefile(block(line(up, options=options))) as dns:
        assert "192.0.2.1" in await dns.ask(f"www.example {asked}")
        assert [query.proto for query in up.queries] == upstream


@pytest.mark.parametrize("asked", ["", "+tcp"])
async def test_prefer_udp_asks_again_over_tcp_what_is_cut(corefile: Start, asked: str) -> None:
    async with FakeUpstream() as up, corefile(block(line(up, options="prefer_udp"))) as dns:
        up.then(fake.truncated)
        assert "192.0.2.1" in await dns.ask(f"www.example {asked}")
        assert [query.proto for query in up.queries] == ["udp", "tcp"]


async def test_a_cut_reply_is_relayed_without_prefer_udp(corefile: Start) -> None:
    async with FakeUpstream() as up, corefile(block(line(up))) as dns:
        up.then(fake.truncated)
        message = await dns.query("www.example")
        assert message.flags & 0x200
        assert up.count() == 1


@pytest.mark.parametrize(
    ("asked", "answers", "cut"),
    [("", 0, True), ("+bufsize=600", 0, True), ("+bufsize=1232", 60, False), ("+tcp", 60, False)],
)
async def test_more_than_the_client_takes(
    corefile: Start, asked: str, answers: int, cut: bool
) -> None:
    async with FakeUpstream() as up, corefile(block(line(up))) as dns:
        up.always(fake.big)
        message = await dns.query(f"www.example {asked}")
        assert sum(len(rrset) for rrset in message.answer) == answers
        assert bool(message.flags & 0x200) is cut


async def test_the_case_of_the_question_is_the_clients(corefile: Start) -> None:
    async with FakeUpstream() as up, corefile(block(line(up))) as dns:
        up.always(fake.other_case)
        message = await dns.query("wWw.eXample")
        assert message.question[0].name.to_text() == "wWw.eXample."
        assert "192.0.2.1" in message.answer[0].to_text()


# ---- bad upstreams


@pytest.mark.parametrize(
    "bad",
    [fake.wrong_id, fake.wrong_question, fake.not_a_reply, fake.header_only, fake.short, b"\0"],
)
async def test_forged_replies_are_passed_over(corefile: Start, bad: fake.Step) -> None:
    async with FakeUpstream() as up, corefile(block(line(up))) as dns:
        up.then(*[bad] * 50, 0.02, fake.answer)
        assert "192.0.2.1" in await dns.ask("www.example")
        assert up.count() == 1


@pytest.mark.parametrize(
    ("bad", "rcode", "cut"),
    [(fake.wrong_question, 1, False), (fake.header_only, 1, False), (fake.cut_short, 0, True)],
)
async def test_when_nothing_better_comes(
    corefile: Start, bad: fake.Step, rcode: int, cut: bool
) -> None:
    async with FakeUpstream() as up, corefile(block(line(up, options="read_timeout 100ms"))) as dns:
        up.always(bad)
        message = await dns.query("www.example")
        assert (int(message.rcode()), bool(message.flags & 0x200)) == (rcode, cut)
        assert not message.answer


async def test_200_identical_questions_are_one_query(corefile: Start) -> None:
    async with FakeUpstream() as up, corefile(block(line(up))) as dns:
        up.always(0.1, fake.answer)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(dns.ask("www.example")) for _ in range(200)]
        assert {task.result() for task in tasks} == {"www.example. 60 IN A 192.0.2.1"}
        assert up.count() == 1


@pytest.mark.parametrize("asked", ["", "+tcp"])
async def test_a_dead_upstream_is_passed_over(corefile: Start, asked: str) -> None:
    async with FakeUpstream() as dead, FakeUpstream() as up:
        await dead.close()
        async with corefile(block(line(dead, up))) as dns:
            for i in range(5):
                assert "192.0.2.1" in await dns.ask(f"n{i}.example {asked}")


async def test_silence_goes_to_the_next_after_read_timeout(corefile: Start) -> None:
    async with FakeUpstream() as mute, FakeUpstream() as up:
        mute.always(*fake.silence)
        async with corefile(block(line(mute, up, options="read_timeout 100ms"))) as dns:
            started = monotonic()
            assert "192.0.2.1" in await dns.ask("www.example")
            assert 0.08 < monotonic() - started < 1


async def test_connections_that_rested_too_long_for_the_upstream(corefile: Start) -> None:
    async with FakeUpstream() as up, corefile(block(line(up, options="force_tcp"))) as dns:
        assert "192.0.2.1" in await dns.ask("a.example")
        await up.hang_up()
        assert "192.0.2.1" in await dns.ask("b.example")
        up.then(CLOSE)
        assert "192.0.2.1" in await dns.ask("c.example")


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ("max_fails 0", 2),
        ("max_fails 0\nmax_connect_attempts 1", 1),
        ("max_fails 0\nmax_connect_attempts 5", 5),
    ],
)
async def test_attempts(corefile: Start, options: str, count: int) -> None:
    async with FakeUpstream() as up:
        up.always(*fake.silence)
        async with corefile(block(line(up, options=f"read_timeout 50ms\n{options}"))) as dns:
            assert await dns.ask("www.example") == "SERVFAIL"
            assert up.count() == count


async def test_no_limit_of_attempts_ends_with_the_budget(
    corefile: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUDGET", 0.4)
    options = "max_fails 0\nmax_connect_attempts 0\nsource_address 192.0.2.1"
    async with corefile(block(line("127.0.0.1:20698", options=options))) as dns:
        loop, turns = asyncio.get_running_loop(), 0

        def turn() -> None:
            nonlocal turns
            turns += 1
            loop.call_later(0.01, turn)

        turn()
        started = monotonic()
        assert await dns.ask("www.example") == "SERVFAIL"
        assert 0.3 < monotonic() - started < 1
        assert turns > 15  # it does not spin in the meantime


async def test_the_budget_cuts_later_attempts_short(
    corefile: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUDGET", 0.3)
    async with FakeUpstream() as one, FakeUpstream() as two:
        one.always(*fake.silence)
        two.always(*fake.silence)
        options = "read_timeout 200ms\nmax_fails 0"
        async with corefile(block(line(one, two, options=options))) as dns:
            started = monotonic()
            assert await dns.ask("www.example") == "SERVFAIL"
            assert monotonic() - started < 0.38


async def test_a_first_answer_may_take_longer_than_the_budget(
    corefile: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUDGET", 0.1)
    async with FakeUpstream() as up, corefile(block(line(up))) as dns:
        up.always(0.3, fake.answer)
        assert "192.0.2.1" in await dns.ask("www.example")


@pytest.mark.parametrize("kind", ["udp", "tcp"])
async def test_nothing_is_left_behind_after_failures(corefile: Start, kind: str) -> None:
    async with FakeUpstream() as up:
        up.always(*fake.silence)
        options = "read_timeout 50ms\nmax_fails 0" + ("\nforce_tcp" if kind == "tcp" else "")
        async with corefile(block(line(up, options=options))) as dns:
            async with asyncio.TaskGroup() as group:
                for i in range(30):
                    group.create_task(dns.ask(f"n{i}.example"))
            upstream = handler(dns).stanzas[0].upstreams[0]
            for pool in (upstream.udp, upstream.tcp):
                assert (pool.open, len(pool.flights)) == (0, 0)
            assert not [text for text in dns.log if "ERROR" in text]


# ---- choice of the upstream


async def test_failover(corefile: Start) -> None:
    async with FakeUpstream() as one, FakeUpstream() as two, FakeUpstream() as three:
        one.always(fake.rcode(2))
        two.always(fake.rcode(5))
        async with corefile(block(line(one, two, three, options="failover servfail"))) as dns:
            assert await dns.ask("a.example") == "REFUSED"
        options = "failover SERVFAIL REFUSED\nmax_connect_attempts 1"
        async with corefile(block(line(one, two, three, options=options))) as dns:
            assert "192.0.2.1" in await dns.ask("b.example")
            three.always(fake.rcode(5))
            assert await dns.ask("c.example") == "REFUSED"  # the last one's word counts
            assert [up.count() for up in (one, two, three)] == [3, 3, 2]


async def test_round_robin_takes_turns(corefile: Start) -> None:
    async with FakeUpstream() as one, FakeUpstream() as two, FakeUpstream() as three:
        text = block(f"forward . {one.at} {two.at} {three.at} {{\npolicy round_robin\n}}")
        async with corefile(text) as dns:
            for i in range(9):
                await dns.ask(f"n{i}.example")
            assert [up.count() for up in (one, two, three)] == [3, 3, 3]


async def test_the_same_address_twice_is_one_upstream(corefile: Start) -> None:
    async with FakeUpstream() as up, corefile(block(line(up, up, f"dns://{up.at}"))) as dns:
        assert len(handler(dns).stanzas[0].upstreams) == 1


async def test_max_concurrent(corefile: Start) -> None:
    async with FakeUpstream() as up, corefile(block(line(up, options="max_concurrent 2"))) as dns:
        before = (await dns.metrics())["coredns_forward_max_concurrent_rejects_total"]
        up.always(0.2, fake.answer)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(dns.ask(f"n{i}.example")) for i in range(5)]
        results = [task.result() for task in tasks]
        assert results.count("REFUSED") == 3
        after = (await dns.metrics())["coredns_forward_max_concurrent_rejects_total"]
        assert after - before == 3
        assert "192.0.2.1" in await dns.ask("later.example")


# ---- health


async def test_probes_begin_with_a_failure_and_end_with_an_answer(corefile: Start) -> None:
    async with FakeUpstream() as up, FakeUpstream() as spare:
        options = (
            "read_timeout 50ms\nmax_fails 1\nhealth_check 30ms no_rec domain Probe.Test"
            "\nsource_address 127.0.0.66"
        )
        async with corefile(block(line(up, spare, options=options))) as dns:
            await dns.ask("a.example")
            await asyncio.sleep(0.1)
            assert up.count() == 1
            await up.close()
            for i in range(2):
                assert "192.0.2.1" in await dns.ask(f"b{i}.example")
            await asyncio.sleep(0.2)
            health = handler(dns).stanzas[0].upstreams[0].health
            assert health.fails > 1
            before = spare.count()
            await dns.ask("c.example")
            assert spare.count() == before + 1
            label = f'coredns_proxy_healthcheck_failures_total{{proxy_name="forward",to="{up.at}"}}'
            assert (await dns.metrics())[label] == health.fails
            await up.open()
            await asyncio.sleep(0.2)
            assert health.fails == 0
            probe = from_wire(up.queries[-1].octets)
            assert probe.question[0].to_text() == "probe.test. IN NS"
            assert not probe.flags & 0x100
            assert up.queries[-1].peer[0] == "127.0.0.66"
            seen = up.count()
            await asyncio.sleep(0.1)
            assert up.count() == seen


@pytest.mark.parametrize("reply", [fake.rcode(2), fake.rcode(5), fake.wrong_question])
async def test_any_reply_to_a_probe_is_health(corefile: Start, reply: fake.Step) -> None:
    async with FakeUpstream() as up:
        options = "read_timeout 50ms\nmax_connect_attempts 1\nhealth_check 20ms\nforce_tcp"
        async with corefile(block(line(up, options=options))) as dns:
            up.then(*fake.silence)
            up.always(reply)
            assert await dns.ask("www.example") == "SERVFAIL"
            await asyncio.sleep(0.15)
            assert handler(dns).stanzas[0].upstreams[0].health.fails == 0
            assert [query.proto for query in up.queries] == ["tcp", "tcp"]


async def test_max_fails_0_never_probes(corefile: Start) -> None:
    async with FakeUpstream() as up:
        up.always(*fake.silence)
        options = "read_timeout 30ms\nmax_fails 0\nhealth_check 10ms"
        async with corefile(block(line(up, options=options))) as dns:
            await dns.ask("www.example")
            await asyncio.sleep(0.1)
            assert up.count() == 2


@pytest.mark.parametrize(
    ("options", "asked", "broken"), [("", 1, 1), ("failfast_all_unhealthy_upstreams", 0, 1)]
)
async def test_all_down(corefile: Start, options: str, asked: int, broken: int) -> None:
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(FakeUpstream()) for _ in range(2)]
        text = block(line(one, two, options=f"max_fails 1\n{options}"))
        dns = await stack.enter_async_context(corefile(text))
        name = "coredns_forward_healthcheck_broken_total"
        before = (await dns.metrics())[name]
        for upstream in handler(dns).stanzas[0].upstreams:
            upstream.health.fails = 2
        answer = await dns.ask("www.example")
        assert (answer == "SERVFAIL") is (asked == 0)
        assert one.count() + two.count() == asked
        assert (await dns.metrics())[name] - before == broken


async def test_exactly_max_fails_is_not_down_yet(corefile: Start) -> None:
    async with AsyncExitStack() as stack:
        one, two = [await stack.enter_async_context(FakeUpstream()) for _ in range(2)]
        text = block(line(one, two, options="max_fails 3"))
        dns = await stack.enter_async_context(corefile(text))
        health = handler(dns).stanzas[0].upstreams[0].health
        health.fails = 3
        await dns.ask("a.example")
        health.fails = 4
        await dns.ask("b.example")
        assert (one.count(), two.count()) == (1, 1)


# ---- several lines, names


async def test_from_and_except(corefile: Start) -> None:
    async with FakeUpstream() as one, FakeUpstream() as two:
        one.always(fake.address("192.0.2.11"))
        two.always(fake.address("192.0.2.12"))
        text = block(
            line(one, base="Example.org", options="except priv.example.org WWW.example.org"),
            line(one, base="same.test", options="except same.test"),
            line(two, base="test"),
        )
        async with corefile(text) as dns:
            for name, expected in {
                "example.org": "192.0.2.11",
                "a.example.org": "192.0.2.11",
                "xpriv.example.org": "192.0.2.11",
                "priv.example.org": "SERVFAIL",
                "A.PRIV.example.org": "SERVFAIL",
                "www.example.org": "SERVFAIL",
                "aexample.org": "SERVFAIL",
                "same.test": "192.0.2.11",  # FROM itself cannot be excepted
                "x.same.test": "192.0.2.12",
                "org": "SERVFAIL",
            }.items():
                assert expected in await dns.ask(name), name


@pytest.mark.parametrize(
    ("options", "first", "answer"),
    [
        ("next NXDOMAIN", fake.rcode(3), "192.0.2.12"),
        ("next NXDOMAIN", fake.rcode(2), "SERVFAIL"),
        ("next nxdomain servfail", fake.rcode(2), "192.0.2.12"),
        ("next NOERROR", fake.answer, "192.0.2.12"),
        ("next_on_nodata", fake.nodata, "192.0.2.12"),
        ("next_on_nodata", fake.rcode(3), "NXDOMAIN"),
        ("next_on_nodata", fake.answer, "192.0.2.1"),
        ("", fake.nodata, "NOERROR"),
    ],
)
async def test_next(corefile: Start, options: str, first: fake.Step, answer: str) -> None:
    async with FakeUpstream() as one, FakeUpstream() as two:
        one.always(first)
        two.always(fake.address("192.0.2.12"))
        text = block(line(one, options=options), line(two, options=options))
        async with corefile(text) as dns:
            assert answer in await dns.ask("www.example")


async def test_next_of_the_last_line_is_ignored(corefile: Start) -> None:
    async with FakeUpstream() as up:
        up.always(fake.rcode(3))
        async with corefile(block(line(up, options="next NXDOMAIN"), "whoami")) as dns:
            assert await dns.ask("www.example") == "NXDOMAIN"


async def test_next_where_the_other_line_has_another_from(corefile: Start) -> None:
    async with FakeUpstream() as one, FakeUpstream() as two:
        one.always(fake.rcode(3))
        text = block(line(one, options="next NXDOMAIN"), line(two, base="other.test"), "whoami")
        async with corefile(text) as dns:
            assert (await dns.query("www.example")).additional  # from whoami
            assert two.count() == 0


async def test_a_failure_does_not_go_to_the_next_line(corefile: Start) -> None:
    async with FakeUpstream() as one, FakeUpstream() as two:
        await one.close()
        options = "next SERVFAIL\nmax_fails 0"
        async with corefile(block(line(one, options=options), line(two))) as dns:
            assert await dns.ask("www.example") == "SERVFAIL"
            assert two.count() == 0


async def test_host_names_are_looked_up_at_the_start(corefile: Start) -> None:
    async with FakeUpstream() as resolver, FakeUpstream() as up:
        resolver.always(fake.address("127.0.0.1"))
        options = f"resolver 127.0.0.1:1 {resolver.at}"
        text = block(line(f"dns.example:{up.port}", up, options=options))
        async with corefile(text) as dns:
            upstreams = handler(dns).stanzas[0].upstreams
            assert [each.label for each in upstreams] == [up.at]
            asked = resolver.count()
            assert "192.0.2.1" in await dns.ask("www.example")
            assert resolver.count() == asked


async def test_a_host_name_that_leads_nowhere_ends_the_start(corefile: Start) -> None:
    async with FakeUpstream() as resolver:
        resolver.always(fake.rcode(3))
        text = block(line("gone.example", options=f"resolver {resolver.at}"))
        with pytest.raises(ConfigErrors) as caught:
            async with corefile(text):
                pass
        error = caught.value.errors[0]
        assert error.message == (
            'failed to resolve "gone.example": no addresses found for "gone.example"'
        )
        assert error.span is not None
        assert (error.span.line, error.span.column) == (2, 11)


# ---- metrics, metadata, errors


async def test_metrics(corefile: Start) -> None:
    async with FakeUpstream() as up, corefile(block(line(up))) as dns:
        labels = f'proxy_name="forward",to="{up.at}"'
        hits = f'coredns_proxy_conn_cache_hits_total{{{labels},proto="udp"}}'
        found = await dns.metrics()
        assert not [name for name in found if up.at in name]
        await dns.ask("a.example")
        assert hits not in await dns.metrics()
        up.then(fake.rcode(3))
        up.then(fake.rcode(11))
        up.then(fake.rcode(12))
        for name in ("b.example", "c.example", "d.example", "e.example +tcp"):
            await dns.ask(name)
        found = {name: value for name, value in (await dns.metrics()).items() if up.at in name}
        counts = {
            name.partition("rcode=")[2].strip('"}'): value
            for name, value in found.items()
            if name.startswith("coredns_proxy_request_duration_seconds_count")
        }
        assert counts == {"NOERROR": 2, "NXDOMAIN": 1, "DSOTYPENI": 1, "12": 1}
        cached = {
            (name.partition("{")[0].split("_")[4], "udp" if '"udp"' in name else "tcp"): value
            for name, value in found.items()
            if "conn_cache" in name
        }
        assert cached == {("hits", "udp"): 3, ("misses", "udp"): 1, ("misses", "tcp"): 1}


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("", "read: connection refused"),
        ("force_tcp", "connect: connection refused"),
        ("source_address 192.0.2.1", "bind: cannot assign requested address"),
    ],
)
async def test_the_reason_of_a_failure_is_in_the_response(
    corefile: Start, options: str, error: str
) -> None:
    async with (
        FakeUpstream() as up,
        corefile(block(line(up, options=f"{options}\nmax_fails 0"))) as dns,
    ):
        await up.close()
        response = await resolve(dns)
        assert error in (response.error or "")
        assert up.at in (response.error or "")
        assert response.implicit


async def resolve(dns: Dns) -> Response:
    site = dns.built.instance.sites[0]
    listener = next(iter(site.listeners.values()))
    octets = b"\0\1\1\0\0\1\0\0\0\0\0\0\3www\0\0\1\0\1"
    return await listener.resolve(Request(octets, len(octets), 0, True, ("127.0.0.1", 1), listener))


async def test_unhealthy_at_once_says_so(corefile: Start) -> None:
    options = "failfast_all_unhealthy_upstreams"
    async with FakeUpstream() as up, corefile(block(line(up, options=options))) as dns:
        handler(dns).stanzas[0].upstreams[0].health.fails = 9
        assert (await resolve(dns)).error == "no healthy proxies"
