"""The keyring in PostgreSQL: destroyed is for ever, tenants are apart, damage stays where it is, keys are not mixed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from eventlog.errors import KeyringUnavailable, NotSafe
from eventlog.keyring import MasterKey
from eventlog.postgres.keyring import PostgresKeyring
from runtime.settings import Settings
from tests.support.house import open_town
from tests.support.postgres import TestServer

MASTER = MasterKey(bytes(64))


@pytest.fixture
async def pool(database: str) -> AsyncIterator["asyncpg.Pool[Any]"]:
    async with asyncpg.create_pool(database, min_size=0) as pool:
        yield pool


async def another(pool: "asyncpg.Pool[Any]") -> PostgresKeyring:
    """One that remembers nothing."""
    return await PostgresKeyring.open(pool, MASTER)


async def test_a_key_that_one_tenant_read_is_unknown_to_another(pool: "asyncpg.Pool[Any]") -> None:
    keyring = await PostgresKeyring.open(pool, MASTER)
    key = await keyring.fresh("acme")

    assert await keyring.get_many([("other", key.id)]) == {}
    assert (await keyring.get_many([("acme", key.id)]))[key.id] is key


async def test_a_key_destroyed_while_it_was_fetched_is_not_remembered_again(pool: "asyncpg.Pool[Any]") -> None:
    key = await (await another(pool)).fresh("acme")
    keyring = await another(pool)
    answered, go_on, run = asyncio.Event(), asyncio.Event(), keyring._run

    async def held_up(ask: Any) -> Any:
        found = await run(ask)
        answered.set()
        await go_on.wait()
        return found

    keyring._run = held_up  # type: ignore[method-assign]
    fetching = asyncio.create_task(keyring.get_many([("acme", key.id)]))
    await answered.wait()
    keyring._run = run  # type: ignore[method-assign]
    await keyring.destroy("acme", key.id)
    go_on.set()

    assert await fetching == {key.id: None}
    assert await keyring.get_many([("acme", key.id)]) == {key.id: None}


async def test_a_damaged_key_is_left_out_and_the_others_are_found(pool: "asyncpg.Pool[Any]") -> None:
    writer = await another(pool)
    damaged, sound = await writer.fresh("acme"), await writer.fresh("acme")
    await pool.execute("UPDATE keyring.data_keys SET wrapped = '\\x00' || wrapped WHERE id = $1", UUID(damaged.id))

    found = await (await another(pool)).get_many([("acme", damaged.id), ("acme", sound.id)])

    assert list(found) == [sound.id]


async def test_a_server_without_connections_left_is_a_keyring_out_of_reach(
    postgres: TestServer, pool: "asyncpg.Pool[Any]"
) -> None:
    key = await (await another(pool)).fresh("acme")
    name = postgres.create_database()
    await pool.execute(f"CREATE ROLE {name} LOGIN CONNECTION LIMIT 0")
    async with asyncpg.create_pool(postgres.dsn(name, user=name), min_size=0) as full:
        keyring = PostgresKeyring(full, MASTER)
        asked = keyring.fresh("acme"), keyring.get_many([("acme", key.id)]), keyring.destroy("acme", key.id)
        answers = await asyncio.gather(*asked, return_exceptions=True)

    assert [(type(each), str(each)) for each in answers] == [
        (KeyringUnavailable, "the keyring is out of reach: TooManyConnectionsError")
    ] * 3
    await pool.execute(f"DROP ROLE {name}")
    postgres.drop_database(name)


async def test_another_master_key_is_refused(pool: "asyncpg.Pool[Any]") -> None:
    await PostgresKeyring.open(pool, MASTER)
    await PostgresKeyring.open(pool, MASTER)

    with pytest.raises(NotSafe, match=r"another master key.*nothing was changed"):
        await PostgresKeyring.open(pool, MasterKey(MasterKey.generate()))


async def test_a_keyring_without_a_check_value_is_judged_by_a_key_that_it_holds(pool: "asyncpg.Pool[Any]") -> None:
    await (await another(pool)).fresh("acme")
    await pool.execute("DELETE FROM keyring.master_check")

    with pytest.raises(NotSafe, match="another master key"):
        await PostgresKeyring.open(pool, MasterKey(MasterKey.generate()))
    await PostgresKeyring.open(pool, MASTER)


async def test_a_missing_master_key_is_never_replaced_under_a_keyring(own_postgres: TestServer, tmp_path: Path) -> None:
    async with open_town(own_postgres.dsn("postgres"), tmp_path, ["analytics"]) as town:
        await town.houses.running["analytics"].house.store.head()
    path = Settings(home=tmp_path).keys / "master.key"
    path.unlink()

    with pytest.raises(NotSafe, match=r"master\.key is missing.*nothing was changed"):
        async with open_town(own_postgres.dsn("postgres"), tmp_path, ["analytics"]):
            pass

    assert not path.exists()
