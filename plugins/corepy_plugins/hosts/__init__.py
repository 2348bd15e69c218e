"""*hosts* answers from a hosts file and from lines in the Corefile."""

from __future__ import annotations

from corepy import Controller, CorepyError
from corepy.corefile.faults import SetupError
from corepy.errors import ConfigErrors
from corepy_plugins.hosts.handler import Hosts
from corepy_plugins.hosts.options import parse


def setup(c: Controller) -> Hosts:
    """`hosts [FILE [ZONES...]] { ENTRY... ttl, reload, no_reverse, fallthrough ... }`."""
    options = parse(c)
    entries = c.gauge("entries", "Entries of the hosts file and the Corefile.", "hostsfile")
    reloaded = c.gauge(
        "reload_timestamp_seconds", "Modification time of the hosts file that was read last."
    )

    def refuse(message: str) -> CorepyError:
        return ConfigErrors([SetupError(c.name, c.error(message, options.token))])

    return Hosts(options, c.log, entries, reloaded.labels(), refuse)
