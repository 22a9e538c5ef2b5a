"""What is asked of Baton for a batch of rows, and what is made of the answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from baton.common.v1.imports_pb2 import ImportResult
from baton.contacts.v1 import companies_pb2
from baton.marketing.v1 import leads_pb2

from runtime.client import Problem
from tests.unit.importer.files import a_map, a_table
from tools.importer.asking import Asking
from tools.importer.attempts import attempt_for
from tools.importer.report import CREATED, NOT_YET, REJECTED, UNCHANGED, Outcome, Warned
from tools.importer.rows import prepare

HANDOFF = "1b4e28ba-2fa1-51d2-883f-0016d3cca427"
DEALS = """
employee = { column = "seller" }
[lead]
externalId = { column = "lead" }
[accept]
employee = { column = "taker" }
acceptedAt = { column = "won" }
[fields]
externalId = { column = "lead" }
[steps.win]
closedAt = { column = "won" }
"""
PEOPLE = """
[fields]
externalId = { column = "id" }
companyId = { column = "company", reference = "companies" }
"""

Answer = Callable[[Any], Any]


@dataclass
class FakeBaton:
    """Answers by path; remembers the requests."""

    answers: dict[str, Answer]
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def get(self, path: str, answer: Any, query: Any) -> Any:
        return self._answer(path, query)

    def post(self, path: str, answer: Any, body: Any) -> Any:
        return self._answer(path, body)

    def _answer(self, path: str, request: Any) -> Any:
        self.asked.append((path, request))
        return self.answers[path](request)

    def asked_of(self, path: str) -> list[Any]:
        return [request for asked, request in self.asked if asked == path]


class Results:
    """An import RPC's answer: the same outcome for every row."""

    def __init__(self, outcome: Any, detail: str = "", field: str = "") -> None:
        self._result = {"outcome": outcome, "detail": detail, "field": field}

    def __call__(self, request: Any) -> Any:
        results = [ImportResult(line=row.line, **self._result) for row in request.rows]
        return type("Answer", (), {"results": results})


def attempted(folder: Path, baton: FakeBaton, text: str, resource: str, *lines: str) -> list[Outcome]:
    """The outcomes of one attempt at these rows."""
    map = a_map(text, resource)
    asking = Asking(baton, map, "import-1")  # type: ignore[arg-type]
    return attempt_for(asking, map)([prepare(map, row) for row in a_table(folder, *lines).rows()])


def leads(*found: leads_pb2.Lead) -> Answer:
    return lambda query: leads_pb2.ListLeadsResponse(leads=found)


def a_lead(**more: Any) -> leads_pb2.Lead:
    captured_at = datetime(2018, 3, 8, tzinfo=UTC)
    return leads_pb2.Lead(**{"external_id": "m1", "handoff_id": HANDOFF, "captured_at": captured_at, **more})


DEAL = ("lead,seller,taker,won", "m1,sr,sdr,2018-03-09 10:00:00")


def test_a_deal_accepts_the_handoff_of_its_lead_and_fills_the_opportunity_that_this_opens(tmp_path: Path) -> None:
    baton = FakeBaton(
        {
            "/v1/leads": leads(a_lead()),
            "/v1/handoffs:importAcceptances": Results(ImportResult.CREATED),
            "/v1/opportunities:import": Results(ImportResult.CREATED),
        }
    )
    assert attempted(tmp_path, baton, DEALS, "deals", *DEAL) == [Outcome(CREATED)]
    (acceptance,) = baton.asked_of("/v1/handoffs:importAcceptances")[0].rows
    assert (acceptance.employee, acceptance.acceptance.handoff_id) == ("sdr", HANDOFF)
    (row,) = baton.asked_of("/v1/opportunities:import")[0].rows
    assert (row.line, row.employee, row.opportunity_id) == (2, "sr", str(uuid5(UUID(HANDOFF), "opportunity")))
    assert row.win.closed_at.ToDatetime() == datetime(2018, 3, 9, 10)  # noqa: DTZ001 - as protobuf gives it


def test_a_deal_whose_handoff_is_not_delivered_has_to_wait_and_its_opportunity_is_not_asked_for(tmp_path: Path) -> None:
    answers: dict[str, Any] = {
        "/v1/leads": leads(a_lead()),
        "/v1/handoffs:importAcceptances": Results(ImportResult.NOT_YET, "not yet"),
    }
    baton = FakeBaton(answers)
    assert attempted(tmp_path, baton, DEALS, "deals", *DEAL) == [Outcome(NOT_YET, "", "not yet")]


def test_a_deal_without_its_lead_has_to_wait(tmp_path: Path) -> None:
    baton = FakeBaton({"/v1/leads": leads()})
    outcome = Outcome(NOT_YET, "lead", "no lead has the external id m1")
    assert attempted(tmp_path, baton, DEALS, "deals", *DEAL) == [outcome]


def test_a_deal_that_was_won_before_its_lead_was_captured_is_warned_of(tmp_path: Path) -> None:
    baton = FakeBaton(
        {
            "/v1/leads": leads(a_lead()),
            "/v1/handoffs:importAcceptances": Results(ImportResult.UNCHANGED),
            "/v1/opportunities:import": Results(ImportResult.UNCHANGED),
        }
    )
    (outcome,) = attempted(tmp_path, baton, DEALS, "deals", DEAL[0], "m1,sr,sdr,2018-03-06 19:38:55")
    detail = "closed 2018-03-06T19:38:55Z, before its lead was captured, 2018-03-08T00:00:00Z"
    assert outcome == Outcome(UNCHANGED, warnings=(Warned(2, "won", detail),))


def test_a_reference_becomes_the_id_of_what_it_names(tmp_path: Path) -> None:
    company = companies_pb2.Company(id="c-1", external_id="acme")
    baton = FakeBaton(
        {
            "/v1/companies": lambda query: companies_pb2.ListCompaniesResponse(companies=[company]),
            "/v1/people:import": Results(ImportResult.CREATED),
        }
    )
    outcomes = attempted(tmp_path, baton, PEOPLE, "people", "id,company", "1,acme", "2,", "3,nobody")
    assert outcomes == [
        Outcome(CREATED),
        Outcome(CREATED),
        Outcome(NOT_YET, "company", "nothing in companies has the external id nobody"),
    ]
    assert [row.person.company_id for row in baton.asked_of("/v1/people:import")[0].rows] == ["c-1", ""]
    assert baton.asked_of("/v1/companies")[0]["externalId"] == ["acme", "nobody"]


def test_a_row_for_whose_sake_a_request_is_refused_is_found_and_its_neighbours_go_on(tmp_path: Path) -> None:
    def refuses_three(request: Any) -> Any:
        for n, row in enumerate(request.rows):
            if row.person.external_id == "3":
                errors = [{"pointer": f"/rows/{n}/person/external_id", "detail": "is odd"}]
                raise Problem(400, "Bad request", errors=errors)
        return Results(ImportResult.CREATED)(request)

    baton = FakeBaton({"/v1/people:import": refuses_three})
    outcomes = attempted(tmp_path, baton, PEOPLE, "people", "id,company", *(f"{n}," for n in range(1, 9)))
    assert [outcome.outcome for outcome in outcomes] == [CREATED, CREATED, REJECTED, *[CREATED] * 5]
    assert outcomes[2] == Outcome(REJECTED, "id", "is odd")


def test_rows_that_baton_is_too_busy_for_are_sent_again_later(tmp_path: Path) -> None:
    def busy(request: Any) -> Any:
        raise Problem(503, "Busy", "come back later")

    outcomes = attempted(tmp_path, FakeBaton({"/v1/people:import": busy}), PEOPLE, "people", "id,company", "1,", "2,")
    assert outcomes == [Outcome(NOT_YET, "", "503 Busy. come back later")] * 2


def test_a_department_names_the_field_and_the_report_the_column(tmp_path: Path) -> None:
    baton = FakeBaton({"/v1/people:import": Results(ImportResult.REJECTED, "is taken", "person.external_id")})
    assert attempted(tmp_path, baton, PEOPLE, "people", "id,company", "1,") == [Outcome(REJECTED, "id", "is taken")]
