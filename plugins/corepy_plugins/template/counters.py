"""What happened to templates."""

from __future__ import annotations

from corepy import Controller
from corepy.metrics import Series
from corepy.request import Request
from corepy_plugins.template.data import Data

_LABELS = ("server", "zone", "view", "class", "type")


class Counters:
    """Matches, and failures by section and template."""

    __slots__ = ("_failures", "_matches", "_misfits")

    def __init__(self, c: Controller) -> None:
        self._matches = c.counter("matches_total", "Questions that a template took.", *_LABELS)
        self._failures = c.counter(
            "template_failures_total",
            "Templates that could not be filled in.",
            *(*_LABELS, "section", "template"),
        )
        self._misfits = c.counter(
            "rr_failures_total",
            "Templates that gave no record.",
            *(*_LABELS, "section", "template"),
        )

    def match(self, request: Request, data: Data) -> Series:
        """The counter of questions like this one."""
        return self._matches.labels(
            request.listener.address, data.zone, request.view, data.class_text, data.type_text
        )

    def failed(
        self, request: Request, data: Data, section: str, template: str, *, misfit: bool
    ) -> None:
        """Count a template that failed, or one whose text is no record (`misfit`)."""
        family = self._misfits if misfit else self._failures
        labels = (
            request.listener.address,
            data.zone,
            request.view,
            data.class_text,
            data.type_text,
            section,
            template,
        )
        family.labels(*labels).inc()
