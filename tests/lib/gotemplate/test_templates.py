"""What templates put out, as Go's text/template does it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corepy.lib.gotemplate import ExecutionError, Template, TemplateError

DATA: dict[str, Any] = {"Name": "a.test.", "Match": ["whole", "one", "two"], "Group": {"x": "1"}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{{ .Name }}", "a.test."),
        ("a {{- .Name -}} b", "aa.test.b"),
        ("{{/* nothing */}}x", "x"),
        ("{{ index .Match 1 }}-{{ index .Group `x` }}", "one-1"),
        ("{{ if eq .Name `a.test.` }}yes{{ else }}no{{ end }}", "yes"),
        ("{{ if false }}a{{ else if true }}b{{ else }}c{{ end }}", "b"),
        ("{{ range $i, $v := .Match }}{{ $i }}{{ $v }} {{ end }}", "0whole 1one 2two "),
        ("{{ range .Match }}{{ if eq . `one` }}{{ break }}{{ end }}{{ . }}{{ end }}", "whole"),
        (
            "{{ range .Match }}{{ if eq . `one` }}{{ continue }}{{ end }}{{ . }} {{ end }}",
            "whole two ",
        ),
        ("{{ with .Name }}<{{ . }}>{{ else }}none{{ end }}", "<a.test.>"),
        ("{{ with `` }}some{{ else }}none{{ end }}", "none"),
        ("{{ $x := 1 }}{{ $x = 2 }}{{ $x }}", "2"),
        ("{{ define `t` }}[{{ . }}]{{ end }}{{ template `t` .Name }}", "[a.test.]"),
        ("{{ block `b` 7 }}<{{ . }}>{{ end }}", "<7>"),
        ("{{ .Name | len }}", "7"),
        ("{{ slice .Name 0 1 }}", "a"),
        ("{{ printf `%s %d %q %v %05d %x` `a` 7 `b` true 42 255 }}", 'a 7 "b" true 00042 ff'),
        ("{{ printf `%d` `hi` }}", "%!d(string=hi)"),
        ("{{ and 1 0 }}{{ or 0 2 }}{{ not 0 }}", "02true"),
        ("{{ lt 1 2 }}{{ le 2 2 }}{{ gt 1 2 }}{{ ge 2 1 }}{{ ne 1 2 }}", "truetruefalsetruetrue"),
        ("{{ html `<a>` }}{{ urlquery `a b` }}", "&lt;a&gt;a+b"),
        ("{{ 0x_1F }} {{ 1. }} {{ 'a' }}", "31 1 97"),
    ],
)
def test_output(text: str, expected: str) -> None:
    assert Template("main", text).execute(DATA) == expected


@pytest.mark.parametrize(
    "text",
    ["{{", "{{ .Name", "{{ if }}", "{{ end }}", "{{ nothing }}", "{{ $x }}", "{{ range }}{{ end }}",
     "{{ if true }}", "{{ `a }}", "{{ break }}", "{{ 1 | 2 }}"],
)  # fmt: skip
def test_what_is_no_template(text: str) -> None:
    with pytest.raises(TemplateError, match=r"^template: main:1: "):
        Template("main", text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ index .Match 9 }}",
        "{{ template `none` }}",
        "{{ define `t` }}{{ template `t` . }}{{ end }}{{ template `t` . }}",
        "{{ lt 1 `a` }}",
        "{{ slice .Name 5 1 }}",
        "{{ call .Name }}",
        "{{ .Name | call }}",
        "{{ 1 | call }}",
    ],
)
def test_what_fails_when_it_runs(text: str) -> None:
    with pytest.raises(ExecutionError):
        Template("main", text).execute(DATA)


def test_the_output_is_bounded() -> None:
    text = "{{ define `t` }}" + "x" * 9000 + "{{ end }}" + "{{ template `t` }}" * 30
    with pytest.raises(ExecutionError):
        Template("main", text).execute(DATA)


FRAGMENTS = st.sampled_from(
    ["{{", "}}", "{{ .Name }}", "{{ range .Match }}", "{{ end }}", "{{ if .Name }}", "{{ else }}",
     "{{ $x := . }}", "{{ $x }}", "{{ template `t` . }}", "{{ define `t` }}", "{{ break }}", "(",
     ")", "{{ printf `%*d %s %[1]q` 5 . }}", "{{ index . 0 }}", "|", "`", '"', "{{- ", " -}}",
     "len", "é"]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=12))
def test_nothing_else_happens(parts: list[str]) -> None:
    with suppress(TemplateError, ExecutionError):
        assert isinstance(Template("main", "".join(parts)).execute(DATA), str)
