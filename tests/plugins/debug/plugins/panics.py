"""*panics* raises."""

from __future__ import annotations

from corepy import Controller, Next, Plugin, Request, Response


class Panics(Plugin):
    """A plugin with a mistake."""

    async def serve(self, request: Request, next: Next) -> Response:  # noqa: A002
        """Raise, as a mistake would."""
        raise ZeroDivisionError


def setup(c: Controller) -> Panics:
    """`panics`."""
    return Panics()
