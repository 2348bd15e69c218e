"""Configuration errors for humans (CoreDNS's line, the place, a caret, a hint) and for tools."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator

from corepy.corefile.faults import BareError, SetupError
from corepy.corefile.layout import SECRETS
from corepy.corefile.lexer import tokenize
from corepy.corefile.token import Source, Span
from corepy.corefile.tree import Notice
from corepy.errors import ConfigError, ConfigErrors

_PLACED = re.compile(r"\S.*:\d+ - ")
_WIDEST = 160  # characters of a source line that are shown


def headline(error: ConfigError, mask: Collection[Span] = ()) -> str:
    """The one line CoreDNS prints for this mistake."""
    bare = isinstance(error, BareError) or (isinstance(error, SetupError) and error.bare)
    plugin = ""
    if isinstance(error, SetupError) and not error.nameless:
        plugin = f"plugin/{error.plugin}: "
    place, kind = "", ""
    if error.span and not bare and not _PLACED.match(error.message):
        place = f"{error.span.file}:{error.span.line} - "
        kind = "" if error.message.startswith("Syntax error: ") else "Error during parsing: "
    return plugin + place + kind + _without(error.message, error.span, mask)


def render(error: ConfigError | ConfigErrors, mask: Collection[Span] = ()) -> str:
    """Several lines for each mistake, an empty line between two; `mask`ed words show as `***`."""
    errors = error.errors if isinstance(error, ConfigErrors) else (error,)
    return "\n\n".join("\n".join(_paragraph(one, mask)) for one in errors)


def render_notice(notice: Notice, mask: Collection[Span] = ()) -> str:
    """A warning in the same form."""
    lines = [_without(notice.message, notice.span, mask), *_excerpt(notice.span, mask)]
    return "\n".join([*lines, *_hint(notice.hint, notice.span, mask)])


def as_json(error: ConfigError | ConfigErrors, mask: Collection[Span] = ()) -> str:
    """A list of `{file, line, column, message, hint}`; null where there is none."""
    errors = error.errors if isinstance(error, ConfigErrors) else (error,)
    return json.dumps([_record(one, mask) for one in errors], ensure_ascii=False, indent=2)


def secrets(span: Span) -> list[Span]:
    """The words on the span's line that must never be printed, by the name the line begins with."""
    spans: list[Span] = []
    head, index = "", 0
    for token in tokenize(Source("", span.source_line)):
        if token.text in SECRETS:
            head, index = token.text, -1
        if index >= SECRETS.get(head, index + 1):
            spans.append(Span(span.file, span.line, token.column, token.length, span.source))
        index += 1
    return spans


def _record(error: ConfigError, mask: Collection[Span]) -> dict[str, str | int | None]:
    span = error.span
    plugin = ""
    if isinstance(error, SetupError) and not error.nameless:
        plugin = f"plugin/{error.plugin}: "
    return {
        "file": span.file if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "message": plugin + _without(error.message, span, mask),
        "hint": _without(error.hint, span, mask) if error.hint else None,
    }


def _paragraph(error: ConfigError, mask: Collection[Span]) -> Iterator[str]:
    yield headline(error, mask)
    yield from _excerpt(error.span, mask)
    yield from _hint(error.hint, error.span, mask)


def _hint(hint: str | None, span: Span | None, mask: Collection[Span]) -> Iterator[str]:
    if hint:
        yield f"  hint: {_without(hint, span, mask)}"


def _excerpt(span: Span | None, mask: Collection[Span]) -> Iterator[str]:
    """The place, the source line and a caret line under the word."""
    if span is None:
        return
    yield f"  --> {span.file}:{span.line}:{span.column}"
    text = span.source_line
    if not text:
        return
    start, stop = span.column - 1, min(len(text), span.column - 1 + span.length)
    for hidden in sorted(_hidden(span, mask), key=lambda one: -one.column):
        left, right = hidden.column - 1, hidden.column - 1 + hidden.length
        text = text[:left] + "***" + text[right:]
        if right <= start:
            start, stop = start + left + 3 - right, stop + left + 3 - right
        elif left < stop:
            start, stop = left, left + 3
    before = text[max(0, start - _WIDEST) : start]
    indent = re.sub(r"[^\t]", " ", before)
    yield f"  | {before}{text[start:stop]}{text[stop : stop + _WIDEST]}"
    yield f"  | {indent}{'^' * max(1, stop - start)}"


def _hidden(span: Span, mask: Collection[Span]) -> Iterable[Span]:
    """All secret spans of the span's line; the ones found by name are always among them."""
    same_line = [one for one in mask if (one.file, one.line) == (span.file, span.line)]
    return dict.fromkeys([*same_line, *secrets(span)])


def _without(text: str, span: Span | None, mask: Collection[Span]) -> str:
    """A message that does not repeat a secret of its own line."""
    if span is None:
        return text
    line = span.source_line
    for hidden in _hidden(span, mask):
        word = line[hidden.column - 1 :][: hidden.length]
        for form in (word, word.strip('"')):
            if form and form not in ("{", "}"):
                text = text.replace(form, "***")
    return text
