"""*k8s_cross* resolves services across Kubernetes clusters that share a Headscale network."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from corepy.host import Host
from corepy.lib.http import listener
from corepy_plugins.k8s_cross.catalogs import Catalogs
from corepy_plugins.k8s_cross.config import read
from corepy_plugins.k8s_cross.export import Exporter
from corepy_plugins.k8s_cross.handler import Companion, K8sCross
from corepy_plugins.k8s_cross.headscale import Headscale
from corepy_plugins.k8s_cross.instance import Instance
from corepy_plugins.k8s_cross.metrics import called
from corepy_plugins.k8s_cross.probe import Prober
from corepy_plugins.k8s_cross.records import Records
from corepy_plugins.k8s_cross.settings import Settings
from corepy_plugins.k8s_cross.source import FileSource, Source
from corepy_plugins.k8s_cross.status import Status, board

if TYPE_CHECKING:
    from corepy import Controller


def setup(c: Controller) -> K8sCross:
    """Each line is an instance of its own, with its Headscale and its zones."""
    handler = K8sCross()
    taken: set[str] = set()
    for directive in c.directives:
        settings = read(c, directive)
        for zone in settings.zones:
            if zone in taken:
                hint = "give each k8s_cross of a server block zones of its own"
                raise c.error(f"zone '{zone}' is given twice", directive.name, hint)
            taken.add(zone)
        instance = Instance(settings, c.log, handler.changed)
        source = source_of(settings)
        handler.add(instance, source, *companions(instance, source, c.host))
    return handler


def companions(instance: Instance, source: Source, host: Host) -> Iterator[Companion]:
    """What works beside the poller of this line."""
    settings = instance.settings
    if settings.probe:
        yield Prober(instance, settings.probe)
    if settings.records:
        yield Records(instance, settings.records)
    if settings.export:
        yield Exporter(instance, settings.export, listener(host, settings.export.address))
    catalogs = Catalogs(instance, source)
    yield catalogs
    if settings.status:
        yield Status(instance, catalogs, board(host, settings.status))


def source_of(settings: Settings) -> Source:
    """Where the node list of these settings comes from; nothing is opened yet."""
    if settings.file is not None:
        return FileSource(settings.file)
    return Headscale(
        settings.url,
        key=settings.key,
        key_file=settings.key_file,
        timeout=settings.timeout,
        tls=settings.tls,
        observe=called,
    )
