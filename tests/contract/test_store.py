"""The contract of the log, run on each adapter."""

from collections.abc import AsyncIterator

import pytest

from eventlog.memory import MemoryStore
from eventlog.postgres import PostgresStore
from eventlog.store import Store
from tests.contract.store_contract import StoreContract
from tests.support.log import Clock


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self, clock: Clock) -> Store:
        return MemoryStore("sales", clock=clock)


class TestPostgresStore(StoreContract):
    @pytest.fixture
    async def store(self, database: str, clock: Clock) -> AsyncIterator[Store]:
        async with await PostgresStore.open(database, "sales", clock=clock) as store:
            yield store
