"""Whatever stands in a rule, the setup takes it or refuses it, and queries are answered."""

from __future__ import annotations

import sys
from unittest.mock import patch

import dns.message
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corepy import names, wire
from corepy.build import build
from corepy.corefile import load
from corepy.errors import ConfigErrors, WireError
from corepy.host import Host
from corepy.registry import Registry
from corepy.response import Edns, Response
from corepy.server import Listener
from corepy_plugins.rewrite.handler import Rewrite
from tests.support.queries import option, query
from tests.support.rewriting import records
from tests.support.serving import Answers, Does, at_once, listener_of

_WORDS = """\
stop continue name type class ttl cname rcode edns0 answer auto value exact prefix suffix substring
regex local nsid subnet set append replace unset revert a.test b.test . .. test (.*) {1} {0} {2}
(a)(b)? \\. a\\ \\065 ( [a-z]+ A AAAA ANY IN CH 0 5 30-60 - NXDOMAIN 3 23 0xffee 3 8 0xff {qname}
{qtype} {client_ip} {server_ip} {server_port} {protocol} {a/b} {} 24 56 128 \u00e4 \x7f"""
WORDS = st.sampled_from(_WORDS.split())
ANY_WORD = st.text(
    st.characters(blacklist_characters='"\\\r\n{}#$', blacklist_categories=["Cs"]), max_size=80
).map(lambda text: f'"{text}"')

# Beginnings that are right, so that more than the first word is looked at.
BEGINNINGS = st.sampled_from(
    ["", "continue ", "name regex ", "continue name prefix ", "name suffix ", "continue name ",
     "continue name substring ", "ttl ", "continue ttl regex ", "rcode ", "continue rcode suffix ",
     "cname ", "continue cname regex ", "continue edns0 local set ", "edns0 local append 1 ",
     "edns0 subnet set ", "name regex (.*) b.test answer ", "name prefix a x answer value ",
     "type ", "class "]
)  # fmt: skip

ANSWER = Response(
    answer=records("a.test. 5 CNAME b.test.", "b.test. 5 A 192.0.2.1", "b.test. 5 MX 1 x.b.test."),
    authority=records("test. 5 SOA ns.test. host.test. 1 2 3 4 5"),
    edns=Edns(512, options=option(3, b"up") + option(65518, b"x")),
)
QUERIES = [
    query("a.test.", wire.A),
    query("A.b.TEST.", wire.MX, edns=1232, options=option(3, b"me") + option(65518, b"y") * 2),
    query(".", wire.ANY, edns=512, do=True),
    query("a\\.b\\000\\255.test.", wire.TXT),
    query(("x" * 63 + ".") * 3 + "y" * 61 + ".", wire.AAAA),
]


async def answering(request: object, _: object) -> Response:
    del request
    return ANSWER


def rewriting(text: str) -> Rewrite | None:
    """The plugin, None if the setup refuses the rules."""
    registry = Registry()
    host = Host()
    try:
        corefile = load(text, "Corefile", known=registry.known, environ={})
        build(corefile, registry, host)
    except ConfigErrors:
        return None
    return next((part for _, _, part in host.plugins if isinstance(part, Rewrite)), None)


def answers(listener: Listener, octets: bytes) -> None:
    listener.server.any_class = True
    reply = at_once(listener, octets, ("192.0.2.1", 4000))
    assert reply == b"" or reply[:2] == octets[:2]


@settings(max_examples=400, deadline=2000)
@given(st.lists(st.tuples(BEGINNINGS, st.lists(WORDS | ANY_WORD, max_size=6)), max_size=4))
def test_any_rules(rules: list[tuple[str, list[str]]]) -> None:
    lines = "".join(f" rewrite {first}{' '.join(words)}\n" for first, words in rules)
    plugin = rewriting(f". {{\n{lines} whoami\n}}\n")
    if plugin is None:
        return
    listener = listener_of(plugin, Does(answering))
    for octets in QUERIES * 2:
        answers(listener, octets)


@settings(max_examples=200, deadline=2000)
@given(
    st.sampled_from(["prefix", "substring", "exact"]),
    st.text("ab.\\0", max_size=8),
    st.text("ab.\\0", max_size=8),
    st.text("ab.", max_size=8),
)
def test_names_come_back(mode: str, old: str, new: str, asked: str) -> None:
    """Whatever is asked in place of a name, with `answer auto` the answer is about the name."""
    plugin = rewriting(f'. {{\n rewrite name {mode} "{old}" "{new}" answer auto\n whoami\n}}\n')
    try:
        name = names.from_text(asked)
    except WireError:
        return
    if plugin is None:
        return
    listener = listener_of(plugin, Answers())
    message = dns.message.from_wire(at_once(listener, query(names.to_text(name))))
    if message.rcode() == 0:
        assert message.answer[0].name.to_wire() == name


ATOMS = st.sampled_from(["a", "b", ".", r"\.", "[ab]", "[^a]", r"\w", "(a|b)", "(ab|a)", "(a)(b)"])
ONCE = st.sampled_from(["", "?", "*", "+", "*?", "+?", "{2}", "{0,2}"])
FLAT = st.lists(st.builds("{}{}".format, ATOMS, ONCE), min_size=1, max_size=4).map("".join)
"""Expressions in which nothing that repeats is repeated: any engine is done with them quickly."""
NAMES = st.lists(st.text("ab", min_size=1, max_size=20), min_size=1, max_size=8).map(
    lambda labels: ".".join(labels) + "."
)
TEMPLATES = st.sampled_from(["{1}.c", "{0}x", "{2}{1}.d.", "{10}.e", "c.{3}", "{1}"])


def asked_and_answered(expression: str, template: str, octets: bytes) -> bytes | None:
    """The reply where rules hold the expression in every place; None if they are refused."""
    plugin = rewriting(
        f'. {{\n rewrite continue ttl regex "{expression}" 7\n'
        f' rewrite name regex "{expression}" "{template}" answer value "{expression}" x.{{1}}\n'
        " whoami\n}\n"
    )
    return None if plugin is None else at_once(listener_of(plugin, Does(answering)), octets)


@settings(max_examples=200, deadline=2000)
@given(FLAT, TEMPLATES, NAMES)
def test_the_engine_does_not_matter(expression: str, template: str, name: str) -> None:
    pytest.importorskip("re2")
    octets = query(name)
    linear = asked_and_answered(expression, template, octets)
    with patch.dict(sys.modules, {"re2": None}):
        assert asked_and_answered(expression, template, octets) == linear


@pytest.mark.parametrize("linear", [True, False], ids=["RE2", "without"])
@pytest.mark.parametrize(
    "expression",
    ["^(a+)+$", "(a|a)*b", "^([ab]*)*x", "^(.*)(.*)(.*)(.*)x$", "((a?){12}){12}b", r"(\w+\.?)+x$"],
)
def test_no_expression_takes_long(expression: str, linear: bool) -> None:
    """What takes longer than the universe to try in turn is answered."""
    if linear:
        pytest.importorskip("re2")
    octets = query(("a" * 63 + ".") * 3 + "a" * 60 + ".")
    with patch.dict(sys.modules, {} if linear else {"re2": None}):
        assert asked_and_answered(expression, "{1}.c", octets)
