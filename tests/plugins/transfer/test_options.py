"""What a Corefile may say."""

from __future__ import annotations

import os

import pytest

from corepy.build import build
from corepy.corefile import load
from corepy.corefile.report import headline
from corepy.errors import ConfigErrors
from corepy.host import Host
from corepy.lib.upstream.address import join
from corepy.registry import Registry
from corepy_plugins.transfer.rule import Rule, Rules

PARSING = "Error during parsing: "


def setup(text: str) -> None:
    registry = Registry()
    build(
        load(text, "Corefile", known=registry.known, environ=os.environ, port=53), registry, Host()
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{\n source 127.0.0.1\n\n }", f"plugin/transfer: Corefile:5 - {PARSING}'to' is required"),
        ("{\n }", f"plugin/transfer: Corefile:3 - {PARSING}'to' is required"),
        ("", f"plugin/transfer: Corefile:2 - {PARSING}'to' is required"),
        (
            "{\n to *\n source nothere\n }",
            f'plugin/transfer: Corefile:4 - {PARSING}invalid source address "nothere"',
        ),
        (
            "{\n to *\n source ::1\n source ::1\n }",
            f"plugin/transfer: Corefile:5 - {PARSING}source already specified",
        ),
        ("{\n from ::1\n }", f'plugin/transfer: Corefile:3 - {PARSING}unknown property "from"'),
        (
            "{\n to\n }",
            f"Corefile:3 - {PARSING}Wrong argument count or unexpected line ending after 'to'",
        ),
        (
            "{\n source ::1 ::2\n }",
            f"Corefile:3 - {PARSING}Wrong argument count or unexpected line ending after '::2'",
        ),
        ("{\n to host.name\n }", "must specify an IP address: `host.name'"),
        ("{\n to host.name:53\n }", "must specify an IP address: `host.name'"),
        ("{\n to [::1]\n }", "must specify an IP address: `[::1]'"),
    ],
)
def test_mistakes(body: str, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        setup(f". {{\n transfer {body}\n}}\n")
    (error,) = caught.value.errors
    assert headline(error) == f"plugin/transfer: {message}"
    assert error.span
    assert error.span.file == "Corefile"


@pytest.mark.parametrize(
    "to", ["*", "192.0.2.1", "192.0.2.1:5300", "::1", "[::1]:53", "127.0.0.1:99999", "* ::1"]
)
def test_addresses(to: str) -> None:
    setup(f". {{\n transfer {{\n to {to}\n }}\n}}\n")


@pytest.mark.parametrize(
    ("known", "host", "allowed"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.10", False),
        ("2001:db8:0::1", "2001:db8::1", True),
        ("fe80::1", "fe80::1%eth0", True),
        ("fe80::1%eth0", "fe80::1%eth0", True),
        ("fe80::1%eth1", "fe80::1%eth0", False),
    ],
)
def test_clients_by_address(known: str, host: str, allowed: bool) -> None:
    assert Rule((".",), to=[join(known, "53")]).allows(host) is allowed


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        (b"\1a\4test\0", "a.test."),
        (b"\1x\1a\4test\0", "a.test."),
        (b"\1b\1a\4test\0", "b.a.test."),
        (b"\2aa\4test\0", "test."),
        (b"\3com\0", None),
    ],
)
def test_the_longest_zone_counts(name: bytes, zone: str | None) -> None:
    for order in (1, -1):
        rules = [Rule((one,)) for one in ("test.", "a.test.", "b.a.test.", "zzzzzzzz.test.")]
        found = Rules(rules[::order]).match(name)
        assert (found and found.zones[0]) == zone
