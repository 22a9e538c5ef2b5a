"""The contract of the log, run on each adapter.

KurrentDB is the small server of `tests/support/kurrentdb`, or the one that `BATON_EVENTSTORE_URL` names.
"""

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from eventlog.kurrentdb import KurrentStore
from eventlog.memory import MemoryStore
from eventlog.postgres import PostgresStore
from eventlog.store import Store
from tests.contract.store_contract import StoreContract, WriterContract
from tests.support.kurrentdb import running_kurrentdb
from tests.support.log import Clock


@pytest.fixture(scope="module")
async def kurrentdb() -> AsyncIterator[str]:
    """The address of a server."""
    real = os.environ.get("BATON_EVENTSTORE_URL")
    if real:
        yield real
    else:
        async with running_kurrentdb() as server:
            yield server.url


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self, clock: Clock) -> Store:
        return MemoryStore("sales", clock=clock)


class TestPostgresStore(WriterContract):
    @pytest.fixture
    async def store(self, database: str, clock: Clock) -> AsyncIterator[Store]:
        async with await PostgresStore.open(database, "sales", clock=clock) as store:
            yield store


class TestKurrentStore(WriterContract):
    @pytest.fixture
    async def store(self, kurrentdb: str, database: str, clock: Clock) -> AsyncIterator[Store]:
        log = f"baton-test.{uuid4()}"
        async with await KurrentStore.open(kurrentdb, database, "sales", log=log, clock=clock) as store:
            yield store
