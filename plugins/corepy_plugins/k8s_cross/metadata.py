"""The parts of a question in a zone of ours, as labels for other plugins (*metadata*)."""

from __future__ import annotations

from collections.abc import Callable

from corepy import names


def describe(qname: bytes, origin: bytes) -> dict[str, Callable[[], str]]:
    """Labels and what works them out; a part that the name does not have is empty."""

    def part(of: str) -> Callable[[], str]:
        return lambda: parts(qname, origin).get(of, "")

    labels = ("service", "namespace", "cluster", "endpoint", "port", "protocol")
    return {f"k8s_cross/{label}": part(label) for label in labels}


def parts(qname: bytes, origin: bytes) -> dict[str, str]:
    """Service, namespace and what stands before them; nothing for other names of the zone."""
    labels = [
        label.decode("utf-8", "backslashreplace")
        for label in names.labels(qname[: len(qname) - len(origin)] + b"\0")
    ]
    if not labels or labels.pop() != "svc":
        return {}
    found: dict[str, str] = {}
    for name in ("namespace", "service"):
        if labels:
            found[name] = labels.pop()
    if len(labels) == 2 and (labels[0][:1] == "_" or labels[1][:1] == "_"):
        found["port"], found["protocol"] = (label.removeprefix("_") for label in labels)
    elif len(labels) in (2, 3):
        found["endpoint"], found["cluster"] = labels[0], ".".join(labels[1:])
    return found
