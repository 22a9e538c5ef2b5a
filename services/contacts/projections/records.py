"""People, companies and branches as they are now."""

from collections.abc import Iterable, Sequence
from typing import Any

from eventlog.projections import At, Change, Insert, Projection, Update
from facts.contacts import (
    BranchOpened,
    BranchUpdated,
    CompanyRegistered,
    CompanyUpdated,
    PersonRegistered,
    PersonUpdated,
)
from services.columns import mark, plain
from services.contacts.domain import branch, company
from services.contacts.domain.fields import ours

RECORDS = Projection(
    "records",
    tables={"people": ("tenant", "id"), "companies": ("tenant", "id"), "branches": ("tenant", "id")},
    sources=("contacts",),
)

#: Fields that a read model keeps under another name than the fact, or not at all.
NOT_SHOWN = frozenset({"row"})


@RECORDS.on(PersonRegistered)
def person_registered(fact: PersonRegistered, at: At) -> Iterable[Change]:
    yield Insert("people", made(fact, fact.person_id, at, PERSON_COLUMNS))


@RECORDS.on(PersonUpdated)
def person_updated(fact: PersonUpdated, at: At) -> Iterable[Change]:
    yield Update("people", {"tenant": at.tenant, "id": fact.person_id}, updated(fact, at, fact.fields))


@RECORDS.on(CompanyRegistered)
def company_registered(fact: CompanyRegistered, at: At) -> Iterable[Change]:
    yield Insert("companies", made(fact, fact.company_id, at, COMPANY_COLUMNS, company.RENAMED))


@RECORDS.on(CompanyUpdated)
def company_updated(fact: CompanyUpdated, at: At) -> Iterable[Change]:
    columns = updated(fact, at, ours(fact.fields, company.RENAMED), company.RENAMED)
    yield Update("companies", {"tenant": at.tenant, "id": fact.company_id}, columns)


@RECORDS.on(BranchOpened)
def branch_opened(fact: BranchOpened, at: At) -> Iterable[Change]:
    yield Insert("branches", made(fact, fact.branch_id, at, BRANCH_COLUMNS, branch.RENAMED))


@RECORDS.on(BranchUpdated)
def branch_updated(fact: BranchUpdated, at: At) -> Iterable[Change]:
    columns = updated(fact, at, ours(fact.fields, branch.RENAMED), branch.RENAMED)
    yield Update("branches", {"tenant": at.tenant, "id": fact.branch_id}, columns)


def columns_of(fact: Any, id_field: str, renamed: dict[str, str] | None = None) -> tuple[str, ...]:
    """The columns that a registering fact fills, under the resource's names."""
    return ours([name for name in fact.model_fields if name not in NOT_SHOWN | {id_field}], renamed or {})


PERSON_COLUMNS = columns_of(PersonRegistered, "person_id")
COMPANY_COLUMNS = columns_of(CompanyRegistered, "company_id", company.RENAMED)
BRANCH_COLUMNS = columns_of(BranchOpened, "branch_id", branch.RENAMED)


def made(fact: Any, id: str, at: At, columns: Sequence[str], renamed: dict[str, str] | None = None) -> dict[str, Any]:
    """The row of a record that is new."""
    return {
        "tenant": at.tenant,
        "id": id,
        "create_time": at.recorded_at,
        **updated(fact, at, columns, renamed),
    }


def updated(fact: Any, at: At, columns: Sequence[str], renamed: dict[str, str] | None = None) -> dict[str, Any]:
    """The columns that a fact changes, and the version that it makes."""
    called = renamed or {}
    values = {name: plain(getattr(fact, called.get(name, name))) for name in columns if name not in NOT_SHOWN}
    return {**values, **mark(at)}
