"""Rows of leads, brought in once each."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from baton.common.v1.imports_pb2 import ImportResult
from baton.marketing.v1 import leads_pb2 as pb

from runtime.imports import imported_id
from tests.support.examples import CALLED_AT
from tests.support.house import Desk, Town

CREATED, UPDATED, UNCHANGED = ImportResult.CREATED, ImportResult.UPDATED, ImportResult.UNCHANGED


@pytest.fixture
def olga(town: Town) -> Desk:
    return town.desk("olga", package="marketing")


def row(n: int, digest: str, *, qualify: bool = True, **fields: Any) -> pb.LeadRow:
    told = {"external_id": f"mql-{n}", "branch": "olist", "captured_at": CALLED_AT, **fields}
    step = pb.QualifyStep() if qualify else None
    return pb.LeadRow(line=n + 2, digest=digest * 32, employee="sdr", lead=pb.Lead(**told), qualify=step)


async def bring(desk: Desk, *rows: pb.LeadRow) -> list[ImportResult]:
    request = pb.ImportLeadsRequest(import_id="first", rows=rows)
    return list((await desk.ask("Leads/ImportLeads", request)).results)


async def test_rows_become_qualified_leads_in_one_go(town: Town, olga: Desk) -> None:
    results = await bring(olga, *(row(n, f"{n:02d}", source="social") for n in range(30)))
    assert {(result.outcome, len(result.handoff_id)) for result in results} == {(CREATED, 36)}
    assert [result.line for result in results] == list(range(2, 32))
    assert results[7].id == imported_id(town.tenant, "lead", "mql-7")
    lead = await olga.ask("Leads/GetLead", pb.GetLeadRequest(id=results[7].id))
    assert (lead.state, lead.etag, lead.handoff_id) == (pb.Lead.QUALIFIED, "2", results[7].handoff_id)


async def test_the_same_rows_again_change_nothing(olga: Desk) -> None:
    first = await bring(olga, row(1, "aa"), row(2, "bb"))
    again = await bring(olga, row(1, "aa"), row(2, "bb"))
    assert [result.outcome for result in again] == [UNCHANGED, UNCHANGED]
    assert [(result.id, result.handoff_id) for result in again] == [(each.id, each.handoff_id) for each in first]


async def test_a_changed_row_changes_what_it_says_differently_and_leaves_edits(olga: Desk) -> None:
    (made,) = await bring(olga, row(1, "aa", source="social", campaign="a", custom={"x": 1, "y": 2}, qualify=False))
    edit = pb.Lead(id=made.id, source="edited", owner="emma", custom={"z": 3})
    await olga.ask(
        "Leads/UpdateLead", pb.UpdateLeadRequest(lead=edit, update_mask={"paths": ["source", "owner", "custom.z"]})
    )

    (after,) = await bring(olga, row(1, "bb", source="social", campaign="b", custom={"x": 4}, qualify=False))

    lead = await olga.ask("Leads/GetLead", pb.GetLeadRequest(id=made.id))
    assert after.outcome == UPDATED
    assert (lead.source, lead.owner, lead.campaign) == ("edited", "emma", "b")
    assert dict(lead.custom) == {"x": 4, "z": 3}


async def test_rows_that_come_and_go_are_followed(olga: Desk) -> None:
    outcomes = [
        (await bring(olga, row(1, digest, source=digest)))[0].outcome for digest in ("aa", "bb", "aa", "bb", "bb")
    ]
    assert outcomes == [CREATED, UPDATED, UPDATED, UPDATED, UNCHANGED]


async def test_a_wrong_row_harms_no_other(olga: Desk) -> None:
    results = await bring(olga, row(1, "aa"), row(2, "bb", external_id=""), row(3, "cc"))
    assert [result.outcome for result in results] == [CREATED, ImportResult.REJECTED, CREATED]
    assert (results[1].field, results[1].line) == ("lead.external_id", 4)


async def test_what_a_row_tells_happened_by_now(olga: Desk) -> None:
    late = datetime.now(UTC) + timedelta(days=2)
    qualified, touched = row(1, "aa"), row(2, "bb", touches=[pb.Touch(), pb.Touch(at=late)])
    qualified.qualify.qualified_at.FromDatetime(late)
    results = await bring(olga, row(0, "00", captured_at=late), qualified, touched)
    assert {each.outcome for each in results} == {ImportResult.REJECTED}
    assert [each.field for each in results] == ["lead.captured_at", "qualify.qualified_at", "lead.touches[1].at"]


async def test_a_lead_is_qualified_once(olga: Desk) -> None:
    (first,) = await bring(olga, row(1, "aa"))
    (again,) = await bring(olga, row(1, "bb", source="fair"))
    assert (again.outcome, again.handoff_id) == (UPDATED, first.handoff_id)


async def test_a_file_may_name_a_lead_several_times(olga: Desk) -> None:
    await bring(olga, row(1, "aa"))
    results = await bring(olga, row(1, "aa"), row(1, "bb", source="fair"), row(1, "aa"))
    assert [result.outcome for result in results] == [UNCHANGED, UPDATED, UNCHANGED]
