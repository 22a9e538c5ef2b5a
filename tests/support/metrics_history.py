"""A year of a small trade, made of a seed: facts and their streams, in an order in which they can have happened."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from facts.common import HandoffAsk, ManifestEntry, Subject
from facts.contacts import (
    Asking,
    HandoffAccepted,
    HandoffAsked,
    HandoffDelivered,
    HandoffOffered,
    HandoffReassigned,
)
from facts.marketing import (
    LeadCaptured,
    LeadDisqualified,
    LeadPerson,
    LeadQualified,
    LeadReturned,
    LeadTouched,
    LeadUpdated,
    Touch,
)
from facts.sales import (
    LeadLinked,
    OpportunityLost,
    OpportunityMoved,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityUpdated,
    OpportunityWon,
)

START = datetime(2018, 1, 1, tzinfo=UTC)
SOURCES, BRANCHES, OWNERS = ("web", "fair", ""), ("london", "leeds"), ("oliver", "priya", "")
CHANNELS, CAMPAIGNS = ("EMAIL", "search", ""), ("spring", "")
DEPARTMENTS = ("sales", "support")

Told = tuple[str, Any]


def history(seed: int, leads: int = 30, deals: int = 20, *, tag: str = "") -> Sequence[Told]:
    """(stream, fact) of many leads, deals and handoffs that go on side by side. Ids carry `tag`."""
    random = Random(seed)
    ids = [f"l{n}{tag}" for n in range(leads)]
    stories = [_lead(random, id, _moment(random), tag) for id in ids]
    stories += [_handoff(random, f"h{id}", Subject(kind="lead", id=id), asked=False) for id in ids]
    stories += [
        _handoff(random, f"m{n}{tag}", Subject(kind="person", id=f"p{n}"), asked=True) for n in range(leads // 3)
    ]
    stories += [_deal(random, f"d{n}{tag}", random.sample(ids, random.randint(1, 3))) for n in range(deals)]
    return list(_shuffled(random, [list(story) for story in stories]))


def _shuffled(random: Random, stories: list[list[Told]]) -> Iterator[Told]:
    waiting = [story for story in stories if story]
    while waiting:
        story = random.choice(waiting)
        yield story.pop(0)
        if not story:
            waiting.remove(story)


def _moment(random: Random) -> datetime:
    return START + timedelta(seconds=random.randint(0, 40 * 86_400), microseconds=random.randint(0, 999_999))


def _touch(random: Random) -> Touch:
    return Touch(
        at=_moment(random),
        channel=random.choice(CHANNELS),
        source=random.choice(SOURCES),
        campaign=random.choice(CAMPAIGNS),
        landing_page=random.choice(("/", "/sale")),
    )


def _touches(random: Random, most: int) -> tuple[Touch, ...]:
    return tuple(_touch(random) for _ in range(random.randint(0, most)))


def _lead(random: Random, id: str, at: datetime, tag: str) -> Iterator[Told]:
    stream = f"marketing.lead-{id}"
    yield (
        stream,
        LeadCaptured(
            lead_id=id,
            source=random.choice(SOURCES),
            campaign=random.choice(CAMPAIGNS),
            branch=random.choice(BRANCHES),
            owner=random.choice(OWNERS),
            person=LeadPerson(name="Anna Petrova"),
            touches=_touches(random, 2),
            captured_at=at,
        ),
    )
    for _ in range(random.randint(0, 7)):
        yield stream, _of_lead(random, id)


def _of_lead(random: Random, id: str) -> Any:
    match random.randint(0, 6):
        case 0:
            return LeadTouched(lead_id=id, touch=_touch(random))
        case 1:
            return LeadUpdated(lead_id=id, fields=("touches",), touches=_touches(random, 4))
        case 2:
            return LeadUpdated(lead_id=id, fields=("source", "branch"), source="corrected", branch="york")
        case 3:
            fields: dict[str, Any] = {"owner": random.choice(OWNERS), "captured_at": _moment(random)}
            return LeadUpdated(lead_id=id, fields=tuple(fields), **fields)
        case 4:
            at = _moment(random)
            return LeadQualified(lead_id=id, qualified_at=at, ask=_ask(random, f"h{id}", at))
        case 5:
            return LeadReturned(lead_id=id, handoff_id=f"h{id}", reason="too small")
        case _:
            return LeadDisqualified(lead_id=id, reason="looks for a job")


def _ask(random: Random, handoff_id: str, at: datetime) -> HandoffAsk:
    return HandoffAsk(
        handoff_id=handoff_id,
        kind="lead-to-sales",
        to_department="sales",
        from_branch="london",
        to_branch="leeds",
        asked_at=at,
    )


def _handoff(random: Random, id: str, subject: Subject, *, asked: bool) -> Iterator[Told]:
    stream, to = f"contacts.handoff-{id}", random.choice(DEPARTMENTS) if asked else "sales"
    about: dict[str, Any] = {
        "handoff_id": id, "from_department": "contacts" if asked else "marketing", "to_department": to,
        "subject": subject, "from_branch": "london",
    }  # fmt: skip
    if asked:
        yield stream, HandoffAsked(kind="by-hand", to_branch="york", asked_at=_moment(random), **about)
    if random.random() < 0.3 and not asked:
        return
    asking = Asking(department="marketing", stream="", version=1, event_id="")
    yield (
        stream,
        HandoffOffered(
            kind="lead-to-sales", to_branch="leeds", asking=asking, asked_at=START, basis={}, manifest=(),
            deadline=START, **about,
        ),
    )  # fmt: skip
    if random.random() < 0.2:
        yield stream, HandoffReassigned(handoff_id=id, to_branch="york", assignee="", deadline=START)
    entry = ManifestEntry(stream="marketing.lead-1", version=1, digest="")
    for part in ("offer", "offer", "supplement-1")[: random.randint(0, 3)]:
        yield stream, HandoffDelivered(handoff_id=id, part=part, receipt=(entry,))
    if random.random() < 0.6:
        yield (
            stream,
            HandoffAccepted(
                handoff_id=id, kind="lead-to-sales", to_department=to, subject=subject, to_branch="leeds", owner="",
                opportunity_id="", opens=True, accepted_by="", accepted_at=_moment(random), basis={}, closing=(),
            ),
        )  # fmt: skip


def _deal(random: Random, id: str, leads: list[str]) -> Iterator[Told]:
    stream = f"sales.opportunity-{id}"
    stage: dict[str, Any] = {
        "branch": random.choice(BRANCHES),
        "pipeline": "default",
        "stage": "new",
        "opened_at": _moment(random),
    }
    yield stream, OpportunityOpened(opportunity_id=id, lead_ids=(leads[0],), owner=random.choice(OWNERS), **stage)
    facts: list[Any] = [LeadLinked(opportunity_id=id, lead_id=lead) for lead in leads[1:]]
    for _ in range(random.randint(0, 5)):
        facts.append(random.choice((
            OpportunityWon(opportunity_id=id, closed_at=_moment(random)),
            OpportunityLost(opportunity_id=id, reason="price", closed_at=_moment(random)),
            OpportunityReopened(opportunity_id=id),
            OpportunityMoved(opportunity_id=id, stage="proposal"),
            OpportunityUpdated(opportunity_id=id, fields=("owner", "branch"), owner="priya", branch="leeds"),
        )))  # fmt: skip
    random.shuffle(facts)
    for fact in facts:
        yield stream, fact
