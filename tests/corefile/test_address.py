"""Server-block keys and zone arguments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy import names
from corepy.corefile.address import Key, check_overlaps, is_domain_name, keys, normalize, preferred
from corepy.corefile.token import Source, Token
from corepy.errors import ConfigError


def token(text: str) -> Token:
    return Token(text, Source("Corefile", text), 1, 1, max(1, len(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (".", ["dns://.:1053"]),
        ("Example.ORG", ["dns://example.org.:1053"]),
        ("example.org.:53", ["dns://example.org.:53"]),
        (".:053", ["dns://.:53"]),
        (".:0", ["dns://.:0"]),
        ("dns://a.test", ["dns://a.test.:1053"]),
        ("tls://.", ["tls://.:853"]),
        ("quic://.", ["quic://.:853"]),
        ("https://a.test", ["https://a.test.:443"]),
        ("https3://a.test:8443", ["https3://a.test.:8443"]),
        ("grpc://.", ["grpc://.:443"]),
        ("foo://a.test", ["dns://foo://a.test.:1053"]),
        ("TLS://.", ["dns://tls://.:1053"]),
        (".:notaport", None),
        ("10.0.0.0/24", ["dns://0.0.10.in-addr.arpa.:1053"]),
        ("10.0.0.1/8:53", ["dns://10.in-addr.arpa.:53"]),
        ("10.0.0.0/22", [f"dns://{i}.0.10.in-addr.arpa.:1053" for i in range(4)]),
        ("0.0.0.0/0", ["dns://in-addr.arpa.:1053"]),
        ("192.0.2.7/32", ["dns://7.2.0.192.in-addr.arpa.:1053"]),
        ("2001:db8::/32", ["dns://8.b.d.0.1.0.0.2.ip6.arpa.:1053"]),
        ("2001:db8::/30", [f"dns://{i}.b.d.0.1.0.0.2.ip6.arpa.:1053" for i in "89ab"]),
        ("10.0.0.0/33", ["dns://10.0.0.0/33.:1053"]),
        ("010.0.0.0/8", ["dns://010.0.0.0/8.:1053"]),
        ("[::1]:53", ["dns://[::1].:53"]),
        ("a_b.*.test", ["dns://a_b.*.test.:1053"]),
        (r"a\.b.test", [r"dns://a\.b.test.:1053"]),
        (r"a\.", [r"dns://a\..:1053"]),
    ],
)  # fmt: skip
def test_keys(text: str, expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(ConfigError):
            keys(token(text), 1053)
    else:
        assert [str(key) for key in keys(token(text), 1053)] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("zone:", 'error inspecting server blocks: expecting data after last colon: "zone:"'),
        ("", 'error inspecting server blocks: expecting data after last colon: ""'),
        (":53", "error inspecting server blocks: zone is not a valid domain name: "),
        ("a..b", "error inspecting server blocks: zone is not a valid domain name: a..b"),
        (".a", "error inspecting server blocks: zone is not a valid domain name: .a"),
        (".{", "error inspecting server blocks: zone is not a valid domain name: .{"),
        ("a" * 64, f"error inspecting server blocks: zone is not a valid domain name: {'a' * 64}"),
        ("a." * 128, "error inspecting server blocks: specified zone is too long: 256 > 255"),
        ("::/0", "error inspecting server blocks: invalid CIDR ::/0"),
        (".:70000", "address 70000: invalid port"),
        (".:-1", "address -1: invalid port"),
    ],
)
def test_bad_keys(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        keys(token(text), 53)
    assert caught.value.message == message


def test_zone_arguments() -> None:
    assert normalize("Example.org") == ("example.org.",)
    assert normalize("dns://example.org:53") == ("example.org.",)
    assert normalize("10.0.0.0/15") == ("0.10.in-addr.arpa.", "1.10.in-addr.arpa.")
    assert normalize("a..b") == ()


@pytest.mark.parametrize("zone", [".", "a.test.", "10.in-addr.arpa.", "x-1.test."])
def test_preferred(zone: str) -> None:
    assert preferred(zone)


@pytest.mark.parametrize("zone", ["*.test.", "_tcp.test.", "-a.test.", "a-.test.", "1.test.", "}."])
def test_not_preferred(zone: str) -> None:
    assert not preferred(zone)


@given(st.text(alphabet=st.sampled_from("ab.\\0129:/é*{ \udc80"), max_size=12))
def test_a_zone_always_has_a_wire_form(text: str) -> None:
    for zone in normalize(text):
        assert names.from_text(zone.encode("utf-8", "replace").decode())
        assert is_domain_name(zone)


def clashes(*entries: tuple[str, str, bool]) -> list[str]:
    flat = [(keys(token(text), 53)[0], bound, view) for text, bound, view in entries]
    return [error.message for error in check_overlaps(flat)]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([("a.test", "", False), ("b.test", "", False)], None),
        ([("a.test", "", False), ("tls://a.test", "", False)], None),
        ([("a.test", "", False), ("A.test:53", "", False)],
         "cannot serve dns://a.test.:53 - it is already defined"),
        ([("a.test", "127.0.0.1", False), ("a.test", "127.0.0.2", False)], None),
        ([("a.test", "127.0.0.1", False), ("a.test", "127.0.0.1", False)],
         "cannot serve dns://a.test.:53 on 127.0.0.1 - it is already defined"),
        ([("a.test", "127.0.0.1", False), ("a.test", "", False)],
         ("cannot serve dns://a.test.:53 - zone overlap listener capacity with "
         "dns://a.test.:53 on 127.0.0.1")),
        ([("a.test", "", False), ("a.test", "127.0.0.1", False)],
         ("cannot serve dns://a.test.:53 on 127.0.0.1 - zone overlap listener capacity with "
         "dns://a.test.:53")),
        ([("a.test", "", True), ("a.test", "", True), ("a.test", "", False)], None),
        ([("a.test", "", False), ("a.test", "", True)], None),
    ],
)  # fmt: skip
def test_overlaps(entries: list[tuple[str, str, bool]], expected: str | None) -> None:
    assert clashes(*entries) == ([expected] if expected else [])


def test_keys_are_equal_whatever_word_they_came_from() -> None:
    assert Key("dns", "a.", 53, token("a")) == Key("dns", "a.", 53, token("A.:53"))
