"""What a plugin's `setup` is handed: its part of the Corefile, and the process it runs in."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import SupportsIndex, cast

from corepy import log, metrics
from corepy.corefile.address import Key, normalize
from corepy.corefile.faults import OnceError, argument_error
from corepy.corefile.line import Directive, Property
from corepy.corefile.token import Token
from corepy.corefile.tree import Notice
from corepy.errors import ConfigError
from corepy.host import Host


@dataclass(slots=True)
class BlockConfig:
    """What plugins without a handler say about their whole server block."""

    root: Path | None = None
    bind_hosts: list[str] = field(default_factory=lambda: [""])  # "" is all addresses
    debug: bool = False
    extras: dict[str, object] = field(default_factory=dict)  # by directive


@dataclass(frozen=True, slots=True)
class BlockInfo:
    """The server block a plugin stands in; one object for all its plugins."""

    keys: Sequence[Key]
    config: BlockConfig = field(default_factory=BlockConfig)
    addresses: list[str] = field(default_factory=list)  # of its servers, such as `dns://:53`

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones of the keys: lower case, final dot, each once."""
        return tuple(dict.fromkeys(key.zone for key in self.keys))


class Args(list[Token]):
    """Arguments; asking for one that is not there is the operator's mistake, not the plugin's."""

    def __init__(self, directive: Directive) -> None:
        super().__init__(directive.args)
        self._directive = directive

    def __getitem__(self, index: SupportsIndex | slice) -> Token:  # type: ignore[override]
        try:
            return cast("Token", super().__getitem__(index))
        except IndexError:
            last = (self._directive.args or [self._directive.name])[-1]
            raise argument_error(last.shown, last.span) from None


class Controller:
    """One plugin in one server block, with all its occurrences there."""

    def __init__(
        self,
        name: str,
        directives: Sequence[Directive],
        block: BlockInfo,
        host: Host | None = None,
    ) -> None:
        self.name = name
        self.directives = list(directives)
        self.block = block
        self.host = host or Host()
        self.warnings: list[Notice] = []

    @property
    def args(self) -> Args:
        """The arguments of the first occurrence."""
        return Args(self.directives[0])

    @cached_property
    def log(self) -> logging.Logger:
        """Its lines begin with `plugin/NAME: `."""
        return log.plugin_logger(self.name)

    def properties(self) -> Iterator[Property]:
        """The lines in the blocks of all occurrences."""
        for directive in self.directives:
            yield from directive.body

    def once(self) -> Directive:
        """The only occurrence; a second one is an error."""
        if len(self.directives) > 1:
            raise OnceError(self.directives[1].name.span)
        return self.directives[0]

    def first(self) -> Controller:
        """The same as if there were only the first occurrence."""
        return Controller(self.name, self.directives[:1], self.block, self.host)

    def zones(self, args: Sequence[Token] | None = None) -> tuple[str, ...]:
        """Zone arguments, lower case with the final dot, CIDR blocks as reverse zones.

        Invalid ones are dropped, as CoreDNS does; without arguments the zones of the block.
        """
        if not args:
            return self.block.zones
        return tuple(dict.fromkeys(zone for arg in args for zone in normalize(arg.text)))

    def path(self, text: str) -> Path:
        """A file the Corefile names: below `root` when that is set and the path is relative."""
        root = self.block.config.root
        return root / text if root else Path(text)

    def error(
        self, message: str, token: Token | None = None, hint: str | None = None
    ) -> ConfigError:
        """An error to raise, placed at `token` or at the directive."""
        if token:
            return ConfigError(message, token.span, hint)
        return self.directives[0].error(message, self.directives[0].name, hint)

    def warn(self, message: str, token: Token | None = None, hint: str | None = None) -> None:
        """Something allowed but odd: logged at the start, listed by `corepy check`."""
        place = token or self.directives[0].name
        self.warnings.append(Notice(message, place.span, hint))

    def counter(self, name: str, text: str, *labels: str) -> metrics.Family[metrics.Series]:
        """The counter `coredns_PLUGIN_NAME`; `name` ends in `_total`."""
        return metrics.counter(f"coredns_{self.name}_{name}", text, *labels)

    def gauge(
        self, name: str, text: str, *labels: str, summed: bool = False
    ) -> metrics.Family[metrics.Series]:
        """The gauge `coredns_PLUGIN_NAME`; `summed` if each worker process has its own share."""
        return metrics.gauge(f"coredns_{self.name}_{name}", text, *labels, summed=summed)

    def histogram(
        self,
        name: str,
        text: str,
        *labels: str,
        buckets: Sequence[float] = metrics.TIME_BUCKETS,
    ) -> metrics.Family[metrics.Distribution]:
        """The histogram `coredns_PLUGIN_NAME`; `buckets` are upper bounds, ascending."""
        return metrics.histogram(f"coredns_{self.name}_{name}", text, *labels, buckets=buckets)
