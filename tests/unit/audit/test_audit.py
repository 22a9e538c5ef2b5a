"""The audit finds nothing where nothing is wrong, and whatever somebody took out of the logs or forged into them."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.audit.logs import Lead, MemoryLogs, asked_by_hand, handed_on
from tools.audit.judge import DISCREPANCY, LOST, PENDING
from tools.audit.report import Report


def found(report: Report) -> list[tuple[str, str]]:
    return [(each.kind, each.reason) for each in report.findings]


def pair(report: Report) -> dict[str, int]:
    ((names, counts),) = report.pairs.items()
    assert names == ("marketing", "sales")
    return {name: count for name, count in counts.items() if count}


# ------------------------------------------------------------------------------------------------- nothing is wrong


def test_what_was_delivered_and_accepted_is_counted_and_nothing_is_found() -> None:
    logs, leads = handed_on(3)
    leads[0].touched()
    leads[0].accepted(leads[0].stream)
    leads[1].returned()
    report = logs.audit()
    assert found(report) == []
    assert pair(report) == {"asked": 3, "offered": 3, "delivered": 3, "accepted": 1, "returned": 1}


def test_what_was_recorded_after_the_offer_and_supplemented_is_told() -> None:
    logs, (lead, *_) = handed_on(1)
    lead.supplemented(lead.called("b"))
    assert found(logs.audit()) == []


def test_the_receiving_department_is_not_told_what_it_recorded_itself() -> None:
    logs, (lead, *_) = handed_on(1)
    lead.accepted()
    assert found(logs.audit()) == []


def test_after_a_return_nothing_has_to_be_told() -> None:
    logs, (lead, *_) = handed_on(1)
    lead.returned()
    lead.called("b")
    assert found(logs.audit()) == []


def test_a_restored_discrepancy_is_no_discrepancy_any_more() -> None:
    logs, (lead, *_) = handed_on(1)
    wrong = tuple(each.model_copy(update={"digest": "0" * 64}) for each in lead.concerning())
    lead.called("b")
    entries = (logs.entry(f"{lead.call}b"),)
    lead.supplemented(f"{lead.call}b")
    logs.drop(lead.receipt, 2)
    logs.drop(lead.handoff, 4)
    lead.received("supplement-1", wrong)
    lead.received("supplement-1", entries)
    lead.delivered("supplement-1", entries)
    assert found(logs.audit()) == []


# ------------------------------------------------------------------------------------------- on the way, or lost


def test_what_was_just_asked_is_pending() -> None:
    logs, _ = handed_on(2)
    late = Lead(logs, "9")
    late.captured()
    late.qualified()
    report = logs.audit(later_s=1)
    assert found(report) == [(PENDING, "asked, not offered")]
    assert (report.pending, report.wrong, pair(report)["pending"]) == (1, False, 1)


def test_an_ask_that_is_never_offered_is_pending_as_long_as_nobody_shows_to_have_heard_it() -> None:
    logs, _ = handed_on(2)
    late = Lead(logs, "9")
    late.captured()
    late.qualified()
    report = logs.audit(later_s=600)
    assert found(report) == [(PENDING, "asked, not offered")]
    assert report.oldest_pending_s == 600
    assert (
        report.text().splitlines()[-1] == "nothing lost so far, no discrepancy; 1 still pending, the oldest for 600 s"
    )


def test_what_is_asked_about_what_nobody_recorded_waits_for_it() -> None:
    logs, _ = handed_on(2)
    asked_by_hand(logs, "unheard-of")
    logs.now += timedelta(seconds=700)
    Lead(logs, "9").handed_on()

    assert found(logs.audit()) == [(PENDING, "asked about what nobody recorded anything of")]


def test_what_is_withdrawn_before_it_is_offered_needs_no_offer() -> None:
    logs, _ = handed_on(2)
    late = Lead(logs, "9")
    late.captured()
    late.qualified()
    late.withdrawn()
    logs.now += timedelta(seconds=700)
    Lead(logs, "10").handed_on()

    report = logs.audit()

    assert found(report) == []
    assert pair(report)["withdrawn"] == 1


def test_a_missing_offer_is_lost_once_later_asks_were_offered() -> None:
    logs, leads = handed_on(3)
    logs.drop(leads[0].handoff, 1)
    logs.drop(leads[0].receipt, 1)
    report = logs.audit()
    assert (LOST, "asked, not offered") in found(report)
    assert report.wrong


def test_a_reader_that_works_off_a_large_import_gets_more_time() -> None:
    logs, leads = handed_on(3)
    logs.drop(leads[0].handoff, 1)
    logs.drop(leads[0].receipt, 1)
    logs.now += timedelta(seconds=60)
    Lead(logs, "9").handed_on()
    assert found(logs.audit(later_s=1)) == [(PENDING, "asked, not offered")]
    assert found(logs.audit(later_s=11)) == [(LOST, "asked, not offered")]


def test_a_missing_receipt_is_lost_once_later_offers_were_receipted() -> None:
    logs, leads = handed_on(3)
    logs.drop(leads[0].receipt, 1)
    assert (LOST, "offer: no receipt") in found(logs.audit())


def test_a_missing_receipt_of_what_was_just_offered_is_pending() -> None:
    logs, leads = handed_on(2)
    logs.drop(leads[1].receipt, 1)
    logs.drop(leads[1].handoff, 2)
    assert found(logs.audit(later_s=1)) == [(PENDING, "offer: no receipt")]


def test_a_receipt_that_contacts_never_judged_is_lost_once_later_ones_were() -> None:
    logs, leads = handed_on(3)
    logs.drop(leads[0].handoff, 2)
    assert (LOST, "offer: receipted, not declared delivered") in found(logs.audit())


def test_what_was_recorded_after_the_offer_and_never_told_is_lost() -> None:
    logs, leads = handed_on(2)
    leads[0].called("b")
    assert [kind for kind, _ in found(logs.audit(later_s=1))] == [PENDING]
    Lead(logs, "9").handed_on()
    assert found(logs.audit()) == [(LOST, "contacts.interaction-1b went on to version 1, told until 0")]


def test_a_call_that_is_linked_later_has_to_be_told_too() -> None:
    logs, leads = handed_on(2)
    other = Lead(logs, "8")
    other.captured()
    call = other.called()
    link: Any = {"subjects": ["lead:lead-1", "person:p8"]}
    logs.record("contacts.lead-lead-1", _Linked(link["subjects"]))
    leads[0].supplemented("contacts.lead-lead-1", call, "contacts.person-p8")
    Lead(logs, "9").handed_on()
    assert found(logs.audit()) == [(LOST, "contacts.lead-lead-8 went on to version 1, told until 0")]


# ------------------------------------------------------------------------------------------------------- forgeries


def entries_without(entries: list[dict[str, Any]], stream: str) -> list[dict[str, Any]]:
    return [each for each in entries if each["stream"] != stream]


def test_a_stream_that_was_left_out_of_a_manifest_and_of_its_receipt_is_lost() -> None:
    logs, (lead, *_) = handed_on(1)
    logs.change(lead.handoff, 1, lambda data: {**data, "manifest": entries_without(data["manifest"], lead.call)})
    logs.change(lead.receipt, 1, lambda data: {**data, "entries": entries_without(data["entries"], lead.call)})
    logs.change(lead.handoff, 2, lambda data: {**data, "receipt": entries_without(data["receipt"], lead.call)})
    report = logs.audit()
    assert (LOST, f"{lead.call} was at version 1, the manifest has nothing of it") in found(report)
    assert report.document()["lost"] == 1


def test_an_earlier_version_in_a_manifest_is_lost_information() -> None:
    logs = MemoryLogs()
    lead = Lead(logs)
    lead.captured()
    lead.touched()
    lead.qualified()
    lead.offered()
    earlier = logs.entry(lead.stream, 2).model_dump()

    def shortened(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "manifest": [earlier, *entries_without(data["manifest"], lead.stream)]}

    logs.change(lead.handoff, 1, shortened)
    assert (LOST, f"{lead.stream} was at version 3, the manifest has 2") in found(logs.audit(later_s=1))


def test_a_receipt_that_was_copied_names_what_its_writer_had_not_heard() -> None:
    logs = MemoryLogs()
    lead = Lead(logs)
    lead.captured()
    before = logs.basis
    lead.called()
    lead.qualified()
    lead.offered()
    lead.received(basis=before)
    lead.delivered()
    kinds = {kind for kind, _ in found(logs.audit())}
    assert kinds == {DISCREPANCY}
    assert (DISCREPANCY, f"offer: the receipt names {lead.call} version 1, which was not heard yet") in found(
        logs.audit()
    )


def test_a_receipt_copied_from_another_handoff_is_not_its_manifest() -> None:
    logs, leads = handed_on(2)
    copied = [each.model_dump() for each in leads[1].concerning()]
    logs.change(leads[0].receipt, 1, lambda data: {**data, "entries": copied})
    assert (DISCREPANCY, "offer: the receipt is not its manifest") in found(logs.audit())


def test_a_delivery_without_a_receipt_is_a_discrepancy() -> None:
    logs, leads = handed_on(2)
    logs.drop(leads[1].receipt, 1)
    assert (DISCREPANCY, "offer: declared delivered without a receipt") in found(logs.audit())


def test_a_receipt_of_another_department_is_a_discrepancy() -> None:
    logs, (lead, *_) = handed_on(1)
    logs.change(lead.handoff, 1, lambda data: {**data, "to_department": "marketing"})
    assert (DISCREPANCY, "offer: receipted by sales, offered to marketing") in found(logs.audit())


def test_a_second_offer_is_a_discrepancy() -> None:
    logs, (lead, *_) = handed_on(1)
    lead.offered()
    assert found(logs.audit()) == [(DISCREPANCY, "offered more than once")]


def test_an_offer_about_another_lead_than_was_asked_for_is_a_discrepancy() -> None:
    logs, (lead, other) = handed_on(2)
    logs.change(lead.handoff, 1, lambda data: {**data, "subject": {"kind": "lead", "id": other.id}})
    reason = f"offered about lead:{other.id}, which the asking fact does not name"
    assert (DISCREPANCY, reason) in found(logs.audit())


def test_an_offer_to_another_department_than_was_asked_for_is_a_discrepancy() -> None:
    logs, (lead, *_) = handed_on(1)
    logs.change(lead.handoff, 1, lambda data: {**data, "to_department": "marketing"})
    assert (DISCREPANCY, "offer: goes to marketing, asked for sales") in found(logs.audit())


def test_a_supplement_for_another_department_is_a_discrepancy() -> None:
    logs, (lead, *_) = handed_on(1)
    lead.supplemented(lead.called("b"))
    logs.change(lead.handoff, 3, lambda data: {**data, "to_department": "marketing"})
    assert (DISCREPANCY, "supplement-1: goes to marketing, asked for sales") in found(logs.audit())


def test_a_supplement_under_a_name_that_is_taken_is_a_discrepancy() -> None:
    logs, (lead, *_) = handed_on(1)
    lead.supplemented(lead.called("b"))
    lead.supplemented(lead.called("c"))
    assert (DISCREPANCY, "supplement-1: told more than once") in found(logs.audit())


def test_an_offer_that_nobody_asked_for_is_a_discrepancy() -> None:
    logs, leads = handed_on(2)
    logs.drop(leads[0].stream, 2)
    assert (DISCREPANCY, "offered, and no fact asks for it") in found(logs.audit())


def test_an_id_that_is_not_made_of_the_asking_fact_is_a_discrepancy() -> None:
    logs, (lead, *_) = handed_on(1)
    ask = {"ask": {"handoff_id": "9c1e28ba-2fa1-51d2-883f-0016d3cca427", "to_department": "sales"}}
    logs.change(lead.stream, 2, lambda data: {**data, **ask})
    assert (DISCREPANCY, "its id is not made of the fact that asks") in found(logs.audit())


def test_a_receipt_of_what_was_never_offered_is_a_discrepancy() -> None:
    logs, (lead, *_) = handed_on(1)
    forged = Lead(logs, "8", handoff_id="9c1e28ba-2fa1-51d2-883f-0016d3cca427")
    forged.received(entries=lead.concerning())
    assert (DISCREPANCY, "sales tells of it, and it was never offered") in found(logs.audit())


@pytest.mark.parametrize("department", ["marketing", "contacts"])
def test_a_changed_payload_breaks_its_chain_and_every_manifest_that_names_it(department: str) -> None:
    logs, _ = handed_on(2)
    event = logs.events[department][0]
    event.data = event.data.replace(b"1", b"7", 1)
    report = logs.audit()
    assert report.logs == [f"demo: {event.stream}: version 1 is not what its digest says"]
    assert DISCREPANCY in {kind for kind, _ in found(report)}
    assert report.document()["lost"] == 1


@pytest.mark.parametrize("metadata", [b"no JSON", b"[]", b'{"subjects":5}', b'{"subjects":[5]}'])
def test_a_fact_that_does_not_say_whom_it_concerns_is_something_wrong(metadata: bytes) -> None:
    logs, (lead, *_) = handed_on(1)
    logs.spoil(lead.call, 1, metadata=metadata)
    report = logs.audit()
    assert report.logs == [f"demo: {lead.call}: whom version 1 concerns cannot be read"]
    assert report.wrong


@pytest.mark.parametrize(
    "data",
    [b"no JSON", b"[]", b"{}", b'{"handoff_id":["h"]}', b'{"handoff_id":"h","part":"offer","to_department":"sales"}'],
)
@pytest.mark.parametrize(("of", "version"), [("handoff", 1), ("receipt", 1), ("handoff", 2)])
def test_a_fact_of_a_handoff_that_cannot_be_read_is_something_wrong(of: str, version: int, data: bytes) -> None:
    logs, (lead, _) = handed_on(2)
    stream = getattr(lead, of)
    logs.spoil(stream, version, data=data)
    report = logs.audit()
    assert report.logs == [f"demo: {stream}: version {version} cannot be read"]
    assert report.wrong


@pytest.mark.parametrize("data", [b'{"ask":{', b'{"ask":{}}', b'{"why":{"ask":{}}}', b'{"ask":{"handoff_id":5}}'])
def test_a_fact_that_asks_and_cannot_be_read_is_something_wrong(data: bytes) -> None:
    logs, (lead, _) = handed_on(2)
    logs.spoil(lead.stream, 2, data=data)
    report = logs.audit()
    assert report.logs == [f"demo: {lead.stream}: version 2 cannot be read"]
    assert (DISCREPANCY, "offered, and no fact asks for it") in found(report)


def test_a_deleted_event_leaves_a_gap() -> None:
    logs, _ = handed_on(2)
    del logs.events["contacts"][1]
    report = logs.audit()
    assert "contacts: expected position 2, found 3" in report.logs
    assert report.wrong


class _Linked:
    """A fact that names two subjects."""

    name = "contacts.lead-person-found"

    def __init__(self, subjects: list[str]) -> None:
        self._subjects = subjects

    def model_dump(self, **_: Any) -> dict[str, Any]:
        return {}

    def subjects(self) -> list[str]:
        return self._subjects
