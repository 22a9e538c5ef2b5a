"""The log in PostgreSQL: `PostgresStore`, and `apply_migrations` for whoever keeps tables beside it."""

from eventlog.postgres.migrations import apply_migrations
from eventlog.postgres.store import PostgresStore

__all__ = ["PostgresStore", "apply_migrations"]
