"""A command happens once, whoever asks again and whatever came between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from eventlog.codec import Codec, Origin
from eventlog.decider import Decider, Forbidden, NotThere, Refused
from eventlog.errors import CommandReused, Conflict, Poison
from eventlog.events import Version
from eventlog.handling import Also, Decision, FactId, Handler
from eventlog.keyring import MemoryKeyring
from eventlog.memory import MemoryStore
from eventlog.store import NO_STREAM, Command
from facts.contacts import IdentifierClaimed
from facts.registry import REGISTRY
from facts.sales import OpportunityLost, OpportunityMoved, OpportunityReopened

CLERK = Origin("acme", "kazan", "boris")


@dataclass(frozen=True)
class Deal:
    stage: str = "new"
    lost: bool = False
    moves: int = 0


def evolve(deal: Deal, fact: Any) -> Deal:
    match fact:
        case OpportunityMoved():
            return Deal(fact.stage, deal.lost, deal.moves + 1)
        case OpportunityLost():
            return Deal(deal.stage, True, deal.moves)
        case _:
            return Deal(deal.stage, False, deal.moves)


DEAL = Decider("sales.opportunity", Deal(), evolve)


def move(stage: str) -> Any:
    def decide(deal: Deal, _: FactId) -> Sequence[Any]:
        if deal.lost:
            raise Refused("a lost deal does not move")
        return [] if deal.stage == stage else [OpportunityMoved(opportunity_id="1", stage=stage)]

    return decide


def lose(deal: Deal, _: FactId) -> Sequence[Any]:
    if deal.lost:
        raise Refused("it is lost already")
    return [OpportunityLost(opportunity_id="1", reason="price", closed_at=datetime(2026, 3, 1, tzinfo=UTC))]


def command(hmac: bytes = b"a" * 32) -> Command:
    return Command(uuid4(), hmac)


@pytest.fixture
def keyring() -> MemoryKeyring:
    return MemoryKeyring()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore("sales")


@pytest.fixture
def handler(store: MemoryStore, keyring: MemoryKeyring) -> Handler:
    return Handler(store, Codec(REGISTRY, keyring), keyring)


async def test_the_state_after_a_decision_is_answered_with_its_version(handler: Handler) -> None:
    handled = await handler.handle(DEAL, "1", command(), CLERK, move("quoted"))
    assert (handled.state, handled.version, handled.replayed) == (Deal("quoted", moves=1), 1, False)


async def test_the_same_command_again_gets_the_first_answer_even_where_it_would_be_refused_now(
    handler: Handler,
) -> None:
    losing = command()
    first = await handler.handle(DEAL, "1", losing, CLERK, lose)
    await handler.handle(DEAL, "1", command(), CLERK, lambda deal, _: [OpportunityReopened(opportunity_id="1")])
    await handler.handle(DEAL, "1", command(), CLERK, lose)
    again = await handler.handle(DEAL, "1", losing, CLERK, lose)
    assert again.replayed
    assert (again.state, again.version, again.place) == (first.state, first.version, first.place)


async def test_the_same_command_again_after_a_restart_appends_nothing(
    store: MemoryStore, keyring: MemoryKeyring, handler: Handler
) -> None:
    moving = command()
    await handler.handle(DEAL, "1", moving, CLERK, move("quoted"))
    restarted = Handler(store, Codec(REGISTRY, keyring), keyring)
    again = await restarted.handle(DEAL, "1", moving, CLERK, move("quoted"))
    assert again.replayed
    assert (await store.head()).position == 1


async def test_another_request_under_the_same_command_is_an_error(handler: Handler) -> None:
    moving = command()
    await handler.handle(DEAL, "1", moving, CLERK, move("quoted"))
    with pytest.raises(CommandReused):
        await handler.handle(DEAL, "1", Command(moving.id, b"b" * 32), CLERK, move("agreed"))


async def test_a_no_op_is_remembered_like_any_other_answer(handler: Handler, store: MemoryStore) -> None:
    await handler.handle(DEAL, "1", command(), CLERK, move("quoted"))
    nothing = command()
    first = await handler.handle(DEAL, "1", nothing, CLERK, move("quoted"))
    await handler.handle(DEAL, "1", command(), CLERK, move("agreed"))
    again = await handler.handle(DEAL, "1", nothing, CLERK, move("quoted"))
    assert (first.version, first.replayed, again.version, again.replayed) == (1, False, 1, True)
    assert (await store.head()).position == 2


async def test_a_stale_if_match_is_a_conflict_and_never_retried(handler: Handler) -> None:
    await handler.handle(DEAL, "1", command(), CLERK, move("quoted"))
    await handler.handle(DEAL, "1", command(), CLERK, move("agreed"))
    with pytest.raises(Conflict, match=r"expected version 1 of sales.opportunity-1, found 2"):
        await handler.handle(DEAL, "1", command(), CLERK, move("signed"), if_match={Version(1)})


@pytest.mark.parametrize("no", [NotThere("there is no deal 1"), Forbidden("this deal is of the branch york")])
async def test_who_may_not_have_a_record_does_not_learn_its_version_from_a_stale_if_match(
    handler: Handler, no: Refused
) -> None:
    await handler.handle(DEAL, "1", command(), CLERK, move("quoted"))

    def of_another_branch(deal: Deal, _: FactId) -> Sequence[Any]:
        raise no

    with pytest.raises(type(no), match=str(no)):
        await handler.handle(DEAL, "1", command(), CLERK, of_another_branch, if_match={Version(7)})


async def test_what_is_refused_of_a_state_that_nobody_saw_is_a_conflict(handler: Handler) -> None:
    await handler.handle(DEAL, "1", command(), CLERK, lose)
    with pytest.raises(Conflict, match=r"expected version 7 of sales.opportunity-1, found 1"):
        await handler.handle(DEAL, "1", command(), CLERK, lose, if_match={Version(7)})


async def test_what_another_process_wrote_meanwhile_is_decided_upon(
    store: MemoryStore, keyring: MemoryKeyring, handler: Handler
) -> None:
    other = Handler(store, Codec(REGISTRY, keyring), keyring)
    await handler.handle(DEAL, "1", command(), CLERK, move("quoted"))
    await other.handle(DEAL, "1", command(), CLERK, move("agreed"))
    handled = await handler.handle(DEAL, "1", command(), CLERK, move("signed"))
    assert (handled.state, handled.version) == (Deal("signed", moves=3), 3)


async def test_a_refusal_on_a_remembered_state_is_decided_once_more_on_a_fresh_one(
    store: MemoryStore, keyring: MemoryKeyring, handler: Handler
) -> None:
    other = Handler(store, Codec(REGISTRY, keyring), keyring)
    await handler.handle(DEAL, "1", command(), CLERK, lose)
    await other.handle(DEAL, "1", command(), CLERK, lambda deal, _: [OpportunityReopened(opportunity_id="1")])
    handled = await handler.handle(DEAL, "1", command(), CLERK, lose)
    assert handled.version == 3


async def test_a_claim_that_is_taken_refuses_the_whole_append(handler: Handler, store: MemoryStore) -> None:
    def claim(deal: Deal, _: FactId) -> Decision:
        claimed = Also("contacts.claim-1", NO_STREAM, [IdentifierClaimed(kind="email", person_id="p")])
        return Decision([OpportunityMoved(opportunity_id="1", stage="quoted")], [claimed])

    await handler.handle(DEAL, "1", command(), CLERK, claim)
    with pytest.raises(Conflict, match=r"contacts.claim-1"):
        await handler.handle(DEAL, "2", command(), CLERK, claim)
    assert (await store.head()).position == 2
    assert await store.stream_version("acme", "sales.opportunity-2") == 0


async def test_one_record_keeps_one_data_key(handler: Handler, store: MemoryStore) -> None:
    await handler.handle(DEAL, "1", command(), CLERK, lose)
    await handler.handle(
        DEAL, "1", command(), CLERK, lambda deal, _: [OpportunityReopened(opportunity_id="1", note="again")]
    )
    events = await store.read_stream("acme", "sales.opportunity-1")
    assert len({Codec.key_id(event) for event in events}) == 1


async def test_nothing_is_written_under_another_key_while_the_records_own_is_damaged(
    handler: Handler, store: MemoryStore, keyring: MemoryKeyring
) -> None:
    await handler.handle(DEAL, "1", command(), CLERK, lose)
    (first,) = await store.read_stream("acme", "sales.opportunity-1")
    del keyring._keys["acme", Codec.key_id(first)]

    for remembers_or_not in (handler, Handler(store, Codec(REGISTRY, keyring), keyring)):
        with pytest.raises(Poison, match=r"data key .* of sales.opportunity-1 is damaged or missing"):
            await remembers_or_not.handle(DEAL, "1", command(), CLERK, tell("again"))

    assert (await store.head()).position == 1


@dataclass(frozen=True)
class Told:
    notes: tuple[str, ...] = ()


TOLD = Decider("sales.opportunity", Told(), lambda told, fact: Told((*told.notes, getattr(fact, "note", ""))))


def tell(note: str) -> Any:
    return lambda told, _: [OpportunityReopened(opportunity_id="1", note=note)]


async def test_what_is_erased_between_reading_and_appending_does_not_live_on_under_a_new_key(
    handler: Handler, store: MemoryStore, keyring: MemoryKeyring
) -> None:
    await handler.handle(TOLD, "1", command(), CLERK, tell("calls at night"))
    (first,) = await store.read_stream("acme", "sales.opportunity-1")

    def erased_meanwhile(told: Told, fact_id: FactId) -> Sequence[Any]:
        keyring._keys["acme", Codec.key_id(first)] = None
        return [OpportunityReopened(opportunity_id="1", note=f"after {len(told.notes[0])} letters")]

    handled = await handler.handle(TOLD, "1", command(), CLERK, erased_meanwhile)

    assert handled.state == (await Handler(store, Codec(REGISTRY, keyring), keyring).load(TOLD, "acme", "1")).state
    assert "calls at night" not in handled.state.notes
    assert "after 14 letters" not in handled.state.notes
