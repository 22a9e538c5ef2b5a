"""A handoff: offered with a manifest, delivered by a receipt, taken over by a person.

ASKED ─ offered ─> OFFERED ─ receipt equals manifest ─> DELIVERED ─ asked ─> QUESTIONED ─ answered ─> DELIVERED
                      └ receipt differs ─> DISCREPANT ─ healed ─> DELIVERED
DELIVERED, QUESTIONED ─> ACCEPTED ─ handed back ─> RETURNED;  DELIVERED, QUESTIONED ─> RETURNED
anything before ACCEPTED ─> WITHDRAWN
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, assert_never

from eventlog.decider import Decider
from facts.common import ManifestEntry, Subject
from facts.contacts import (
    HandoffAccepted,
    HandoffAnswered,
    HandoffAsked,
    HandoffDelivered,
    HandoffDiscrepant,
    HandoffOffered,
    HandoffOverdue,
    HandoffQuestioned,
    HandoffReassigned,
    HandoffReturned,
    HandoffSupplemented,
    HandoffUpdated,
    HandoffWithdrawn,
)
from services.contacts.domain.manifest import Entries

ASKED, OFFERED, DELIVERED, QUESTIONED = "ASKED", "OFFERED", "DELIVERED", "QUESTIONED"
ACCEPTED, RETURNED, WITHDRAWN, DISCREPANT = "ACCEPTED", "RETURNED", "WITHDRAWN", "DISCREPANT"

#: Somebody in the receiving department has to do something about it.
WAITING = (OFFERED, DELIVERED, QUESTIONED, DISCREPANT)
#: Other handoffs of the same person are told of these.
OPEN = (ASKED, *WAITING)

OFFER, CLOSING = "offer", "closing"

NOBODY = Subject(kind="", id="")


@dataclass(frozen=True)
class Part:
    """A manifest and what became of it. `receipt` is the one received last, None before any was."""

    manifest: Entries
    receipt: Entries | None = None
    delivered: bool = False


@dataclass(frozen=True)
class Handoff:
    """`state` is "" where nothing is recorded yet; `questions` says of each whether it is answered."""

    id: str = ""
    state: str = ""
    kind: str = ""
    from_department: str = ""
    to_department: str = ""
    subject: Subject = NOBODY
    person_id: str = ""
    company_id: str = ""
    from_branch: str = ""
    to_branch: str = ""
    assignee: str = ""
    deadline: datetime | None = None
    overdue: bool = False
    owner: str = ""
    accepted_by: str = ""
    accepted_at: datetime | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    questions: Mapping[str, bool] = field(default_factory=dict)
    custom: Mapping[str, Any] = field(default_factory=dict)


HandoffFact = (
    HandoffAsked | HandoffUpdated | HandoffOffered | HandoffDelivered | HandoffDiscrepant | HandoffSupplemented
    | HandoffQuestioned | HandoffAnswered | HandoffAccepted | HandoffReturned | HandoffReassigned | HandoffWithdrawn
    | HandoffOverdue
)  # fmt: skip


def evolve(state: Handoff, fact: HandoffFact) -> Handoff:
    match fact:
        case HandoffAsked():
            return replace(_named(state, fact), state=ASKED, assignee=fact.to_employee, custom=fact.custom)
        case HandoffUpdated():
            return replace(state, custom=fact.custom) if "custom" in fact.fields else state
        case HandoffOffered():
            return _offered(state, fact)
        case HandoffDelivered():
            return _delivered(state, fact)
        case HandoffDiscrepant():
            receipted = _with_part(state, fact.part, receipt=fact.receipt)
            return replace(receipted, state=DISCREPANT) if fact.part == OFFER else receipted
        case HandoffSupplemented():
            return _with_part(state, fact.part, manifest=fact.manifest)
        case HandoffQuestioned():
            return replace(state, state=QUESTIONED, questions={**state.questions, fact.question_id: False})
        case HandoffAnswered():
            questions = {**state.questions, fact.question_id: True}
            return replace(state, state=DELIVERED if all(questions.values()) else QUESTIONED, questions=questions)
        case HandoffAccepted():
            return _accepted(state, fact)
        case HandoffReturned():
            return replace(state, state=RETURNED)
        case HandoffReassigned():
            moved = replace(state, to_branch=fact.to_branch, assignee=fact.assignee)
            return replace(moved, deadline=fact.deadline, overdue=False)
        case HandoffWithdrawn():
            return replace(state, state=WITHDRAWN)
        case HandoffOverdue():
            return replace(state, overdue=True)
        case _:
            assert_never(fact)


HANDOFF = Decider("contacts.handoff", Handoff(), evolve)


def _named(state: Handoff, fact: HandoffAsked | HandoffOffered) -> Handoff:
    return replace(
        state,
        id=fact.handoff_id,
        kind=fact.kind,
        from_department=fact.from_department,
        to_department=fact.to_department,
        subject=fact.subject,
        from_branch=fact.from_branch,
        to_branch=fact.to_branch,
    )


def _offered(state: Handoff, fact: HandoffOffered) -> Handoff:
    offered = replace(
        _named(state, fact),
        state=OFFERED,
        person_id=fact.person_id,
        company_id=fact.company_id,
        assignee=fact.assignee,
        deadline=fact.deadline,
    )
    return _with_part(offered, OFFER, manifest=fact.manifest)


def _delivered(state: Handoff, fact: HandoffDelivered) -> Handoff:
    delivered = _with_part(state, fact.part, receipt=fact.receipt, delivered=True)
    return replace(delivered, state=DELIVERED) if fact.part == OFFER else delivered


def _accepted(state: Handoff, fact: HandoffAccepted) -> Handoff:
    accepted = replace(
        state, state=ACCEPTED, owner=fact.owner, accepted_by=fact.accepted_by, accepted_at=fact.accepted_at
    )
    return _with_part(accepted, CLOSING, manifest=fact.closing) if fact.closing else accepted


def _with_part(
    state: Handoff,
    name: str,
    *,
    manifest: tuple[ManifestEntry, ...] | None = None,
    receipt: Entries | None = None,
    delivered: bool = False,
) -> Handoff:
    part = Part(state.parts[name].manifest if manifest is None else manifest, receipt, delivered)
    return replace(state, parts={**state.parts, name: part})
