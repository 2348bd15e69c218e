"""*root* sets where the relative paths of other plugins start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from corepy import Controller, Directive
from corepy.corefile.faults import SetupError, argument_error
from corepy.errors import ConfigErrors


class Root:
    """Looks at the start whether the folder is there; the chain never sees it."""

    def __init__(self, c: Controller, path: Path) -> None:
        self._c = c
        self.path = path

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Warn if there is no such folder yet; raise `ConfigErrors` if it cannot be looked at."""
        try:
            self.path.stat()
        except FileNotFoundError:
            self._c.log.warning("Root path does not exist: %s", self.path)
        except OSError as error:
            raise self._refused(error) from error
        yield

    def _refused(self, error: OSError) -> ConfigErrors:
        reason = f"stat {self.path}: {(error.strerror or str(error)).lower()}"
        message = f"unable to access root path '{self.path}': {reason}"
        fault = self._c.error(message, self._c.directives[-1].args[-1])
        return ConfigErrors([SetupError(self._c.name, fault)])


def setup(c: Controller) -> Root:
    """`root PATH`; the last one in a block counts."""
    for directive in c.directives:
        _pairs(c, directive)
    path = Path(c.directives[-1].args[-1].text)
    c.block.config.root = path
    return Root(c, path)


def _pairs(c: Controller, directive: Directive) -> None:
    """CoreDNS takes every second word for the directive's name again, whatever it is."""
    words = directive.count(1)
    if len(words) % 2 == 0:
        raise argument_error(words[-1].shown, words[-1].span)
    if directive.brace:
        raise argument_error("", directive.brace.span, brace=True)
    if len(words) > 1:
        c.warn(f"of these words only '{words[-1].shown}' counts", words[-1])
