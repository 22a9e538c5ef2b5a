"""Receipts are made of what was received; the manifest's digests are dropped as soon as it is heard."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import orjson
import pytest

from eventlog.events import CHAIN_START, Event, Place, Position, Version, digest_of
from eventlog.reactions import Due, NotYet
from eventlog.received import Fetched, Received, Wanted, chain, heard, recomputed, soundly
from services.receipts import RECEIVE, RECEIVE_AGAIN, Receipts, Receiver, hears, record
from tests.support import examples_handoffs as example
from tests.support.examples import SALES_HANDOFF_RECEIVED as RECEIPT
from tests.support.projecting import recorded


def todos(department: str, fact: object) -> list[tuple[str, dict[str, object]]]:
    (heard,) = recorded("contacts.handoff-1", fact)
    reacts = hears(department).handlers.get(heard.at.type, ())
    return [(todo.kind, dict(todo.args)) for react in reacts for todo in react(heard.fact, heard.at)]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "fact", [example.HANDOFF_OFFERED, example.HANDOFF_ACCEPTED, example.HANDOFF_SUPPLEMENTED], ids=lambda f: f.name
)
def test_what_is_to_be_received_holds_no_digest_to_copy(fact: object) -> None:
    ((kind, args),) = todos("sales", fact)

    assert kind == RECEIVE
    for entry in (example.QUALIFIED_AT_2, example.CALL_AT_1):
        assert entry.digest not in orjson.dumps(args).decode()


def test_after_a_discrepancy_only_the_digests_that_were_refused_are_known() -> None:
    ((kind, args),) = todos("sales", example.HANDOFF_DISCREPANT)

    assert kind == RECEIVE_AGAIN
    assert args["refused"] == {example.LEAD_STREAM: example.SPOILED.digest}
    assert example.QUALIFIED_AT_2.digest not in orjson.dumps(args).decode()


def test_only_the_department_that_it_is_for_receives_it() -> None:
    assert todos("marketing", example.HANDOFF_OFFERED) == []
    assert todos("marketing", example.HANDOFF_DISCREPANT) == []


def test_an_acceptance_with_nothing_new_needs_no_receipt() -> None:
    assert todos("sales", example.HANDOFF_ACCEPTED.model_copy(update={"closing": ()})) == []


def test_a_department_of_which_nothing_was_heard_is_at_the_start_of_its_log() -> None:
    checkpoints = [
        {"source": "sales", "generation": 0, "position": 0},
        {"source": "marketing", "generation": 2, "position": 7},
    ]
    assert {name: str(place) for name, place in heard(checkpoints).items()} == {"sales": "1.0", "marketing": "2.7"}


def test_the_same_receipt_is_recorded_once() -> None:
    state = Receipts({RECEIPT.part: RECEIPT.entries})

    assert record(Receipts(), RECEIPT) == [RECEIPT]
    assert record(state, RECEIPT) == []
    other = RECEIPT.model_copy(update={"entries": ()})
    assert record(state, other) == [other]


async def test_what_stays_as_it_was_is_fetched_again_ever_less_often() -> None:
    receiver, due = receiving_again(discarded=False)

    waits = []
    for _ in range(9):
        (wrong,) = (await receiver.receive_again([due])).values()
        assert isinstance(wrong, NotYet)
        waits.append(wrong.retry_s)

    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]


async def test_what_stands_on_a_discarded_event_is_not_fetched_for_ever() -> None:
    receiver, due = receiving_again(discarded=True)

    assert await receiver.receive_again([due]) == {due.command_id: None}


async def test_what_its_owner_lost_is_left_out_of_the_receipt() -> None:
    """Contacts had heard 1.7 of marketing, whose log is of generation 2 now and does not have it."""
    there = _Restored()
    args = {
        "handoff_id": "h",
        "part": "offer",
        "versions": {"marketing.lead-1": 1, "marketing.lead-2": 1},
        "branch": "",
    }
    due = Due(RECEIVE, {**args, "basis": {"marketing": "1.7"}}, "demo", uuid4(), "", "", None)

    assert await Receiver("sales", there, there, there).receive([due]) == {due.command_id: None}  # type: ignore[arg-type]
    assert [entry.stream for entry in there.recorded.entries] == ["marketing.lead-1"]


class _Restored:
    """A ledger, the log behind it, and who handles what is decided."""

    recorded: Any = None

    async def received(self, wanted: Iterable[Wanted]) -> Received:
        here = {each: b"received" for each in wanted if each.stream == "marketing.lead-1"}
        return Received(here, frozenset(), {"marketing": Place(2, Position(3))})

    async def fetched_again(self, wanted: Wanted) -> Fetched:
        return Fetched(None)

    async def handle(self, decider: Any, id: str, command: Any, origin: Any, decide: Any, **_: object) -> None:
        (self.recorded,) = decide(Receipts(), None)


class _Unchanged:
    """A ledger, the logs behind it and the feeds: whatever is read again is what was refused."""

    def __init__(self, discarded: bool) -> None:
        self._discarded = discarded

    async def received(self, wanted: Iterable[Wanted]) -> Received:
        unproven = [each for each in wanted if self._discarded and each.stream == "marketing.lead-2"]
        return Received({}, frozenset(unproven), {})

    async def fetched_again(self, wanted: Wanted) -> Fetched:
        return Fetched(b"refused")

    async def heal(self, *_: object) -> bool:
        return True


def receiving_again(discarded: bool, there: Any = None) -> tuple[Receiver, Due]:
    there = there or _Unchanged(discarded)
    versions = {"marketing.lead-1": 1, "marketing.lead-2": 1}
    refused = {stream: b"refused".hex() for stream in sorted(versions)[: 1 if discarded else 2]}
    args = {"handoff_id": "h", "part": "offer", "versions": versions, "refused": refused, "branch": "", "basis": {}}
    return Receiver("sales", there, there, there), Due(RECEIVE_AGAIN, args, "demo", uuid4(), "", "", None)


def test_every_byte_of_every_event_is_in_the_digest(stream: list[Event]) -> None:
    wanted = Wanted("demo", "marketing.lead-1", Version(3))
    true = recomputed(stream, wanted)
    assert true == stream[-1].digest
    for n in range(3):
        changed = [*stream]
        changed[n] = replace(stream[n], data=stream[n].data + b" ")
        assert recomputed(changed, wanted) != true


def test_a_stream_with_a_hole_has_no_digest(stream: list[Event]) -> None:
    assert recomputed([stream[0], stream[2]], Wanted("demo", "marketing.lead-1", Version(3))) is None
    assert len(chain([stream[1]])) == 0


def test_a_stream_is_sound_as_far_as_its_bytes_give_the_digests_that_came_with_them(stream: list[Event]) -> None:
    spoiled = [stream[0], replace(stream[1], data=b'{"n":3}'), stream[2]]

    assert soundly(stream) == [event.digest for event in stream]
    assert soundly(spoiled) == [stream[0].digest]


class _Parked(_Unchanged):
    """The owner's log says it right now, and the department could not handle it all the same."""

    async def fetched_again(self, wanted: Wanted) -> Fetched:
        return Fetched(b"right")


async def test_what_the_log_says_right_and_the_department_has_not_heard_is_no_receipt() -> None:
    receiver, due = receiving_again(discarded=False, there=_Parked(discarded=False))

    (wrong,) = (await receiver.receive_again([due])).values()

    assert isinstance(wrong, NotYet)
    assert "still parked: marketing.lead-1, marketing.lead-2" in str(wrong)


@pytest.fixture
def stream() -> list[Event]:
    """Three events of one stream, chained."""
    (heard,) = recorded("marketing.lead-1", example.LEAD_QUALIFIED)
    events: list[Event] = []
    for n in range(1, 4):
        before = events[-1].digest if events else CHAIN_START
        event = Event(
            1, heard.at.place.position, "demo", "marketing.lead-1", Version(n), heard.at.event_id, heard.at.type, 1,
            heard.at.recorded_at, b"{}", b'{"n":%d}' % n, b"",
        )  # fmt: skip
        events.append(replace(event, digest=digest_of(before, event)))
    return events
