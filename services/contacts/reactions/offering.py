"""Offers handoffs: contacts has heard what asks for them, and says what is known about their subjects."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from eventlog.errors import Behind
from eventlog.following import command_of, origin_of
from eventlog.reactions import Due, NotYet
from facts.common import Brief, Subject
from facts.contacts import Asking, HandoffOffered
from runtime.department import House
from services.contacts.common.hearing import up_to_date
from services.contacts.common.terms import Terms
from services.contacts.domain import handoff_proof, handoff_required
from services.contacts.domain.handoff import HANDOFF
from services.contacts.domain.handoff_kind import HandoffKind
from services.contacts.domain.manifest import is_news
from services.contacts.handoff_queries import HandoffQueries, Of, Snapshot, record_of, subject_of
from services.contacts.queries import Row
from services.contacts.reactions.leads import LINK, SETTLE
from services.receipts import failures

SOON_S, LATER_S = 0.05, 1.0
STILL_COMING = "what concerns the subject is still coming in"
#: How long the offer of a lead waits until contacts knows whose lead it is.
SETTLED = timedelta(seconds=5)


class Offering:
    """Offers many handoffs at once: one look at what is known, then one append each."""

    def __init__(self, house: House, queries: HandoffQueries) -> None:
        self._house = house
        self._queries = queries

    async def offer(self, dues: Sequence[Due]) -> Mapping[UUID, Exception | None]:
        unsettled = await self._unsettled(dues)
        await caught_up(self._house)
        snapshot = await self._queries.snapshot(of(due) for due in dues)
        terms = Terms(self._house)
        await terms.read(snapshot.rows.values())
        companies = await self._queries.companies_of(
            (at.tenant, row["known_person_id"]) for at, row in snapshot.rows.items() if row["known_person_id"]
        )
        offers = [_later(due) if of(due) in unsettled else self._offer(due, snapshot, terms, companies) for due in dues]
        return failures(dues, await asyncio.gather(*offers, return_exceptions=True))

    async def _unsettled(self, dues: Sequence[Due]) -> frozenset[Of]:
        """Whose lead it is and what was asked is settled first, so that the offer tells of the person and of the
        enquiry. It is not waited for long: what is settled later is a supplement."""
        now = self._house.clock()
        young = [
            due for due in dues if "since" in due.args and now - datetime.fromisoformat(due.args["since"]) < SETTLED
        ]
        if not young:
            return frozenset()
        pending = await self._queries.pending([SETTLE, LINK], [(due.tenant, due.args["lead_id"]) for due in young])
        return frozenset(of(due) for due in young if (due.tenant, due.args["lead_id"]) in pending)

    async def _offer(
        self, due: Due, snapshot: Snapshot, terms: Terms, companies: Mapping[tuple[str, str], Row]
    ) -> None:
        at = of(due)
        row = snapshot.rows.get(at)
        if row is None or at in snapshot.incomplete:
            raise NotYet(
                "something about the subject is parked" if row else "the asking fact is not shown yet", LATER_S
            )
        if at in snapshot.ahead:
            raise NotYet(STILL_COMING, SOON_S)
        if row["state"] != "ASKED":
            return
        if not any(is_news(each.stream) for each in snapshot.concerning[at]):
            raise NotYet(f"nobody recorded anything about {subject_of(row)} yet", LATER_S)
        kind = await terms.kind(due.tenant, row["kind"])
        offered = HandoffOffered(
            **_copied(row),
            **self._whom(row, companies, snapshot.withheld[at]),
            missing=await self._missing(row, kind),
            basis=dict(snapshot.basis),
            manifest=tuple(snapshot.concerning[at]),
            deadline=await terms.deadline(due.tenant, row["asked_to_branch"], kind),
        )
        await self._house.handler.handle(
            HANDOFF,
            at.id,
            command_of(due),
            origin_of(due, self._house.name, row["from_branch"]),
            lambda state, fact_id: handoff_proof.offer(state, offered),
            create=row["etag"] == "0",
        )

    def _whom(self, row: Row, companies: Mapping[tuple[str, str], Row], withheld: frozenset[str]) -> dict[str, Any]:
        """The person and where they work, and what is not opened: a company whose person is not, neither."""
        person_id = row["known_person_id"]
        named = {"person_id": person_id, "company_id": row["subject_id"] if row["subject_kind"] == "company" else ""}
        works_at = companies.get((row["tenant"], person_id))
        if works_at is not None and not named["company_id"]:
            named["company_id"] = works_at["company_id"]
            if not works_at["opened"] or record_of(f"person:{person_id}") in withheld:
                withheld |= {record_of(f"company:{works_at['company_id']}")}
        return {**named, "withheld": tuple(sorted(withheld))}

    async def _missing(self, row: Row, kind: HandoffKind) -> tuple[str, ...]:
        if not kind.required:
            return ()
        told = await self._queries.told(row["tenant"], record_of(subject_of(row)))
        own = {"note": row["note"], "brief": row["brief"], "assignee": row["asked_assignee"]}
        found = {"person_id": row["known_person_id"]} if row["known_person_id"] else {}
        return handoff_required.missing(kind.required, {**told, **own, **found})


async def caught_up(house: House) -> None:
    """`up_to_date` for who does todos: to be asked again is no failure. Raises `NotYet`."""
    try:
        await up_to_date(house)
    except Behind as behind:
        raise NotYet(str(behind), SOON_S) from None


async def _later(due: Due) -> None:
    raise NotYet(f"whose lead {due.args['lead_id']} is, is being looked up", SOON_S)


def of(due: Due) -> Of:
    return Of(due.tenant, due.args["handoff_id"])


def _copied(row: Row) -> dict[str, Any]:
    """What the asking fact says; note and brief are sealed anew, under the handoff's own key."""
    return {
        "handoff_id": row["id"],
        "kind": row["kind"],
        "from_department": row["from_department"],
        "to_department": row["to_department"],
        "subject": Subject(kind=row["subject_kind"], id=row["subject_id"]),
        "from_branch": row["from_branch"],
        "to_branch": row["asked_to_branch"],
        "assignee": row["asked_assignee"],
        "note": row["note"],
        "brief": Brief(**row["brief"]) if row["brief"] else None,
        "asking": Asking(**row["asking"]),
        "asked_at": row["asked_at"],
        "asked_by": row["asked_by"],
        "previous_id": row["previous_id"],
    }
