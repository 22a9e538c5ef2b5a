"""The departments, their projectors and reactions on logs in KurrentDB: what they do is the same."""

from pathlib import Path

from tests.support.handoffs import Handover, State
from tests.support.house import Town, open_town
from tests.support.kurrentdb import FakeKurrentDB, running_kurrentdb
from tests.support.log import whole_log
from tests.support.postgres import TestServer

DEPARTMENTS = ["contacts", "marketing", "sales"]


async def delivered_with_proof(handover: Handover, id: str) -> None:
    """What sales recomputed from the bytes that it heard is what contacts had listed."""
    delivered = await handover.becomes(id, State.DELIVERED)
    assert delivered.manifest
    assert list(delivered.receipt) == list(delivered.manifest)


async def logs_are_whole(town: Town) -> None:
    """Every position is there, every chain is whole, and every view equals a fold of the logs."""
    for running in town.houses.running.values():
        assert await whole_log(running.opened.house.store)
        rebuilt = await running.opened.rebuild().run(check=True)
        assert [difference for difference in rebuilt.differences if difference.differing] == []


async def test_a_handoff_goes_its_way(own_postgres: TestServer, tmp_path: Path) -> None:
    dsn = own_postgres.dsn("postgres")
    async with running_kurrentdb() as server:
        async with open_town(dsn, tmp_path, DEPARTMENTS, eventstore_url=server.url) as town:
            handover = Handover(town)
            first = await handover.qualify((await handover.lead()).id, note="Forty chairs")
            await delivered_with_proof(handover, first)
            await handover.accept(first)
            await handover.becomes(first, State.ACCEPTED)

            second = await handover.qualify((await handover.lead()).id)
            await restarted(server)
            await delivered_with_proof(handover, second)
            await logs_are_whole(town)

        async with open_town(dsn, tmp_path, DEPARTMENTS, eventstore_url=server.url) as again:
            reopened = Handover(Town(again.houses, again.issuer, again.caller, town.tenant))
            assert (await reopened.get(first)).state == State.ACCEPTED
            await reopened.accept(second)
            await reopened.becomes(second, State.ACCEPTED)
            await logs_are_whole(again)


async def restarted(server: FakeKurrentDB) -> None:
    await server.stop()
    await server.start()
