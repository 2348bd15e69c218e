"""A command line: words as a shell splits them, and the process that they start."""

from __future__ import annotations

import asyncio
import subprocess
import threading
import uuid
from collections.abc import Sequence
from contextlib import suppress
from signal import Signals, strsignal
from typing import Final

from corepy.errors import CorepyError

_SPACES: Final = " \t\r\n"
_PLAIN: Final = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-,/@$*()+=><:;&^%~|!?[]{}#"
)
BACKGROUND: Final = "&"


class CommandError(CorepyError):
    """A command that cannot be split into words, or that went wrong."""


class Command:
    """Words to run, the program first; a last `&` says that nobody waits for it."""

    def __init__(self, words: Sequence[str]) -> None:
        self.id = str(uuid.uuid4())
        self.waited = len(words) < 2 or words[-1] != BACKGROUND
        self.words = list(words if self.waited else words[:-1])

    @property
    def text(self) -> str:
        """As the log shows it."""
        program, *rest = self.words
        return f"{program} {' '.join(rest)}"

    async def run(self) -> None:
        """Run it with the server's own input and outputs, and wait for it if that is asked for.

        Raises `CommandError` if it does not start, or if it was waited for and failed. If the
        caller is cancelled the process goes on.
        """
        process = self._start()
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[int] = loop.create_future()

        def reap() -> None:
            status = process.wait()
            with suppress(RuntimeError):  # the loop may be closed by then
                loop.call_soon_threadsafe(_settle, ended, status)

        # No thread of an executor: the end of this process must not wait for that one.
        threading.Thread(target=reap, name="on", daemon=True).start()
        if self.waited and (status := await ended):
            raise CommandError(_outcome(status))

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(self.words)  # noqa: S603 - the operator's own
        except FileNotFoundError:
            program = self.words[0]
            if "/" in program:
                message = f"fork/exec {program}: no such file or directory"
            else:
                message = f'exec: "{program}": executable file not found in $PATH'
            raise CommandError(message) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise CommandError(f"fork/exec {self.words[0]}: {reason.lower()}") from None


def _settle(ended: asyncio.Future[int], status: int) -> None:
    if not ended.done():
        ended.set_result(status)


def _outcome(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    name = strsignal(-status) or Signals(-status).name
    return f"signal: {name.lower()}"


def split(line: str) -> list[str]:
    """Words with quotes, backslashes and comments taken as CoreDNS takes them.

    Raises `CommandError` for an open quote, and for characters that need quotes to be taken.
    """
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at] in _SPACES:
            at += 1
        elif line[at] == "#":
            end = line.find("\n", at)
            at = len(line) if end < 0 else end
        else:
            word, at = _word(line, at)
            words.append(word)
    return words


def _word(line: str, at: int) -> tuple[str, int]:
    """The word that begins at `at`, and where it ends."""
    word = ""
    while at < len(line) and line[at] not in _SPACES:
        letter = line[at]
        if letter == "'":
            end = line.find("'", at + 1)
            if end < 0:
                raise CommandError("EOF found when expecting closing quote.")
            word, at = word + line[at + 1 : end], end + 1
        elif letter == '"':
            quoted, at = _quoted(line, at + 1)
            word += quoted
        elif letter == "\\":
            word, at = word + _escaped(line, at + 1), at + 2
        elif letter in _PLAIN:
            word, at = word + letter, at + 1
        else:
            raise CommandError(f"Unknown rune: {ord(letter)}")
    return word, at


def _quoted(line: str, at: int) -> tuple[str, int]:
    """What stands between double quotes, and where the text goes on behind them."""
    text = ""
    while at < len(line):
        if line[at] == '"':
            return text, at + 1
        if line[at] == "\\":
            text, at = text + _escaped(line, at + 1), at + 2
        else:
            text, at = text + line[at], at + 1
    raise CommandError("EOF found when expecting closing quote.")


def _escaped(line: str, at: int) -> str:
    if at == len(line):
        raise CommandError("EOF found after escape character")
    return line[at]
