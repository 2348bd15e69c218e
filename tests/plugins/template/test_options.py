"""Every property, and every way to get one wrong."""

from __future__ import annotations

import pytest

from corepy.corefile.tree import Notice
from corepy_plugins.template.handler import Templates
from corepy_plugins.template.rule import Rule
from tests.support.builds import built, refusal, refused

PARSING = "plugin/template: Corefile:{} - Error during parsing: "
COUNT = "Wrong argument count or unexpected line ending after "
COMPILE = "could not compile template: "
REGEX = "could not parse regex: "
EDERROR = "error parsing extended DNS error code "


def corefile_with(line: str) -> str:
    return f"example.org example.net {{\ntemplate {line}\nwhoami\n}}\n"


def rules(line: str) -> tuple[tuple[Rule, ...], list[Notice]]:
    """What the directives are set up to."""
    made = built(corefile_with(line))
    (handler,) = (part for part in made.instance.plugins if isinstance(part, Templates))
    return handler._rules, made.notices


@pytest.mark.parametrize(
    ("args", "message", "word", "hint"),
    [
        ("", COUNT + "'template'", "template", None),
        ("IN", COUNT + "'IN'", "IN", None),
        ("in A", "invalid query class in", "in", "did you mean 'IN'?"),
        ("XX A", "invalid query class XX", "XX", None),
        ("IN a", "invalid RR class a", "a", "type names are in capitals"),
        ("IN XYZ", "invalid RR class XYZ", "XYZ", None),
        ("IN TYPE1", "invalid RR class TYPE1", "TYPE1", None),
    ],
)
def test_wrong_arguments(args: str, message: str, word: str, hint: str | None) -> None:
    """CoreDNS's words, at the very word, with what was probably meant."""
    text = corefile_with(args)
    assert refused(text) == (PARSING.format(2) + message, word)
    assert refusal(text).hint == hint


@pytest.mark.parametrize(
    ("line", "message", "word", "hint"),
    [
        ("match", COUNT + "'match'", "match", None),
        ("match (", REGEX + "(, error parsing regexp: missing closing ): `(`", "(", None),
        ("match ok (?<", REGEX + "(?<, error parsing regexp: invalid named capture: `(?<`",
         "(?<", None),
        ("answer", COUNT + "'answer'", "answer", None),
        ("additional", COUNT + "'additional'", "additional", None),
        ("authority", COUNT + "'authority'", "authority", None),
        ('answer "{{ .Name"', COMPILE + "{{ .Name, template: answer:1: unclosed action",
         '"{{ .Name"', None),
        ('additional "{{ foo }}"',
         COMPILE + '{{ foo }}, template: additional:1: function "foo" not defined',
         '"{{ foo }}"', None),
        ('authority ok "{{ end }}"',
         COMPILE + "{{ end }}, template: authority:1: unexpected {{end}}", '"{{ end }}"', None),
        ("rcode", COUNT + "'rcode'", "rcode", None),
        ("rcode NXDOMAIN NOERROR", COUNT + "'NOERROR'", "NOERROR", None),
        ("rcode nxdomain", "unknown rcode nxdomain", "nxdomain", "did you mean 'NXDOMAIN'?"),
        ("rcode NXDOMIAN", "unknown rcode NXDOMIAN", "NXDOMIAN", "did you mean 'NXDOMAIN'?"),
        ("rcode 3", "unknown rcode 3", "3", None),
        ("ederror", COUNT + "'ederror'", "ederror", None),
        ("ederror 1 a b", COUNT + "'b'", "b", None),
        ("ederror x", EDERROR + 'x, strconv.ParseUint: parsing "x": invalid syntax', "x", None),
        ("ederror 65536",
         EDERROR + '65536, strconv.ParseUint: parsing "65536": value out of range', "65536", None),
        ("ederror -1 text",  # the last word is named (CoreDNS)
         EDERROR + 'text, strconv.ParseUint: parsing "-1": invalid syntax', "-1", None),
        ("var", COUNT + "'var'", "var", None),
        ("var x", COUNT + "'x'", "x", None),
        ("var 1x 1", 'invalid variable name "1x"', "1x", None),
        ("var a-b 1", 'invalid variable name "a-b"', "a-b", None),
        ("var len 1", 'variable name "len" is reserved', "len", None),
        ("var name 1", 'variable name "name" is reserved', "name", None),
        ("var group 1", 'variable name "group" is reserved', "group", None),
        ("var x nothing", "unknown name nothing (1:1)", "nothing", None),
        ("expr", COUNT + "'expr'", "expr", None),
        ("expr 1 +", "unexpected token EOF (1:3)", "+", None),
        ("expr nothing == 1", "unknown name nothing (1:1)", "nothing", None),
        ("expr name() == 5",
         "invalid operation: == (mismatched types string and int) (1:8)", "==", None),
        ("expr group()", "not enough arguments to call group (1:1)", "group()", None),
        ("anser x", COUNT + "'anser'", "anser", "did you mean 'answer'?"),
        ("zzz", COUNT + "'zzz'", "zzz", None),
    ],
)  # fmt: skip
def test_wrong_properties(line: str, message: str, word: str, hint: str | None) -> None:
    text = corefile_with(f"IN A {{\n{line}\n}}")
    assert refused(text) == (PARSING.format(3) + message, word)
    assert refusal(text).hint == hint


def test_a_variable_is_named_once() -> None:
    text = corefile_with("IN A {\nvar x 1\nvar x 2\n}")
    assert refused(text) == (PARSING.format(4) + 'variable name "x" is reserved', "x")


def test_a_variable_is_known_from_its_line_on() -> None:
    text = corefile_with("IN A {\nexpr x == 1\nvar x 1\n}")
    assert refused(text) == (PARSING.format(3) + "unknown name x (1:1)", "x")


def test_expressions_and_templates_are_bounded() -> None:
    text = corefile_with(f"IN A {{\nmatch {'a' * 10_001}\n}}")
    assert refusal(text).message == "regex pattern too long: 10001 > 10000"
    text = corefile_with(f"IN A {{\nanswer {'a' * 65_537}\n}}")
    assert refusal(text).message.endswith("template longer than 65536 characters")


@pytest.mark.parametrize(
    ("line", "notices"),
    [
        ("IN A", []),
        ("ANY ANY example.org", []),
        ("IN HTTPS {\n}", []),
        ("IN A {\nupstream\n}", ["upstream has no effect: aliases are always looked up"]),
        ("IN A {\nupstream 192.0.2.53\n}",
         ["upstream has no effect: aliases are always looked up"]),
        ("IN A {\nfallthrough a..b\n}",
         ["fallthrough names no valid zone and passes nothing on"]),
        ("IN A {\nexpr 1 + 1\n}", []),
    ],
)  # fmt: skip
def test_accepted(line: str, notices: list[str]) -> None:
    found = rules(line)
    assert len(found[0]) == 1
    assert [notice.message for notice in found[1]] == notices


def test_what_is_set() -> None:
    (first, second), notices = rules(
        "IN A example.org {\n"
        "match ^a ^b\nmatch ^c\n"
        'answer "{{ .Name }} A 192.0.2.1" "b. A 192.0.2.2"\nadditional "c. A 192.0.2.3"\n'
        "rcode NXDOMAIN\nederror 15 text\nfallthrough a.example.org\n"
        "}\ntemplate CH TXT"
    )
    assert not notices
    assert (first.qclass, first.qtype, list(first.zones)) == (1, 1, ["example.org."])
    assert [pattern.source for pattern in first.patterns] == ["^a", "^b", "^c"]
    sections = [list(map(str, first.templates(name))) for name in ("answer", "additional")]
    assert sections == [["{{.Name}} A 192.0.2.1", "b. A 192.0.2.2"], ["c. A 192.0.2.3"]]
    assert (first.rcode, first.option) == (3, b"\0\x0f\0\6\0\x0ftext")
    assert first.fallthrough.passes(b"\1a\7example\3org\0")
    assert not first.fallthrough.passes(b"\1b\7example\3org\0")
    assert (second.qclass, second.qtype) == (3, 16)
    assert list(second.zones) == ["example.org.", "example.net."]
    assert [pattern.source for pattern in second.patterns] == [".*"]
    assert not second.fallthrough.passes(b"\0")
