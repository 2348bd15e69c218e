"""Characters to words, by CoreDNS's rules.

* White space separates words; a carriage return outside quotes is dropped wherever it stands.
* A word that starts with `"` runs to the next unescaped `"`, also over lines; there only `\\"` is
  an escape. Without a closing quote the rest of the file is one word.
* `#` starts a comment. At the start of a word it lasts to the end of the line; inside a word only
  to the next white space (`a#b c` is `a` and `c`).
* Braces are special as whole words only, which is the parser's business.
"""

from __future__ import annotations

import re

from corepy.corefile.token import Source, Token

# Go's unicode.IsSpace without the carriage return; Python's \s also has \x1c-\x1f.
_SPACE = "\t\n\v\f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_GAP = re.compile(rf"(?:[{_SPACE}\r]+|#[^\n]*)*")
_WORD = re.compile(rf"[^{_SPACE}#]+")
_INNER_COMMENT = re.compile(rf"#[^{_SPACE}]*")
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)\\?("?)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def tokenize(source: Source) -> list[Token]:
    """All words of a file. Any text whatever has a reading: this never fails."""
    text = source.text.removeprefix("\ufeff")
    tokens: list[Token] = []
    at, line, line_start, last_line = 0, 1, 0, 0
    while True:
        start = _end(_GAP, text, at)
        if breaks := text.count("\n", at, start):
            line += breaks
            line_start = text.rindex("\n", at, start) + 1
        if start == len(text):
            return tokens
        quoted = text[start] == '"'
        word, stop, at = _quoted(text, start) if quoted else _plain(text, start)
        if word is None:
            return tokens
        column, first = start - line_start + 1, last_line < line
        tokens.append(Token(word, source, line, column, stop - start, quoted, first))
        if quoted and (breaks := text.count("\n", start, stop)):
            line += breaks
            line_start = text.rindex("\n", start, stop) + 1
        last_line = line


def _plain(text: str, start: int) -> tuple[str, int, int]:
    stop = _end(_WORD, text, start)
    word = text[start:stop]
    return word.replace("\r", ""), stop, _end(_INNER_COMMENT, text, stop)


def _quoted(text: str, start: int) -> tuple[str | None, int, int]:
    match = _QUOTED.match(text, start)
    assert match
    word, closing = match.groups()
    if not (word or closing):  # a lone quote at the end of the file
        return None, match.end(), match.end()
    if "\\" in word:
        word = _ESCAPE.sub(lambda escape: '"' if escape[1] == '"' else escape[0], word)
    return word, match.end(), match.end()


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at
