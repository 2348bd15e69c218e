"""Addresses and interfaces out of the words of a Corefile."""

from __future__ import annotations

import pytest

from corepy.testing import Answerless, Start
from corepy_plugins import bind
from tests.support.builds import built, refusal, refused

FOUND = {
    "lo": ["127.0.0.1", "::1"],
    "eth0": ["192.0.2.2", "2001:db8::2", "fe80::2%eth0"],
    "empty0": [],
}


@pytest.fixture(autouse=True)
def interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two networks."""
    monkeypatch.setattr(bind, "read_interfaces", lambda: FOUND)


@pytest.mark.parametrize(
    ("lines", "hosts"),
    [
        ("", [""]),
        ("bind 127.0.0.1", ["127.0.0.1"]),
        ("bind 127.0.0.1 ::1\nbind 192.0.2.2", ["127.0.0.1", "::1", "192.0.2.2"]),
        ("bind lo", FOUND["lo"]),
        ("bind eth0 127.0.0.1", [*FOUND["eth0"], "127.0.0.1"]),
        ("bind empty0 127.0.0.1", ["127.0.0.1"]),
        ("bind lo {\nexcept ::1\n}", ["127.0.0.1"]),
        ("bind lo {\nexcept 0:0::1\n}", ["127.0.0.1"]),
        ("bind lo eth0 {\nexcept lo 192.0.2.2\n}", ["2001:db8::2", "fe80::2%eth0"]),
        ("bind lo {\nexcept lo\n}", []),
        ("bind lo {\n}", FOUND["lo"]),
        # An exception is for its own line, and the last one of a block counts.
        ("bind lo {\nexcept ::1\n}\nbind ::1", ["127.0.0.1", "::1"]),
        ("bind lo {\nexcept ::1\nexcept 127.0.0.1\n}", ["::1"]),
    ],
)
def test_what_is_listened_on(lines: str, hosts: list[str]) -> None:
    """In the order of the words."""
    made = built(f".:53 {{\n{lines}\nwhoami\n}}\n")
    assert [site.host for site in made.instance.sites] == hosts


@pytest.mark.parametrize(
    ("line", "message", "word"),
    [
        ("bind", "at least one address or interface name is expected", "bind"),
        ("bind {\n}", "at least one address or interface name is expected", "bind"),
        ("bind eth1", 'not a valid IP address or interface name: "eth1"', "eth1"),
        ("bind localhost", 'not a valid IP address or interface name: "localhost"', "localhost"),
        ("bind 127.1", 'not a valid IP address or interface name: "127.1"', "127.1"),
        ("bind lo {\nexcept\n}",
         "at least one address or interface must be given to except subdirective", "except"),
        ("bind lo {\nexcept nosuch\n}",
         'not a valid IP address or interface name: "nosuch"', "nosuch"),
        ("bind lo {\nonly ::1\n}", 'invalid option "only"', "only"),
    ],
)  # fmt: skip
def test_mistakes(line: str, message: str, word: str) -> None:
    """CoreDNS's words, without its place, and the word marked."""
    assert refused(f". {{\n{line}\nwhoami\n}}\n") == (f"plugin/bind: {message}", word)


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("bind eth1", "did you mean 'eth0'?"),
        ("bind nowhere", "the interfaces are: lo, eth0, empty0"),
        ("bind [::1]", "write the address without brackets"),
        ("bind fe80::1%eth0", "name the interface instead of an address with a scope"),
        ("bind lo {\nexecpt ::1\n}", "did you mean 'except'?"),
    ],
)
def test_hints(line: str, hint: str) -> None:
    """What would mend it."""
    assert refusal(f". {{\n{line}\nwhoami\n}}\n").hint == hint


def test_without_a_list_of_interfaces_addresses_still_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Names do not, and the reason is said."""

    def fail() -> dict[str, list[str]]:
        raise OSError("no netlink here")

    monkeypatch.setattr(bind, "read_interfaces", fail)
    built(".:53 {\nbind 127.0.0.1\nwhoami\n}\n")
    error = refusal(".:53 {\nbind lo\nwhoami\n}\n")
    assert error.message == 'not a valid IP address or interface name: "lo"'


async def test_others_are_not_listened_on(corefile: Start) -> None:
    """On two addresses of three."""
    async with corefile(". {\n bind 127.0.0.1 127.0.0.3\n whoami\n}\n") as dns:
        assert await dns.ask("a.test") == "NOERROR"
        assert await dns.ask("a.test @127.0.0.3 +tcp") == "NOERROR"
        with pytest.raises((Answerless, ConnectionRefusedError)):
            await dns.query("a.test @127.0.0.2", timeout=0.3)
