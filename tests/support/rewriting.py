"""Rules of *rewrite* in a small world: what is passed on, and what becomes of an answer."""

from __future__ import annotations

import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from corepy import names
from corepy.host import Host
from corepy.record import Record
from corepy.reply import finish
from corepy.request import Request
from corepy.response import Response
from corepy_plugins.rewrite.handler import Rewrite
from tests.support.builds import built
from tests.support.queries import request_of


def rewrite_of(*rules: str) -> Rewrite:
    """The plugin of a block with these rules."""
    host = Host()
    built(". {\n" + "".join(f"rewrite {rule}\n" for rule in rules) + "whoami\n}\n", host)
    (plugin,) = [plugin for _, _, plugin in host.plugins if isinstance(plugin, Rewrite)]
    return plugin


def records(*lines: str) -> list[Record]:
    """Records in master-file form."""
    found: list[Record] = []
    for line in lines:
        owner, ttl, kind, rdata = line.split(None, 3)
        found.append(Record.parse(names.from_text(owner), kind, int(ttl), rdata))
    return found


class Upstream:
    """The rest of the chain: `asked` what was passed on, `response` what is said to it."""

    def __init__(self, response: Response | None = None) -> None:
        self.asked: list[Request] = []
        self.response = response or Response()

    async def __call__(self, request: Request) -> Response:
        self.asked.append(request)
        return self.response

    @property
    def question(self) -> str:
        """Name, class and type of the last question."""
        request = self.asked[-1]
        klass = dns.rdataclass.to_text(dns.rdataclass.RdataClass.make(request.qclass))
        kind = dns.rdatatype.to_text(dns.rdatatype.RdataType.make(request.qtype))
        return f"{names.to_text(request.wire[12 : request.end - 4])} {klass} {kind}"


async def passed_on(rules: tuple[str, ...], name: str, qtype: int = 1, qclass: int = 1) -> str:
    """The question that the rules make of one."""
    upstream = Upstream()
    request = request_of(name=name, qtype=qtype, qclass=qclass)
    await rewrite_of(*rules).serve(request, upstream)
    return upstream.question if upstream.asked else "none"


async def given(rules: tuple[str, ...], request: Request, response: Response) -> Response:
    """What the rules make of an answer."""
    return await rewrite_of(*rules).serve(request, Upstream(response))


def texts(response: Response) -> list[str]:
    """The records of all sections, without the class."""
    sections = (response.answer, response.authority, response.additional)
    return [record.to_text().replace(" IN ", " ", 1) for section in sections for record in section]


def reply(request: Request, response: Response) -> dns.message.Message:
    """The message that the client gets."""
    return dns.message.from_wire(finish(request, response))
