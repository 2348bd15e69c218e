"""Where the configuration comes from: a file, standard input, or the built-in default."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from corepy.corefile import Corefile, load
from corepy.errors import CorepyError
from corepy.registry import Registry

DEFAULT_FILE = "Corefile"
STDIN = "stdin"
_FLAG = "loading Caddyfile via flag: "


class Source:
    """The configuration's text, read anew each time it is loaded.

    `conf` is what `-conf` says: a path, `stdin`, or empty for `Corefile` in the working directory
    and the built-in default where there is none. `stdin` is what standard input has said, once
    that was read.
    """

    def __init__(self, conf: str, stdin: str | None = None) -> None:
        self.conf = conf
        self.name = conf or DEFAULT_FILE
        self.stdin = stdin

    def load(self, registry: Registry, port: int) -> Corefile:
        """Read and parse; raises `ConfigErrors`, or `CorepyError` if there is nothing to read."""
        corefile = self._parse(self._text(), registry, port)
        return corefile if corefile.blocks else self._parse(self.default(port), registry, port)

    def unreadable(self) -> str:
        """Why there is nothing to read, empty if there is something."""
        try:
            self._text()
        except CorepyError as error:
            return str(error).removeprefix(_FLAG)
        return ""

    @staticmethod
    def default(port: int) -> str:
        """What is served without a configuration, as CoreDNS does."""
        return f".:{port} {{\nwhoami\nlog\n}}\n"

    def _parse(self, text: str, registry: Registry, port: int) -> Corefile:
        return load(
            text,
            self.name,
            known=registry.known,
            environ=os.environ,
            port=port,
            names=(name for name in registry.names()),  # looked up only to suggest one
        )

    def _text(self) -> str:
        if self.conf == STDIN:
            if self.stdin is None:
                # It can be read once: what came then is what there is.
                self.stdin = sys.stdin.read()
            return self.stdin
        try:
            return Path(self.name).read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            if not self.conf:
                return ""
            error = "no such file or directory"
        except OSError as fault:
            error = (fault.strerror or str(fault)).lower()
        raise CorepyError(f"{_FLAG}open {self.conf}: {error}")
