"""`coredns_plugin_enabled`: which plugins stand in the chain of a server block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from corepy import metrics
from corepy.controller import BlockInfo
from corepy.host import Host
from corepy.plugin import View

_family: Final = metrics.gauge(
    "coredns_plugin_enabled",
    "1 for each plugin in the chain of a server block with prometheus.",
    *("server", "zone", "view", "name"),
)


class Enabled:
    """The series of one server block, under the first of its zones, as CoreDNS has it.

    They are set anew before each scrape: while a reload lasts two instances share the family.
    """

    def __init__(self, host: Host, block: BlockInfo) -> None:
        self._host = host
        self._block = block

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Publish the series inside, and only there."""
        metrics.before_scrape(self, self._refresh)
        try:
            yield
        finally:
            metrics.before_scrape(self, None)
            for labels in self._labels():
                _family.forget(*labels)

    def _refresh(self) -> None:
        for labels in self._labels():
            _family.labels(*labels).value = 1

    def _labels(self) -> Iterator[tuple[str, str, str, str]]:
        block, first = self._block, self._block.keys[0]
        parts = [(name, part) for at, name, part in self._host.plugins if at is block]
        view = next((part.name for _, part in parts if isinstance(part, View)), "")
        for address in block.addresses:
            if not (
                address.startswith(f"{first.scheme}://") and address.endswith(f":{first.port}")
            ):
                continue
            for name, part in parts:
                if hasattr(part, "serve"):
                    yield address, first.zone, view, name
