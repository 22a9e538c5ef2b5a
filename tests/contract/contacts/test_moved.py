"""Records that move to another branch while, or after, somebody of the first one writes on them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from baton.contacts.v1 import companies_pb2, interactions_pb2, people_pb2

from runtime.errors import RpcError
from tests.support.house import DEADLINE_S, Desk, Town


@dataclass
class Written:
    """How a clerk of London writes on a record, and how a manager moves it to York."""

    write: Callable[..., Awaitable[Any]]
    move: Callable[[], Awaitable[Any]]


async def person(clerk: Desk, manager: Desk) -> Written:
    made = await clerk.ask(
        "People/CreatePerson", people_pb2.CreatePersonRequest(person=people_pb2.Person(display_name="Anna"))
    )

    def update(desk: Desk, **given: Any) -> Callable[..., Awaitable[Any]]:
        request = people_pb2.UpdatePersonRequest(person=people_pb2.Person(id=made.id, **given))
        return lambda **metadata: desk.ask("People/UpdatePerson", request, **metadata)

    return Written(update(clerk, note="Calls at night"), update(manager, branch="york"))


async def company(clerk: Desk, manager: Desk) -> Written:
    made = await clerk.ask(
        "Companies/CreateCompany", companies_pb2.CreateCompanyRequest(company=companies_pb2.Company(name="Petrov Ltd"))
    )

    def update(desk: Desk, **given: Any) -> Callable[..., Awaitable[Any]]:
        request = companies_pb2.UpdateCompanyRequest(company=companies_pb2.Company(id=made.id, **given))
        return lambda **metadata: desk.ask("Companies/UpdateCompany", request, **metadata)

    return Written(update(clerk, note="Pays late"), update(manager, branch="york"))


async def call_of(clerk: Desk) -> interactions_pb2.Interaction:
    made = interactions_pb2.Interaction(
        channel="CALL", direction="IN", person_id="anna", promises=[{"what": "Send the price list"}]
    )
    request = interactions_pb2.CreateInteractionRequest(interaction=made)
    found: interactions_pb2.Interaction = await clerk.ask("Interactions/CreateInteraction", request)
    return found


def update_call(desk: Desk, id: str, **given: Any) -> Callable[..., Awaitable[Any]]:
    request = interactions_pb2.UpdateInteractionRequest(interaction=interactions_pb2.Interaction(id=id, **given))
    return lambda **metadata: desk.ask("Interactions/UpdateInteraction", request, **metadata)


async def interaction(clerk: Desk, manager: Desk) -> Written:
    made = await call_of(clerk)
    return Written(update_call(clerk, made.id, summary="Prices"), update_call(manager, made.id, branch="york"))


async def promise(clerk: Desk, manager: Desk) -> Written:
    made = await call_of(clerk)
    release = interactions_pb2.ReleasePromiseRequest(id=made.promises[0].id, reason="She came by herself")
    # Its row in the read model is there before it moves.
    await clerk.ask("Promises/GetPromise", interactions_pb2.GetPromiseRequest(id=release.id))
    return Written(
        lambda **metadata: clerk.ask("Promises/ReleasePromise", release, **metadata),
        update_call(manager, made.id, branch="york", person_id="boris", custom={"gift": "pen"}),
    )


@pytest.fixture(params=[person, company, interaction, promise], ids=lambda made: str(made.__name__))
async def written(town: Town, request: pytest.FixtureRequest) -> Written:
    made: Written = await request.param(
        town.desk("emma", "clerk", branch="london"), town.desk("grace", "manager", branch="london")
    )
    return made


async def caught_up(town: Town) -> None:
    """Wait until the read models show everything."""
    house = town.houses.running["contacts"].house
    await house.hearing.wait_for("contacts", await house.store.head(), DEADLINE_S)


async def status_of(awaited: Awaitable[Any]) -> int:
    with pytest.raises(RpcError) as raised:
        await awaited
    return raised.value.kind.http


async def test_a_repeated_write_gets_its_first_answer_though_the_record_moved_since(
    town: Town, written: Written
) -> None:
    key = str(uuid4())
    first = await written.write(idempotency_key=key)
    await written.move()
    await caught_up(town)

    assert await written.write(idempotency_key=key) == first


async def test_a_record_that_has_moved_is_not_written_on_by_who_had_it(town: Town, written: Written) -> None:
    await written.move()

    assert await status_of(written.write()) == 404
    assert await status_of(written.write(if_match='"1"')) == 404


async def test_a_record_that_moves_while_it_is_written_on_is_not_written_on(
    town: Town, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = town.houses.running["contacts"].house.handler
    handle = handler.handle

    async def moved_first(*asked: Any, **how: Any) -> Any:
        monkeypatch.undo()
        await written.move()
        return await handle(*asked, **how)

    monkeypatch.setattr(handler, "handle", moved_first)

    assert await status_of(written.write()) == 404


async def test_a_view_that_is_behind_does_not_decide_whose_a_promise_is(town: Town) -> None:
    emma, yan = (town.desk(name, "clerk", branch=branch) for name, branch in (("emma", "london"), ("yan", "york")))
    made = await call_of(emma)
    await update_call(town.desk("grace"), made.id, branch="york")()
    await caught_up(town)
    views = town.houses.running["contacts"].house.views
    await views.fetch("UPDATE promises SET made_in_branch = 'london' WHERE id = $1", made.promises[0].id)

    release = interactions_pb2.ReleasePromiseRequest(id=made.promises[0].id, reason="She came by herself")
    look = interactions_pb2.GetPromiseRequest(id=release.id)

    assert await status_of(emma.ask("Promises/GetPromise", look)) == 404
    assert await status_of(emma.ask("Promises/ReleasePromise", release)) == 404
    released = await yan.ask("Promises/ReleasePromise", release)
    assert (released.branch, released.state) == ("york", interactions_pb2.Promise.RELEASED)
