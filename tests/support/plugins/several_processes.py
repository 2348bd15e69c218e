"""*several_processes* is *multisocket* on a machine with enough processors."""

from corepy import Controller


def setup(c: Controller) -> None:
    c.block.config.extras["multisocket"] = c.directives[0].integer()
