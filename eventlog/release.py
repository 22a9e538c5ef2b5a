"""Which `schema.sql` the tables of the read models are of: its digest, said in the database.

Programs of two releases may run side by side during an upgrade. Whoever writes rows has learnt the columns of its own
release; in tables of another it would leave some out for good. So it looks whose the tables are, and does not go on.
"""

import hashlib
from typing import Any

from eventlog.errors import NotSafe
from eventlog.views import SCHEMA

#: Tables that are another's no longer, and not this one's yet: nobody's.
UNDER_WAY = ""


def digest(ddl: str) -> str:
    return hashlib.sha256(ddl.encode()).hexdigest()


async def remembered(connection: Any) -> str:
    """The digest of the `schema.sql` that the tables are of; empty where it was never said."""
    said = await connection.fetchval(f"SELECT obj_description('{SCHEMA}'::regnamespace, 'pg_namespace')")
    return (said or "").removeprefix("schema.sql ")


async def remember(connection: Any, wanted: str) -> None:
    """From now on the tables are of this one: in the transaction that makes them so."""
    await connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS 'schema.sql {wanted}'")


async def require(connection: Any, wanted: str) -> None:
    """Raises `NotSafe` where the tables are of another release than the program."""
    if await remembered(connection) != wanted:
        raise NotSafe(
            "the read models are of another release than this program: run `baton migrate` of the newer one, and"
            " replace the older one"
        )
