"""The query as CoreDNS's templates see it: the fields of its DNS library's structures."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

from corepy import names, wire
from corepy.lib import gotemplate, mnemonics
from corepy.lib.gotemplate import Fields, Method, Struct, Uint8, Uint16, Uint32
from corepy.record import Expander, Record
from corepy.request import Request


def _flag(bit: int) -> Callable[[Message], bool]:
    return lambda message: bool(message.request.flags & bit)


class Question(Struct):
    """`.Question`, and the elements of `.Message.Question`."""

    type_name = "*dns.Question"

    def __init__(self, request: Request) -> None:
        self.request = request

    def name(self) -> str:
        """The name with the client's letters."""
        return names.to_text(self.request.owner)

    def text(self) -> str:
        """As the library prints it."""
        request = self.request
        rdclass, rdtype = mnemonics.class_text(request.qclass), mnemonics.type_text(request.qtype)
        return f";{self.name()}\t{rdclass}\t {rdtype}"

    fields: ClassVar[Fields] = {
        "Name": lambda question: question.name(),
        "Qtype": lambda question: Uint16(question.request.qtype),
        "Qclass": lambda question: Uint16(question.request.qclass),
    }
    methods: ClassVar[Mapping[str, Method]] = {"String": gotemplate.method(text)}


class Header(Struct):
    """What all records have: `.Hdr` and `.Header`."""

    type_name = "dns.RR_Header"

    def __init__(self, record: Record) -> None:
        self.record = record

    fields: ClassVar[Fields] = {
        "Name": lambda header: names.to_text(header.record.owner),
        "Rrtype": lambda header: Uint16(header.record.rdtype),
        "Class": lambda header: Uint16(header.record.rdclass),
        "Ttl": lambda header: Uint32(header.record.ttl),
        "Rdlength": lambda header: Uint16(len(header.record.rdata)),
    }


class Resource(Struct):
    """A record of the query that is no OPT record, such as the SOA record of an IXFR."""

    type_name = "dns.RR"

    def __init__(self, record: Record) -> None:
        self.record = record

    def text(self) -> str:
        """In master-file form."""
        return self.record.to_text()

    fields: ClassVar[Fields] = {"Hdr": lambda resource: Header(resource.record)}
    methods: ClassVar[Mapping[str, Method]] = {
        "Header": gotemplate.method(lambda resource: Header(resource.record)),
        "String": gotemplate.method(text),
    }


class Option(Struct):
    """An EDNS option."""

    type_name = "dns.EDNS0"

    def __init__(self, code: int, data: bytes) -> None:
        self.code = code
        self.data = data

    def text(self) -> str:
        """Its data: an address for a client subnet, else in hexadecimal."""
        if self.code == wire.CLIENT_SUBNET and len(self.data) >= 4:
            return f"{self.address()}/{self.data[2]}/{self.data[3]}"
        return self.data.hex() if self.code in _HEXADECIMAL else f"0x{self.data.hex()}"

    def address(self) -> str:
        """That of a client subnet."""
        size = 4 if self.data[1:2] == b"\1" else 16
        return str(ipaddress.ip_address(self.data[4:].ljust(size, b"\0")[:size]))

    fields: ClassVar[Fields] = {
        "Code": lambda option: Uint16(option.code),
        "Data": lambda option: [Uint8(octet) for octet in option.data],
        "Nsid": lambda option: option.data.hex(),
        "Cookie": lambda option: option.data.hex(),
        "Family": lambda option: Uint16(int.from_bytes(option.data[:2], "big")),
        "SourceNetmask": lambda option: Uint8(option.data[2] if len(option.data) > 2 else 0),
        "SourceScope": lambda option: Uint8(option.data[3] if len(option.data) > 3 else 0),
        "Address": lambda option: option.address(),
    }
    methods: ClassVar[Mapping[str, Method]] = {
        "Option": gotemplate.method(lambda option: Uint16(option.code)),
        "String": gotemplate.method(text),
    }


_HEXADECIMAL: Final = (3, 10)


class Opt(Struct):
    """The OPT record."""

    type_name = "*dns.OPT"

    def __init__(self, record: Record, request: Request) -> None:
        self.record = record
        self.request = request

    def options(self) -> list[Any]:
        """The options of the query."""
        found: list[Any] = []
        octets, at = self.record.rdata, 0
        while at < len(octets):
            end = at + 4 + int.from_bytes(octets[at + 2 : at + 4], "big")
            found.append(Option(int.from_bytes(octets[at : at + 2], "big"), octets[at + 4 : end]))
            at = end
        return found

    fields: ClassVar[Fields] = {
        "Hdr": lambda opt: Header(opt.record),
        "Option": lambda opt: opt.options(),
    }
    methods: ClassVar[Mapping[str, Method]] = {
        "Header": gotemplate.method(lambda opt: Header(opt.record)),
        "UDPSize": gotemplate.method(lambda opt: Uint16(opt.record.rdclass)),
        "Do": gotemplate.method(lambda opt: bool(opt.record.ttl & 0x8000)),
        "Version": gotemplate.method(lambda opt: Uint8(opt.record.ttl >> 16 & 255)),
        "ExtendedRcode": gotemplate.method(lambda opt: opt.record.ttl >> 24 << 4),
        "Z": gotemplate.method(lambda opt: Uint16(opt.record.ttl & 0x3FFF)),
    }


class Message(Struct):
    """`.Message`."""

    type_name = "*dns.Msg"

    def __init__(self, request: Request) -> None:
        self.request = request
        self._sections: dict[int, list[Any]] = {}

    def identity(self) -> int:
        """The id, which is another one for each query."""
        self.request.never_repeat()
        return Uint16(self.request.id)

    def section(self, which: int) -> list[Any]:
        """The records of a section: 0 answer, 1 authority, 2 additional."""
        if which not in self._sections:
            self._sections[which] = self._read(which)
        return self._sections[which]

    def _read(self, which: int) -> list[Any]:
        octets = self.request.wire
        counts = [int.from_bytes(octets[at : at + 2], "big") for at in (6, 8, 10)]
        spans = wire.scan_records(octets, self.request.end, sum(counts))
        start = sum(counts[:which])
        records = Expander(octets).records(spans[start : start + counts[which]])
        return [self._resource(record) for record in records]

    def _resource(self, record: Record) -> Any:
        return Opt(record, self.request) if record.rdtype == wire.OPT else Resource(record)

    def opt(self) -> Any:
        """The OPT record, nil without one."""
        return next((one for one in self.section(2) if isinstance(one, Opt)), None)

    fields: ClassVar[Fields] = {
        "Id": lambda message: message.identity(),
        "Response": _flag(wire.QR),
        "Opcode": lambda message: message.request.opcode,
        "Authoritative": _flag(wire.AA),
        "Truncated": _flag(wire.TC),
        "RecursionDesired": _flag(wire.RD),
        "RecursionAvailable": _flag(wire.RA),
        "Zero": _flag(wire.Z),
        "AuthenticatedData": _flag(wire.AD),
        "CheckingDisabled": _flag(wire.CD),
        "Rcode": lambda message: message.request.flags & wire.RCODE_MASK,
        "Compress": lambda _: False,
        "Question": lambda message: [Question(message.request)],
        "Answer": lambda message: message.section(0),
        "Ns": lambda message: message.section(1),
        "Extra": lambda message: message.section(2),
    }
    methods: ClassVar[Mapping[str, Method]] = {
        "IsEdns0": gotemplate.method(opt),
        "Len": gotemplate.method(lambda message: len(message.request.wire)),
    }
