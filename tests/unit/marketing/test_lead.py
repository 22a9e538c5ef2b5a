"""What may happen to a lead."""

from datetime import timedelta
from typing import Any

import pytest

from eventlog.decider import NotThere
from facts.marketing import Consent, LeadCaptured, LeadDisqualified, LeadPerson, LeadReturned, LeadUpdated, Touch
from services.marketing.domain.handing_on import Asking, Heard, disqualify, give_back, qualify
from services.marketing.domain.lead import LEAD, Lead, capture, change, link_person, touch, typed, update
from tests.support.deciding import given
from tests.support.examples import (
    CALLED_AT,
    HANDOFF,
    LEAD_CAPTURED,
    LEAD_DISQUALIFIED,
    LEAD_PERSON_LINKED,
    LEAD_QUALIFIED,
    LEAD_RETURNED,
    LEAD_TOUCHED,
    LEAD_UPDATED,
    PERSON,
    QUALIFIED_AT,
)
from tests.support.examples import LEAD as LEAD_ID

NOTHING_HEARD = Heard()
NEXT = "00000000-0000-5000-8000-000000000002"


def asking(handoff_id: str = HANDOFF, **more: Any) -> Asking:
    ask = LEAD_QUALIFIED.ask
    told = {"to_branch": ask.to_branch, "to_employee": ask.to_employee, "note": LEAD_QUALIFIED.note}
    return Asking(handoff_id, QUALIFIED_AT, **{**told, "brief": LEAD_QUALIFIED.brief, **more})


def test_a_lead_is_captured_with_its_enquiry() -> None:
    told = LEAD_CAPTURED.model_dump(exclude={"lead_id", "row"})
    given(LEAD).when(lambda state: capture(state, LEAD_ID, told, QUALIFIED_AT)).then(LEAD_CAPTURED)


def test_what_comes_without_a_time_happened_at_the_capture() -> None:
    told = {"branch": "london", "consents": [{"granted": True, "channel": "", "purpose": ""}], "touches": [{}]}
    given(LEAD).when(lambda state: capture(state, LEAD_ID, told, CALLED_AT)).then(
        LeadCaptured(
            lead_id=LEAD_ID,
            branch="london",
            captured_at=CALLED_AT,
            consents=(Consent(channel="", purpose="", granted=True, at=CALLED_AT),),
            touches=(Touch(at=CALLED_AT),),
        )
    )


def test_a_lead_is_captured_once() -> None:
    given(LEAD, LEAD_CAPTURED).when(lambda state: capture(state, LEAD_ID, {"branch": "leeds"}, CALLED_AT)).refuses(
        "captured already"
    )


def test_an_update_names_what_differs() -> None:
    told = {"source": "fair", "company": {"name": "Petrova Ceramics"}, "owner": "emma.clarke"}
    given(LEAD, LEAD_CAPTURED).when(lambda state: update(state, told)).then(LEAD_UPDATED)


def test_an_update_clears_what_is_none() -> None:
    told: dict[str, Any] = {"person": None, "note": "", "touches": []}
    given(LEAD, LEAD_CAPTURED).when(lambda state: update(state, told)).then(
        LeadUpdated(lead_id=LEAD_ID, fields=("person", "note", "touches"))
    )


def test_sending_back_what_was_read_changes_nothing() -> None:
    told = LEAD_CAPTURED.model_dump(exclude={"lead_id", "row"})
    del told["enquiry"]["employee"], told["enquiry"]["promises"][0]["id"]
    given(LEAD, LEAD_CAPTURED).when(lambda state: update(state, told)).then()


@pytest.mark.parametrize("enquiry", [None, {"summary": "Something else"}, {"promises": []}])
def test_an_enquiry_is_told_once(enquiry: Any) -> None:
    given(LEAD, LEAD_CAPTURED).when(lambda state: update(state, {"enquiry": enquiry})).refuses("told once")


def test_an_enquiry_may_be_told_later() -> None:
    silent = LEAD_CAPTURED.model_copy(update={"enquiry": None})
    told = {"enquiry": LEAD_CAPTURED.model_dump()["enquiry"]}
    given(LEAD, silent).when(lambda state: update(state, told)).then(
        LeadUpdated(lead_id=LEAD_ID, fields=("enquiry",), enquiry=LEAD_CAPTURED.enquiry)
    )
    given(LEAD, silent).when(lambda state: update(state, {"enquiry": None})).then()


def test_the_time_of_the_capture_cannot_be_cleared() -> None:
    given(LEAD, LEAD_CAPTURED).when(lambda state: update(state, {"captured_at": None})).refuses("time of its capture")


def test_a_lead_is_touched() -> None:
    given(LEAD, LEAD_CAPTURED).when(lambda state: touch(state, LEAD_TOUCHED.touch)).then(LEAD_TOUCHED)


def test_a_qualified_lead_asks_for_a_handoff() -> None:
    given(LEAD, LEAD_CAPTURED).when(lambda state: qualify(state, asking(), NOTHING_HEARD)).then(LEAD_QUALIFIED)


def test_a_lead_goes_to_its_own_branch_where_no_other_is_named() -> None:
    (fact,) = given(LEAD, LEAD_CAPTURED).when(lambda state: qualify(state, asking(to_branch=""), NOTHING_HEARD)).facts
    assert (fact.ask.from_branch, fact.ask.to_branch) == ("london", "london")


def test_one_handoff_is_open_at_a_time() -> None:
    given(LEAD, LEAD_CAPTURED, LEAD_QUALIFIED).when(lambda state: qualify(state, asking(NEXT), NOTHING_HEARD)).refuses(
        f"handoff {HANDOFF} of this lead is open"
    )


def test_a_handoff_asked_by_hand_is_open_too() -> None:
    by_hand = Heard(open={"by-hand"})
    given(LEAD, LEAD_CAPTURED).when(lambda state: qualify(state, asking(), by_hand)).refuses("handoff by-hand")


@pytest.mark.parametrize("facts", [(), (LEAD_RETURNED,)], ids=["settled at contacts", "returned"])
def test_a_new_handoff_names_the_one_before(facts: tuple[Any, ...]) -> None:
    settled = Heard(settled={HANDOFF})
    (fact,) = (
        given(LEAD, LEAD_CAPTURED, LEAD_QUALIFIED, *facts)
        .when(lambda state: qualify(state, asking(NEXT), settled))
        .facts
    )
    assert (fact.ask.handoff_id, fact.ask.previous_id) == (NEXT, HANDOFF)


def test_a_disqualified_lead_withdraws_its_open_handoff() -> None:
    given(LEAD, LEAD_CAPTURED, LEAD_QUALIFIED).when(
        lambda state: disqualify(state, LEAD_DISQUALIFIED.reason, NOTHING_HEARD)
    ).then(LEAD_DISQUALIFIED)


def test_an_accepted_handoff_is_not_withdrawn() -> None:
    given(LEAD, LEAD_CAPTURED, LEAD_QUALIFIED).when(
        lambda state: disqualify(state, "No reply", Heard(settled={HANDOFF}))
    ).then(LeadDisqualified(lead_id=LEAD_ID, reason="No reply"))


def test_a_disqualified_lead_is_given_up_for_good() -> None:
    gone = given(LEAD, LEAD_CAPTURED, LEAD_DISQUALIFIED)
    gone.when(lambda state: qualify(state, asking(), NOTHING_HEARD)).refuses("is disqualified")
    gone.when(lambda state: disqualify(state, "Again", NOTHING_HEARD)).refuses("is disqualified already")
    gone.when(lambda state: give_back(state, HANDOFF, "Late", NOTHING_HEARD)).then()


def test_a_returned_lead_is_marketings_again() -> None:
    returned = given(LEAD, LEAD_CAPTURED, LEAD_QUALIFIED).when(
        lambda state: give_back(state, HANDOFF, LEAD_RETURNED.reason, Heard(settled={HANDOFF}))
    )
    returned.then(LEAD_RETURNED)
    assert LEAD.evolve(returned.state, LEAD_RETURNED).state == "RETURNED"


def test_a_late_return_of_an_earlier_handoff_changes_nothing() -> None:
    again = LEAD_QUALIFIED.model_copy(update={"ask": LEAD_QUALIFIED.ask.model_copy(update={"handoff_id": NEXT})})
    given(LEAD, LEAD_CAPTURED, LEAD_QUALIFIED, again).when(
        lambda state: give_back(state, HANDOFF, "Late", Heard(settled={HANDOFF}))
    ).then()


def test_what_was_handed_on_again_stays_with_who_accepted_it_last() -> None:
    again = LEAD_QUALIFIED.model_copy(update={"ask": LEAD_QUALIFIED.ask.model_copy(update={"handoff_id": NEXT})})
    twice = given(LEAD, LEAD_CAPTURED, LEAD_QUALIFIED, again)
    both = {HANDOFF, NEXT}

    twice.when(lambda state: give_back(state, HANDOFF, "Late", Heard(settled=both, ended={HANDOFF}))).then()
    twice.when(lambda state: give_back(state, NEXT, "No", Heard(settled=both, ended={NEXT}))).then(
        LeadReturned(lead_id=LEAD_ID, handoff_id=NEXT, reason="No")
    )


def test_a_return_by_hand_reaches_a_lead_whose_own_handoff_nobody_holds() -> None:
    given(LEAD, LEAD_CAPTURED, LEAD_QUALIFIED).when(
        lambda state: give_back(state, "by-hand", "No", Heard(settled={HANDOFF}, ended={HANDOFF}))
    ).then(LeadReturned(lead_id=LEAD_ID, handoff_id="by-hand", reason="No"))


def test_a_returned_lead_is_marketings_again_whatever_else_of_it_is_open() -> None:
    given(LEAD, LEAD_CAPTURED, LEAD_QUALIFIED).when(
        lambda state: give_back(
            state, HANDOFF, LEAD_RETURNED.reason, Heard(open={"a-visit"}, settled={HANDOFF}, ended={HANDOFF})
        )
    ).then(LEAD_RETURNED)
    given(LEAD, LEAD_CAPTURED).when(
        lambda state: give_back(state, "by-hand", "Not ours", Heard(open={"a-visit"}, settled={"by-hand"}))
    ).then(LeadReturned(lead_id=LEAD_ID, handoff_id="by-hand", reason="Not ours"))


def test_a_return_by_hand_reaches_a_lead_that_was_never_qualified() -> None:
    given(LEAD, LEAD_CAPTURED).when(lambda state: give_back(state, "by-hand", "Not ours", NOTHING_HEARD)).then(
        LeadReturned(lead_id=LEAD_ID, handoff_id="by-hand", reason="Not ours")
    )


def test_whose_lead_it_is_is_decided_once() -> None:
    given(LEAD, LEAD_CAPTURED).when(lambda state: link_person(state, PERSON)).then(LEAD_PERSON_LINKED)
    given(LEAD, LEAD_CAPTURED, LEAD_PERSON_LINKED).when(lambda state: link_person(state, PERSON)).then()


def test_nothing_happens_to_a_lead_that_nobody_captured() -> None:
    given(LEAD).when(lambda state: update(state, {"source": "fair"})).refuses("no such lead", NotThere)
    given(LEAD).when(lambda state: touch(state, LEAD_TOUCHED.touch)).refuses("no such lead", NotThere)


def test_an_imported_row_is_remembered_with_what_it_said() -> None:
    rowed = LEAD_CAPTURED.model_copy(update={"row": "aa" * 32})
    imported = given(LEAD, rowed).state
    assert (imported.row, imported.imported["source"]) == ("aa" * 32, "organic_search")
    given(LEAD, rowed).when(lambda state: change(state, {"owner": None}, row="bb" * 32)).then(
        LeadUpdated(lead_id=LEAD_ID, fields=("owner",), row="bb" * 32)
    )
    given(LEAD, rowed).when(lambda state: change(state, {}, row="bb" * 32)).then(
        LeadUpdated(lead_id=LEAD_ID, fields=(), row="bb" * 32)
    )


def test_plain_values_become_the_facts_own_types() -> None:
    later = CALLED_AT + timedelta(days=1)
    assert typed({"person": {"name": "Anna"}, "touches": [{"at": later}], "note": None}, CALLED_AT) == {
        "person": LeadPerson(name="Anna"),
        "touches": (Touch(at=later),),
        "note": "",
    }


def test_a_new_lead_is_new() -> None:
    assert Lead().state == "NEW"
