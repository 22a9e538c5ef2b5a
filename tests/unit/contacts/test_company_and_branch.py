"""What is decided about companies and branches."""

from datetime import date
from functools import partial

from facts.contacts import BranchUpdated, CompanyRegistered, CompanyUpdated, WorkingDay
from services.contacts.domain import branch, company
from services.contacts.domain.branch import BRANCH, WEEK
from services.contacts.domain.company import COMPANY
from tests.support.deciding import given
from tests.support.examples_contacts import BRANCH_OPENED, COMPANY_REGISTERED, NORTHWIND


def test_a_company_is_registered_under_its_name() -> None:
    given(COMPANY).when(lambda state: company.register(state, NORTHWIND, {"name": "Northwind Traders"})).then(
        CompanyRegistered(company_id=NORTHWIND, company_name="Northwind Traders")
    )


def test_a_company_is_renamed() -> None:
    given(COMPANY, COMPANY_REGISTERED).when(lambda state: company.update(state, {"name": "Southwind"})).then(
        CompanyUpdated(company_id=NORTHWIND, fields=("company_name",), company_name="Southwind")
    )


def test_a_company_does_not_belong_to_itself() -> None:
    given(COMPANY, COMPANY_REGISTERED).when(lambda state: company.update(state, {"parent_id": NORTHWIND})).refuses(
        "cannot belong to itself"
    )


def test_a_branch_that_says_nothing_works_from_monday_to_friday_in_utc() -> None:
    (fact,) = given(BRANCH).when(lambda state: branch.describe(state, "moscow", {})).facts
    assert (fact.time_zone, fact.working_hours) == ("UTC", WEEK)


def test_hours_and_holidays_are_kept_in_order() -> None:
    hours = (WorkingDay(day=2, opens="09:00", closes="18:00"), WorkingDay(day=1, opens="10:00", closes="24:00"))
    days = (date(2026, 5, 9), date(2026, 1, 1), date(2026, 5, 9))
    given(BRANCH, BRANCH_OPENED).when(
        lambda state: branch.update(state, {"working_hours": hours, "holidays": days})
    ).then(
        BranchUpdated(
            branch_id="london",
            fields=("working_hours", "holidays"),
            working_hours=(hours[1], hours[0]),
            holidays=(date(2026, 1, 1), date(2026, 5, 9)),
        )
    )


def test_a_branch_is_described_once() -> None:
    given(BRANCH, BRANCH_OPENED).when(lambda state: branch.describe(state, "london", {})).refuses("described already")


def test_a_time_zone_that_nobody_knows_is_refused() -> None:
    for zone in ("Mars/Olympus", "../etc/passwd", "Europe", "localtime", "posixrules", "Factory"):
        given(BRANCH).when(partial(branch.describe, id="m", given={"time_zone": zone})).refuses("time zone")


def test_a_branch_closes_later_than_it_opens() -> None:
    night = (WorkingDay(day=1, opens="18:00", closes="02:00"),)
    given(BRANCH).when(lambda state: branch.describe(state, "m", {"working_hours": night})).refuses("closes later")
