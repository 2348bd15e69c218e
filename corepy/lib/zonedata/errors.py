"""What can be wrong with the text of a zone."""

from __future__ import annotations

from corepy.errors import CorepyError


class ZoneError(CorepyError):
    """A zone that cannot be used; the text says why and, for a master file, where."""


class Misread(ZoneError):  # noqa: N818 - an error by its base
    """A mistake in the text of a master file; says where it stands."""


class NoSoa(ZoneError):  # noqa: N818
    """A zone without a SOA record."""


class Unchanged(CorepyError):  # noqa: N818 - good news
    """The zone has the serial that the caller already knows; nothing was read behind its SOA."""


class Fault(ValueError):  # noqa: N818
    """A mistake in a word of a master file, before anybody has said where that word stands."""
