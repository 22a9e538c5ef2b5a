"""The questions of `handoff_queries.sql`: what concerns a subject, and how far that is known."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from eventlog.errors import Behind
from eventlog.events import START
from eventlog.received import heard
from eventlog.stored import document
from eventlog.views import BY_INDEX, Views
from facts.common import ManifestEntry
from runtime.sql import named
from services.contacts.domain.handoff_kind import DEPARTMENTS
from services.contacts.domain.manifest import concerns
from services.contacts.queries import Row

#: How long a request waits until what concerns its subject has come in, and how often it looks.
SETTLED_S, LOOK_S = 5.0, 0.02

SQL = named(*(Path(__file__).with_name(name) for name in ("opening_queries.sql", "handoff_queries.sql")))

#: The streams that hold the records of subjects, by kind.
RECORD_OF = {
    "lead": "marketing.lead",
    "opportunity": "sales.opportunity",
    "person": "contacts.person",
    "company": "contacts.company",
    "interaction": "contacts.interaction",
}


class Of(NamedTuple):
    """A handoff of a tenant."""

    tenant: str
    id: str


@dataclass(frozen=True)
class Snapshot:
    """What contacts knows at one moment: `basis` is how far it had heard each department, `concerning` every stream
    that concerned each handoff's subject then. Of `incomplete` ones something is parked, so nobody can say. Of those
    `ahead` a stream was heard further than its department was completely (from a topic's partitions): what stands
    there is more than the basis, and perhaps less than all up to there, so it is looked at again a moment later.

    `withheld` are the streams that a handoff does not open: those of records that only links lead to which whoever
    made them could not follow. They stand in manifests like all others; proof is one thing, reading another."""

    basis: Mapping[str, str]
    concerning: Mapping[Of, Sequence[ManifestEntry]]
    rows: Mapping[Of, Row] = field(default_factory=dict)
    incomplete: frozenset[Of] = frozenset()
    ahead: frozenset[Of] = frozenset()
    withheld: Mapping[Of, frozenset[str]] = field(default_factory=dict)


class HandoffQueries:
    def __init__(self, views: Views) -> None:
        self._views = views

    async def snapshot(self, handoffs: Iterable[Of]) -> Snapshot:
        """Everything about these handoffs, at one moment: how far was heard, and what stands there."""
        asked = list(dict.fromkeys(handoffs))
        async with self._views.transaction(isolation="repeatable_read", readonly=True) as connection:
            await connection.execute(BY_INDEX)
            rows = {
                Of(row["tenant"], row["id"]): row for row in await connection.fetch(SQL["handoffs"], *_columns(asked))
            }
            near = await connection.fetch(
                SQL["near"], *_columns([(*of, subject_of(row)) for of, row in rows.items()], 3)
            )
            streams = await connection.fetch(SQL["concerning"], *_columns(near, 4))
            basis = await connection.fetch(SQL["basis"])
            parked = await connection.fetch(SQL["parked"], sorted({of.tenant for of in asked}))
        ahead = frozenset(Of(row["tenant"], row["id"]) for row in streams if row["ahead"])
        return Snapshot(
            basis_of(basis),
            _by_handoff(rows, streams),
            rows,
            _touched(near, parked),
            ahead,
            _withheld(rows, near, streams),
        )

    async def settled(self, at: Of) -> Snapshot:
        """The same of one handoff, as soon as none of its streams is ahead. Raises `Behind`."""
        try:
            async with asyncio.timeout(SETTLED_S):
                while True:
                    snapshot = await self.snapshot([at])
                    if at not in snapshot.ahead:
                        return snapshot
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise Behind(f"what concerns handoff {at.id} is still coming in") from None

    async def _fetch(self, sql: str, *args: Any) -> Sequence[Row]:
        rows: Any = await self._views.fetch(sql, *args)
        return rows  # type: ignore[no-any-return]

    async def concerned(self, subjects: Iterable[tuple[str, str]], states: Sequence[str]) -> Sequence[Row]:
        """Handoffs in these states that are about subjects (tenant, name), or about what is linked to them."""
        async with self._views.transaction(isolation="repeatable_read", readonly=True) as connection:
            await connection.execute(BY_INDEX)
            found: Sequence[Row] = await connection.fetch(SQL["concerned"], *_columns(list(subjects)), list(states))
        return found

    async def naming(self, tenant: str, stream: str, states: Sequence[str]) -> Sequence[Row]:
        """Handoffs in these states of which a manifest names a stream."""
        return await self._fetch(SQL["naming"], tenant, [{"stream": stream}], list(states))

    async def companies_of(self, people: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], Row]:
        """The companies that people (tenant, id) work at: `company_id`, and whether it is `opened` with the person."""
        rows = await self._fetch(SQL["companies_of"], *_columns(list(people)))
        return {(row["tenant"], row["id"]): row for row in rows}

    async def told(self, tenant: str, stream: str) -> Mapping[str, Any]:
        """The fields of a record as its stream left them, by their names in the facts."""
        fields: dict[str, Any] = {}
        for row in await self._fetch(SQL["told"], tenant, stream):
            data = row["data"]
            fields.update({name: data.get(name) for name in data.get("fields", ())})
            fields.update(data)
        return fields

    async def reason(self, tenant: str, stream: str, version: int) -> str:
        """The reason that a fact gives."""
        rows = await self._fetch(SQL["reason"], tenant, stream, version)
        return (rows[0]["reason"] or "") if rows else ""

    async def open_promises(self, tenant: str, kind: str, id: str, person_id: str) -> Sequence[Row]:
        return await self._fetch(SQL["open_promises"], tenant, kind, id, person_id)

    async def pending(self, kinds: Sequence[str], keys: Iterable[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        """Of these (tenant, key): those with a todo of these kinds that is not done yet."""
        rows = await self._fetch(SQL["pending"], *_columns(list(keys)), list(kinds))
        return frozenset((row["tenant"], row["key"]) for row in rows)

    async def about(self, tenant: str, ids: Sequence[str], states: Sequence[str]) -> Mapping[str, Row]:
        """Person and related handoffs of handoffs."""
        rows = await self._fetch(SQL["about"], tenant, list(ids), list(states))
        return {row["id"]: row for row in rows}

    async def one(self, tenant: str, id: str) -> Row | None:
        rows = await self._fetch(SQL["one"], tenant, id)
        return rows[0] if rows else None

    async def under_way(self, tenant: str, subject: tuple[str, str], states: Sequence[str]) -> Sequence[Row]:
        """Id and create_time of the handoffs about a subject (kind, id) that are in these states."""
        return await self._fetch(SQL["under_way"], tenant, *subject, list(states))

    async def of_kind(self, tenant: str, subject: tuple[str, str], kind: str) -> Sequence[Row]:
        """Id and state of the handoffs of a kind about a subject (kind, id), in the order in which they were asked."""
        return await self._fetch(SQL["of_kind"], tenant, *subject, kind)

    async def branch_of(self, tenant: str, subject: str) -> str:
        """The branch that looks after a subject (`lead:5f…`), as far as contacts knows; else empty."""
        rows = await self._fetch(SQL["branch_of"], tenant, subject)
        return rows[0]["branch"] if rows else ""


def record_of(subject: str) -> str:
    """The stream that holds a subject's own record."""
    kind, _, id = subject.partition(":")
    return f"{RECORD_OF[kind]}-{id}"


def subject_of(row: Row) -> str:
    """`lead:5f…`."""
    return f"{row['subject_kind']}:{row['subject_id']}"


def basis_of(rows: Iterable[Row]) -> Mapping[str, str]:
    """How far each department was heard; one of which nothing was heard yet is at the start of its log."""
    places = heard(rows)
    return {department: str(places.get(department, START)) for department in DEPARTMENTS}


def _by_handoff(rows: Iterable[Of], streams: Iterable[Row]) -> Mapping[Of, Sequence[ManifestEntry]]:
    found: dict[Of, list[ManifestEntry]] = {of: [] for of in rows}
    for row in streams:
        of = Of(row["tenant"], row["id"])
        if concerns(row["stream"], of.id):
            entry = ManifestEntry(stream=row["stream"], version=row["version"], digest=row["digest"].hex())
            found[of].append(entry)
    return {of: sorted(entries, key=lambda entry: entry.stream) for of, entries in found.items()}


def _withheld(rows: Iterable[Of], near: Iterable[Row], streams: Iterable[Row]) -> Mapping[Of, frozenset[str]]:
    """Streams that no opened subject leads to; those of records that have not arrived yet, too."""
    opened: dict[Of, set[str]] = {of: set() for of in rows}
    closed: dict[Of, set[str]] = {of: set() for of in rows}
    for row in streams:
        (opened if row["opened"] else closed)[Of(row["tenant"], row["id"])].add(row["stream"])
    for row in near:
        if not row["opened"]:
            closed[Of(row["tenant"], row["id"])].add(record_of(row["subject"]))
    return {of: frozenset(closed[of] - opened[of]) for of in rows}


def _touched(near: Iterable[Row], parked: Iterable[Row]) -> frozenset[Of]:
    """Handoffs of which something parked names the subject or what is linked to it."""
    named = {(row["tenant"], subject) for row in parked for subject in _subjects(row["metadata"])}
    return frozenset(Of(row["tenant"], row["id"]) for row in near if (row["tenant"], row["subject"]) in named)


def _subjects(metadata: bytes) -> Sequence[str]:
    subjects = (document(metadata) or {}).get("subjects")
    return [each for each in subjects if isinstance(each, str)] if isinstance(subjects, list) else ()


def _columns(rows: Sequence[Any], width: int = 2) -> list[list[Any]]:
    return [[row[n] for row in rows] for n in range(width)]
