"""What Baton itself decides about a handoff: offer it, judge its receipts, supplement it, tell that it is late."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from eventlog.decider import NotThere, Refused
from facts.common import ManifestEntry
from facts.contacts import (
    HandoffAsked,
    HandoffDelivered,
    HandoffDiscrepant,
    HandoffOffered,
    HandoffOverdue,
    HandoffSupplemented,
)
from services.contacts.domain.handoff import ACCEPTED, ASKED, OFFER, WAITING, WITHDRAWN, Handoff, HandoffFact
from services.contacts.domain.handoff_kind import HandoffKind, receiver
from services.contacts.domain.manifest import Entries, covered, differences, named_of, newer


def ask(state: Handoff, asked: HandoffAsked, kind: HandoffKind, others: Sequence[str] = ()) -> Sequence[HandoffAsked]:
    """Asked by hand, of the department that was named, or else the kind's. The id belongs to the request, so that there
    is nothing before. `others` are open handoffs of the same kind and subject: one at a time is enough."""
    if state.id:
        return []
    to_department = receiver(kind, asked.to_department)
    if others:
        raise Refused(f"handoff {others[0]} of this kind and subject is still open; decide on it first")
    return [asked.model_copy(update={"to_department": to_department})]


def offer(state: Handoff, offered: HandoffOffered) -> Sequence[HandoffFact]:
    """Every asking fact has one offer, and none where it was withdrawn before."""
    return [offered] if state.state in ("", ASKED) else []


def receive(state: Handoff, part: str, receipt: Entries) -> Sequence[HandoffFact]:
    """Compare what the receiving department recomputed with what was offered.

    Equal is delivered; anything else is a discrepancy, told once for each different receipt. What was withdrawn
    before its receipt came needs no proof any more."""
    if part not in state.parts:
        raise NotThere(f"handoff {state.id} has no part {part}")
    found = state.parts[part]
    if found.delivered or (part == OFFER and state.state == WITHDRAWN):
        return []
    differing = differences(found.manifest, receipt)
    if not differing:
        return [HandoffDelivered(handoff_id=state.id, part=part, receipt=tuple(receipt))]
    if found.receipt is not None and tuple(receipt) == tuple(found.receipt):
        return []
    return [
        HandoffDiscrepant(
            handoff_id=state.id,
            part=part,
            to_department=state.to_department,
            manifest=tuple(found.manifest),
            receipt=tuple(receipt),
            differences=differing,
        )
    ]


def lose(state: Handoff, stream: str, version: int) -> Sequence[HandoffFact]:
    """A restore of another department took back versions of a stream, from this one on. What an open handoff offers of
    them is not in any log any more: its parts are discrepancies, whatever was received. What was taken over, stays."""
    if state.state not in WAITING:
        return []
    lost = {
        name: [e for e in part.manifest if e.stream == stream and e.version >= version]
        for name, part in state.parts.items()
    }
    return [_lost(state, name, entries) for name, entries in lost.items() if entries]


def _lost(state: Handoff, name: str, lost: Entries) -> HandoffDiscrepant:
    manifest = state.parts[name].manifest
    return HandoffDiscrepant(
        handoff_id=state.id,
        part=name,
        to_department=state.to_department,
        manifest=tuple(manifest),
        receipt=tuple(each for each in manifest if each not in lost),
        differences=tuple(f"{each.stream} version {each.version}: lost when its log was restored" for each in lost),
    )


def supplement(
    state: Handoff, basis: Mapping[str, str], entries: Entries, withheld: Collection[str] = ()
) -> Sequence[HandoffFact]:
    """What others than the receiving department recorded about the subject, or what was linked to it, since.

    `entries` are the streams that concern the subject at `basis`, `withheld` those of them that are not opened."""
    if state.state not in (*WAITING, ACCEPTED):
        return []
    news = news_of(state.to_department, entries, covered(part.manifest for part in state.parts.values()))
    if not news:
        return []
    part = f"supplement-{1 + sum(name.startswith('supplement-') for name in state.parts)}"
    return [
        HandoffSupplemented(
            handoff_id=state.id,
            part=part,
            to_department=state.to_department,
            basis=dict(basis),
            manifest=news,
            withheld=named_of(withheld, news),
        )
    ]


def news_of(to_department: str, entries: Entries, known: Mapping[str, int]) -> tuple[ManifestEntry, ...]:
    """What is not known yet and does not come from the receiving department itself."""
    return newer([each for each in entries if not each.stream.startswith(f"{to_department}.")], known)


def become_overdue(state: Handoff, now: datetime) -> Sequence[HandoffFact]:
    """Its deadline passed and nobody accepted, returned or withdrew it. Told once for each deadline."""
    if state.state not in WAITING or state.overdue or state.deadline is None or now < state.deadline:
        return []
    return [HandoffOverdue(handoff_id=state.id, deadline=state.deadline)]
