"""Todos in their table: written with the checkpoint, taken under a lease, finished in one statement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson

from eventlog.fold import Asked
from eventlog.projections import At
from eventlog.reactions import Cancel, Due
from eventlog.views import to_json
from eventlog.writing import Statement


@dataclass(frozen=True, slots=True)
class Taken:
    """A todo that was taken to be done now. `attempts` counts earlier failures."""

    id: int
    due: Due
    attempts: int


@dataclass(frozen=True, slots=True)
class Later:
    """What becomes of a todo that was not done: when it is tried again, and what went wrong."""

    taken: Taken
    next_at: datetime
    failed: bool
    error: str


def written(asked: Sequence[Asked | tuple[At, Cancel]], now: datetime) -> list[Statement]:
    """Statements that write what was asked for, in the order in which it was: a later todo of a kind and key takes the
    place of an earlier one."""
    if not asked:
        return []
    keyed, unique = _effective(asked)
    cancelled = sorted(key for key, todo in keyed.items() if todo is None)
    rows = [_row(each, now) for each in unique]
    rows += [_row(todo, now) for _, todo in sorted(keyed.items(), key=itemgetter(0)) if todo is not None]
    both = ((_CANCEL, cancelled), (_WRITE, rows))
    return [Statement(sql, list(zip(*found, strict=True))) for sql, found in both if found]


def _effective(
    asked: Iterable[Asked | tuple[At, Cancel]],
) -> tuple[dict[tuple[str, str, str], Asked | None], list[Asked]]:
    keyed: dict[tuple[str, str, str], Asked | None] = {}
    unique: list[Asked] = []
    for each in asked:
        if not isinstance(each, Asked):
            at, cancel = each
            keyed[at.tenant, cancel.kind, cancel.key] = None
        elif each.todo.key is None:
            unique.append(each)
        else:
            keyed[each.at.tenant, each.todo.kind, each.todo.key] = each
    return keyed, unique


def _row(asked: Asked, now: datetime) -> tuple[Any, ...]:
    todo, at = asked.todo, asked.at
    return (
        *(todo.kind, todo.key, at.tenant, to_json(dict(todo.args)).decode(), asked.command_id, str(at.event_id)),
        *(at.correlation_id or at.command_id, todo.due, todo.due or now, now),
        *(at.traceparent, at.department, at.place.position),
    )


async def take_due(
    connection: Any, kinds: Sequence[str], now: datetime, limit: int, lease_s: float, under_way: Iterable[int]
) -> list[Taken]:
    """Take todos whose time has come. They come back by themselves after the lease, should this program die.

    One that was replaced while it is `under_way` waits for that: else both would be done at once, and what is older
    could be decided last."""
    rows = await connection.fetch(_TAKE, list(kinds), now, limit, now + timedelta(seconds=lease_s), list(under_way))
    return [_taken(row) for row in rows]


def _taken(row: Any) -> Taken:
    args, command_id = orjson.loads(row["args"]), UUID(bytes=row["command_id"].bytes)
    due = Due(
        *(row["kind"], args, row["tenant"], command_id, row["causation_id"], row["correlation_id"], row["due"]),
        row["traceparent"],
    )
    return Taken(row["id"], due, row["attempts"])


async def finish(connection: Any, done: Sequence[Taken], later: Sequence[Later]) -> bool:
    """Forget what was done, say when the others are due again. One that was replaced meanwhile stays as it is now.
    True when somebody should look again: others are due some time, or some were replaced."""
    forgotten = "DELETE 0"
    if done:
        forgotten = await connection.execute(_DONE, [each.id for each in done], [each.due.command_id for each in done])
    if later:
        await connection.execute(
            _LATER,
            [each.taken.id for each in later],
            [each.taken.due.command_id for each in later],
            [each.next_at for each in later],
            [int(each.failed) for each in later],
            [each.error for each in later],
        )
    return bool(later) or forgotten != f"DELETE {len(done)}"


async def next_due(connection: Any, kinds: Sequence[str], under_way: Iterable[int]) -> datetime | None:
    """When the next todo is due that is not `under_way`, or None when there is none."""
    found: datetime | None = await connection.fetchval(_NEXT, list(kinds), list(under_way))
    return found


async def release(connection: Any, now: datetime, wait_max_s: float, under_way: Iterable[int] = ()) -> None:
    """By the one runner of a department: what nobody does any more, because its predecessor died, is due now; and so
    is what would wait for longer than anything waits but for its deadline: a clock was ahead when that was noted. Ids
    that are `under_way` stay leased."""
    await connection.execute(_RELEASE, now, now + timedelta(seconds=wait_max_s), list(under_way))


_CANCEL = """
DELETE FROM views.todos t USING unnest($1::text[], $2::text[], $3::text[]) AS v(tenant, kind, key)
WHERE t.tenant = v.tenant AND t.kind = v.kind AND t.key = v.key
"""

_WRITE = """
INSERT INTO views.todos (kind, key, tenant, args, command_id, causation_id, correlation_id, due, next_at, created_at,
    traceparent, source, position)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[],
    $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::text[], $12::text[], $13::bigint[])
ON CONFLICT (tenant, kind, key) WHERE key IS NOT NULL DO UPDATE SET
    args = EXCLUDED.args, command_id = EXCLUDED.command_id, causation_id = EXCLUDED.causation_id,
    correlation_id = EXCLUDED.correlation_id, due = EXCLUDED.due, next_at = EXCLUDED.next_at,
    traceparent = EXCLUDED.traceparent, source = EXCLUDED.source, position = EXCLUDED.position,
    attempts = 0, last_error = '', leased = false
"""

_TAKE = """
UPDATE views.todos SET next_at = $4, leased = true
WHERE id = ANY(ARRAY(
    SELECT id FROM views.todos WHERE kind = ANY($1) AND next_at <= $2 AND id <> ALL($5::bigint[])
    ORDER BY next_at, id LIMIT $3 FOR UPDATE SKIP LOCKED
))
RETURNING id, kind, tenant, args, command_id, causation_id, correlation_id, due, attempts, traceparent
"""

_RELEASE = """
UPDATE views.todos SET next_at = $1
WHERE next_at > $1 AND id <> ALL($3::bigint[]) AND (leased OR (next_at > $2 AND coalesce(due, $1) <= $1))
"""

_DONE = """
DELETE FROM views.todos t USING unnest($1::bigint[], $2::uuid[]) AS v(id, command_id)
WHERE t.id = v.id AND t.command_id = v.command_id
"""

_LATER = """
UPDATE views.todos t SET next_at = v.next_at, attempts = t.attempts + v.failed, last_error = v.error, leased = false
FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[], $4::integer[], $5::text[])
    AS v(id, command_id, next_at, failed, error)
WHERE t.id = v.id AND t.command_id = v.command_id
"""

_NEXT = "SELECT min(next_at) FROM views.todos WHERE kind = ANY($1) AND id <> ALL($2::bigint[])"
