"""Judges receipts, and finds what was recorded or linked after the offer."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from uuid import UUID

from prometheus_client import Counter

from eventlog.following import command_of, origin_of
from eventlog.reactions import Due, NotYet
from facts.common import ManifestEntry
from runtime.department import House
from services.contacts.domain import handoff_proof
from services.contacts.domain.handoff import ACCEPTED, HANDOFF, WAITING
from services.contacts.domain.manifest import covered, differences
from services.contacts.handoff_queries import HandoffQueries, Of, Snapshot
from services.contacts.queries import Row
from services.contacts.reactions.offering import LATER_S, SOON_S, STILL_COMING, caught_up, of
from services.receipts import failures

DISCREPANCIES = Counter("baton_handoff_discrepancies", "Receipts that differ from their manifests", ("department",))

#: Handoffs that are told what comes after their offer are in one of these states.
_SUPPLEMENTED = (*WAITING, ACCEPTED)

log = logging.getLogger("baton.handoffs")


class Judging:
    """Compares what was received with what was offered, and looks for what came in between."""

    def __init__(self, house: House, queries: HandoffQueries) -> None:
        self._house = house
        self._queries = queries

    async def judge(self, dues: Sequence[Due]) -> Mapping[UUID, Exception | None]:
        """DELIVERED where a receipt equals its manifest. What was recorded about the subject between the look at what
        is known and the offer's own fact is found here, and supplemented; so is what that fact itself links, the
        company of a person: it is shown once all of the own log is, and nothing else asks for it."""
        await caught_up(self._house)
        snapshot = await self._queries.snapshot(of(due) for due in dues)
        judged = (self._judge(due, snapshot) for due in dues)
        return failures(dues, await asyncio.gather(*judged, return_exceptions=True))

    async def _judge(self, due: Due, snapshot: Snapshot) -> None:
        row = snapshot.rows.get(of(due))
        if row is None:
            raise NotYet("the handoff is not shown yet", LATER_S)
        if row["to_department"] != due.args["department"]:
            log.error("ALARM %s gave a receipt for handoff %s, which is not for it", due.args["department"], row["id"])
            return
        if of(due) in snapshot.ahead:
            raise NotYet(STILL_COMING, SOON_S)
        receipt = [ManifestEntry(**entry) for entry in due.args["entries"]]
        handled = await self._house.handler.handle(
            HANDOFF,
            row["id"],
            command_of(due),
            origin_of(due, self._house.name, row["to_branch"]),
            lambda state, _: handoff_proof.receive(state, due.args["part"], receipt),
        )
        part = handled.state.parts[due.args["part"]]
        if not part.delivered and part.receipt is not None and not handled.replayed:
            _alarm(due, differences(part.manifest, part.receipt))
        if row["state"] in _SUPPLEMENTED:
            # By a command of its own: it waits for what is parked, the judgement does not.
            await self._supplement(due, of(due), row, snapshot)

    async def lose(self, due: Due) -> None:
        """What a restore of another department took back of a stream is proved by nobody any more."""
        stream, version = due.args["stream"], due.args["version"]
        for row in await self._queries.naming(due.tenant, stream, WAITING):
            await self._house.handler.handle(
                HANDOFF,
                row["id"],
                command_of(due, row["id"]),
                origin_of(due, self._house.name, row["to_branch"]),
                lambda state, _: handoff_proof.lose(state, stream, version),
            )
            DISCREPANCIES.labels(row["to_department"]).inc()
            log.error("ALARM handoff %s offers %s version %d, which was lost", row["id"], stream, version)

    async def supplement(self, dues: Sequence[Due]) -> Mapping[UUID, Exception | None]:
        """What was told of subjects may be news for handoffs that are under way. One that is not offered yet when all
        of the own log was seen is offered later, with it."""
        await caught_up(self._house)
        subjects = {(due.tenant, subject) for due in dues for subject in due.args["subjects"]}
        rows = await self._queries.concerned(subjects, _SUPPLEMENTED)
        affected = {Of(row["tenant"], row["id"]): row for row in rows}
        if not affected:
            return {}
        snapshot = await self._queries.snapshot(affected)
        found = {at: (_telling(dues, at, row), row) for at, row in affected.items() if at in snapshot.rows}
        told = (self._supplement(due, at, row, snapshot) for at, (due, row) in found.items())
        results = await asyncio.gather(*told, return_exceptions=True)
        # One todo may be news for several handoffs, and is done when none of them is left.
        left = [(due, wrong) for (due, _), wrong in zip(found.values(), results, strict=True) if wrong is not None]
        return failures([due for due, _ in left], [wrong for _, wrong in left])

    async def _supplement(self, due: Due, at: Of, row: Row, snapshot: Snapshot) -> None:
        news = handoff_proof.news_of(row["to_department"], snapshot.concerning[at], _covered(row))
        if not news:
            return
        if at in snapshot.incomplete:
            raise NotYet("something about the subject is parked", LATER_S)
        if at in snapshot.ahead:
            raise NotYet(STILL_COMING, SOON_S)
        # A look at another moment may find more, so the moment is part of the command; what was told already is
        # known by the handoff's state.
        command = command_of(due, f"{at.id} {sorted(snapshot.basis.items())}")
        await self._house.handler.handle(
            HANDOFF,
            at.id,
            command,
            origin_of(due, self._house.name, row["from_branch"]),
            lambda state, _: handoff_proof.supplement(
                state, snapshot.basis, snapshot.concerning[at], snapshot.withheld[at]
            ),
        )


def _telling(dues: Sequence[Due], at: Of, row: Row) -> Due:
    """A todo that told something of the handoff's subject; it comes back when the supplement cannot be made."""
    return next(each for each in dues if each.tenant == at.tenant and row["touched"] in each.args["subjects"])


def _alarm(due: Due, differing: Sequence[str]) -> None:
    DISCREPANCIES.labels(due.args["department"]).inc()
    args = due.args
    log.error(
        "ALARM handoff %s, %s: what %s received is not what was offered: %s",
        *(args["handoff_id"], args["part"], args["department"], "; ".join(differing)),
    )


def _covered(row: Row) -> Mapping[str, int]:
    """The versions that the handoff's manifests name already."""
    parts = [row["manifest"], *(part["manifest"] for part in row["supplements"])]
    parts += [row["closing"]["manifest"]] if row["closing"] else []
    return covered([ManifestEntry(**entry) for entry in part] for part in parts)
