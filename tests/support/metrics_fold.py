"""What the metrics come to, by a fold of the facts that shares nothing with topologies, projections and queries."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Any

from facts.contacts import HandoffAccepted, HandoffAsked, HandoffDelivered, HandoffOffered, HandoffReassigned
from facts.marketing import LeadCaptured, LeadDisqualified, LeadQualified, LeadReturned, LeadTouched, LeadUpdated
from facts.sales import (
    LeadLinked,
    OpportunityLost,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityUpdated,
    OpportunityWon,
)

DAY = timedelta(hours=24)


@dataclass
class Record:
    """A lead or an opportunity: its fields now, and its stays: [state, since, until, branch, owner]."""

    values: dict[str, Any]
    stays: list[list[Any]] = field(default_factory=list)
    touches: list[dict[str, Any]] = field(default_factory=list)
    bare: bool = False
    leads: list[str] = field(default_factory=list)
    won_at: datetime | None = None
    won: dict[str, datetime | None] = field(default_factory=dict)

    def enter(self, state: str, at: datetime) -> None:
        if self.stays and self.stays[-1][0] == state:
            return
        if self.stays:
            self.stays[-1][2:] = [at, self.values["branch"], self.values["owner"]]
        self.stays.append([state, at, None, None, None])

    def win(self, at: datetime | None) -> None:
        """Won since then, for all its leads; None: not, or not any more, where it was."""
        self.won_at = at
        self.won = dict.fromkeys(self.leads if at else self.won, at)

    def link(self, lead: str) -> None:
        self.leads.append(lead)
        if self.won_at:
            self.won[lead] = self.won_at

    def all_stays(self) -> list[list[Any]]:
        return [*self.stays[:-1], [*self.stays[-1][:3], self.values["branch"], self.values["owner"]]]


@dataclass
class Fold:
    """Facts in, answers out. Facts of one stream in their order."""

    leads: dict[str, Record] = field(default_factory=dict)
    deals: dict[str, Record] = field(default_factory=dict)
    handoffs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, fact: Any, recorded_at: datetime) -> None:
        match fact:
            case LeadCaptured():
                lead = self.leads[fact.lead_id] = Record(dict(fact), bare=not fact.touches)
                lead.touches = [dict(touch) for touch in fact.touches]
                lead.enter("NEW", fact.captured_at)
            case LeadUpdated():
                lead = self.leads[fact.lead_id]
                lead.values.update({name: getattr(fact, name) for name in fact.fields})
                if "touches" in fact.fields:
                    lead.touches = [dict(touch) for touch in fact.touches]
                if "captured_at" in fact.fields:
                    lead.stays[0][1] = fact.captured_at
            case LeadTouched():
                self.leads[fact.lead_id].touches.append(dict(fact.touch))
            case LeadQualified():
                self.leads[fact.lead_id].enter("QUALIFIED", fact.qualified_at)
                self._asked(fact.ask, "marketing", recorded_at)
            case LeadReturned():
                self.leads[fact.lead_id].enter("RETURNED", recorded_at)
            case LeadDisqualified():
                self.leads[fact.lead_id].enter("DISQUALIFIED", recorded_at)
            case _:
                self._add_other(fact, recorded_at)

    def _add_other(self, fact: Any, recorded_at: datetime) -> None:
        match fact:
            case OpportunityOpened():
                deal = self.deals[fact.opportunity_id] = Record(dict(fact), leads=[*fact.lead_ids])
                deal.enter("OPEN", fact.opened_at)
            case OpportunityUpdated():
                self.deals[fact.opportunity_id].values.update({name: getattr(fact, name) for name in fact.fields})
            case LeadLinked():
                self.deals[fact.opportunity_id].link(fact.lead_id)
            case OpportunityWon() | OpportunityLost():
                deal, won = self.deals[fact.opportunity_id], isinstance(fact, OpportunityWon)
                deal.enter("WON" if won else "LOST", fact.closed_at)
                deal.win(fact.closed_at if won else None)
            case OpportunityReopened():
                self.deals[fact.opportunity_id].enter("OPEN", recorded_at)
                self.deals[fact.opportunity_id].win(None)
            case HandoffAsked():
                self._asked(fact, fact.from_department, recorded_at)
            case HandoffOffered() | HandoffReassigned():
                self._handoff(fact)["to_branch"] = fact.to_branch
            case HandoffDelivered():
                if fact.part == "offer":
                    self._handoff(fact).setdefault("delivered", recorded_at)
            case HandoffAccepted():
                self._handoff(fact).update(accepted=recorded_at, dated=fact.accepted_at, to_branch=fact.to_branch)

    def _handoff(self, fact: Any) -> dict[str, Any]:
        return self.handoffs.setdefault(fact.handoff_id, {})

    def _asked(self, ask: Any, department: str, recorded_at: datetime) -> None:
        told = {"kind": ask.kind, "pair": (department, ask.to_department), "from_branch": ask.from_branch}
        asked = {"asked_to": ask.to_branch, "asked": recorded_at, "asked_dated": ask.asked_at}
        self._handoff(ask).update(told, **asked)

    # ------------------------------------------------------------------------------------------------- the tables

    def tables(self) -> dict[str, set[tuple[Any, ...]]]:
        """Each row of the metrics' tables: its columns in the order of `schema.sql`, without the tenant."""
        leads, deals, handoffs = self.leads.items(), self.deals.items(), self.handoffs.items()
        return {
            "metric_leads": {(id, *(lead.values[name] for name in _COUNTED)) for id, lead in leads},
            "metric_touches": {(id, *touch) for id, lead in leads for touch in _touch_rows(lead)},
            "metric_wins": {(lead, id, at) for id, deal in deals for lead, at in deal.won.items()},
            "metric_stays": {
                (kind, id, n, state, branch, owner, since, until)
                for kind, records in (("lead", leads), ("opportunity", deals))
                for id, record in records
                for n, (state, since, until, branch, owner) in enumerate(record.all_stays(), 1)
            },
            "metric_handoffs": {(id, *_handoff_row(handoff)) for id, handoff in handoffs},
        }

    # ----------------------------------------------------------------------------------------------- the answers

    def touches(
        self, group_by: str = "source", window: str = "hour", start: datetime | None = None,
        end: datetime | None = None, branch: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        counts: dict[tuple[datetime, str], dict[str, int]] = {}

        def count(what: str, at: datetime, key: str) -> None:
            if (start is None or at >= start) and (end is None or at < end):
                row = counts.setdefault((_floor(at, window), key), {})
                row[what] = row.get(what, 0) + 1

        for id, lead in self.leads.items():
            if branch is None or lead.values["branch"] == branch:
                self._count_lead(id, lead, group_by, count)
        names = ("leads", "touches", "firstTouches", "lastTouches", "wonByFirst", "wonByLast")
        return [
            {"start": each[0], "key": each[1], **{name: row.get(name, 0) for name in names}}
            for each, row in sorted(counts.items())
        ]

    def _count_lead(self, id: str, lead: Record, group_by: str, count: Callable[[str, datetime, str], None]) -> None:
        name = {"landingPage": "landing_page"}.get(group_by, group_by)
        won_at = min((deal.won_at for deal in self.deals.values() if deal.won_at and id in deal.leads), default=None)
        count("leads", lead.values["captured_at"], "" if name == "channel" else lead.values[name])
        bare = {**lead.values, "channel": "", "at": lead.values["captured_at"]}
        touches = [
            (touch["at"], n, lead.values["branch"] if name == "branch" else touch[name])
            for n, touch in enumerate([bare, *lead.touches])
            if n or lead.bare
        ]
        for at, _, key in touches:
            count("touches", at, key)
        before = sorted(touch for touch in touches if won_at is None or touch[0] <= won_at)
        for which, touch in (("First", before[:1]), ("Last", before[-1:])):
            for at, _, key in touch:
                count(f"{which.lower()}Touches", at, key)
                if won_at:
                    count(f"wonBy{which}", at, key)

    def dwell(
        self, group_by: str = "branch", start: datetime | None = None, end: datetime | None = None,
        branch: str | None = None,
    ) -> list[dict[str, Any]]:  # fmt: skip
        groups: dict[tuple[str, str, str], tuple[list[timedelta], list[Any]]] = {}
        for kind, records in (("lead", self.leads), ("opportunity", self.deals)):
            for stay in (stay for record in records.values() for stay in record.all_stays()):
                state, since, until, held_by, owner = stay
                if branch is not None and held_by != branch:
                    continue
                key = {"branch": held_by, "employee": owner, "state": ""}[group_by]
                took, staying = groups.setdefault((kind, state, key), ([], []))
                if until is None:
                    staying.append(stay)
                elif (start is None or until >= start) and (end is None or until < end):
                    took.append(max(timedelta(0), until - since))
        return [
            {"kind": kind, "state": state, "key": key, "stays": spread(took), "staying": len(staying)}
            for (kind, state, key), (took, staying) in sorted(groups.items())
            if took or staying
        ]

    def latencies(
        self, ends: Iterable[datetime], group_by: str = "pair", branch: str | None = None
    ) -> list[dict[str, Any]]:
        rows = []
        for until in ends:
            groups: dict[tuple[str, str, str], dict[str, list[timedelta]]] = {}
            for handoff in self.handoffs.values():
                for what, at, took in _steps(handoff):
                    held_by = handoff.get("to_branch") or handoff["asked_to"]
                    if until - DAY <= at < until and branch in (None, handoff["from_branch"], held_by):
                        key = {"pair": "", "kind": handoff["kind"], "fromBranch": handoff["from_branch"],
                               "toBranch": held_by}[group_by]  # fmt: skip
                        groups.setdefault((*handoff["pair"], key), {}).setdefault(what, []).append(took)
            rows += [_latency_row(until, group, steps) for group, steps in sorted(groups.items())]
        return rows


_COUNTED = ("captured_at", "source", "landing_page", "campaign", "branch")
_TOUCHED = ("at", "channel", "source", "campaign", "landing_page")


def _touch_rows(lead: Record) -> Iterable[tuple[Any, ...]]:
    bare = {**lead.values, "at": lead.values["captured_at"], "channel": ""}
    for n, touch in enumerate([bare, *lead.touches]):
        if n or lead.bare:
            yield (n, *(touch[name] for name in _TOUCHED))


def _handoff_row(handoff: Mapping[str, Any]) -> tuple[Any, ...]:
    asked = (handoff.get("kind", ""), *handoff.get("pair", ("", "")), handoff.get("from_branch", ""))
    dated = (handoff.get("asked_to", ""), handoff.get("asked"), handoff.get("asked_dated"))
    stepped = (handoff.get(name) for name in ("delivered", "accepted", "dated"))
    return (*asked, *dated, handoff.get("to_branch", ""), *stepped)


def _steps(handoff: Mapping[str, Any]) -> Iterable[tuple[str, datetime, timedelta]]:
    if "asked" not in handoff:
        return
    yield "asked", handoff["asked"], timedelta(0)
    if "delivered" in handoff:
        yield "delivery", handoff["delivered"], max(timedelta(0), handoff["delivered"] - handoff["asked"])
    if "accepted" in handoff:
        if "delivered" in handoff:
            yield "acceptance", handoff["accepted"], max(timedelta(0), handoff["accepted"] - handoff["delivered"])
        yield "response", handoff["accepted"], max(timedelta(0), handoff["dated"] - handoff["asked_dated"])


def _latency_row(until: datetime, group: Sequence[str], steps: Mapping[str, list[timedelta]]) -> dict[str, Any]:
    measured = {name: spread(steps.get(name, [])) for name in ("delivery", "acceptance", "response")}
    pair = {"fromDepartment": group[0], "toDepartment": group[1], "key": group[2]}
    return {"until": until, **pair, "asked": len(steps.get("asked", [])), **measured}


def spread(took: Sequence[timedelta]) -> dict[str, Any]:
    """Nearest rank: of n in their order, the one of rank ceil(p·n)."""
    if not took:
        return {"count": 0}
    ordered = sorted(took)
    of = {f"p{p}": ordered[ceil(Fraction(p, 100) * len(ordered)) - 1] for p in (50, 90, 95, 99)}
    total = sum(each // timedelta(microseconds=1) for each in took)
    mean = timedelta(microseconds=round(Fraction(total, len(took))))
    return {"count": len(took), **of, "mean": mean, "max": ordered[-1]}


def _floor(at: datetime, window: str) -> datetime:
    at = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    if window == "hour":
        return at
    return at.replace(hour=0) if window == "day" else at.replace(hour=0, day=1)
