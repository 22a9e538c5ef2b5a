"""Which event log a department has: PostgreSQL's, or that of the KurrentDB in `BATON_EVENTSTORE_URL`."""

from typing import Protocol

from eventlog.postgres.store import PostgresStore
from eventlog.store import Store
from runtime.settings import Settings


class OpenStore(Store, Protocol):
    """A log that is open, and is closed by whoever opened it."""

    async def close(self) -> None: ...


async def open_store(
    department: str, settings: Settings, dsn: str, *, migrate: bool = True, shared: bool = True
) -> OpenStore:
    """The department's log; `dsn` is its own database, which holds the log, or the index of it. It is brought to this
    program's schema (`migrate`) or must have it. `shared`: other processes write to this log too, and subscribers want
    to know at once.

    Raises `NotSafe`, `Unavailable`."""
    if settings.eventstore_url is None:
        return await PostgresStore.open(dsn, department, migrate=migrate, shared=shared)
    from eventlog.kurrentdb import KurrentStore  # a client that nobody else needs

    return await KurrentStore.open(settings.eventstore_url, dsn, department, migrate=migrate, shared=shared)
