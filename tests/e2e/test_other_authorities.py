"""*file* answers as other authorities do, but for the habits of CoreDNS.

The same zone, unsigned and signed, is served by corepy, by Knot DNS and by NSD, and all are asked
the same random questions. Where the answers differ CoreDNS must be known to differ in that way:
`HABITS` names those ways, and each of them must still be met.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from dns.rdatatype import ANY, NS, NSEC, RRSIG

from corepy.testing import Start
from tests.support import zones
from tests.support.authorities import SERVERS, Client, serving

QUESTIONS: Final = 3000
ORIGIN: Final = dns.name.from_text(zones.ORIGIN)
Lines = frozenset[str]


@dataclass(frozen=True)
class Answer:
    """What of a message is compared. Addresses that are added are not: each server has its taste.

    Nor are the zone's own name servers beside an answer, TTLs (CoreDNS leaves that of a SOA as it
    is), and the order of records.
    """

    rcode: int
    authoritative: bool
    answer: Lines
    authority: Lines

    @classmethod
    def of(cls, message: dns.message.Message) -> Answer:
        """Out of a message; data in answers is all there, once."""
        authority = _lines(message.authority)
        if message.answer:
            own = _lines(
                rrset
                for rrset in message.authority
                if rrset.name == ORIGIN and NS in (rrset.rdtype, rrset.covers)
            )
            authority -= own
        authoritative = bool(message.flags & dns.flags.AA)
        return cls(message.rcode(), authoritative, _lines(message.answer), authority)


def _lines(section: Iterable[dns.rrset.RRset]) -> Lines:
    """Records as text; of a signature only what it signs."""
    return frozenset(
        f"{rrset.name} {dns.rdatatype.to_text(rrset.rdtype)} ".lower()
        + (
            dns.rdatatype.to_text(rrset.covers)
            if rrset.rdtype == RRSIG
            else rdata.to_text().lower()
        )
        for rrset in section
        for rdata in rrset
    )


@dataclass(frozen=True)
class Case:
    """One question and what both said."""

    qtype: int
    ours: Answer
    theirs: Answer

    @property
    def same_answer(self) -> bool:
        return _head(self.ours) == _head(self.theirs)


def _head(answer: Answer) -> tuple[int, bool, Lines]:
    return answer.rcode, answer.authoritative, answer.answer


def _without(lines: Lines, *types: str) -> Lines:
    """Records that are neither of these types nor their signatures."""
    return frozenset(
        line
        for line in lines
        if line.split(" ")[1] not in types
        and not (line.split(" ")[1] == "rrsig" and line.split(" ")[2].lower() in types)
    )


def _any(case: Case) -> bool:
    return case.qtype == ANY


def _meta(case: Case) -> bool:
    return case.qtype in (NSEC, RRSIG)


def _loop(case: Case) -> bool:
    looped = case.ours.rcode == dns.rcode.SERVFAIL and case.ours.answer == case.theirs.answer
    return case.qtype == NS and looped


def _wildcard_alias(case: Case) -> bool:
    ours, theirs = case.ours, case.theirs
    kept = {line for line in ours.answer if line.startswith("*.") and line.endswith(" rrsig CNAME")}
    rest = ours.answer - kept
    return bool(kept) and rest < theirs.answer and len(theirs.answer) == len(ours.answer)


def _bare_alias(case: Case) -> bool:
    ours, theirs = case.ours.authority, case.theirs.authority
    aliased = any(" cname " in line for line in case.ours.answer)
    without = not ours and any(" soa " in line for line in theirs)
    return case.same_answer and aliased and without and case.ours.rcode == dns.rcode.NOERROR


def _proof(case: Case) -> bool:
    ours, theirs = (_without(one.authority, "nsec") for one in (case.ours, case.theirs))
    return case.same_answer and ours == theirs


def _delegation(case: Case) -> bool:
    ours, theirs = (_without(one.authority, "ds") for one in (case.ours, case.theirs))
    return case.same_answer and not case.ours.authoritative and ours == theirs


@dataclass(frozen=True)
class Habit:
    """A way in which CoreDNS differs; `signed` if only in such zones, or only in others."""

    text: str
    met: Callable[[Case], bool]
    signed: bool | None = None


HABITS: Final = (
    Habit("ANY is a type like others, of which there are no records", _any),
    Habit("aliases are followed for NSEC and RRSIG; RRSIG gives all of a name", _meta),
    Habit("NS of an alias that leads back to itself is a failure", _loop),
    Habit("a wildcard's alias is signed under the wildcard's name, without a proof",
          _wildcard_alias, signed=True),
    Habit("an alias of a name without data comes without SOA", _bare_alias),
    Habit("absence is proved with other NSEC records, that of DS not at all", _proof, signed=True),
    Habit("a DS record goes with a referral in a zone without signatures", _delegation,
          signed=False),
)  # fmt: skip


@asynccontextmanager
async def both(
    corefile: Start, server: str, folder: Path, zone: str
) -> AsyncIterator[tuple[Client, Client]]:
    """Clients of corepy and of the other server, which serve the same zone."""
    async with AsyncExitStack() as stack:
        theirs = await stack.enter_async_context(serving(server, folder, zones.ORIGIN, zone))
        text = f". {{\n file {folder}/zone {zones.ORIGIN}\n}}"
        ours = await stack.enter_async_context(corefile(text))
        yield (
            await stack.enter_async_context(Client.to(ours.port)),
            await stack.enter_async_context(Client.to(theirs)),
        )


@pytest.mark.slow
@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("server", list(SERVERS))
async def test_the_same_answers_but_for_habits(
    corefile: Start, tmp_path: Path, server: str, signed: bool
) -> None:
    rng = random.Random(1)
    zone = zones.text(rng)
    zone = zones.signed(zone) if signed else zone
    met: Counter[str] = Counter()
    async with both(corefile, server, tmp_path, zone) as (ours, theirs):
        for query in zones.questions(rng, QUESTIONS):
            octets = query.to_wire()
            answers = [
                Answer.of(dns.message.from_wire(await client.ask(octets)))
                for client in (ours, theirs)
            ]
            if answers[0] == answers[1]:
                continue
            case = Case(query.question[0].rdtype, *answers)
            habit = next((one for one in HABITS if one.met(case)), None)
            assert habit, (query.question[0].to_text(), *answers)
            met[habit.text] += 1
    assert set(met) == {one.text for one in HABITS if one.signed in (None, signed)}
