"""The keyring in a PostgreSQL database of its own."""

import asyncio
import hmac
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidTag

from eventlog.errors import KeyringUnavailable, NotSafe
from eventlog.keyring import DataKey, MasterKey
from eventlog.postgres.migrations import apply_migrations, brought_up
from eventlog.trouble import is_infrastructure

#: Keys made ahead in one commit, per tenant: few at first, more while they are used quickly.
BATCH_MIN, BATCH_MAX = 16, 1024

#: Keys made at a stretch: between two slices everybody else has a turn.
SLICE = 32

#: How long a key may be remembered: a key that another process destroyed is readable here no longer than this.
REMEMBERED_S = 30.0
REMEMBERED_MAX = 50_000

_SQL = Path(__file__).with_name("keyring_sql")

log = logging.getLogger("baton.keyring")


class PostgresKeyring:
    """Durable data keys. Every async method raises `KeyringUnavailable` when the database is out of reach."""

    def __init__(
        self, pool: "asyncpg.Pool[Any]", master: MasterKey, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool = pool
        self._master = master
        self._clock = clock
        self._unused: dict[str, deque[DataKey]] = {}
        self._batch_size: dict[str, int] = {}
        self._making: dict[str, asyncio.Task[None]] = {}
        self._known: OrderedDict[tuple[str, str], tuple[float, DataKey | None]] = OrderedDict()

    @classmethod
    async def open(cls, pool: "asyncpg.Pool[Any]", master: MasterKey, *, migrate: bool = True) -> "PostgresKeyring":
        """Apply the keyring's migrations (`migrate`; else they must be) and be ready. Raises `NotSafe` when the keys
        here were wrapped by another master key: nothing that it sealed could be read, and what is sealed from now on
        not with the old one."""
        async with pool.acquire() as connection:
            await brought_up(connection, "keyring", _SQL, migrate=migrate)
            await _check(connection, master)
        return cls(pool, master)

    async def fresh(self, tenant: str) -> DataKey:
        unused = self._unused.setdefault(tenant, deque())
        if len(unused) < self._batch_size.get(tenant, BATCH_MIN) // 2:
            self._make_ahead(tenant)
        while not unused:
            await asyncio.shield(self._make_ahead(tenant))
        key = unused.popleft()
        self._remember(tenant, key.id, key)
        return key

    def _make_ahead(self, tenant: str) -> "asyncio.Task[None]":
        """The next batch on its way, so that nobody waits for its commit as long as keys are left. Where it fails,
        the one who finds no key left asks anew, and gets the error."""
        making = self._making.get(tenant)
        if making is None or making.done():
            making = self._making[tenant] = asyncio.create_task(self._make(tenant))
            making.add_done_callback(lambda done: done.cancelled() or done.exception())
        return making

    async def _make(self, tenant: str) -> None:
        size = self._batch_size.get(tenant, BATCH_MIN)
        made: list[tuple[DataKey, bytes]] = []
        while len(made) < size:
            made += [self._master.make(tenant) for _ in range(min(SLICE, size - len(made)))]
            await asyncio.sleep(0)
        rows = [(key.id, tenant, wrapped) for key, wrapped in made]
        await self._run(
            lambda c: c.copy_records_to_table("data_keys", schema_name="keyring", records=rows, columns=_COLUMNS)
        )
        self._batch_size[tenant] = min(size * 2, BATCH_MAX)
        self._unused[tenant].extend(key for key, _ in made)

    async def get_many(self, tenant_keys: Iterable[tuple[str, str]]) -> Mapping[str, DataKey | None]:
        now = self._clock()
        found: dict[str, DataKey | None] = {}
        missing: list[tuple[str, str]] = []
        for tenant, key_id in tenant_keys:
            until, key = self._known.get((tenant, key_id), (0.0, None))
            if until > now:
                found[key_id] = key
            else:
                missing.append((tenant, key_id))
        if missing:
            found.update(await self._fetch(missing))
        return found

    async def _fetch(self, tenant_keys: list[tuple[str, str]]) -> dict[str, DataKey | None]:
        rows = await self._run(lambda c: c.fetch(_FETCH, [UUID(key_id) for _, key_id in tenant_keys]))
        stored = {(row["tenant"], str(row["id"])): row["wrapped"] for row in rows}
        found: dict[str, DataKey | None] = {}
        for tenant, key_id in tenant_keys:
            if (tenant, key_id) not in stored:
                continue
            wrapped = stored[tenant, key_id]
            try:
                key = None if wrapped is None else self._master.unwrap(tenant, key_id, wrapped)
            except InvalidTag:
                # Like one that never was: what it sealed cannot be read, everything else goes on.
                log.error("the data key %s of %s is damaged: left out", key_id, tenant)
                continue
            found[key_id] = self._remember(tenant, key_id, key)
        return found

    async def destroy(self, tenant: str, key_id: str) -> None:
        await self._run(lambda c: c.execute(_DESTROY, tenant, UUID(key_id)))
        self._remember(tenant, key_id, None)

    def hmac(self, tenant: str, purpose: str, value: bytes) -> bytes:
        return self._master.hmac(tenant, purpose, value)

    def _remember(self, tenant: str, key_id: str, key: DataKey | None) -> DataKey | None:
        """What is known of the key now: destroyed is for ever, whatever was read before that committed."""
        name = tenant, key_id
        if name in self._known and self._known[name][1] is None:
            key = None
        self._known[name] = (self._clock() + REMEMBERED_S, key)
        self._known.move_to_end(name)
        if len(self._known) > REMEMBERED_MAX:
            self._known.popitem(last=False)
        return key

    async def _run(self, ask: Callable[[Any], Any]) -> Any:
        try:
            async with self._pool.acquire() as connection:
                return await ask(connection)
        except Exception as error:
            if not is_infrastructure(error):
                raise
            raise KeyringUnavailable(f"the keyring is out of reach: {type(error).__name__}") from error


async def is_used(pool: "asyncpg.Pool[Any]") -> bool:
    """Whether a keyring stands here already, whose keys its master key alone opens."""
    async with pool.acquire() as connection:
        await apply_migrations(connection, "keyring", _SQL)
        used: bool = await connection.fetchval(_USED)
    return used


async def _check(connection: Any, master: MasterKey) -> None:
    """Compare the master key with the one that was here first. A keyring from before there was a check value is judged
    by a key that it holds."""
    expected = await connection.fetchval("SELECT value FROM keyring.master_check")
    if expected is None:
        held = await connection.fetchrow(_HELD)
        try:
            if held is not None:
                master.unwrap(held["tenant"], str(held["id"]), held["wrapped"])
        except InvalidTag:
            raise NotSafe(_ANOTHER) from None
        await connection.execute(_SAVE_CHECK, master.check())
        expected = await connection.fetchval("SELECT value FROM keyring.master_check")
    if not hmac.compare_digest(expected, master.check()):
        raise NotSafe(_ANOTHER)


_ANOTHER = (
    "the keyring's keys were wrapped by another master key than this one: put the file master.key back that belongs to"
    " it; nothing was changed"
)
_USED = "SELECT EXISTS (SELECT FROM keyring.master_check) OR EXISTS (SELECT FROM keyring.data_keys)"
_HELD = "SELECT id, tenant, wrapped FROM keyring.data_keys WHERE wrapped IS NOT NULL LIMIT 1"
_SAVE_CHECK = "INSERT INTO keyring.master_check (value) VALUES ($1) ON CONFLICT DO NOTHING"
_COLUMNS = ("id", "tenant", "wrapped")
_FETCH = "SELECT id, tenant, wrapped FROM keyring.data_keys WHERE id = ANY($1)"
_DESTROY = (
    "UPDATE keyring.data_keys SET wrapped = NULL, destroyed_at = now()"
    " WHERE tenant = $1 AND id = $2 AND destroyed_at IS NULL"
)
