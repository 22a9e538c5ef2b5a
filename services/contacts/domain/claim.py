"""What only one may have: an e-mail address or a phone number one person, a kind and subject one open handoff.

The stream is named by a keyed HMAC, so that it says nothing itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from eventlog.decider import Decider, Refused
from facts.contacts import HandoffClaimed, IdentifierClaimed, IdentifierReleased

ClaimFact = IdentifierClaimed | IdentifierReleased | HandoffClaimed


@dataclass(frozen=True)
class Claim:
    """`person_id` is empty when nobody has it (any more); `handoff_id` is the one asked for last, ended or not."""

    person_id: str = ""
    handoff_id: str = ""


def evolve(state: Claim, fact: ClaimFact) -> Claim:
    match fact:
        case IdentifierClaimed():
            return Claim(fact.person_id)
        case IdentifierReleased():
            return Claim()
        case HandoffClaimed():
            return Claim(handoff_id=fact.handoff_id)
        case _:
            assert_never(fact)


CLAIM = Decider("contacts.claim", Claim(), evolve)

RULES = {
    "email": "an e-mail address belongs to one person, and another person has this one",
    "phone": "a phone number belongs to one person, and another person has this one",
}


def claim(state: Claim, kind: str, person_id: str) -> Sequence[ClaimFact]:
    if state.person_id == person_id:
        return []
    if state.person_id:
        raise Refused(RULES[kind], field=f"person.{kind}s")
    return [IdentifierClaimed(kind=kind, person_id=person_id)]


def release(state: Claim, kind: str, person_id: str) -> Sequence[ClaimFact]:
    return [IdentifierReleased(kind=kind, person_id=person_id)] if state.person_id == person_id else []
