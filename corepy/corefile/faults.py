"""Mistakes whose first line CoreDNS prints in a form of its own."""

from __future__ import annotations

from corepy.corefile.token import Span
from corepy.errors import ConfigError


class BareError(ConfigError):
    """A message CoreDNS prints without file and line; the place is still shown below it."""


class OnceError(BareError):
    """A second occurrence of a plugin in a server block that may stand there once."""

    def __init__(self, span: Span, hint: str | None = None) -> None:
        super().__init__("this plugin can only be used once per Server Block", span, hint)


class NamelessError(ConfigError):
    """A message CoreDNS prints without the plugin's name; `bare`: without its place, too."""

    def __init__(
        self, message: str, span: Span | None, hint: str | None = None, *, bare: bool = False
    ) -> None:
        super().__init__(message, span, hint)
        self.bare = bare


class SetupError(ConfigError):
    """What a plugin's setup refused; printed behind `plugin/NAME: `. The cause is the original."""

    def __init__(self, plugin: str, error: ConfigError) -> None:
        super().__init__(error.message, error.span, error.hint)
        self.plugin = plugin
        self.nameless = isinstance(error, NamelessError)
        self.bare = error.bare if isinstance(error, NamelessError) else isinstance(error, BareError)


def argument_error(
    text: str, span: Span, *, brace: bool = False, hint: str | None = None
) -> ConfigError:
    """CoreDNS's ArgErr: the line has too few or too many words, or a brace in place of one."""
    if brace:
        return ConfigError("Unexpected token '{', expecting argument", span, hint)
    return ConfigError(f"Wrong argument count or unexpected line ending after '{text}'", span, hint)
