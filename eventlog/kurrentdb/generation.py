"""Raising the generation of a log that was restored to an earlier moment."""

from datetime import UTC, datetime
from uuid import uuid4

from eventlog.errors import Unavailable
from eventlog.kurrentdb.records import Record, from_kurrentdb, to_kurrentdb
from eventlog.kurrentdb.stream import Away, LogStream, Moved


def log_name(department: str) -> str:
    """The stream that is the log of a department."""
    return f"baton.{department}"


async def raise_generation(url: str, log: str) -> int:
    """Write into a log that its positions are of a new generation from here on, and answer which. To be run after a
    restore, before Baton is started again. Raises `Unavailable`, `NotSafe`."""
    stream = LogStream(url, log)
    try:
        while True:
            try:
                return await _raise(stream)
            except Moved:
                continue
    except Away as error:
        raise Unavailable(f"KurrentDB is out of reach: {error}") from error
    finally:
        await stream.close()


async def _raise(stream: LogStream) -> int:
    recorded = await stream.last()
    now = datetime.now(UTC)
    if recorded is None:
        record = Record(0, uuid4(), None, 2, 0, now)
    else:
        last = from_kurrentdb(recorded)
        recorded_at = max(now, last.recorded_at)
        record = Record(last.revision + 1, uuid4(), last.id, last.generation + 1, last.position, recorded_at)
    await stream.append([to_kurrentdb(record)], record.revision - 1)
    return record.generation
