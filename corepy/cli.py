"""The `corepy` command: CoreDNS's flags in Go's style, and our own verbs.

corepy -conf Corefile -dns.port 1053
corepy check -conf Corefile
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from corepy import banner, commands
from corepy.errors import CorepyError


class Flag(NamedTuple):
    """One flag: whether it takes a value, and what it is for."""

    value: str
    help: str


FLAGS = {
    "conf": Flag("FILE", 'Corefile to load, "stdin" for standard input (default "Corefile")'),
    "dns.port": Flag("PORT", "port of plain DNS where a server block names none (default 53)"),
    "p": Flag("PORT", "the same as -dns.port"),
    "pidfile": Flag("FILE", "write the process id to this file"),
    "plugins": Flag("", "list the plugins in chain order, and where each comes from"),
    "plugin-path": Flag("DIR", "folder with plugins as single files; may be repeated"),
    "quiet": Flag("", "do not print the banner"),
    "workers": Flag("N", "processes that serve (default what *multisocket* says, else 1)"),
    "log-format": Flag("FORMAT", "text or json (default text)"),
    "version": Flag("", "print the version"),
    "help": Flag("", "print this"),
}
"""Every flag of the server; the documentation is tested against this table."""


MOST_WORKERS = 256
"""Each is a whole Python: far more than this is a slip of the pen."""


class UsageError(Exception):
    """A command line that cannot be read."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args and args[0] in commands.VERBS:
        return commands.run(args[0], args[1:])
    try:
        flags, rest = parse(args)
    except UsageError as error:
        print(error, file=sys.stderr)
        print(usage(), end="", file=sys.stderr)
        return 2
    if rest:
        print(f"extra command line arguments: [{' '.join(rest)}]", file=sys.stderr)
        return 1
    try:
        return _act(flags)
    except CorepyError as error:
        from corepy.runtime import explain  # noqa: PLC0415

        print(explain(error), file=sys.stderr)
        return 1


def parse(args: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Flags with their values, in Go's style, and the words behind them.

    `-x v`, `-x=v`, `--x v`, `--x=v`; a flag without value is on by `-x` or `-x=true`. The first
    word that is no flag, or `--`, ends the flags. Raises `UsageError`.
    """
    found: dict[str, list[str]] = {}
    rest = list(args)
    while rest:
        word = rest[0]
        if word == "--":
            return found, rest[1:]
        if len(word) < 2 or word[0] != "-":
            return found, rest
        rest.pop(0)
        name, equals, value = word.removeprefix("-").removeprefix("-").partition("=")
        if not name or name.startswith(("-", "=")):
            raise UsageError(f"bad flag syntax: {word}")
        name = "help" if name == "h" else name
        if name not in FLAGS:
            raise UsageError(f"flag provided but not defined: -{name}")
        if not FLAGS[name].value:
            value = value if equals else "true"
            if value not in _BOOLEANS:
                raise UsageError(f'invalid boolean value "{value}" for -{name}: parse error')
            found[name] = ["true"] if _BOOLEANS[value] else []
            continue
        if not equals:
            if not rest:
                raise UsageError(f"flag needs an argument: -{name}")
            value = rest.pop(0)
        found.setdefault(name, []).append(value)
    return found, rest


_BOOLEANS = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}


def usage() -> str:
    """The text of -help."""
    rows = ["Usage of corepy:", "  corepy [flags]", "  corepy VERB [flags]", ""]
    rows += [
        f"  -{name} {flag.value}".rstrip() + f"\n        {flag.help}"
        for name, flag in FLAGS.items()
    ]
    rows += ["", "Verbs (corepy VERB -help tells more):"]
    rows += [f"  {name:<8} {verb.help}" for name, verb in commands.VERBS.items()]
    return "\n".join(rows) + "\n"


def port_of(flags: dict[str, list[str]]) -> int:
    """The default port; raises `CorepyError`."""
    text = _last(flags, "dns.port", _last(flags, "p", "53"))
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise CorepyError(f'invalid port "{text}": -dns.port wants a number from 0 to 65535')
    return int(text)


def workers_of(flags: dict[str, list[str]]) -> int | None:
    """The number of processes, None if it is not said; raises `CorepyError`."""
    text = _last(flags, "workers", "")
    if not text and "workers" not in flags:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_WORKERS):
        raise CorepyError(f'invalid -workers "{text}": a number from 1 to {MOST_WORKERS}')
    return int(text)


def _last(flags: dict[str, list[str]], name: str, default: str) -> str:
    """A flag that is given twice counts as it was given last, as in Go."""
    return flags.get(name, [default])[-1]


def _act(flags: dict[str, list[str]]) -> int:
    if flags.get("help"):
        print(usage(), end="")
        return 0
    if flags.get("version"):
        print("\n".join(banner.lines()))
        return 0
    paths = [Path(path) for path in flags.get("plugin-path", [])]
    if flags.get("plugins"):
        from corepy.registry import Registry  # noqa: PLC0415 - only this flag needs it here

        print(Registry(paths).listing())
        return 0
    log_format = _last(flags, "log-format", "text")
    if log_format not in ("text", "json"):
        raise CorepyError(f'invalid -log-format "{log_format}": text or json')
    from corepy.config import Source  # noqa: PLC0415 - quick answers above need none of it
    from corepy.process import Options, serve  # noqa: PLC0415

    options = Options(
        port=port_of(flags),
        pidfile=_last(flags, "pidfile", ""),
        quiet=bool(flags.get("quiet")),
        log_format=log_format,
        plugin_path=paths,
        workers=workers_of(flags),
    )
    return serve(options, Source(_last(flags, "conf", "")))
