"""*unready* is not ready until its file exists, or the same with the process id behind it."""

import os
from pathlib import Path

from corepy import Controller


class Unready:
    def __init__(self, path: str) -> None:
        self.path = path

    def ready(self) -> bool:
        return any(Path(self.path + end).exists() for end in ("", f".{os.getpid()}"))


def setup(c: Controller) -> Unready:
    return Unready(c.args[0].text)
