"""What an `acl` may say, and where what it may not say is marked."""

from __future__ import annotations

import pytest

from tests.support.builds import built, refused


@pytest.mark.parametrize(
    "line",
    [
        "allow",
        "BLOCK Type A Net *",
        "filter net 10.1.2.3/8 type A AAAA net ::1",
        "drop type None",
        "block type * NOPE",
        "block net * nonsense",
        "block type Reserved net 2001:db8::/33",
        "block net 10.0.0.0/08",
    ],
)
def test_accepted(line: str) -> None:
    built(f". {{\n acl {{\n {line}\n }}\n acl a.test\n whoami\n}}\n")


@pytest.mark.parametrize(
    ("line", "message", "marked"),
    [
        (
            "deny net *",
            "unexpected token \"deny\"; expect 'allow', 'block', 'filter' or 'drop'",
            "deny",
        ),
        ("block A net *", "unexpected token \"A\"; expect 'type | net'", "A"),
        ("block net", 'no token specified in "net" section', "net"),
        ("block TYPE net *", 'no token specified in "type" section', "TYPE"),
        ("block type a", 'unexpected token "a"; expect legal QTYPE', "a"),
        ("block type TYPE65280", 'unexpected token "TYPE65280"; expect legal QTYPE', "TYPE65280"),
        ("block net 10.0.0.0/33", 'illegal CIDR notation "10.0.0.0/33"', "10.0.0.0/33"),
        ("block net ::1 300.1.1.1", 'illegal CIDR notation "300.1.1.1/32"', "300.1.1.1"),
        ("block net fe80::1%eth0", 'illegal CIDR notation "fe80::1%eth0/128"', "fe80::1%eth0"),
        (
            "block net 10.0.0.0/255.0.0.0",
            'illegal CIDR notation "10.0.0.0/255.0.0.0"',
            "10.0.0.0/255.0.0.0",
        ),
    ],
)
def test_refused(line: str, message: str, marked: str) -> None:
    found = refused(f". {{\n acl {{\n {line}\n }}\n whoami\n}}\n")
    assert found == (f"plugin/acl: Corefile:3 - Error during parsing: {message}", marked)
