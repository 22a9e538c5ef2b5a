"""What contacts does about handoffs when something is told: offer, judge receipts, supplement, escalate, pass on.

Todos hold ids and streams only: what people wrote is read again when it is needed.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from eventlog.projections import At
from eventlog.reactions import Cancel, Lost, Reactions, Todo
from facts.common import HandoffReceipt
from facts.contacts import (
    ContactsHandoffReceived,
    HandoffAccepted,
    HandoffAsked,
    HandoffOffered,
    HandoffReassigned,
    HandoffReturned,
    HandoffWithdrawn,
)
from facts.marketing import LeadDisqualified, LeadQualified, MarketingHandoffReceived
from facts.sales import SalesHandoffReceived
from runtime.department import House
from services.contacts.domain.manifest import is_news
from services.contacts.handoff_queries import HandoffQueries
from services.contacts.reactions.judging import Judging
from services.contacts.reactions.offering import Offering
from services.contacts.reactions.under_way import UnderWay

HEARD = ("contacts", "marketing", "sales")

OFFER, JUDGE, SUPPLEMENT = "offer", "judge", "supplement"
OVERDUE, WITHDRAW, PASS_PROMISES, LOSE = "overdue", "withdraw", "pass-promises", "lose"


def reactions(house: House, queries: HandoffQueries) -> Reactions:
    """The process, with who does its work."""
    made = hears()
    judging, under_way = Judging(house, queries), UnderWay(house, queries)
    made.does_many(OFFER, Offering(house, queries).offer)
    made.does_many(JUDGE, judging.judge)
    made.does_many(SUPPLEMENT, judging.supplement)
    made.does(LOSE, judging.lose)
    made.does(OVERDUE, under_way.overdue)
    made.does(WITHDRAW, under_way.withdraw)
    made.does(PASS_PROMISES, under_way.pass_promises)
    return made


def hears() -> Reactions:
    """What is asked for, without those who do it."""
    asked = Reactions("handoffs", sources=HEARD)
    asked.on(LeadQualified)(lead_qualified)
    asked.on(HandoffAsked)(asked_by_hand)
    asked.on(ContactsHandoffReceived, MarketingHandoffReceived, SalesHandoffReceived)(received)
    asked.on(HandoffOffered, HandoffReassigned)(runs_until)
    asked.on(HandoffAccepted, HandoffReturned, HandoffWithdrawn)(runs_no_more)
    asked.on(HandoffAccepted)(accepted)
    asked.on(LeadDisqualified)(disqualified)
    asked.on_every(heard)
    asked.on_lost(lost)
    return asked


def lead_qualified(fact: LeadQualified, at: At) -> Iterable[Todo]:
    asked = {"handoff_id": fact.ask.handoff_id, "lead_id": fact.lead_id, "since": at.recorded_at.isoformat()}
    yield Todo(OFFER, asked)


def asked_by_hand(fact: HandoffAsked, at: At) -> Iterable[Todo]:
    yield Todo(OFFER, {"handoff_id": fact.handoff_id})


def received(fact: HandoffReceipt, at: At) -> Iterable[Todo]:
    entries = [entry.model_dump() for entry in fact.entries]
    yield Todo(
        JUDGE,
        {"handoff_id": fact.handoff_id, "part": fact.part, "department": at.department, "entries": entries},
    )


def runs_until(fact: HandoffOffered | HandoffReassigned, at: At) -> Iterable[Todo]:
    told = {"handoff_id": fact.handoff_id, "branch": fact.to_branch}
    yield Todo(OVERDUE, told, due=fact.deadline, key=fact.handoff_id)


def runs_no_more(fact: HandoffAccepted | HandoffReturned | HandoffWithdrawn, at: At) -> Iterable[Cancel]:
    yield Cancel(OVERDUE, fact.handoff_id)


def accepted(fact: HandoffAccepted, at: At) -> Iterable[Todo]:
    yield Todo(
        PASS_PROMISES,
        {
            "handoff_id": fact.handoff_id,
            "subject": fact.subject.model_dump(),
            "person_id": fact.person_id,
            "owner": fact.owner,
            "accepted_by": fact.accepted_by,
            "keep": list(fact.keep_promises),
            "branch": fact.to_branch,
        },
    )


def disqualified(fact: LeadDisqualified, at: At) -> Iterable[Todo]:
    """Whatever was asked about the lead until then goes with it, by hand or not."""
    told = {"stream": at.stream, "version": at.version, "employee": at.employee, "branch": at.branch}
    of_lead = {"lead_id": fact.lead_id, "until": at.recorded_at.isoformat()}
    yield Todo(WITHDRAW, {"handoff_id": fact.handoff_id, **of_lead, **told})


def lost(lost: Lost) -> Iterable[Todo]:
    yield Todo(LOSE, {"stream": lost.stream, "version": lost.version})


def heard(fact: Any, at: At) -> Iterable[Todo]:
    """Whatever is recorded may be news for a handoff that is under way. Asked once for the same subjects, however much
    was told of them in one batch."""
    if at.subjects and is_news(at.stream):
        key = hashlib.sha256(" ".join(at.subjects).encode()).hexdigest()
        yield Todo(SUPPLEMENT, {"subjects": list(at.subjects)}, key=key)
