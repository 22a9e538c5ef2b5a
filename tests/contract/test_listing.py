"""Lists on a real PostgreSQL: pages put together are the whole, whatever is sorted by and however empty values are."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from baton.contacts.v1 import companies_pb2, interactions_pb2, people_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventlog.decider import Invalid
from eventlog.store import Command
from runtime.call import Call, Identity
from runtime.listing import Listing

PEOPLE = Listing(
    "people", people_pb2.Person, orderable=("create_time", "display_name", "birthday", "branch", "update_time")
)
PROMISES = Listing(
    "promises",
    interactions_pb2.Promise,
    orderable=("due",),
    computed={"overdue": "state = 'OPEN' AND coalesce(due < {now}, false)"},
)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TABLES = """
CREATE TABLE people (
    tenant text, id text, create_time timestamptz, update_time timestamptz, display_name text, birthday date,
    branch text, tags jsonb
);
CREATE TABLE promises (tenant text, id text, due timestamptz, state text, branch text, create_time timestamptz);
"""


def call(tenant: str, branch: str = "", *roles: str) -> Call:
    identity = Identity(tenant, "emma", branch, frozenset(roles or {"manager"}))
    return Call(identity, "list", Command(uuid4(), b""))


@pytest.fixture
async def views(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute(TABLES)
    yield connection
    await connection.close()


async def add(views: asyncpg.Connection, tenant: str, n: int, **columns: Any) -> None:
    row = {"tenant": tenant, "id": f"{n:04}", "create_time": NOON, "branch": "", "display_name": "", **columns}
    names, places = ", ".join(row), ", ".join(f"${i}" for i in range(1, len(row) + 1))
    await views.execute(f"INSERT INTO people ({names}) VALUES ({places})", *row.values())


PERSON = st.fixed_dictionaries(
    {
        "display_name": st.sampled_from(["", "Anna", "anna", "Борис"]),
        "birthday": st.none() | st.dates(date(1990, 1, 1), date(1990, 1, 3)),
        "update_time": st.none() | st.integers(0, 2).map(lambda n: NOON + timedelta(microseconds=n)),
    }
)
ORDER = st.lists(
    st.sampled_from(["displayName", "birthday", "update_time"]), min_size=1, max_size=3, unique=True
).flatmap(lambda names: st.tuples(*(st.sampled_from([name, f"{name} desc", f"{name} asc"]) for name in names)))


# Each example has a tenant of its own, so one database serves them all.
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=st.lists(PERSON, max_size=12), order=ORDER, size=st.integers(1, 5))
async def test_pages_put_together_are_the_whole_in_order(
    views: asyncpg.Connection, people: list[dict[str, Any]], order: tuple[str, ...], size: int
) -> None:
    tenant = str(uuid4())
    for n, person in enumerate(people):
        await add(views, tenant, n, **person)
    whole = await PEOPLE.page(views, call(tenant), people_pb2.ListPeopleRequest(order_by=",".join(order)))

    seen, token = [], ""
    for _ in range(len(people) + 1):
        request = people_pb2.ListPeopleRequest(order_by=",".join(order), page_size=size, page_token=token)
        rows, token, total = await PEOPLE.page(views, call(tenant), request)
        seen += [row["id"] for row in rows]
        assert total == len(people)
        if not token:
            break

    assert seen == [row["id"] for row in whole.rows]
    assert sorted(seen) == [f"{n:04}" for n in range(len(people))]


async def test_rows_that_are_added_meanwhile_neither_repeat_nor_hide_others(views: asyncpg.Connection) -> None:
    for n in range(6):
        await add(views, "demo", n, create_time=NOON + timedelta(hours=n))
    request = people_pb2.ListPeopleRequest(page_size=3)
    first = await PEOPLE.page(views, call("demo"), request)
    for n in range(6, 9):
        await add(views, "demo", n, create_time=NOON + timedelta(hours=n))
    request.page_token = first.next_page_token
    second = await PEOPLE.page(views, call("demo"), request)

    assert [row["id"] for row in (*first.rows, *second.rows)] == ["0005", "0004", "0003", "0002", "0001", "0000"]


async def test_a_tenant_and_a_branch_see_their_own(views: asyncpg.Connection) -> None:
    for n, (tenant, branch) in enumerate([("demo", "london"), ("demo", "moscow"), ("other", "london")]):
        await add(views, tenant, n, branch=branch)
    request = people_pb2.ListPeopleRequest()

    assert (await PEOPLE.page(views, call("demo"), request)).total_size == 2
    assert [row["id"] for row in (await PEOPLE.page(views, call("demo", "london", "clerk"), request)).rows] == ["0000"]
    request.branch.append("moscow")
    assert (await PEOPLE.page(views, call("demo", "london", "clerk"), request)).total_size == 0


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        ({"tags": ["vip", "gold"]}, ["0000", "0001"]),
        ({"birthday": ["1990-01-02"]}, ["0001"]),
        ({"display_name": ["Anna", "Boris"]}, ["0000", "0001"]),
        ({"display_name": ["anna"]}, []),
    ],
)
async def test_filters(views: asyncpg.Connection, wanted: dict[str, Any], ids: list[str]) -> None:
    await add(views, "demo", 0, display_name="Anna", tags='["vip"]')
    await add(views, "demo", 1, display_name="Boris", tags='["gold", "old"]', birthday=date(1990, 1, 2))
    await add(views, "demo", 2, display_name="Carl", tags='["retail"]')

    page = await PEOPLE.page(views, call("demo"), people_pb2.ListPeopleRequest(order_by="id", **wanted))

    assert [row["id"] for row in page.rows] == ids


async def test_what_is_overdue_depends_on_the_clock(views: asyncpg.Connection) -> None:
    await views.execute("INSERT INTO promises VALUES ('demo', 'a', $1, 'OPEN', '', $1)", NOON)
    await views.execute("INSERT INTO promises VALUES ('demo', 'b', $1, 'KEPT', '', $1)", NOON)
    await views.execute("INSERT INTO promises VALUES ('demo', 'c', NULL, 'OPEN', '', $1)", NOON)

    async def ids(now: datetime, *overdue: bool) -> list[str]:
        request = interactions_pb2.ListPromisesRequest(overdue=overdue, order_by="id")
        return [row["id"] for row in (await PROMISES.page(views, call("demo"), request, now=now)).rows]

    assert await ids(NOON + timedelta(seconds=1), True) == ["a"]
    assert await ids(NOON + timedelta(seconds=1), False) == ["b", "c"]
    assert await ids(NOON, True) == []
    assert await ids(NOON, True, False) == ["a", "b", "c"]


async def test_a_token_is_bound_to_filters_and_order(views: asyncpg.Connection) -> None:
    for n in range(3):
        await add(views, "demo", n, display_name=str(n))
    token = (await PEOPLE.page(views, call("demo"), people_pb2.ListPeopleRequest(page_size=1))).next_page_token

    changes: tuple[dict[str, Any], ...] = ({"branch": ["x"]}, {"order_by": "displayName"}, {"page_token": token[:-4]})
    for changed in changes:
        request = people_pb2.ListPeopleRequest(**{"page_token": token, **changed})
        with pytest.raises(Invalid) as refused:
            await PEOPLE.page(views, call("demo"), request)
        assert refused.value.field == "page_token"


async def test_a_token_is_bound_to_its_list_and_its_tenant(views: asyncpg.Connection) -> None:
    for n in range(2):
        await add(views, "demo", n)
    token = (await PEOPLE.page(views, call("demo"), people_pb2.ListPeopleRequest(page_size=1))).next_page_token
    asked = people_pb2.ListPeopleRequest(page_token=token)

    assert len((await PEOPLE.page(views, call("demo"), asked)).rows) == 1
    with pytest.raises(Invalid, match="another list"):
        await PEOPLE.page(views, call("other"), asked)
    with pytest.raises(Invalid, match="another list"):
        await PEOPLE.page(views, call("demo"), companies_pb2.ListCompaniesRequest(page_token=token))


class Busy:
    """Read models into which somebody writes one more row after every statement."""

    def __init__(self, views: asyncpg.Connection) -> None:
        self.views = views
        self.added = 0

    async def fetch(self, sql: str, *args: Any) -> Sequence[Any]:
        found = await self.views.fetch(sql, *args)
        await add(self.views, "demo", 100 + self.added)
        self.added += 1
        return found


async def test_a_page_and_its_count_are_of_one_moment(views: asyncpg.Connection) -> None:
    busy = Busy(views)
    for _ in range(3):
        page = await PEOPLE.page(busy, call("demo"), people_pb2.ListPeopleRequest())
        assert page.total_size == len(page.rows) == busy.added - 1


async def test_a_page_of_nothing_still_counts(views: asyncpg.Connection) -> None:
    for n in range(2):
        await add(views, "demo", n, create_time=NOON + timedelta(days=n))
    request = people_pb2.ListPeopleRequest(page_size=1)
    token = (await PEOPLE.page(views, call("demo"), request)).next_page_token
    await views.execute("DELETE FROM people WHERE create_time = $1", NOON)

    request.page_token = token
    assert await PEOPLE.page(views, call("demo"), request) == ([], "", 1)
