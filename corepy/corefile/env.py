"""Environment variables in words: `{%NAME%}` and `{$NAME}`, empty when unset, no defaults."""

from __future__ import annotations

from collections.abc import Mapping

from corepy.corefile.token import legible

# A value may itself name variables. CoreDNS hangs on one that names itself; here it stays as it is.
_ROUNDS = 100


def substitute(text: str, environ: Mapping[str, str]) -> str:
    """`text` with every reference replaced; unterminated and nameless ones are left alone."""
    if "{" not in text:
        return text
    return _replace(_replace(text, "{%", "%}", environ), "{$", "}", environ)


def _replace(text: str, opening: str, closing: str, environ: Mapping[str, str]) -> str:
    for _ in range(_ROUNDS):
        start = text.find(opening)
        end = text.find(closing, start) if start >= 0 else -1
        if end <= start + len(opening):
            break
        reference = text[start : end + len(closing)]
        name = reference[len(opening) : -len(closing)]
        text = text.replace(reference, legible(environ.get(name, "")))
    return text
