"""What a restore does to a log, and what an operator does after it."""

from tests.support.sessions import session


async def restored(database: str, position: int) -> None:
    """What a backup brings back: the log as it was at an earlier moment."""
    async with session(database) as operator:
        await operator.execute("DELETE FROM log.events WHERE position > $1", position)
        await operator.execute("DELETE FROM log.commands WHERE last_position > $1", position)


async def raise_generation(database: str, shared: int, above: int = 0) -> None:
    """What `baton log restored` does once it knows what is shared."""
    async with session(database) as operator:
        await operator.execute("SELECT log.raise_generation($1, $2, 'a test')", shared, above)
