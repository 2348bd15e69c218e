"""From a Corefile to an instance: plugins set up, chains folded, servers filled.

Nothing here opens a socket or waits, which is what makes `corepy check` possible. Every mistake of
every plugin in every block is reported, not the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from corepy.chain import fold
from corepy.controller import BlockInfo, Controller
from corepy.corefile import Corefile, Key, Notice, ServerBlock, check_overlaps
from corepy.corefile.report import render_notice
from corepy.errors import ConfigError, ConfigErrors
from corepy.host import Host
from corepy.instance import Instance, Site
from corepy.plugin import Collector, Handler, Metadata, Plugin, View
from corepy.registry import Registry
from corepy.server import Route, Server
from corepy.transport.tcp import Timeouts


@dataclass
class Built:
    """An instance that has not started, the lines that announce it, and what seems odd in it.

    `debug`: some block has the *debug* plugin. `workers`: the number of processes that are to
    serve, the most that any block wants.
    """

    instance: Instance
    banner: list[str]
    notices: list[Notice]
    corefile: Corefile
    host: Host
    debug: bool = False
    workers: int = 1

    @property
    def warnings(self) -> list[str]:
        """The notices as an operator reads them."""
        return [render_notice(notice) for notice in self.notices]


@dataclass
class _Block:
    source: ServerBlock
    info: BlockInfo
    parts: list[tuple[str, object]]

    @property
    def handlers(self) -> list[tuple[str, Handler]]:
        return [
            (name, cast("Handler", part)) for name, part in self.parts if hasattr(part, "serve")
        ]

    @property
    def views(self) -> tuple[View, ...]:
        return tuple(part for _, part in self.parts if isinstance(part, View))

    @property
    def collector(self) -> Collector | None:
        """What gathers the block's metadata, told who has some."""
        found = next((part for _, part in self.parts if isinstance(part, Collector)), None)
        if found is not None:
            found.attach([part for _, part in self.parts if isinstance(part, Metadata)])
        return found


def build(corefile: Corefile, registry: Registry, host: Host) -> Built:
    """Set up every plugin and lay out the servers. Raises `ConfigErrors` with all mistakes."""
    blocks = [_Block(source, BlockInfo(source.keys), []) for source in corefile.blocks]
    notices = list(corefile.warnings)
    errors = _set_up(blocks, registry, host, notices)
    errors += check_overlaps(
        (key, bound, bool(block.views))
        for block in blocks
        for key in block.source.keys
        for bound in block.info.config.bind_hosts
    )
    if errors:
        raise ConfigErrors(errors)
    sites: dict[str, Site] = {}
    zones: dict[str, list[str]] = {}
    for block in blocks:
        _lay_out(block, sites, zones)
    host.plugins = [(block.info, name, part) for block in blocks for name, part in block.parts]
    instance = Instance(sites.values(), [part for _, _, part in host.plugins])
    debug = any(block.info.config.debug for block in blocks)
    wanted = [block.info.config.extras.get("multisocket") for block in blocks]
    workers = max([number for number in wanted if isinstance(number, int)], default=1)
    return Built(instance, _banner(sites, zones), notices, corefile, host, debug, workers)


def _set_up(
    blocks: list[_Block], registry: Registry, host: Host, notices: list[Notice]
) -> list[ConfigError]:
    """Run the setups directive by directive, each over all blocks, as CoreDNS does."""
    errors: list[ConfigError] = []
    used = {name: None for block in blocks for name in block.source.directives}
    for name, _ in registry.order(used):
        for block in blocks:
            directives = block.source.directives.get(name)
            if not directives:
                continue
            controller = Controller(name, directives, block.info, host)
            try:
                part = registry.run(controller)
            except ConfigError as error:
                errors.append(error)
            except ConfigErrors as several:
                errors += several.errors
            else:
                if part is not None:
                    block.parts.append((name, part))
            notices += controller.warnings
    return errors


def _lay_out(block: _Block, sites: dict[str, Site], zones: dict[str, list[str]]) -> None:
    handlers, views, config = block.handlers, block.views, block.info.config
    collector = block.collector
    chain = fold(handlers) if handlers else None
    servers: list[Server] = []
    for key in block.source.keys:
        for bound in config.bind_hosts:
            site = sites.get(address := _address(key, bound))
            if site is None:
                site = sites[address] = Site(Server(address), bound, key.port, key.token.span)
                zones[address] = []
            server = site.server
            server.add(Route(key.zone, chain, views, collector))
            server.any_class |= any(getattr(part, "any_class", False) for _, part in handlers)
            server.debug |= config.debug
            server.stacktrace |= bool(config.extras.get("stacktrace"))
            if isinstance(timeouts := config.extras.get("timeouts"), Timeouts):
                site.timeouts = timeouts
            zones[address].append(key.zone)
            if server not in servers:
                servers.append(server)
                block.info.addresses.append(address)
    for _, part in block.parts:
        if isinstance(part, Plugin):
            part._forget = tuple(server.forget for server in servers)  # noqa: SLF001 - set here only


def _address(key: Key, bound: str) -> str:
    host = f"[{bound}]" if ":" in bound else bound
    return f"{key.scheme}://{host}:{key.port}"


def _banner(sites: dict[str, Site], zones: dict[str, list[str]]) -> list[str]:
    """CoreDNS's lines: each zone with its port and, if bound, its address, in order of zones."""
    rows: list[tuple[str, str]] = []
    for address, site in sites.items():
        scheme = address.partition("://")[0]
        prefix = "" if scheme == "dns" else f"{scheme}://"
        suffix = f" on {site.host}" if site.host else ""
        rows += [(zone, f"{prefix}{zone}:{site.port}{suffix}") for zone in zones[address]]
    return [text for _, text in sorted(rows)]
