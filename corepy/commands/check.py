"""`corepy check`: is this Corefile right? No socket is opened, no file but the configuration read.

Exit status 0 if it would start as far as can be told without starting, 1 if not. Warnings do not
change the status.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from corepy.build import build
from corepy.config import Source
from corepy.corefile.report import as_json, render, render_notice
from corepy.corefile.tree import Notice
from corepy.errors import ConfigError, ConfigErrors, CorepyError
from corepy.host import Host
from corepy.registry import Registry


def parser() -> argparse.ArgumentParser:
    """The flags of this verb."""
    made = argparse.ArgumentParser(
        prog="corepy check",
        description="Read a Corefile and report every mistake with its place, without serving.",
        allow_abbrev=False,
    )
    made.add_argument("-conf", "--conf", default="", metavar="FILE", help="Corefile to check")
    made.add_argument(
        "-dns.port", "--dns.port", "-p", dest="port", type=int, default=53, metavar="PORT",
        help="port of plain DNS where a server block names none",
    )  # fmt: skip
    made.add_argument(
        "-plugin-path", "--plugin-path", action="append", default=[], type=Path, metavar="DIR",
        help="folder with plugins as single files",
    )  # fmt: skip
    made.add_argument(
        "-format", "--format", choices=("text", "json"), default="text",
        help="json: a list of {file, line, column, message, hint, level}",
    )  # fmt: skip
    return made


def run(args: Sequence[str]) -> int:
    """Check, print, and return the exit status."""
    options = parser().parse_args(args)
    notices: list[Notice] = []
    failure: ConfigErrors | None = None
    try:
        registry = Registry(options.plugin_path)
        source = Source(options.conf)
        notices = build(source.load(registry, options.port), registry, Host()).notices
    except ConfigErrors as errors:
        failure = errors
    except ConfigError as error:
        failure = ConfigErrors([error])
    except CorepyError as error:
        failure = ConfigErrors([ConfigError(str(error))])
    if options.format == "json":
        print(_as_json(failure, notices))
    else:
        for notice in notices:
            print("warning:", render_notice(notice))
        print(render(failure) if failure else f"{options.conf or 'Corefile'}: ok")
    return 1 if failure else 0


def _as_json(failure: ConfigErrors | None, notices: Sequence[Notice]) -> str:
    rows = [{**row, "level": "error"} for row in json.loads(as_json(failure))] if failure else []
    for notice in notices:
        as_error = ConfigError(notice.message, notice.span, notice.hint)
        rows += [{**row, "level": "warning"} for row in json.loads(as_json(as_error))]
    return json.dumps(rows, ensure_ascii=False, indent=2)
