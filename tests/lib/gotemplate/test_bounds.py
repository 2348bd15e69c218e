"""A run of a template fails with `ExecutionError` only, and never uses more than its bounds.

What is looked at is what was counted, never how long it took.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corepy.lib.gotemplate import ExecutionError, Template, TemplateError, run
from corepy.lib.gotemplate.build import Program
from corepy.lib.gotemplate.parse import LONGEST, parse
from corepy.lib.gotemplate.pipelines import DEEPEST

DATA: dict[str, Any] = {"Name": "é.test.", "Match": ["whole", "one", "two"], "Group": {"x": "1"}}


class Watched(run.Run):
    """A run that is kept, so that what it used can be looked at."""

    runs: list[Watched] = []  # noqa: RUF012 - emptied by the fixture

    def __init__(self, slots: int, data: object) -> None:
        super().__init__(slots, data)
        self.text = 0
        self.runs.append(self)

    def make(self, size: int) -> None:
        super().make(size)
        self.text += size


@pytest.fixture(name="watched")
def _watched(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    Watched.runs = []
    monkeypatch.setattr("corepy.lib.gotemplate.Run", Watched)
    return Watched.runs


@pytest.mark.parametrize(
    "text",
    [
        "{{ $x := `aaaaaaaa` }}{{ range 200 }}{{ $x = printf `%s%s` $x $x }}{{ end }}",
        "{{ $x := `aaaaaaaa` }}{{ range 200 }}{{ $x = print $x $x }}{{ end }}",
        "{{ $x := `aaaaaaaa` }}{{ range 200 }}{{ $x = println $x $x }}{{ end }}",
        "{{ $x := `<<<<<<<<` }}{{ range 200 }}{{ $x = html $x $x }}{{ end }}",
        "{{ $x := `<<<<<<<<` }}{{ range 200 }}{{ $x = js $x $x }}{{ end }}",
        "{{ $x := `<<<<<<<<` }}{{ range 200 }}{{ $x = urlquery $x $x }}{{ end }}",
        "{{ $x := `aaaaaaaa` }}{{ range 200 }}{{ $x = printf `%q%[1]x` $x }}{{ end }}",
        "{{ $x := printf `%999d` 1 }}{{ range 20000 }}{{ $y := slice $x 1 }}{{ end }}",
        "{{ range 20000 }}{{ $y := printf `%999999d` 1 }}{{ end }}",
        "{{ range 20000 }}{{ $y := printf `%.*f` 999999 1.5 }}{{ end }}",
        "{{ printf `%999d` .Match }}{{ printf `%999999q` .Match }}",
    ],
)
def test_text_that_is_too_long_is_not_made(watched: list[Watched], text: str) -> None:
    with pytest.raises(ExecutionError, match=r": more than 262144 characters of text$"):
        Template("main", text).execute(DATA)
    # The last text may be made before it is paid for; these at most sextuple what they are given.
    assert watched[0].text <= 7 * run.MOST_TEXT


LONG = '"' + "a" * 60_000 + '"'


@pytest.mark.parametrize(
    "text",
    [
        "{{ range 100000000 }}" + "{{ $y := printf `%s` `a` }}" * 2000 + "{{ end }}",
        "{{ range 100000000 }}{{ end }}",
        "{{ range 100000000 }}{{ continue }}{{ end }}",
        "{{ range 100000000 }}{{ range $.Match }}{{ break }}{{ end }}{{ end }}",
        "{{ range 100000000 }}{{ range $.Group }}{{ break }}{{ end }}{{ end }}",
        "{{ range 100000000 }}{{ if 0 }}" + "{{ else if 0 }}" * 3000 + "{{ end }}{{ end }}",
        "{{ range 100000000 }}{{ $x := not 1" + " | not" * 5000 + " }}{{ end }}",
        "{{ range 100000000 }}{{ $x := and " + "1 " * 5000 + " }}{{ end }}",
        "{{ range 100000000 }}{{ $x := printf `" + "%.0d" * 999 + "` 0 }}{{ end }}",
        f"{{{{ $f := {LONG} }}}}{{{{ range 100000000 }}}}{{{{ $y := len $f }}}}{{{{ end }}}}",
        f"{{{{ $f := {LONG} }}}}{{{{ range 100000000 }}}}{{{{ $y := index $f 1 }}}}{{{{ end }}}}",
        f"{{{{ $f := {LONG} }}}}{{{{ range 100000000 }}}}{{{{ $y := eq $f `b` }}}}{{{{ end }}}}",
        "{{ define `a` }}{{ end }}{{ range 100000000 }}{{ template `a` }}{{ end }}",
        "{{ define `a` }}{{ if . }}" + "{{ $x := 1 }}" * 4000 + "{{ end }}{{ end }}"
        "{{ range 100000000 }}{{ template `a` }}{{ end }}",
        "".join(
            f"{{{{ define `{one}` }}}}{f'{{{{ template `{one + 1}` }}}}' * 2}{{{{ end }}}}"
            for one in range(50)
        )
        + "{{ define `50` }}{{ end }}{{ template `0` }}",
    ],
)
def test_what_would_take_too_long_is_given_up(watched: list[Watched], text: str) -> None:
    with pytest.raises(ExecutionError, match=r": more than 50000 steps$"):
        Template("main", text).execute(DATA)
    assert -run.MOST_STEPS < watched[0].steps < 0


def test_the_message_has_the_place() -> None:
    text = "a\n {{ range 100000000 }}{{ .Name }}{{ end }}"
    place = r'^template: main:2:10: executing "main" at <100000000>: more than 50000 steps$'
    with pytest.raises(ExecutionError, match=place):
        Template("main", text.replace(".Name", "$.Name | len | not")).execute(DATA)


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "{{ if 1 }}" * 3000 + "{{ end }}" * 3000,
        "{{ range 1 }}{{ with 1 }}" * 1500 + "{{ end }}" * 3000,
        "{{ block `a` 1 }}" * 2000 + "{{ end }}" * 2000,
    ],
)
def test_what_is_too_deep_is_no_template(text: str) -> None:
    with pytest.raises(TemplateError, match=r"^template: main:1: max expression depth exceeded$"):
        Template("main", text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ " + "(" * DEEPEST + "print 1" + ")" * DEEPEST + " }}",
        "{{ if 1 }}" * DEEPEST + "1" + "{{ end }}" * DEEPEST,
        "{{ if 0 }}" + "{{ else if 0 }}" * 3000 + "{{ else }}1{{ end }}",
        "{{ 1" + " | print" * 2000 + " }}",
    ],
)
def test_what_is_not_too_deep(text: str) -> None:
    assert Template("main", text).execute(DATA) == "1"


@pytest.mark.parametrize("levels", [1, DEEPEST - 2])
def test_templates_call_each_other_so_deep_only(levels: int) -> None:
    inner = "{{ if 1 }}" * levels + "{{ template `a` }}" + "{{ end }}" * levels
    text = f"{{{{ define `a` }}}}{inner}{{{{ end }}}}{{{{ template `a` }}}}"
    reason = r'<{{template "a"}}>: exceeded maximum template depth \(200\)$'
    with pytest.raises(ExecutionError, match=reason):
        Template("main", text).execute(DATA)


def test_python_s_own_limit_is_an_error_of_the_template() -> None:
    template = Template("main", "{{ " + "(" * DEEPEST + "1" + ")" * DEEPEST + " }}")

    def deeper(left: int) -> str:
        return deeper(left - 1) if left else template.execute(DATA)

    used = len(list(_frames()))
    with pytest.raises(ExecutionError, match="too many calls within each other"):
        deeper(sys.getrecursionlimit() - used - 50)


def _frames() -> Any:
    frame: Any = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def test_a_template_has_a_length() -> None:
    with pytest.raises(TemplateError, match=r"template longer than 65536 characters$"):
        parse("main", "a" * (LONGEST + 1), ())


NAMES = st.sampled_from(["$x", "$y", ".Name", ".Match", ".Group", ".Nope", "$", ".", "nil"])
NUMBERS = st.one_of(
    st.integers(-(10**25), 10**25).map(str),
    st.integers(0, 20).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(str),
    st.sampled_from(["0x_ff", "017", "0b1", "1e999", "1e-999", "0x1p-2", "1i", "0xD800", "55296",
                     "'\\ud800'", "'a'", "1114112"]),
    st.sampled_from(["9", "0", "0xf"]).map(lambda digit: digit + digit[-1] * 5000),
)  # fmt: skip
STRINGS = st.one_of(
    st.text(st.characters(exclude_characters="`\r"), max_size=9).map(lambda text: f"`{text}`"),
    st.sampled_from(['"\\xff"', '"\\ud7ff"', '"\\u00e9"', '"\\377"', '"\\U0010ffff"', "`\udcff`"]),
)
FORMATS = st.lists(
    st.tuples(
        st.sampled_from(["%", "%+", "%#", "%0", "%-", "% ", "%[1]", "%[2]", "%[9]"]),
        st.sampled_from(["", "5", "*", "300", "999999", "99999999", "[2]*"]),
        st.sampled_from(["", ".", ".2", ".*", ".999999"]),
        st.sampled_from([*"vdsqxXcUtTbeEgGoOpw%é", ""]),
    ).map("".join),
    max_size=4,
).map(lambda verbs: f"`{''.join(verbs)}`")
OPERANDS = st.one_of(NAMES, NUMBERS, STRINGS)
CALLS = st.one_of(
    st.tuples(
        st.sampled_from(["print", "println", "html", "js", "urlquery", "eq", "lt", "le", "len",
                         "index", "slice", "and", "or", "not", "call"]),
        st.lists(OPERANDS, max_size=3).map(" ".join),
    ).map(" ".join),
    st.tuples(FORMATS, st.lists(OPERANDS, max_size=3).map(" ".join)).map(
        lambda parts: f"printf {parts[0]} {parts[1]}"
    ),
    OPERANDS,
)  # fmt: skip
PIPES = st.one_of(
    CALLS,
    st.tuples(CALLS, CALLS).map(" | ".join),
    st.tuples(CALLS, st.integers(1, 80)).map(lambda p: "(" * p[1] + p[0] + ")" * p[1]),
)


def _several(text: str, times: int) -> str:
    return text * min(times, 1 + 100_000 // (len(text) + 1))


DOUBLINGS = st.sampled_from(
    ["{{ $x = print $x $x }}", "{{ $x = printf `%s%[1]s%[1]q` $x }}", "{{ $x = html $x `<>` $x }}",
     "{{ $x = js $x $x }}", "{{ $x = urlquery $x `é` $x }}", "{{ $x = println $x $x }}"]
)  # fmt: skip
ACTIONS = st.one_of(
    PIPES.map(lambda pipe: f"{{{{ {pipe} }}}}"),
    PIPES.map(lambda pipe: f"{{{{ $y := {pipe} }}}}"),
    PIPES.map(lambda pipe: f"{{{{ $x = {pipe} }}}}"),
    DOUBLINGS,
    st.tuples(DOUBLINGS, st.integers(1, 900)).map(lambda parts: parts[0] * parts[1]),
    st.sampled_from(
        ["{{ template `t` . }}", "{{ template `u` }}", "{{ break }}", "{{ continue }}"]
    ),
)
BODIES = st.recursive(
    ACTIONS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map("".join),
        st.tuples(inner, st.integers(1, 500)).map(lambda parts: _several(*parts)),
        st.tuples(st.sampled_from(["if", "with", "range"]), PIPES, inner, inner).map(
            lambda p: f"{{{{ {p[0]} {p[1]} }}}}{p[2]}{{{{ else }}}}{p[3]}{{{{ end }}}}"
        ),
        st.tuples(st.sampled_from([3, 200, 10**8, 10**18]), inner).map(
            lambda p: f"{{{{ range $i := {p[0]} }}}}{p[1]}{{{{ end }}}}"
        ),
        st.tuples(inner, st.integers(1, 80)).map(
            lambda p: "{{ if 1 }}" * p[1] + p[0] + "{{ end }}" * p[1]
        ),
    ),
    max_leaves=8,
)
TEMPLATES = st.tuples(BODIES, BODIES, BODIES).map(
    lambda p: (
        f"{{{{ define `t` }}}}{{{{ $x := `a` }}}}{p[0]}{{{{ end }}}}"
        f"{{{{ define `u` }}}}{{{{ $x := 1 }}}}{p[1]}{{{{ end }}}}{{{{ $x := `<` }}}}{p[2]}"
    )
)


@settings(max_examples=150, deadline=None)
@given(TEMPLATES)
def test_any_template_stays_within_its_bounds(text: str) -> None:
    try:
        template = Template("main", text)
    except TemplateError:
        return
    spent = _spent(template)
    assert spent.text <= 7 * run.MOST_TEXT
    assert spent.steps > -2 * run.MOST_STEPS
    assert spent.depth <= run.DEEPEST
    "".join(spent.out).encode("utf-8", "surrogateescape")


def _spent(template: Template) -> Watched:
    program: Program = template._program
    state = Watched(program.slots, DATA)
    Watched.runs = []
    try:
        program.execute(state, DATA)
    except ExecutionError as error:
        str(error).encode("utf-8", "surrogateescape")
    return state
