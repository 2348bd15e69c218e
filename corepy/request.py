"""A query on its way through a chain of plugins.

The octets and a few fields read from fixed places; everything else is worked out when somebody asks
for it. A request is a value: a plugin that wants another question passes `request.replace(...)` on.

What an answer depends on decides to whom it may be repeated. Reading `client` or `owner`, asking
`vary`, or passing a plugin that does not say `repeatable`, is written down in the request (and in
those it was derived from) for `corepy.memo`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Hashable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

from corepy import names, wire
from corepy.ends import Listener, Peer, peer_of

if TYPE_CHECKING:
    import dns.message
    import dns.name
    from dns.rdataclass import RdataClass
    from dns.rdatatype import RdataType


V = TypeVar("V", bound=Hashable)

_type_and_class = struct.Struct(">HH").unpack_from

UDP_MINIMUM = 512
TCP_MAXIMUM = 65535

Repeat = Callable[[bytes, Any, float], None]
"""What an observer wants called when its answer is repeated: query, peer address, start time."""

Read = Callable[[str], Hashable]
"""Makes something of a client's address in text form, a scope after `%` kept."""


class Request:
    """One question and the way it arrived.

    `qname` is lower-case wire form, `lower` says if the client wrote it so, `qtype` and `qclass`
    are numbers, `end` is the offset behind the question, `opt` that of the OPT record (0 without
    one), `zone` the server block's zone that matched, in text form. `depth` counts look-ups through
    the server that led here. `via` is a note of the transport: for TCP the local address. After
    `deadline`, in monotonic seconds, no more work is begun for the request and those derived from
    it from then on.
    """

    overwrote: list[tuple[Request, Request | None]]

    __slots__ = (
        "_cache",
        "_owner",
        "_peer",
        "amended",
        "became",
        "client_seen",
        "deadline",
        "depth",
        "end",
        "listener",
        "lower",
        "opt",
        "overwrote",
        "owner_seen",
        "parent",
        "plain",
        "qclass",
        "qname",
        "qtype",
        "repeatable",
        "repeats",
        "shown",
        "varied",
        "via",
        "view",
        "wire",
        "zone",
    )

    def __init__(
        self,
        octets: bytes,
        end: int,
        opt: int,
        plain: bool,
        peer: Any,
        listener: Listener,
        via: Any = None,
    ) -> None:
        self.wire = octets
        self.end = end
        self.opt = opt
        self.plain = plain
        self._owner = owner = octets[12 : end - 4]
        self.qname = lower = owner.lower()
        self.lower = owner == lower
        self.qtype, self.qclass = _type_and_class(octets, end - 4)
        self._peer = peer
        self.listener = listener
        self.via = via
        self.repeatable = True
        self.client_seen = False
        self.owner_seen = False
        self.repeats: list[Repeat] | None = None
        self.varied: list[tuple[Read, Hashable]] | None = None
        self.parent: Request | None = None
        # Stands in for this one where a reply takes over header bits and EDNS of its query.
        self.amended: Request | None = None
        # What was asked in its place; see `corepy.lib.rewritten`.
        self.became: Request | None = None
        # Stands in for the question section of the reply.
        self.shown: bytes | None = None
        self.depth = 0
        self.deadline = math.inf
        self._cache: dict[str, Any] | None = None
        self.zone = "."
        self.view = ""

    # ---- the question

    @property
    def owner(self) -> bytes:
        """The question's name in wire form with the letters as the client wrote them."""
        request: Request | None = self
        while request is not None:
            request.owner_seen = True
            request = request.parent
        return self._owner

    @property
    def question(self) -> bytes:
        """The question section in wire form, the client's letters kept."""
        return self.wire[12 : self.end]

    @property
    def type(self) -> RdataType:
        """The type asked for, as dnspython's enum."""
        return _rdatatype(self.qtype)

    @property
    def rdclass(self) -> RdataClass:
        """The class asked for, as dnspython's enum."""
        import dns.rdataclass  # noqa: PLC0415 - only who asks for enums pays for the codec

        return dns.rdataclass.RdataClass.make(self.qclass)

    @property
    def name(self) -> dns.name.Name:
        """The question's name as a dnspython name, lower case."""
        import dns.name  # noqa: PLC0415

        return dns.name.from_wire(self.qname, 0)[0]

    @property
    def qname_text(self) -> str:
        """The question's name in presentation form, lower case, with the final dot."""
        return names.to_text(self.qname)

    @property
    def message(self) -> dns.message.Message:
        """The whole query as dnspython reads it; its `DNSException` if it cannot."""
        import dns.message  # noqa: PLC0415

        cache = self._remembered()
        if "message" not in cache:
            cache["message"] = dns.message.from_wire(
                self.wire[: len(self.wire)], ignore_trailing=True
            )
        message: dns.message.Message = cache["message"]
        return message

    # ---- the header

    @property
    def id(self) -> int:
        """The message id."""
        return self.wire[0] << 8 | self.wire[1]

    @property
    def flags(self) -> int:
        """The 16 bits of flags, opcode and rcode."""
        return self.wire[2] << 8 | self.wire[3]

    @property
    def opcode(self) -> int:
        """QUERY is 0, NOTIFY 4."""
        return self.wire[2] >> 3 & 15

    # ---- EDNS (RFC 6891)

    @property
    def has_edns(self) -> bool:
        """True if the query has an OPT record."""
        return self.opt != 0

    @property
    def edns_version(self) -> int:
        """The EDNS version, 0 without an OPT record."""
        return self.wire[self.opt + 6] if self.opt else 0

    @property
    def edns_size(self) -> int:
        """The UDP size the client wrote in its OPT record, in octets; 0 without one."""
        at = self.opt
        return self.wire[at + 3] << 8 | self.wire[at + 4] if at else 0

    @property
    def do(self) -> bool:
        """The client wants DNSSEC records (RFC 3225)."""
        at = self.opt
        return at != 0 and self.wire[at + 7] >= 0x80

    @property
    def ad(self) -> bool:
        """The client understands the AD bit (RFC 6840 section 5.7)."""
        return bool(self.wire[3] & 0x20)

    @property
    def cd(self) -> bool:
        """The client wants unchecked data."""
        return bool(self.wire[3] & 0x10)

    @property
    def options(self) -> bytes:
        """The EDNS options in wire form, empty without any."""
        at = self.opt
        if not at:
            return b""
        return self.wire[at + 11 : at + 11 + (self.wire[at + 9] << 8 | self.wire[at + 10])]

    @property
    def size(self) -> int:
        """Octets the reply may have: 65535 over TCP, else what the client takes, at least 512."""
        if self.listener.proto != "udp":
            return TCP_MAXIMUM
        return max(UDP_MINIMUM, self.edns_size)

    # ---- the client

    @property
    def client(self) -> Peer:
        """Who asked. An answer that was made with it is not repeated to others."""
        self.client_seen = True
        parent = self.parent
        while parent is not None:
            parent.client_seen = True
            parent = parent.parent
        return peer_of(self._peer)

    def vary(self, read: Callable[[str], V]) -> V:
        """What `read` makes of the client's address; the answer is for those with the same.

        `read` must follow from the address alone until the plugin says `changed()`, and be the same
        object for each request, as the answers are told apart by it and by what it returns.
        """
        value = read(self._peer[0])
        root = self
        while root.parent is not None:
            root = root.parent
        if root.varied is None:
            root.varied = [(read, value)]
        elif (read, value) not in root.varied:
            root.varied.append((read, value))
        return value

    @property
    def peer(self) -> Any:
        """The transport's own form of the client's address, for observers only."""
        return self._peer

    @property
    def local(self) -> tuple[str, int]:
        """The address that was asked, as far as CoreDNS tells: over UDP the listener's own."""
        if self.listener.proto == "udp" or self.via is None:
            return self.listener.local
        self.never_repeat()  # it is this connection's
        local: tuple[str, int] = self.via
        return local

    @property
    def proto(self) -> str:
        """`udp` or `tcp`."""
        return self.listener.proto

    # ---- passing it on

    def never_repeat(self) -> None:
        """Say that the answer holds for this one query only."""
        request: Request | None = self
        while request is not None:
            request.repeatable = False
            request = request.parent

    def on_repeat(self, repeat: Repeat) -> None:
        """Have `repeat` called each time the answer to this request is given again from memory."""
        root = self
        while root.parent is not None:
            root = root.parent
        if root.repeats is None:
            root.repeats = [repeat]
        else:
            root.repeats.append(repeat)

    @property
    def values(self) -> dict[str, Any]:
        """Metadata and notes of plugins, shared by this request and all derived from it."""
        root = self
        while root.parent is not None:
            root = root.parent
        values: dict[str, Any] = root._remembered().setdefault("values", {})  # noqa: SLF001
        return values

    def count_lookup(self) -> int:
        """One more look-up through the server; how many the client's question has led to now."""
        root = self
        while root.parent is not None:
            root = root.parent
        notes = root._remembered()  # noqa: SLF001
        count: int = notes.get("lookups", 0) + 1
        notes["lookups"] = count
        return count

    def note(self, key: str, value: Any) -> None:
        """Keep a note for this request and those derived from it from now on."""
        self._remembered()[key] = value

    def noted(self, key: str) -> Any:
        """The note of this request, or of the nearest it was derived from; None without one."""
        request: Request | None = self
        while request is not None:
            cache = request._cache  # noqa: SLF001 - a request like this one
            if cache is not None and key in cache:
                return cache[key]
            request = request.parent
        return None

    def replace(
        self,
        *,
        owner: bytes | None = None,
        qtype: int | None = None,
        qclass: int | None = None,
        octets: bytes | None = None,
    ) -> Request:
        """A request derived from this one with another question, or with another message.

        `owner` is wire form in the case it shall have. `octets` is a whole query that must pass
        `corepy.wire.admit`.
        """
        if octets is not None:
            derived = self._admitted(octets)
            if owner is None and qtype is None and qclass is None:
                return derived
            return derived.replace(owner=owner, qtype=qtype, qclass=qclass)
        octets, end = self.wire, self.end
        name = octets[12 : end - 4] if owner is None else owner
        octets = b"%b%b%b%b%b" % (
            octets[:12],
            name,
            octets[end - 4 : end - 2] if qtype is None else qtype.to_bytes(2, "big"),
            octets[end - 2 : end] if qclass is None else qclass.to_bytes(2, "big"),
            octets[end:],
        )
        behind = 12 + len(name)
        if owner is not None and wire.skip_question_name(octets) != behind:
            raise ValueError("not a legal name")
        moved = behind + 4 - end
        return self._derived(octets, end + moved, self.opt and self.opt + moved, self.plain)

    def _admitted(self, octets: bytes) -> Request:
        shape = wire.admit(octets)
        if isinstance(shape, bytes):
            raise ValueError("not a query")  # noqa: TRY004 - bytes are the refusal, not a type
        return self._derived(*shape)

    def _derived(self, octets: bytes, end: int, opt: int, plain: bool) -> Request:
        derived = Request(octets, end, opt, plain, self._peer, self.listener, self.via)
        derived.parent = self
        derived.depth = self.depth
        derived.deadline = self.deadline
        derived.zone = self.zone
        derived.view = self.view
        return derived

    def amend(self, octets: bytes, opt: int | None = None) -> Request:
        """The same question in a message with other header bits or another OPT record.

        Unlike with `replace` the reply to the client is written as if `octets` had been asked:
        with its RD and CD bits, within its UDP size and with an OPT record like its own. With
        `opt`, the offset of that record, what this server has put into it is not judged.
        """
        if opt is None:
            derived = self._admitted(octets)
        else:
            derived = self._derived(octets, self.end, opt, False)
        # Set on amended requests only, and asked of no other.
        derived.overwrote = []
        for asked in self._line():
            derived.overwrote.append((asked, asked.amended))
            asked.amended = derived
        return derived

    def show(self, derived: Request) -> None:
        """Have the reply to the client show another question than was asked, for this once."""
        self.never_repeat()
        for asked in self._line():
            asked.shown = derived.question

    def _line(self) -> Iterator[Request]:
        """This request and those it was derived from, but for look-ups."""
        asked: Request | None = self
        while asked is not None and asked.depth == self.depth:
            yield asked
            asked = asked.parent

    def forget_amended(self, before: Request | None) -> None:
        """Take back what was amended since `amended` was `before`, for outer requests too."""
        while (derived := self.amended) is not None and derived is not before:
            for asked, old in derived.overwrote:
                asked.amended = old

    def let_go(self) -> None:
        """Forget what was asked in its place, which knows it: no work for the garbage collector."""
        request: Request | None = self
        while request is not None:
            request.became, request = None, request.became

    def _remembered(self) -> dict[str, Any]:
        if self._cache is None:
            self._cache = {}
        return self._cache

    def __repr__(self) -> str:
        return f"<Request {self.qname_text} {self.type.name} from {self._peer}>"


@lru_cache(1024)
def _rdatatype(number: int) -> RdataType:
    import dns.rdatatype  # noqa: PLC0415

    return dns.rdatatype.RdataType.make(number)
