"""What goes wrong with an upstream, in the words of Go, which operators search for."""

from __future__ import annotations

import os

from corepy.errors import UpstreamError

TIMEOUT = "i/o timeout"
NO_ROOM = "too many queries in flight"


class Mismatch(UpstreamError):  # noqa: N818 - what happened, in one word
    """The upstream answered, but not the question that it was asked."""


def dial(
    kind: str, address: str, error: OSError | UpstreamError, source: str = ""
) -> UpstreamError:
    """A socket (`kind` is `udp` or `tcp`) to `address` could not be had."""
    if isinstance(error, UpstreamError):
        return UpstreamError(f"dial {kind}: {error}")
    step = "connect" if isinstance(error, (ConnectionError, TimeoutError)) else "bind"
    if isinstance(error, TimeoutError):
        return UpstreamError(f"dial {kind} {address}: {TIMEOUT}")
    if source:
        address = f"{bracketed(source)}:0->{address}"
    return UpstreamError(f"dial {kind} {address}: {step}: {reason(error)}")


def read(kind: str, local: str, address: str, error: OSError | None = None) -> UpstreamError:
    """A reply did not come: the socket failed, or without `error` the time was up."""
    what = f"read: {reason(error)}" if error is not None else TIMEOUT
    return UpstreamError(f"read {kind} {local}->{address}: {what}")


def bracketed(host: str) -> str:
    """An address as it stands in front of a port."""
    return f"[{host}]" if ":" in host else host


def reason(error: OSError) -> str:
    """The system's text for an error, in lower case."""
    return (os.strerror(error.errno) if error.errno else str(error)).lower()
