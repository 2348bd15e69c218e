"""*listen* binds its block to addresses."""

from corepy import Controller


def setup(c: Controller) -> None:
    c.block.config.bind_hosts = c.directives[0].values()
