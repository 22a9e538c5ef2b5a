"""What a department keeps of the handoffs that contacts tells of: which of its records an offered handoff opens to the
receiving branch, and which handoffs of a subject still wait.

    OFFERS = offers("marketing.lead")          a projection into the tables `offers` and `offered_records`

The same for every department; each has the tables in its own `schema.sql`.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from eventlog.projections import At, Change, Insert, Projection, Update
from facts.common import ManifestEntry, Subject
from facts.contacts import (
    HandoffAccepted,
    HandoffAsked,
    HandoffOffered,
    HandoffReassigned,
    HandoffReturned,
    HandoffSupplemented,
    HandoffWithdrawn,
)

#: The condition under which a row of `table` is shown to a caller of one branch: `{tenant}` and `{branch}` are bound.
SHOWN = """branch = {{branch}} OR EXISTS (
    SELECT FROM offered_records o JOIN offers h ON h.tenant = o.tenant AND h.handoff_id = o.handoff_id
    WHERE o.tenant = {{tenant}} AND o.id = {table}.id AND h.held AND h.branch = {{branch}})"""


def shown(table: str) -> str:
    """A scope for `Listing`: the branch's own rows, and those that an offered handoff opens to it."""
    return SHOWN.format(table=table)


def offers(records: str) -> Projection:
    """`records` is the prefix of the streams whose records are opened, such as `marketing.lead`."""
    projection = Projection(
        "offers",
        tables={"offers": ("tenant", "handoff_id"), "offered_records": ("tenant", "id", "handoff_id")},
        sources=("contacts",),
    )
    projection.on(HandoffAsked)(_asked)
    projection.on(HandoffReassigned)(_reassigned)
    projection.on(HandoffReturned, HandoffWithdrawn)(_ended)

    @projection.on(HandoffOffered)
    def offered(fact: HandoffOffered, at: At) -> Iterable[Change]:
        yield Insert("offers", {**_key(fact, at), **_subject(fact.subject), "branch": fact.to_branch, "held": True})
        yield from _opened(records, fact, fact.manifest, at)

    @projection.on(HandoffSupplemented)
    def supplemented(fact: HandoffSupplemented, at: At) -> Iterable[Change]:
        yield from _opened(records, fact, fact.manifest, at)

    @projection.on(HandoffAccepted)
    def accepted(fact: HandoffAccepted, at: At) -> Iterable[Change]:
        yield Update("offers", _key(fact, at), {"settled": True})
        yield from _opened(records, fact, fact.closing, at)

    return projection


def _asked(fact: HandoffAsked, at: At) -> Iterable[Change]:
    yield Insert("offers", {**_key(fact, at), **_subject(fact.subject)})


def _reassigned(fact: HandoffReassigned, at: At) -> Iterable[Change]:
    yield Update("offers", _key(fact, at), {"branch": fact.to_branch})


def _ended(fact: HandoffReturned | HandoffWithdrawn, at: At) -> Iterable[Change]:
    """Also of one that was withdrawn before it was offered."""
    yield Insert("offers", {**_key(fact, at), **_subject(fact.subject), "held": False, "settled": True})


def _key(fact: Any, at: At) -> dict[str, Any]:
    return {"tenant": at.tenant, "handoff_id": fact.handoff_id}


def _subject(subject: Subject) -> dict[str, str]:
    return {"subject": f"{subject.kind}:{subject.id}"}


def _opened(
    records: str,
    fact: HandoffOffered | HandoffSupplemented | HandoffAccepted,
    entries: Sequence[ManifestEntry],
    at: At,
) -> Iterable[Change]:
    for entry in entries:
        prefix, _, id = entry.stream.partition("-")
        if prefix == records and entry.stream not in fact.withheld:
            yield Insert("offered_records", {**_key(fact, at), "id": id})
