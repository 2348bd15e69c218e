"""The names CoreDNS gives an expression about a query: `name()`, `client_ip()`, `incidr()` ...

What an answer depends on is noted in the request as it is read, see `corepy.request`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from corepy.lib import cidr, labels
from corepy.lib.expression.faults import EvaluationError
from corepy.lib.expression.names import External, Names
from corepy.lib.expression.natures import BOOL, INT, STRING, Nature
from corepy.lib.mnemonics import class_text, type_text
from corepy.request import Request


def _incidr(_: Any, address: str, network: str) -> bool:
    found = cidr.address(address)
    if found is None:
        raise EvaluationError("first argument is not an IP address")
    block = cidr.network(network)
    if block is None:
        raise EvaluationError(f"invalid CIDR address: {network}")
    return cidr.contains(block, found)


def _metadata(request: Request, label: str) -> str:
    return labels.value(request, label) or ""


def _port(request: Request) -> str:
    request.never_repeat()
    return str(request.client.port)


def _id(request: Request) -> int:
    request.never_repeat()
    return request.id


_FUNCTIONS: Final[dict[str, tuple[Callable[..., Any], Nature, tuple[Nature, ...]]]] = {
    "metadata": (_metadata, STRING, (STRING,)),
    "type": (lambda request: type_text(request.qtype), STRING, ()),
    "name": (lambda request: request.qname_text, STRING, ()),
    "class": (lambda request: class_text(request.qclass), STRING, ()),
    "proto": (lambda request: request.proto, STRING, ()),
    "size": (lambda request: len(request.wire), INT, ()),
    "client_ip": (lambda request: request.client.host, STRING, ()),
    "port": (_port, STRING, ()),
    "id": (_id, INT, ()),
    "opcode": (lambda request: request.opcode, INT, ()),
    "do": (lambda request: request.do, BOOL, ()),
    "bufsize": (lambda request: request.size, INT, ()),
    "server_ip": (lambda request: request.local[0], STRING, ()),
    "server_port": (lambda request: str(request.local[1]), STRING, ()),
}


def query_names(request_of: Callable[[Any], Request] | None = None) -> Names:
    """The names for expressions that are evaluated for a request.

    With `request_of` they are for something else that a request can be had from.
    """
    incidr = External.of(_incidr, BOOL, STRING, STRING, fails=True)
    found = {
        name: External.of(
            call if request_of is None else _through(request_of, call), result, *parameters
        )
        for name, (call, result, parameters) in _FUNCTIONS.items()
    }
    return {"incidr": incidr, **found}


def _through(request_of: Callable[[Any], Request], call: Callable[..., Any]) -> Callable[..., Any]:
    return lambda subject, *arguments: call(request_of(subject), *arguments)
