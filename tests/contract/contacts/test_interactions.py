"""Interactions and their promises as they are asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from baton.common.v1.imports_pb2 import ImportResult
from baton.contacts.v1 import interactions_pb2 as pb

from runtime.errors import RpcError
from tests.support.house import Desk, Town, eventually

YESTERDAY = datetime.now(UTC) - timedelta(days=1)


async def record(desk: Desk, **fields: Any) -> pb.Interaction:
    return await desk.ask(
        "Interactions/CreateInteraction", pb.CreateInteractionRequest(interaction=pb.Interaction(**fields))
    )


async def call_with_promises(desk: Desk, **fields: Any) -> pb.Interaction:
    promises = [
        pb.Interaction.MadePromise(what="Send the price list", due=YESTERDAY),
        pb.Interaction.MadePromise(what="Choose two samples", by="CUSTOMER"),
    ]
    return await record(desk, channel="CALL", direction="IN", person_id="anna", promises=promises, **fields)


async def status_of(awaited: Any) -> int:
    with pytest.raises(RpcError) as raised:
        await awaited
    return raised.value.kind.http


async def test_an_interaction_is_recorded_with_what_was_promised(town: Town) -> None:
    emma = town.desk("emma", branch="london")

    made = await call_with_promises(emma, summary="Asked for the price list")

    assert (made.employee, made.branch) == ("emma", "london")
    assert [(each.what, each.by, each.state) for each in made.promises] == [
        ("Send the price list", "emma", pb.Promise.OPEN),
        ("Choose two samples", "CUSTOMER", pb.Promise.OPEN),
    ]
    assert await emma.ask("Interactions/GetInteraction", pb.GetInteractionRequest(id=made.id)) == made
    listed = await eventually(
        lambda: emma.ask("Interactions/ListInteractions", pb.ListInteractionsRequest(channel=["CALL"])),
        lambda page: page.total_size,
    )
    assert list(listed.interactions) == [made]


async def test_what_happened_has_happened_by_now(town: Town) -> None:
    emma, late = town.desk("emma"), datetime.now(UTC) + timedelta(days=2)
    made = await record(emma, summary="Asked for the price list")

    assert await status_of(record(emma, summary="Will call", occurred_at=late)) == 409
    changed = pb.UpdateInteractionRequest(interaction=pb.Interaction(id=made.id, occurred_at=late))
    changed.update_mask.paths.append("occurred_at")
    assert await status_of(emma.ask("Interactions/UpdateInteraction", changed)) == 409


async def test_a_promise_is_seen_as_soon_as_it_was_made(town: Town) -> None:
    emma = town.desk("emma")
    made = await call_with_promises(emma)

    promise = await emma.ask("Promises/GetPromise", pb.GetPromiseRequest(id=made.promises[0].id))

    assert (promise.interaction_id, promise.person_id, promise.by) == (made.id, "anna", "emma")
    assert promise.state == pb.Promise.OPEN
    assert promise.overdue
    assert promise.create_time == made.create_time


async def test_promises_are_listed_by_what_is_overdue(town: Town) -> None:
    emma = town.desk("emma")
    made = await call_with_promises(emma)

    late = await eventually(
        lambda: emma.ask("Promises/ListPromises", pb.ListPromisesRequest(overdue=[True])), lambda page: page.total_size
    )
    other = await emma.ask("Promises/ListPromises", pb.ListPromisesRequest(overdue=[False], state=["OPEN"]))

    assert [promise.id for promise in late.promises] == [made.promises[0].id]
    assert [promise.id for promise in other.promises] == [made.promises[1].id]


async def test_a_promise_is_not_due_at_the_calendars_very_end(town: Town) -> None:
    promise = pb.Interaction.MadePromise(what="Wait", due=datetime.max.replace(tzinfo=UTC))
    assert await status_of(record(town.desk("emma"), channel="CALL", person_id="anna", promises=[promise])) == 400


async def test_a_due_time_that_the_database_took_for_infinity_is_shown(town: Town) -> None:
    emma = town.desk("emma")
    made = await call_with_promises(emma)
    list_open = pb.ListPromisesRequest(state=["OPEN"])
    await eventually(lambda: emma.ask("Promises/ListPromises", list_open), lambda page: page.total_size == 2)
    views = town.houses.running["contacts"].house.views
    await views.fetch("UPDATE promises SET due = 'infinity' WHERE id = $1", made.promises[0].id)

    page = await emma.ask("Promises/ListPromises", list_open)

    assert [each.overdue for each in page.promises] == [False, False]


async def test_a_kept_promise_is_kept_once(town: Town) -> None:
    emma = town.desk("emma")
    made = await call_with_promises(emma)
    keep = pb.KeepPromiseRequest(id=made.promises[0].id)

    kept = await emma.ask("Promises/KeepPromise", keep, if_match='"1"')

    assert (kept.state, kept.overdue, kept.etag) == (pb.Promise.KEPT, False, "2")
    assert await emma.ask("Promises/GetPromise", pb.GetPromiseRequest(id=kept.id)) == kept
    assert await status_of(emma.ask("Promises/KeepPromise", keep)) == 409
    release = pb.ReleasePromiseRequest(id=made.promises[1].id, reason="She came by herself")
    released = await emma.ask("Promises/ReleasePromise", release)
    assert (released.state, released.released_reason) == (pb.Promise.RELEASED, "She came by herself")


async def test_promises_are_added_and_open_ones_are_not_dropped(town: Town) -> None:
    emma = town.desk("emma")
    made = await call_with_promises(emma)
    more = pb.Interaction(id=made.id, promises=[*made.promises, pb.Interaction.MadePromise(what="Call back")])

    changed = await emma.ask("Interactions/UpdateInteraction", pb.UpdateInteractionRequest(interaction=more))

    assert [each.what for each in changed.promises] == ["Send the price list", "Choose two samples", "Call back"]
    assert [each.id for each in changed.promises][:2] == [each.id for each in made.promises]
    del more.promises[0]
    update = pb.UpdateInteractionRequest(interaction=more)
    assert await status_of(emma.ask("Interactions/UpdateInteraction", update)) == 409


async def test_an_unknown_promise_is_not_there(town: Town) -> None:
    assert await status_of(town.desk("emma").ask("Promises/GetPromise", pb.GetPromiseRequest(id="none"))) == 404
    made = await call_with_promises(town.desk("emma", branch="london"))
    ivan = town.desk("ivan", "clerk", branch="moscow")
    assert await status_of(ivan.ask("Promises/KeepPromise", pb.KeepPromiseRequest(id=made.promises[0].id))) == 404


async def test_an_imported_call_keeps_its_promises_when_its_row_comes_changed(town: Town) -> None:
    emma = town.desk("emma")

    async def take(summary: str, digest: str) -> ImportResult:
        promises = [pb.Interaction.MadePromise(what="Send the price list")]
        call = pb.Interaction(external_id="call-1", channel="CALL", summary=summary, promises=promises)
        row = pb.InteractionRow(line=2, digest=digest * 64, employee="lena", interaction=call)
        answer = await emma.ask(
            "Interactions/ImportInteractions", pb.ImportInteractionsRequest(import_id="i", rows=[row])
        )
        return answer.results[0]

    created = await take("Asked for prices", "a")
    before = await emma.ask("Interactions/GetInteraction", pb.GetInteractionRequest(id=created.id))
    await emma.ask("Promises/KeepPromise", pb.KeepPromiseRequest(id=before.promises[0].id))
    outcomes = [created.outcome, (await take("Asked", "b")).outcome, (await take("Asked", "b")).outcome]
    after = await emma.ask("Interactions/GetInteraction", pb.GetInteractionRequest(id=created.id))

    assert outcomes == [ImportResult.CREATED, ImportResult.UPDATED, ImportResult.UNCHANGED]
    assert (before.employee, before.promises[0].by, after.summary) == ("lena", "lena", "Asked")
    assert [(each.id, each.state) for each in after.promises] == [(before.promises[0].id, pb.Promise.KEPT)]


async def test_a_changed_row_of_a_call_leaves_edits_and_promises_that_were_passed_on(town: Town) -> None:
    emma = town.desk("emma")

    async def take(digest: str, *promised: str, **said: Any) -> ImportResult:
        promises = [pb.Interaction.MadePromise(what=what) for what in promised]
        call = pb.Interaction(external_id="call-1", channel="CALL", promises=promises, **said)
        row = pb.InteractionRow(line=2, digest=digest * 64, employee="lena", interaction=call)
        request = pb.ImportInteractionsRequest(import_id="i", rows=[row])
        return (await emma.ask("Interactions/ImportInteractions", request)).results[0]

    created = await take("a", "Send the price list", summary="Asked for prices", duration_seconds=60)
    before = await emma.ask("Interactions/GetInteraction", pb.GetInteractionRequest(id=created.id))
    (made,) = before.promises
    own = {"what": "Send flowers", "by": "emma"}
    edit = pb.Interaction(id=created.id, summary="Wants prices", promises=[made, own])
    edit.promises[0].what = "Send the new price list"
    await emma.ask("Interactions/UpdateInteraction", pb.UpdateInteractionRequest(interaction=edit))

    again = await take("b", "Send the price list", "Call back", summary="Asked for prices", duration_seconds=90)

    after = await emma.ask("Interactions/GetInteraction", pb.GetInteractionRequest(id=created.id))
    assert again.outcome == ImportResult.UPDATED
    assert (after.summary, after.duration_seconds) == ("Wants prices", 90)
    assert [(each.what, each.by) for each in after.promises] == [
        ("Send the new price list", "lena"), ("Send flowers", "emma"), ("Call back", "lena"),
    ]  # fmt: skip
