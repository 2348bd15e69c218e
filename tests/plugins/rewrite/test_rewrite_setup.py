"""What a rule may say, and where what it may not say is marked."""

from __future__ import annotations

import pytest

from tests.support.builds import built, refusal, refused

LONG = "x" * 10_001
DIGITS = "9" * 5000


@pytest.mark.parametrize(
    "rule",
    [
        "STOP Name Exact a b",
        "name exact a b answer auto",
        "name regex (a)(b) {1}{2}",
        "name regex (a) {7}",
        "name prefix a b answer auto answer value (x) {1}",
        "name suffix a b answer value x y value x z answer auto",
        "type isdn tlsa",
        "class none any",
        "ttl a 0",
        "ttl regex .* 0-4294967295",
        "rcode a notimpl BADCOOKIE",
        "rcode a 000023 0",
        "cname a b",
        "edns0 nsid SET revert",
        "EDNS0 Local Set 0b1_1 revert",
        "edns0 local set 0xffff {x/y/z}",
        "edns0 subnet append 0x20 0o200",
        'cname regex "" ""',
    ],
)
def test_accepted(rule: str) -> None:
    if rule.endswith("0b1_1 revert"):
        rule += " revert"
    built(f". {{\n rewrite {rule}\n whoami\n}}\n")


MODES = "supports only exact, prefix, suffix, substring, and regex name matching"


@pytest.mark.parametrize(
    ("rule", "message", "marked"),
    [
        ("", "no rule type specified for rewrite", "rewrite"),
        ("stop", "stop rule must begin with a rule type", "stop"),
        ("Continue", "continue rule must begin with a rule type", "Continue"),
        ("nam a b", 'invalid rule type "nam"', "nam"),
        ("stop nam a b", 'invalid rule type "stop"', "nam"),
        ("answer name a b", "response rewrites must begin with a name rule", "answer"),
        ("name a", "too few arguments for a name rule", "a"),
        ("name exat a b", f"name rule {MODES}, received: exat", "exat"),
        ("name a b c", f"name rule {MODES}, received: a", "a"),
        ("name regex a( b", "invalid regex matching pattern: a(", "a("),
        ("name regex a {0}", ("the rewrite regex pattern ({0}) uses more subexpressions than its "
         "corresponding matching regex pattern (a)"), "{0}"),
        ("name regex (a) {1}{100}", ("the rewrite regex pattern ({1}{100}) uses more "
         "subexpressions than its corresponding matching regex pattern ((a))"), "{1}{100}"),
        (f"name regex {LONG} b", "regex pattern too long: 10001 > 10000", LONG),
        ("name exact a b(", "invalid regex matching pattern: b(.", "b("),
        ("name exact a b c", "invalid arguments for exact rule", "c"),
        ("name exact a b c d",
         "exceeded the number of arguments for a non-answer rule argument for exact rule", "c"),
        ("name regex a b answer auto answer", "type missing for answer rule for regex rule",
         "answer"),
        ("name regex a b answer nme x y", 'invalid type "nme" for answer rule for regex rule',
         "nme"),
        ("name regex a b answer name x", "name answer rule for regex rule: 2 arguments required",
         "x"),
        ("name regex a b answer value ( y",
         "value answer rule for regex rule: invalid regex matching pattern: (", "("),
        ("name regex a b answer auto name x y",
         "auto name answer rule cannot be combined with explicit name anwer rules", "y"),
        ("type A", "type rules must have exactly two arguments", "A"),
        ("type A AAAA MX", "type rules must have exactly two arguments", "MX"),
        ("type A AAAAA", 'invalid type "AAAAA"', "AAAAA"),
        ("type type1 A", 'invalid type "TYPE1"', "type1"),
        ("class IN", "class rules must have exactly two arguments", "IN"),
        ("class IN XX", 'invalid class "XX"', "XX"),
        ("ttl a", "too few (1) arguments for a ttl rule", "a"),
        ("ttl exact a 1 2", "invalid TTL '' for a ttl rule", "2"),
        ("ttl a -", "invalid TTL '-' for a ttl rule", "-"),
        ("ttl a 10-5", "invalid TTL '10-5' for a ttl rule", "10-5"),
        ("ttl a 1-2-3", "invalid TTL '1-2-3' for a ttl rule", "1-2-3"),
        ("ttl a 4294967296", "invalid TTL '4294967296' for a ttl rule", "4294967296"),
        ("ttl a 5s", "invalid TTL '5s' for a ttl rule", "5s"),
        (f"ttl a {DIGITS}", f"invalid TTL '{DIGITS}' for a ttl rule", DIGITS),
        ("ttl any a 5", f"ttl rule {MODES}", "any"),
        ("ttl regex ( 5", "invalid regex pattern in a ttl rule: (", "("),
        (f"ttl regex {LONG} 5", "regex pattern too long in a ttl rule: 10001 > 10000", LONG),
        ("rcode a 0", "too few (2) arguments for a rcode rule", "0"),
        ("rcode exact a 0 1 2", "invalid matching RCODE '' for a rcode rule", "2"),
        ("rcode a 99 0", "invalid matching RCODE '99' for a rcode rule", "99"),
        ("rcode a 0 24", "invalid replacement RCODE '24' for a rcode rule", "24"),
        ("rcode a 0 NXDOMAN", "invalid replacement RCODE 'NXDOMAN' for a rcode rule", "NXDOMAN"),
        (f"rcode a {DIGITS} 0", f"invalid matching RCODE '{DIGITS}' for a rcode rule", DIGITS),
        ("rcode sufix a 0 3", f"rcode rule {MODES}", "sufix"),
        ("rcode regex ( 0 3", "invalid regex pattern in a rcode rule: (", "("),
        ("cname a", "too few (1) arguments for a cname rule", "a"),
        ("cname exact a b c", "too few (4) arguments for a cname rule", "c"),
        ("cname exakt a b", "unknown cname rewrite type: exakt", "exakt"),
        ("cname regex a( b", ("invalid cname rewrite regex pattern: error parsing regexp: missing "
         "closing ): `a(`"), "a("),
        (f"cname regex {LONG} b", "regex pattern too long in a cname rule: 10001 > 10000", LONG),
        ("edns0 local", "too few arguments for an EDNS0 rule", "local"),
        ("edns0 local sett 1 x", 'invalid action: "sett"', "sett"),
        ("edns0 lokal set 1 x", 'invalid rule type "lokal"', "lokal"),
        ("edns0 lokal unset", 'invalid rule type "lokal"', "lokal"),
        ("edns0 local set 1", "EDNS0 local rules require three or four args", "1"),
        ("edns0 local set 1 x y", "EDNS0 local rules require three or four args", "y"),
        ("edns0 local set 65536 x",
         'strconv.ParseUint: parsing "65536": value out of range', "65536"),
        ("edns0 local set one x", 'strconv.ParseUint: parsing "one": invalid syntax', "one"),
        ("edns0 local set 1 0xabc", "encoding/hex: odd length hex string", "0xabc"),
        ("edns0 local set 1 0xag", "encoding/hex: invalid byte: U+0067 'g'", "0xag"),
        ("edns0 local set 1 {qnam}", 'unsupported variable name "{qnam}"', "{qnam}"),
        ("edns0 local set 1 {}", 'unsupported variable name "{}"', "{}"),
        ("edns0 local set 1 {a/}", 'unsupported variable name "{a/}"', "{a/}"),
        ("edns0 local unset", "local unset action requires exactly two arguments", "unset"),
        ("edns0 local unset 1 revert", "local unset action requires exactly two arguments",
         "revert"),
        ("edns0 nsid set x", "EDNS0 NSID rules can accept no more than one arg", "x"),
        ("edns0 nsid unset x", "nsid unset action requires exactly one argument", "x"),
        ("edns0 subnet set 24", "EDNS0 subnet rules require three or four args", "24"),
        ("edns0 subnet set 33 56", "invalid IPv4 bit mask length 33", "33"),
        ("edns0 subnet set 24 129", "invalid IPv6 bit mask length 129", "129"),
        ("edns0 subnet set x 56", 'strconv.ParseUint: parsing "x": invalid syntax', "x"),
        ("edns0 subnet unset 1", "subnet unset action requires exactly one argument", "1"),
    ],
)  # fmt: skip
def test_refused(rule: str, message: str, marked: str) -> None:
    found, where = refused(f". {{\n rewrite {rule}\n whoami\n}}\n")
    assert (found, where) == (f"plugin/rewrite: {message}", marked)


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("nmae a b", "did you mean 'name'?"),
        ("name prefx a b", "did you mean 'prefix'?"),
        ("name regex a b answer vlue x y", "did you mean 'value'?"),
        ("ttl sufix a 5", "did you mean 'suffix'?"),
        ("cname regx a b", "did you mean 'regex'?"),
        ("edns0 local remove 1", "one of: set, append, replace, unset"),
        ("edns0 locl set 1 x", "did you mean 'local'?"),
        ("edns0 local set 1 {clientip}", "did you mean '{client_ip}'?"),
        ("rcode a NXDOMIAN 0", "did you mean 'NXDOMAIN'?"),
        ("ttl a -", "write seconds, MIN-MAX, -MAX or MIN-"),
    ],
)
def test_hints(rule: str, hint: str) -> None:
    assert refusal(f". {{\n rewrite {rule}\n whoami\n}}\n").hint == hint


def test_a_rule_on_the_line_and_a_block() -> None:
    error = refusal(". {\n rewrite name a b {\n  type A MX\n }\n whoami\n}\n")
    assert error.message == "no rule type specified for rewrite"
    assert error.hint == "put the whole rule inside the block, or on the line"


def test_every_mistake_is_reported() -> None:
    from corepy.errors import ConfigErrors

    with pytest.raises(ConfigErrors) as caught:
        built(". {\n rewrite name a\n whoami\n}\na.test {\n rewrite type A\n whoami\n}\n")
    assert len(caught.value.errors) == 2
