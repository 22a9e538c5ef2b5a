"""Raising the generation of a log that was restored to an earlier moment."""

from uuid import uuid4

from eventlog.clock import utc_now
from eventlog.errors import NotSafe, Unavailable
from eventlog.events import Fork, Position
from eventlog.kurrentdb.records import Record, from_kurrentdb, to_kurrentdb
from eventlog.kurrentdb.stream import Away, LogStream, Moved


def log_name(department: str) -> str:
    """The stream that is the log of a department."""
    return f"baton.{department}"


async def raise_generation(url: str, log: str, *, shared: Position | None = None, above: int = 0) -> Fork:
    """Write into a log that its positions are of a new generation, and answer which, and behind which position. To be
    run after a restore, before Baton is started again: then that is where the log ends. What was recorded in between
    belongs to the new generation as well; then `shared` is the last position that others have heard as it stands there.
    The generation is greater than `above`, too: others may have heard of one that the log was in before.

    Raises `Unavailable`, `NotSafe`."""
    stream = LogStream(url, log)
    try:
        while True:
            try:
                return await _raise(stream, shared, above)
            except Moved:
                continue
    except Away as error:
        raise Unavailable(f"KurrentDB is out of reach: {error}") from error
    finally:
        await stream.close()


async def _raise(stream: LogStream, shared: Position | None, above: int) -> Fork:
    recorded = await stream.last()
    last = from_kurrentdb(recorded) if recorded else None
    position, generation = (last.position, last.generation) if last else (0, 1)
    fork = Fork(max(generation, above) + 1, Position(position if shared is None else shared))
    if not 0 <= fork.position <= position:
        raise NotSafe(f"{stream.name} ends at position {position}: it shares none up to {fork.position}")
    now = utc_now()
    record = Record(
        last.revision + 1 if last else 0,
        uuid4(),
        last.id if last else None,
        fork.generation,
        position,
        max(now, last.recorded_at) if last else now,
        fork=fork,
    )
    await stream.append([to_kurrentdb(record)], record.revision - 1)
    return fork
