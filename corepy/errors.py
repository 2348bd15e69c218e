"""Every error corepy raises on purpose, split by whose fault it is.

* `ConfigError`: the operator's Corefile. Always says where, when there is a where.
* `WireError`: bytes from a stranger that are not DNS. Carries the rcode an answer should have.
* `UpstreamError`: another server did not do its part.
* `PluginError`: a plugin broke a contract of the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from corepy.corefile.token import Span


class CorepyError(Exception):
    """The root of all errors raised on purpose."""


class ConfigError(CorepyError):
    """One mistake in a configuration: CoreDNS's message, the place, and what would mend it.

    `message` is one line without the place; `corepy.corefile.report` renders the whole with
    file, line, column, source line and caret.
    """

    def __init__(self, message: str, span: Span | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint


class ConfigErrors(CorepyError):  # noqa: N818 - many errors, one exception
    """All mistakes found in one reading of a configuration, in the order of the file."""

    def __init__(self, errors: Sequence[ConfigError]) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = tuple(errors)


class WireError(CorepyError):
    """Octets that are not a DNS message; `rcode` is what an answer to them should carry."""

    def __init__(self, message: str, rcode: int = 1) -> None:
        super().__init__(message)
        self.rcode = rcode


class UpstreamError(CorepyError):
    """Another server was asked and gave no usable answer."""


class PluginError(CorepyError):
    """A plugin broke a contract of the host; `plugin` is its directive name."""

    def __init__(self, plugin: str, message: str) -> None:
        super().__init__(f"plugin/{plugin}: {message}")
        self.plugin = plugin
