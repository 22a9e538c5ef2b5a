"""Handoffs as they are shown: from a row of the read model, or folded from the handoff's own stream.

Who asks for one handoff sees every write answered before, so its own facts are folded from the log, by the functions
that fill the read model; only what other departments tell of it comes from there.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from baton.contacts.v1 import handoffs_pb2 as pb

from eventlog.codec import Recorded
from eventlog.projections import AppendItem, Insert
from runtime.etags import etag_of
from runtime.messages import fill
from services.contacts.domain.handoff import OFFER, WAITING
from services.contacts.projections.handoffs import HANDOFFS
from services.contacts.queries import Row

#: What only the fact that asks says, before the handoff is offered.
_ASKED = (
    "tenant", "id", "create_time", "kind", "from_department", "to_department", "from_branch", "asked_to_branch",
    "asked_assignee", "subject_kind", "subject_id", "note", "brief", "asked_by", "asked_at", "asking",
)  # fmt: skip
_LISTS = ("receipts", "supplements", "questions", "answers", "history")


def folded(row: Row | None, recorded: Iterable[Recorded]) -> dict[str, Any]:
    """What the handoff's own stream says, up to where it was read, over what the fact that asks says in a row. All else
    in the row may lag behind the stream, or be ahead of it."""
    shown: dict[str, Any] = {"state": "ASKED", **{name: [] for name in _LISTS}}
    shown |= {name: row[name] for name in _ASKED if row is not None and name in row}
    for each in recorded:
        for project in HANDOFFS.handlers.get(each.at.type, ()):
            for change in project(each.fact, each.at):
                if isinstance(change, Insert) and change.table == "handoffs":
                    _lay(shown, change.row)
    shown["to_branch"] = _first_said(shown.get("held_by_branch"), shown.get("asked_to_branch"))
    shown["assignee"] = _first_said(shown.get("held_by"), shown.get("asked_assignee"))
    return shown


def message(row: Row, about: Row | None, now: datetime) -> pb.Handoff:
    """A handoff of a row; `about` has `person_id` and `related`."""
    receipts = {receipt["part"]: receipt for receipt in row.get("receipts") or ()}
    offer = receipts.get(OFFER, {})
    person_id = (about["person_id"] if about else "") or row.get("person_id")
    overdue, related = is_overdue(row, now), list(about["related"]) if about else []
    joined = {
        "person_id": person_id if person_id != row.get("person_id") else "",
        "related": related,
        "overdue": overdue and not row.get("overdue"),
    }
    return fill(
        pb.Handoff,
        row,
        etag=etag_of(row.get("etag", "0"), joined),
        update_time=row.get("update_time") or row.get("create_time"),
        subject={"kind": row.get("subject_kind"), "id": row.get("subject_id")},
        person_id=person_id,
        related=related,
        receipt=offer.get("entries", []),
        differences=offer.get("differences", []),
        closing=_part(row["closing"], receipts) if row.get("closing") else None,
        supplements=[_part(part, receipts) for part in row.get("supplements") or ()],
        questions=_questions(row.get("questions") or (), row.get("answers") or ()),
        overdue=overdue,
        history=_history(row),
        custom=row.get("custom") or {},
        basis=row.get("basis") or {},
    )


def is_overdue(row: Row, now: datetime) -> bool:
    """By the fact, or, while nobody recorded it yet, by the clock."""
    deadline = row.get("deadline")
    return bool(row.get("overdue")) or (row["state"] in WAITING and deadline is not None and deadline <= now)


def _part(part: Mapping[str, Any], receipts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    receipt = receipts.get(part["part"])
    differing = receipt["differences"] if receipt else []
    return {
        **part,
        "receipt": receipt["entries"] if receipt else [],
        "delivered": not part["manifest"] or (receipt is not None and not differing),
        "differences": differing,
    }


def _questions(asked: Sequence[Mapping[str, Any]], answers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    answered = {answer["id"]: answer for answer in answers}
    return [{**question, **answered.get(question["id"], {})} for question in asked]


def _history(row: Row) -> list[dict[str, Any]]:
    """What is not offered yet, or was withdrawn before, begins with the fact that asks all the same."""
    told, asked_at = list(row.get("history") or ()), row.get("asked_at")
    if asked_at is None or (told and told[0]["what"] == "asked"):
        return told
    return [{"at": asked_at, "employee": row.get("asked_by", ""), "what": "asked", "note": row.get("note", "")}, *told]


def _lay(shown: dict[str, Any], row: Row) -> None:
    for column, value in row.items():
        if isinstance(value, AppendItem):
            shown[column] = [*shown.get(column, ()), value.item]
        else:
            shown[column] = value


def _first_said(held: str | None, asked: str | None) -> str:
    return asked or "" if held is None else held
