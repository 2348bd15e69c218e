"""The directive: what it means, and the place and words of each mistake."""

from __future__ import annotations

import pytest

from corepy_plugins.cache.options import Limits, Options, Prefetch, Stale
from tests.support.caching import options_of
from tests.support.setups import built, refusal


def block(body: str) -> str:
    return f". {{\ncache {{\n{body}\n}}\nwhoami\n}}\n"


def test_defaults() -> None:
    assert options_of("cache") == Options(
        zones=(".",),
        success=Limits(3600, 10_000, 5, None),
        denial=Limits(1800, 10_000, 5, None),
        prefetch=Prefetch(0, 60.0, 10),
        stale=Stale(0.0, False, 0.0, 0, 0.0, False),
        failure=5.0,
        keep_ttl=False,
    )


@pytest.mark.parametrize(
    ("directive", "longest", "zones"),
    [
        ("cache 30", 30, (".",)),
        ("cache +30", 30, (".",)),
        ("cache 86400 Example.ORG b.test.", 86400, ("example.org.", "b.test.")),
        ("cache 30 10.1.0.0/16", 30, ("1.10.in-addr.arpa.",)),
        ("cache 99999999999", 2**32 - 1, (".",)),
        ("cache 99999999999999999999", 3600, ("99999999999999999999.",)),
    ],
)
def test_arguments(directive: str, longest: int, zones: tuple[str, ...]) -> None:
    options = options_of(directive)
    denial = 1800 if longest == 3600 else longest
    assert (options.success.longest, options.denial.longest) == (longest, denial)
    assert options.zones == zones


@pytest.mark.parametrize(
    ("line", "limits"),
    [
        ("success 1000", Limits(3600, 1000, 5)),
        ("success -1 60", Limits(60, -1, 5)),
        ("success 1000 60 61", Limits(60, 1000, 61)),
        ("success 1000 60 0 9", Limits(60, 1000, 0)),
    ],
)
def test_limits(line: str, limits: Limits) -> None:
    options = options_of(f"cache {{\n{line}\n}}")
    assert (options.success, options.denial) == (limits, Limits(1800))
    other = options_of(f"cache {{\n{line.replace('success', 'denial')}\n}}")
    limits.longest = 1800 if limits.longest == 3600 else limits.longest
    assert (other.success, other.denial) == (Limits(3600), limits)


@pytest.mark.parametrize(
    ("lines", "prefetch"),
    [
        ("prefetch 3", Prefetch(3, 60.0, 10)),
        ("prefetch 3 10s", Prefetch(3, 10.0, 10)),
        ("prefetch 3 10s 25%", Prefetch(3, 10.0, 25)),
        ("prefetch 0 -1m 90%", Prefetch(0, -60.0, 90)),
        ("prefetch 3 10s 25%\nprefetch 4", Prefetch(4, 10.0, 25)),
    ],
)
def test_prefetch(lines: str, prefetch: Prefetch) -> None:
    assert options_of(f"cache {{\n{lines}\n}}").prefetch == prefetch


@pytest.mark.parametrize(
    ("lines", "stale"),
    [
        ("serve_stale", Stale(3600.0)),
        ("serve_stale 0", Stale(0.0)),
        ("serve_stale 10s", Stale(10.0)),
        ("serve_stale 1h VERIFY", Stale(3600.0, True)),
        ("serve_stale 1h verify 100ms", Stale(3600.0, True, 0.1)),
        ("serve_stale 1h verify 100ms 30s", Stale(3600.0, True, 0.1, 30)),
        ("serve_stale 1h verify 0 30s 5m", Stale(3600.0, True, 0.0, 30, 300.0)),
        ("serve_stale 1h immediate 30s", Stale(3600.0, False, 0.0, 30)),
        ("serve_stale 1h Immediate 30s 1s", Stale(3600.0, False, 0.0, 30, 1.0)),
        ("serve_stale 1h immediate 30s 1s\nserve_stale", Stale(3600.0)),
        (
            "serve_stale_policy Prefer_Positive\nserve_stale 1m",
            Stale(60.0, False, 0.0, 0, 0.0, True),
        ),
    ],
)
def test_serve_stale(lines: str, stale: Stale) -> None:
    assert options_of(f"cache {{\n{lines}\n}}").stale == stale


def test_servfail_and_keepttl() -> None:
    options = options_of("cache {\nservfail 1500ms\nkeepttl\nkeepttl\n}")
    assert (options.failure, options.keep_ttl) == (1.5, True)


@pytest.mark.parametrize(
    ("lines", "success", "denial"),
    [
        ("disable success", ("root.",), None),
        ("disable denial a.test B.test.", None, ("a.test", "b.test.")),
        ("disable success a.test\ndisable success b.test", ("b.test",), None),
        ("disable success a..b", (), None),
    ],
)
def test_disable(
    lines: str, success: tuple[str, ...] | None, denial: tuple[str, ...] | None
) -> None:
    options = options_of(f"cache {{\n{lines}\n}}")
    found = [
        limits.excepted.texts if limits.excepted is not None else None
        for limits in (options.success, options.denial)
    ]
    wanted = [(".",) if zones == ("root.",) else zones for zones in (success, denial)]
    assert found == wanted


ATOI = 'strconv.Atoi: parsing "{}": invalid syntax'
MISTAKES = [
    ("success", "Wrong argument count or unexpected line ending after 'success'", "success"),
    ("success x", ATOI.format("x"), "x"),
    ("success 1_0", ATOI.format("1_0"), "1_0"),
    (
        "success 9223372036854775808",
        'strconv.Atoi: parsing "9223372036854775808": value out of range',
        "9223372036854775808",
    ),
    ("success 1 0", "cache TTL can not be zero or negative: 0", "0"),
    ("denial 1 -5", "cache TTL can not be zero or negative: -5", "-5"),
    ("denial 1 5 -2", "cache min TTL can not be negative: -2", "-2"),
    ("prefetch", "Wrong argument count or unexpected line ending after 'prefetch'", "prefetch"),
    ("prefetch -3", "prefetch amount should be positive: -3", "-3"),
    ("prefetch 1 7", 'time: missing unit in duration "7"', "7"),
    ("prefetch 1 1m 7", "last character of percentage should be `%`, but is: '7'", "7"),
    ("prefetch 1 1m 9%", "percentage should fall in range [10, 90]: 9", "9%"),
    ("prefetch 1 1m 91%", "percentage should fall in range [10, 90]: 91", "91%"),
    ("prefetch 1 1m %", ATOI.format(""), "%"),
    ("prefetch 1 1m 50% x", "Wrong argument count or unexpected line ending after 'x'", "x"),
    ("serve_stale -1s", "invalid negative duration for serve_stale", "-1s"),
    ("serve_stale verify", 'time: invalid duration "verify"', "verify"),
    ("serve_stale 1h both", "invalid value for serve_stale refresh mode: both", "both"),
    (
        "serve_stale 1h verify 5",
        'invalid serve_stale verify timeout: time: missing unit in duration "5"',
        "5",
    ),
    ("serve_stale 1h verify -5s", "invalid negative timeout for serve_stale verify", "-5s"),
    (
        "serve_stale 1h immediate 5",
        'invalid serve_stale response TTL: time: missing unit in duration "5"',
        "5",
    ),
    (
        "serve_stale 1h immediate 1500ms",
        "serve_stale response TTL must be a whole number of seconds",
        "1500ms",
    ),
    ("serve_stale 1h verify 0 -5s", "invalid negative response TTL for serve_stale", "-5s"),
    (
        "serve_stale 1h immediate 4294967296s",
        "serve_stale response TTL exceeds the DNS TTL range",
        "4294967296s",
    ),
    (
        "serve_stale 1h immediate 1s 5",
        'invalid serve_stale failure recheck: time: missing unit in duration "5"',
        "5",
    ),
    (
        "serve_stale 1h immediate 1s -5s",
        "invalid negative failure recheck for serve_stale",
        "-5s",
    ),
    (
        "serve_stale 1h verify 0 1s 6m",
        "serve_stale failure recheck cannot exceed 5 minutes",
        "6m",
    ),
    (
        "serve_stale 1h immediate 1s 2s 3s",
        "Wrong argument count or unexpected line ending after '3s'",
        "3s",
    ),
    (
        "serve_stale_policy prefer_positive",
        "serve_stale_policy requires serve_stale",
        "serve_stale_policy",
    ),
    ("serve_stale\nserve_stale_policy never", "invalid serve_stale_policy: never", "never"),
    (
        "serve_stale_policy prefer_positive\nserve_stale_policy prefer_positive\nserve_stale",
        "serve_stale_policy can only be specified once",
        "serve_stale_policy",
    ),
    ("servfail", "Wrong argument count or unexpected line ending after 'servfail'", "servfail"),
    ("servfail 5", 'time: missing unit in duration "5"', "5"),
    ("servfail -5s", "invalid negative ttl for servfail", "-5s"),
    ("servfail 5m1s", "caching SERVFAIL responses over 5 minutes is not permitted", "5m1s"),
    ("servfail 1s 2s", "Wrong argument count or unexpected line ending after '2s'", "2s"),
    ("disable", "Wrong argument count or unexpected line ending after 'disable'", "disable"),
    ("disable both", 'cache type for disable must be "success" or "denial"', "both"),
    ("keepttl now", "Wrong argument count or unexpected line ending after 'now'", "now"),
    ("sucess 5", "Wrong argument count or unexpected line ending after 'sucess'", "sucess"),
]


@pytest.mark.parametrize(("body", "text", "word"), MISTAKES, ids=[row[0] for row in MISTAKES])
def test_mistakes(body: str, text: str, word: str) -> None:
    headline, column, _ = refusal(block(body))

    lines = body.splitlines()
    line = next(line for line in reversed(lines) if word in line.split())
    place = "Corefile:3 - Error during parsing: " if text.startswith("Wrong") else ""
    assert headline == f"plugin/cache: {place}{text}"
    assert column == line.rindex(word) + 1


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        ("sucess 5", "did you mean 'success'?"),
        ("servfail 5", "write 5s for seconds"),
        ("prefetch 1 1m 50", "write 50%"),
        ("serve_stale 1h verfiy", "did you mean 'verify'?"),
        ("disable denail", "did you mean 'denial'?"),
    ],
)
def test_hints(body: str, hint: str) -> None:
    assert refusal(block(body))[2] == hint


@pytest.mark.parametrize(
    ("directive", "text"),
    [
        ("cache 0", "cache TTL can not be zero or negative: 0"),
        ("cache -5", "cache TTL can not be zero or negative: -5"),
        ("cache 0\ncache", "cache TTL can not be zero or negative: 0"),
        ("cache\ncache", "this plugin can only be used once per Server Block"),
    ],
)
def test_mistakes_outside_the_block(directive: str, text: str) -> None:
    assert text in refusal(f". {{\n{directive}\nwhoami\n}}\n")[0]


@pytest.mark.parametrize(
    ("directive", "warning"),
    [
        ("cache 60s", "'60s' is taken for a zone"),
        ("cache {\nsuccess 1 2 3 4\n}", "'4' after 'success' has no meaning"),
        ("cache {\ndisable denial a..b\n}", "'a..b' is no domain name"),
    ],
)
def test_warnings(directive: str, warning: str) -> None:
    (notice,) = built(f". {{\n{directive}\nwhoami\n}}\n").notices
    assert warning in notice.message
