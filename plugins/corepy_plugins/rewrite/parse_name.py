"""`name` rules, with the answer rules that may follow them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corepy.corefile.token import Token
from corepy.lib import regex
from corepy.lib.suggest import hint as did_you_mean
from corepy_plugins.rewrite.answers import Owner, Value, again, kept
from corepy_plugins.rewrite.matching import MODES, Change, changer, expander, normalize
from corepy_plugins.rewrite.query import Query
from corepy_plugins.rewrite.rule import Action, Undo
from corepy_plugins.rewrite.words import Words, compiled

_HIGHEST_GROUP = 100


class _Answers(NamedTuple):
    """The answer rules behind a name rule."""

    auto: bool
    undos: list[Undo]


def name(words: Words) -> Action:
    """`[exact|prefix|suffix|substring|regex] FROM TO [answer ...]`."""
    if len(words) < 2:
        words.fail("too few arguments for a name rule")
    mode, rest = "exact", words
    if len(words) > 2:
        mode, rest = words[0].text.lower(), words.after(1)
    source, target = rest[0], rest[1]
    answers = _Answers(False, [])
    if len(words) > 3:
        answers = _answers(mode, rest.after(2))
    if mode not in MODES:
        hint = did_you_mean(mode, MODES)
        words.fail(
            "name rule supports only exact, prefix, suffix, substring, and regex name matching, "
            f"received: {mode}",
            words[0],
            hint,
        )
    if mode == "regex":
        return _rule(expander(_expression(words, source, target), normalize(target.text)), answers)
    old, new = normalize(source.text), normalize(target.text)
    if mode == "exact":
        return _exact(words, source, target, answers)
    if mode == "suffix" and answers.auto:
        whole = kept(changer("suffix", new, old))
        answers = _Answers(False, [Owner(whole), Value(whole), *answers.undos])
    return _rule(changer(mode, old, new), answers)


def _exact(words: Words, source: Token, target: Token, answers: _Answers) -> Action:
    old, new = normalize(source.text), normalize(target.text)
    # CoreDNS reads the new name as an expression too, only to complain.
    _expression(words, target._replace(text=new), source._replace(text=old))
    return _rule(changer("exact", old, new), answers._replace(auto=True))


def _rule(change: Change, answers: _Answers) -> Action:
    auto, undos = answers

    def apply(query: Query) -> Sequence[Undo] | None:
        old = query.name
        new = change(old)
        if new is None:
            return None
        query.rename(new)
        return [*again(new, old), *undos] if auto and query.legal else undos

    return apply


def _expression(words: Words, source: Token, target: Token) -> regex.Pattern:
    """The expression in `source`, with enough groups for `target`."""
    pattern = compiled(words, source, f"invalid regex matching pattern: {source.shown}")
    used = sum(f"{{{group}}}" in target.text for group in range(_HIGHEST_GROUP + 1))
    if used > len(pattern.names) - 1:
        words.fail(
            f"the rewrite regex pattern ({target.shown}) uses more subexpressions than its "
            f"corresponding matching regex pattern ({source.shown})",
            target,
        )
    return pattern


def _answers(mode: str, words: Words) -> _Answers:
    """`answer (auto | name FROM TO | value FROM TO) ...`; `answer` may be left out later on."""
    if len(words) < 2:
        words.fail(f"invalid arguments for {mode} rule")
    if words[0].text != "answer":
        words.fail(
            f"exceeded the number of arguments for a non-answer rule argument for {mode} rule",
            words[0],
        )
    auto, named, undos = False, False, list[Undo]()
    while words:
        if words[0].text == "answer":
            words = words.after(1)
        if not words:
            words.fail(f"type missing for answer rule for {mode} rule")
        kind = words[0].text
        if kind == "auto":
            auto, words = True, words.after(1)
            continue
        if kind not in ("name", "value"):
            hint = did_you_mean(kind, ("auto", "name", "value"))
            shown = words[0].shown
            words.fail(f'invalid type "{shown}" for answer rule for {mode} rule', words[0], hint)
        undos.append(_explicit(mode, kind, words.after(1)))
        named |= kind == "name"
        words = words.after(3)
    if auto and named:
        words.fail("auto name answer rule cannot be combined with explicit name anwer rules")
    return _Answers(auto, undos)


def _explicit(mode: str, kind: str, words: Words) -> Undo:
    """The rule of `name FROM TO` or `value FROM TO`."""
    words = words.about(f"{kind} answer rule for {mode} rule: ")
    if len(words) < 2:
        words.fail("2 arguments required")
    source, target = words[0], words[1]
    pattern = _expression(words, source, target)
    rename = kept(expander(pattern, normalize(target.text)))
    return Owner(rename) if kind == "name" else Value(rename)
