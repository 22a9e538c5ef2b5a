"""What is decided about handoffs: by Baton, and by people."""

from typing import Any

import pytest

from eventlog.decider import NotThere
from facts.common import ManifestEntry
from facts.contacts import (
    HandoffAnswered,
    HandoffClaimed,
    HandoffDelivered,
    HandoffDiscrepant,
    HandoffOverdue,
    HandoffReassigned,
    HandoffSupplemented,
)
from services.contacts.domain import handoff_proof, handoff_verbs
from services.contacts.domain.claim import CLAIM, Claim
from services.contacts.domain.handoff import HANDOFF as DECIDER
from services.contacts.domain.handoff import Handoff
from services.contacts.domain.handoff_kind import LEAD_TO_SALES, HandoffKind
from services.contacts.domain.handoff_verbs import Acceptance, opened_by
from tests.support import examples_handoffs as example
from tests.support.deciding import Given, given
from tests.support.examples import HANDOFF

OFFERED = (example.HANDOFF_OFFERED,)
DELIVERED = (*OFFERED, example.HANDOFF_DELIVERED)
QUESTIONED = (*DELIVERED, example.HANDOFF_QUESTIONED)
ACCEPTED = (*DELIVERED, example.HANDOFF_ACCEPTED)
DISCREPANT = (*OFFERED, example.HANDOFF_DISCREPANT)
RETURNED = (*DELIVERED, example.HANDOFF_RETURNED)
WITHDRAWN = (*OFFERED, example.HANDOFF_WITHDRAWN)
EVERY_STATE = {
    "ASKED": (example.HANDOFF_ASKED,),
    "OFFERED": OFFERED,
    "DELIVERED": DELIVERED,
    "QUESTIONED": QUESTIONED,
    "ACCEPTED": ACCEPTED,
    "DISCREPANT": DISCREPANT,
    "RETURNED": RETURNED,
    "WITHDRAWN": WITHDRAWN,
}
BY_OLIVER = Acceptance(
    owner="oliver.hughes",
    accepted_by="oliver.hughes",
    accepted_at=example.EVENING,
    basis=example.BASIS,
    concerning=(example.QUALIFIED_AT_2, example.CALL_AT_1),
)
VERBS: dict[str, tuple[Any, set[str]]] = {
    "accept": (lambda state: handoff_verbs.accept(state, BY_OLIVER), {"DELIVERED", "QUESTIONED"}),
    "ask": (lambda state: handoff_verbs.ask(state, "q", "Why?", "oliver"), {"DELIVERED", "QUESTIONED"}),
    "answer": (lambda state: handoff_verbs.answer(state, example.QUESTION, "Green", "emma"), {"QUESTIONED"}),
    "return": (lambda state: handoff_verbs.give_back(state, "No", "oliver"), {"DELIVERED", "QUESTIONED"}),
    "reassign": (
        lambda state: handoff_verbs.reassign(state, "leeds", "", example.EVENING),
        {"DELIVERED", "QUESTIONED"},
    ),
    "hand back": (lambda state: handoff_verbs.hand_back(state, "No", "oliver"), {"ACCEPTED"}),
    "withdraw": (
        lambda state: handoff_verbs.withdraw(state, "By mistake", "emma"),
        {"ASKED", "OFFERED", "DELIVERED", "QUESTIONED", "DISCREPANT"},
    ),
}


def after(*facts: Any) -> Given:
    return given(DECIDER, *facts)


@pytest.mark.parametrize("state", EVERY_STATE)
@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_allowed_in_its_states_and_refused_in_words_elsewhere(verb: str, state: str) -> None:
    decide, allowed = VERBS[verb]
    decided = after(*EVERY_STATE[state]).when(decide)

    assert decided.state.state == state
    if state in allowed:
        assert len(decided.facts) == 1
    else:
        decided.refuses(f"this one is {state}")


def test_a_fact_that_asks_is_offered_once() -> None:
    after().when(lambda state: handoff_proof.offer(state, example.HANDOFF_OFFERED)).then(example.HANDOFF_OFFERED)
    after(*OFFERED).when(lambda state: handoff_proof.offer(state, example.HANDOFF_OFFERED)).then()


def test_what_is_withdrawn_before_its_offer_is_never_offered() -> None:
    withdrawn = after(example.HANDOFF_WITHDRAWN)
    withdrawn.when(lambda state: handoff_proof.offer(state, example.HANDOFF_OFFERED)).then()


def test_what_nobody_asked_for_is_not_withdrawn() -> None:
    after().when(lambda state: handoff_verbs.withdraw(state, "By mistake", "emma")).refuses("no such handoff", NotThere)


def test_a_receipt_that_equals_its_manifest_delivers() -> None:
    after(*OFFERED).when(receive(example.QUALIFIED_AT_2)).then(example.HANDOFF_DELIVERED)
    after(*DISCREPANT).when(receive(example.QUALIFIED_AT_2)).then(example.HANDOFF_DELIVERED)
    after(*DELIVERED).when(receive(example.QUALIFIED_AT_2)).then()


def test_anything_else_is_a_discrepancy_told_once() -> None:
    after(*OFFERED).when(receive(example.SPOILED)).then(example.HANDOFF_DISCREPANT)
    after(*DISCREPANT).when(receive(example.SPOILED)).then()


@pytest.mark.parametrize(
    ("receipt", "words"),
    [
        ((), "not in the receipt"),
        ((example.QUALIFIED_AT_2, example.CALL_AT_1), "not in the manifest"),
        ((example.QUALIFIED_AT_2.model_copy(update={"version": 3}),), "version 2 was offered, 3 was received"),
        ((example.SPOILED,), "another digest"),
        ((example.QUALIFIED_AT_2, example.QUALIFIED_AT_2), "twice"),
    ],
)
def test_a_receipt_may_differ_in_many_ways(receipt: tuple[ManifestEntry, ...], words: str) -> None:
    (discrepant,) = after(*OFFERED).when(receive(*receipt)).facts

    assert isinstance(discrepant, HandoffDiscrepant)
    assert words in "; ".join(discrepant.differences)


@pytest.mark.parametrize("state", ["OFFERED", "DELIVERED", "QUESTIONED", "DISCREPANT"])
def test_what_a_restore_took_back_of_an_open_handoff_is_proved_no_more(state: str) -> None:
    entry = example.QUALIFIED_AT_2
    (lost,) = after(*EVERY_STATE[state]).when(lambda handoff: handoff_proof.lose(handoff, entry.stream, 2)).facts

    assert isinstance(lost, HandoffDiscrepant)
    assert lost.differences == (f"{entry.stream} version 2: lost when its log was restored",)
    assert entry not in lost.receipt
    after(*EVERY_STATE[state]).when(lambda handoff: handoff_proof.lose(handoff, entry.stream, 3)).then()


@pytest.mark.parametrize("state", ["ASKED", "ACCEPTED", "RETURNED", "WITHDRAWN"])
def test_what_is_over_or_was_taken_over_stays(state: str) -> None:
    stream = example.QUALIFIED_AT_2.stream
    after(*EVERY_STATE[state]).when(lambda handoff: handoff_proof.lose(handoff, stream, 1)).then()


def test_a_delivered_handoff_stays_delivered_whatever_comes_later() -> None:
    after(*DELIVERED).when(receive(example.SPOILED)).then()


def test_a_receipt_for_a_part_that_was_never_offered_is_nobodys() -> None:
    after(*OFFERED).when(lambda state: handoff_proof.receive(state, "closing", ())).refuses("no part", NotThere)


def test_what_was_withdrawn_before_its_receipt_came_needs_none() -> None:
    after(*WITHDRAWN).when(receive(example.QUALIFIED_AT_2)).then()


def test_a_closing_manifest_holds_what_is_new_since_the_offer() -> None:
    (accepted,) = after(*DELIVERED).when(lambda state: handoff_verbs.accept(state, BY_OLIVER)).facts

    assert accepted == example.HANDOFF_ACCEPTED.model_copy(update={"opportunity_id": opened_by(HANDOFF)})


def test_accepting_into_an_opportunity_that_is_there_opens_none() -> None:
    by = Acceptance("oliver", "oliver", example.EVENING, example.BASIS, (), opportunity_id=example.OPPORTUNITY)
    (accepted,) = after(*DELIVERED).when(lambda state: handoff_verbs.accept(state, by)).facts

    assert (accepted.opens, accepted.opportunity_id) == (False, example.OPPORTUNITY)


def test_news_of_others_are_supplemented_once() -> None:
    concerning = (example.QUALIFIED_AT_2, example.CALL_AT_1)
    after(*OFFERED).when(supplement(*concerning)).then(example.HANDOFF_SUPPLEMENTED)
    after(*OFFERED, example.HANDOFF_SUPPLEMENTED).when(supplement(*concerning)).then()
    after(*ACCEPTED).when(supplement(*concerning)).then()
    after(*RETURNED).when(supplement(*concerning)).then()
    after(*WITHDRAWN).when(supplement(*concerning)).then()


@pytest.mark.parametrize(
    "stream",
    [
        "sales.opportunity-1",
        "contacts.handoff-2",
        "contacts.receipt-2",
        "marketing.receipt-2",
        "contacts.claim-ab",
        "contacts.branch-york",
    ],
)
def test_some_streams_are_never_news(stream: str) -> None:
    after(*DELIVERED).when(supplement(ManifestEntry(stream=stream, version=1, digest="00" * 32))).then()


def test_supplements_are_counted() -> None:
    later = example.CALL_AT_1.model_copy(update={"version": 2})
    (second,) = after(*OFFERED, example.HANDOFF_SUPPLEMENTED).when(supplement(later)).facts

    assert isinstance(second, HandoffSupplemented)
    assert second.part == "supplement-2"


def test_each_part_is_judged_by_itself() -> None:
    state = after(*ACCEPTED, example.HANDOFF_SUPPLEMENTED.model_copy(update={"part": "supplement-1"})).state

    assert handoff_proof.receive(state, "closing", [example.CALL_AT_1]) == [
        HandoffDelivered(handoff_id=HANDOFF, part="closing", receipt=(example.CALL_AT_1,))
    ]
    assert state.state == "ACCEPTED"


def test_a_handoff_is_questioned_until_the_last_answer() -> None:
    second = example.HANDOFF_QUESTIONED.model_copy(update={"question_id": "q2"})
    half: Handoff = after(*QUESTIONED, second, example.HANDOFF_ANSWERED.model_copy(update={"still_open": 1})).state

    assert half.state == "QUESTIONED"
    assert handoff_verbs.answer(half, "q2", "Forty", "emma") == [
        HandoffAnswered(handoff_id=HANDOFF, question_id="q2", answer="Forty", answered_by="emma", still_open=0)
    ]


def test_an_answer_belongs_to_an_open_question() -> None:
    after(*QUESTIONED).when(lambda state: handoff_verbs.answer(state, "other", "Green", "emma")).refuses(
        "no such question"
    )


def test_reassigning_to_where_it_is_changes_nothing() -> None:
    after(*DELIVERED).when(lambda state: handoff_verbs.reassign(state, "york", "", example.EVENING)).then()
    after(*DELIVERED).when(lambda state: handoff_verbs.reassign(state, "york", "olga", example.EVENING)).then(
        HandoffReassigned(handoff_id=HANDOFF, to_branch="york", assignee="olga", deadline=example.EVENING)
    )


def test_a_handoff_is_overdue_once_for_each_deadline() -> None:
    late = HandoffOverdue(handoff_id=HANDOFF, deadline=example.EVENING)
    after(*DELIVERED).when(overdue_at(example.EVENING)).then(late)
    after(*DELIVERED, late).when(overdue_at(example.EVENING)).then()
    after(*DELIVERED).when(overdue_at(example.NOON)).then()
    after(*DELIVERED, late, example.HANDOFF_REASSIGNED).when(overdue_at(example.EVENING)).then()
    after(*ACCEPTED).when(overdue_at(example.EVENING)).then()


def test_a_disqualified_lead_withdraws_what_still_waits_and_nothing_else() -> None:
    def with_lead(state: Handoff) -> Any:
        return handoff_verbs.withdraw_with_lead(state, "By mistake", "emma.clarke")

    after(*OFFERED).when(with_lead).then(example.HANDOFF_WITHDRAWN)
    after(example.HANDOFF_ASKED).when(with_lead).then(example.HANDOFF_WITHDRAWN)
    after(*ACCEPTED).when(with_lead).then()


def test_one_open_handoff_of_a_kind_and_a_subject_is_enough() -> None:
    def beside(*others: str) -> Any:
        return lambda state: handoff_proof.ask(state, example.HANDOFF_ASKED, LEAD_TO_SALES, others)

    after().when(beside()).then(example.HANDOFF_ASKED)
    after().when(beside("another")).refuses("handoff another of this kind and subject is still open")
    after(example.HANDOFF_ASKED).when(beside("another")).then()


def test_what_names_no_department_goes_where_its_kind_goes() -> None:
    def of(to_department: str, kind: HandoffKind) -> Any:
        asked = example.HANDOFF_ASKED.model_copy(update={"to_department": to_department})
        return lambda state: handoff_proof.ask(state, asked, kind)

    after().when(of("", LEAD_TO_SALES)).then(example.HANDOFF_ASKED)
    after().when(of("", HandoffKind("lead-to-sales", to_department="sales"))).then(example.HANDOFF_ASKED)
    after().when(of("marketing", LEAD_TO_SALES)).refuses("goes to sales")


def test_a_kind_and_subject_are_claimed_by_whatever_is_asked_for_last() -> None:
    later = HandoffClaimed(handoff_id="later")
    state = Claim()
    for fact in (example.HANDOFF_CLAIMED, later):
        state = CLAIM.evolve(state, fact)
    assert state == Claim(handoff_id="later")


def receive(*receipt: ManifestEntry) -> Any:
    return lambda state: handoff_proof.receive(state, "offer", receipt)


def supplement(*concerning: ManifestEntry) -> Any:
    return lambda state: handoff_proof.supplement(state, example.BASIS, concerning)


def overdue_at(now: Any) -> Any:
    return lambda state: handoff_proof.become_overdue(state, now)
