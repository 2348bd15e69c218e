"""EDNS options put into the query, changed or taken out (RFC 6891): local ones, NSID, subnet."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import Final

from corepy.lib import labels
from corepy.request import Request
from corepy_plugins.rewrite.draft import Draft
from corepy_plugins.rewrite.query import Option, Query
from corepy_plugins.rewrite.rule import NOTHING, Action, MessageUndo, Undo

NSID: Final = 3
ACTIONS: Final = ("set", "append", "replace", "unset")

Data = Callable[[Query], "bytes | None"]
"""Works out the data of an option; None if there is none for this query."""


class Revert(MessageUndo):
    """Takes an option out of the answer, or gives it the value it had before the rule."""

    __slots__ = ("_before", "_code")

    lasting = False

    def __init__(self, code: int, before: Option | None) -> None:
        self._code = code
        self._before = before

    def message(self, draft: Draft) -> None:
        """Change the answer's own options."""
        if draft.options is not None:
            self.revert(draft.options)

    def revert(self, options: list[Option]) -> None:
        """Change the first option of this code."""
        for index, option in enumerate(options):
            if option.code == self._code:
                if self._before is None:
                    del options[index]
                else:
                    options[index] = self._before
                return


def unset(code: int) -> Action:
    """Take all options of a code out."""

    def apply(query: Query) -> Sequence[Undo]:
        options = query.opened()
        options[:] = [option for option in options if option.code != code]
        return NOTHING

    return apply


class Put:
    """Sets, appends or replaces an option.

    `local`: look at options of the local kind only, or at those of the other kinds. `alone`: an
    option that is there already is left alone by `append`, and no second one is put beside it.
    """

    __slots__ = ("_action", "_alone", "_code", "_data", "_local", "_revert")

    def __init__(
        self, action: str, code: int, data: Data, *, revert: bool, local: bool, alone: bool
    ) -> None:
        self._action = action
        self._code = code
        self._data = data
        self._revert = revert
        self._local = local
        self._alone = alone

    def __call__(self, query: Query) -> Sequence[Undo] | None:
        """Apply to a query; it has an OPT record afterwards in any case but that of no data."""
        data = self._data(query)
        if data is None:
            return None
        options = query.opened()
        for index, option in enumerate(options):
            if option.code != self._code or option.local != self._local:
                continue
            if self._action != "append":
                options[index] = option._replace(data=data)
                return (Revert(self._found_by(option), option),) if self._revert else NOTHING
            if self._alone:
                return None
        if self._action == "replace":
            return None
        options.append(Option(self._code, data, self._local, added=True))
        return (Revert(self._code, None),) if self._revert else NOTHING

    def _found_by(self, option: Option) -> int:
        """The code to find an option by later on.

        CoreDNS looks for 0 in place of the NSID or subnet option that the client has sent itself,
        so the answer keeps the one it has.
        """
        return self._code if self._local or option.added else 0


def subnet(v4: int, v6: int) -> Data:
    """The client's network with these prefix lengths, as RFC 7871 has it."""

    def data(query: Query) -> bytes:
        packed = _packed(query.request.client.host)
        family, bits = (1, v4) if len(packed) == 4 else (2, v6)
        size = (bits + 7) // 8
        keep = (0xFF00 >> bits % 8) & 0xFF if bits % 8 else 0xFF
        prefix = packed[: size - 1] + bytes((packed[size - 1] & keep,)) if size else b""
        return family.to_bytes(2, "big") + bytes((bits, 0)) + prefix

    return data


VARIABLES: Final[dict[str, Data]] = {
    "{qname}": lambda query: query.written().encode(),
    "{qtype}": lambda query: query.qtype.to_bytes(2, "big"),
    "{client_ip}": lambda query: _packed(query.request.client.host),
    "{client_port}": lambda query: query.request.client.port.to_bytes(2, "big"),
    "{protocol}": lambda query: query.request.proto.encode(),
    "{server_ip}": lambda query: _local(query.request),
    "{server_port}": lambda query: query.request.local[1].to_bytes(2, "big"),
}


def label(name: str) -> Data:
    """The value that metadata has under a label."""

    def data(query: Query) -> bytes | None:
        query.request.never_repeat()
        text = labels.value(query.request, name)
        return text.encode("utf-8", "surrogateescape") if text else None

    return data


def is_label(text: str) -> bool:
    """Whether there may be metadata of this name: a slash with something on both sides."""
    at = text.find("/")
    return 0 < at < len(text) - 1


def _packed(host: str) -> bytes:
    """4 or 16 octets; IPv4 in IPv6 form is IPv4."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).packed


def _local(request: Request) -> bytes | None:
    """The address that was asked, in the family of the client; None if it is of the other one."""
    host = request.local[0].partition("%")[0] or "::"
    own, client = _packed(host), _packed(request.client.host)
    if len(own) == len(client):
        return own
    return bytes(12)[:10] + b"\xff\xff" + own if len(own) == 4 else None
