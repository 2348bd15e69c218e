import math
from pathlib import Path

import pytest

from corepy.lib.upstream.pool import Limits
from corepy.lib.upstream.server import Probing
from corepy_plugins.forward.handler import Forward
from corepy_plugins.forward.settings import Settings, attempts
from corepy_plugins.forward.stanza import Stanza
from tests.support.setups import built, refusal


def stanzas(text: str) -> list[Stanza]:
    handler = built(text).instance.plugins[0]
    assert isinstance(handler, Forward)
    return list(handler.stanzas)


def settings(body: str) -> Settings:
    return stanzas(f". {{\n forward . 127.0.0.1 {{\n{body}\n}}\n}}\n")[0].settings


def test_defaults() -> None:
    found = settings("")
    assert found.limits == Limits(2.0, 10.0, 0.0, 0, "")
    assert found.probing == Probing(0.5, ".", recursion=True, tcp=False)
    assert (found.policy, found.max_fails, found.max_concurrent) == ("random", 2, 0)
    assert not any((found.excepted, found.next_rcodes, found.failover, found.failfast))
    assert attempts(found, [1, 2, 3]) == 6


@pytest.mark.parametrize(
    ("line", "attribute", "value"),
    [
        ("except Example.ORG b.test", "excepted", ["example.org.", "b.test."]),
        ("except 10.0.0.0/23", "excepted", ["0.0.10.in-addr.arpa.", "1.0.10.in-addr.arpa."]),
        ("except a..b c.test", "excepted", ["c.test."]),
        ("except a\nexcept b", "excepted", ["a.", "b."]),
        ("force_tcp", "force_tcp", True),
        ("prefer_udp", "prefer_udp", True),
        ("expire 1m30s", "expire", 90.0),
        ("expire 0s", "expire", 0.0),
        ("max_age 1h", "max_age", 3600.0),
        ("max_age 10s", "max_age", 10.0),
        ("max_age 15s\nexpire 20s\nexpire 5s", "max_age", 15.0),
        ("max_idle_conns +3", "max_idle", 3),
        ("read_timeout 1ns", "read_timeout", 1e-9),
        ("max_fails 0", "max_fails", 0),
        ("max_fails 4294967295", "max_fails", 4294967295),
        ("max_connect_attempts 3", "max_attempts", 3),
        ("policy round_robin", "policy", "round_robin"),
        ('policy "sequential"', "policy", "sequential"),
        ("max_concurrent 0", "max_concurrent", 0),
        ("max_concurrent 5", "max_concurrent", 5),
        ("next nxdomain NOTIMPL", "next_rcodes", {3, 4}),
        ("next NOERROR\nnext SERVFAIL", "next_rcodes", {0, 2}),
        ("next_on_nodata", "next_on_nodata", True),
        ("failfast_all_unhealthy_upstreams", "failfast", True),
        ("failover servfail REFUSED", "failover", {2, 5}),
        ("source_address 127.0.0.5", "source", "127.0.0.5"),
        ("source_address ::ffff:127.0.0.5", "source", "127.0.0.5"),
        ("source_address 0:0::1", "source", "::1"),
    ],
)
def test_values(line: str, attribute: str, value: object) -> None:
    assert getattr(settings(line), attribute) == value


@pytest.mark.parametrize(
    ("line", "probing"),
    [
        ("health_check 1s", Probing(1.0)),
        ("health_check 0s", Probing(0.0)),
        ("health_check 200ms no_rec", Probing(0.2, recursion=False)),
        ("health_check 1s domain Probe.Test", Probing(1.0, "probe.test.")),
        ("health_check 1s domain a.test no_rec", Probing(1.0, "a.test.", recursion=False)),
        ("health_check 1s no_rec domain .", Probing(1.0, ".", recursion=False)),
        ("health_check 1s domain a.\nhealth_check 2s", Probing(2.0)),
        ("health_check 1s domain no_rec", Probing(1.0, "no_rec.")),
        ("force_tcp", Probing(tcp=True)),
    ],
)
def test_probing(line: str, probing: Probing) -> None:
    assert settings(line).probing == probing


def test_max_connect_attempts_of_zero_is_no_limit() -> None:
    assert attempts(settings("max_connect_attempts 0"), [1]) == math.inf
    assert attempts(settings("max_connect_attempts 7"), [1]) == 7


def test_words_behind_a_property_are_the_next_one() -> None:
    found = settings("max_fails 1 policy sequential expire 1s next_on_nodata")
    assert (found.max_fails, found.policy, found.expire) == (1, "sequential", 1.0)
    assert found.next_on_nodata


def test_a_block_on_one_line() -> None:
    text = ". {\n forward . 127.0.0.1 { max_fails 0 }\n}\n"
    assert stanzas(text)[0].settings.max_fails == 0


def test_resolvers() -> None:
    found = settings("resolver 127.0.0.1 [::1]:5353 ::1")
    assert [each.label for each in found.resolvers] == ["127.0.0.1:53", "[::1]:5353", "[::1]:53"]


PLUGIN = "plugin/forward: "
PARSING = PLUGIN + "Corefile:3 - Error during parsing: "
ARGS = PARSING + "Wrong argument count or unexpected line ending after "


@pytest.mark.parametrize(
    ("line", "message", "column", "hint"),
    [
        ("force_tcp x", ARGS + "'x'", 12, None),
        ("expire", ARGS + "'expire'", 2, None),
        ("except", ARGS + "'except'", 2, None),
        ("resolver", ARGS + "'resolver'", 2, None),
        ("next", ARGS + "'next'", 2, None),
        ("failover", ARGS + "'failover'", 2, None),
        ("next_on_nodata yes", ARGS + "'yes'", 17, None),
        ("health_check 1s domain", ARGS + "'domain'", 18, None),
        ("max_connect_attempts 1 2", PARSING + "unknown property '2'", 25, "one of: "),
        ("max_fail 1", PARSING + "unknown property 'max_fail'", 2, "did you mean 'max_fails'?"),
        ("Except a", PARSING + "unknown property 'Except'", 2, "did you mean 'except'?"),
        ("policy Random", PARSING + "unknown policy 'Random'", 9, "did you mean 'random'?"),
        ("policy", ARGS + "'policy'", 2, None),
        ("source_address x", PARSING + "invalid IP address: x", 17, None),
        ("source_address fe80::1%lo", PARSING + "invalid IP address: fe80::1%lo", 17, None),
        ("tls ca.pem", PARSING + "property 'tls' is not available yet", 2, None),
        ("tls_servername a", PARSING + "property 'tls_servername' is not available yet", 2, None),
        ("doh_method GET", PARSING + "property 'doh_method' is not available yet", 2, None),
        ("expire -5s", PLUGIN + "expire can't be negative: -5s", 9, None),
        ("max_age -1ms", PLUGIN + "max_age can't be negative: -1ms", 10, None),
        ("health_check -1s", PLUGIN + "health_check can't be negative: -1000000000", 15, None),
        ("read_timeout 0s", PLUGIN + "read_timeout must be positive: 0s", 15, None),
        ("read_timeout -1s", PLUGIN + "read_timeout must be positive: -1s", 15, None),
        (
            "expire 5",
            PLUGIN + 'time: missing unit in duration "5"', 9, "write 5s for seconds",
        ),
        ("expire x", PLUGIN + 'time: invalid duration "x"', 9, None),
        ("max_age 9s", PLUGIN + "max_age (9s) must not be less than expire (10s)", 10, None),
        (
            "expire 20s max_age 15s",
            PLUGIN + "max_age (15s) must not be less than expire (20s)", 21, None,
        ),
        ("max_fails -1", PLUGIN + 'strconv.ParseUint: parsing "-1": invalid syntax', 12, None),
        ("max_fails +1", PLUGIN + 'strconv.ParseUint: parsing "+1": invalid syntax', 12, None),
        (
            "max_fails 4294967296",
            PLUGIN + 'strconv.ParseUint: parsing "4294967296": value out of range', 12, None,
        ),
        ("max_idle_conns x", PLUGIN + 'strconv.Atoi: parsing "x": invalid syntax', 17, None),
        ("max_idle_conns -1", PLUGIN + "max_idle_conns can't be negative: -1", 17, None),
        (
            "max_idle_conns 99999999999999999999",
            PLUGIN + 'strconv.Atoi: parsing "99999999999999999999": value out of range',
            17, None,
        ),
        ("max_concurrent -1", PLUGIN + "max_concurrent can't be negative: -1", 17, None),
        (
            "health_check 1s rec",
            PLUGIN + "health_check: unknown option rec", 18, "did you mean 'no_rec'?",
        ),
        (
            "health_check 1s domain a..b",
            PLUGIN + "health_check: invalid domain name a..b", 25, None,
        ),
        ("next 3", PLUGIN + "3 is not a valid rcode", 7, None),
        ("next NXDOMIAN", PLUGIN + "NXDOMIAN is not a valid rcode", 7, "did you mean 'NXDOMAIN'?"),
        ("failover SERVFAIL NOERROR", PLUGIN + "NoError cannot be used in failover", 20, None),
        (
            "resolver 127.0.0.1 nothere",
            PLUGIN + 'resolver must be an IP address or IP:port: "nothere"', 21, None,
        ),
    ],
)  # fmt: skip
def test_refusals(line: str, message: str, column: int, hint: str | None) -> None:
    found = refusal(f". {{\nforward . 127.0.0.1 {{\n {line}\n}}\n}}\n")
    assert found[:2] == (message, column)
    assert (found[2] or "").startswith(hint or "\0") or found[2] is hint


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("forward", ARGS.replace(":3", ":2") + "'forward'"),
        ("forward .", ARGS.replace(":3", ":2") + "'.'"),
        ("forward a..test 127.0.0.1", PLUGIN + "unable to normalize 'a..test'"),
        ("forward . nowhere..test", 'not an IP address, file, or valid domain: "nowhere..test"'),
        ("forward . ./no.such.file", 'not an IP address, file, or valid domain: "./no.such.file"'),
        ("forward . a%b", "not an IP address, file, or valid domain"),
        ("forward . dns://", PLUGIN + 'invalid address: "dns://"'),
        ("forward . quic://127.0.0.1", "'quic' is not supported as a destination protocol"),
        ("forward . unix:///run/x", "'unix' is not supported as a destination protocol"),
        ("forward . tls://127.0.0.1", "upstreams over 'tls://' are not available yet"),
        ("forward . https://127.0.0.1", "upstreams over 'https://' are not available yet"),
        ("forward . https://127.0.0.1/x", "paths are not allowed in HTTPS upstream addresses"),
        ("forward . " + " ".join(["127.0.0.1"] * 16), "more than 15 TOs configured: 16"),
    ],
)
def test_lines_that_are_refused(line: str, message: str) -> None:
    assert message in refusal(f". {{\n{line}\n}}\n")[0]


def test_targets(tmp_path: Path) -> None:
    conf, empty = tmp_path / "resolv.conf", tmp_path / "empty"
    conf.write_text("# nameserver 192.0.2.9\nnameserver 192.0.2.1\n nameserver ::1 x\nsearch a\n")
    empty.write_text("options ndots:5\n")
    words = f"192.0.2.7:99 {conf} {empty} {tmp_path} dns://[::1] localhost:5353"
    targets = stanzas(f". {{\nforward . {words}\n}}\n")[0]._targets
    found = [[each.label for each in target.addresses] or target.name for target in targets]
    assert found == [["192.0.2.7:99"], ["192.0.2.1:53", "[::1]:53"], ["[::1]:53"], "localhost"]
    assert targets[-1].port == "5353"


def test_only_empty_files(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    message = refusal(f". {{\nforward . {tmp_path}/empty\n}}\n")[0]
    assert message == PLUGIN + "no valid upstream addresses found"


@pytest.mark.parametrize(
    ("line", "warning"),
    [
        ("forward 10.0.0.0/23 127.0.0.1", "Using only '0.0.10.in-addr.arpa.'"),
        ("forward . 127.0.0.1:99999", "127.0.0.1:99999: no valid port"),
    ],
)
def test_warnings(line: str, warning: str) -> None:
    warnings = built(f". {{\n{line}\n}}\n").warnings
    assert any(warning in str(text) for text in warnings)


def test_from_is_normalised() -> None:
    found = stanzas(". {\nforward EXAMPLE.org:53 127.0.0.1\nforward 10.0.0.0/23 127.0.0.1\n}\n")
    assert [each.zone for each in found] == ["example.org.", "0.0.10.in-addr.arpa."]
