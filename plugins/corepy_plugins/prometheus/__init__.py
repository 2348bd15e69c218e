"""*prometheus* counts queries and shows the metrics of the server and of all its plugins."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from corepy import Controller
from corepy.lib.listen import argument
from corepy.lib.strict import exactly
from corepy.lib.suggest import hint
from corepy.registry import need

from . import families, group, process, runtime
from .enabled import Enabled
from .endpoint import Endpoint
from .handler import Prometheus

DEFAULT: Final = "localhost:9153"


def setup(c: Controller) -> Prometheus:
    """`prometheus [ADDRESS] { runtime_metrics; tls WEB_CONFIG }`."""
    directive = c.once()
    address = argument(directive, DEFAULT)
    web_config: Path | None = None
    for prop in c.properties():
        match prop.name.text:
            case "runtime_metrics":
                exactly(prop, 0, 0)
                runtime.switch_on()
            case "tls":
                if web_config is not None:
                    raise prop.error("tls block already specified", prop.name)
                web_config = Path(exactly(prop, 1, 1)[0].text)
                need("yaml", extra="web")
                need("bcrypt", extra="web")
            case name:
                near = hint(name, ("runtime_metrics", "tls"))
                raise prop.error(f"unknown option: {name}", prop.name, near)
    families.declare()
    process.declare()
    c.host.answers[group.ANSWER] = group.tell
    endpoint = _endpoint(c, address, web_config)
    return Prometheus(c.block.zones, endpoint, Enabled(c.host, c.block))


def _endpoint(c: Controller, address: str, web_config: Path | None) -> Endpoint:
    """The endpoint of an address. What its first block says about it holds for all."""
    key = ("prometheus", address)
    if key not in c.host.shared:
        c.host.shared[key] = Endpoint(c.host, address, web_config)
    found: Endpoint = c.host.shared[key]
    return found
