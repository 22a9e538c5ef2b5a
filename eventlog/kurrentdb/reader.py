"""Reads of a log in KurrentDB: pages of it, streams, heads, stored answers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from eventlog.errors import CommandReused, NotSafe, Unavailable
from eventlog.events import Event, Place, Position, Version
from eventlog.kurrentdb.follower import Follower
from eventlog.kurrentdb.known import Known
from eventlog.kurrentdb.lookup import LookUp
from eventlog.kurrentdb.records import from_kurrentdb
from eventlog.kurrentdb.stream import Away, LogStream
from eventlog.store import Appended, Command, Filter, Page

READ_TIMEOUT_S = 10.0
PAGE_LIMIT_MAX = 10_000

#: Records asked for beyond the facts of a page: some of them may be no facts.
_MORE = 16

T = TypeVar("T")


class Reader:
    """Sees everything that was answered before the call, by any process. Trouble of a connection is waited for until a
    deadline."""

    def __init__(self, known: Known, follower: Follower, look_up: LookUp, stream: LogStream) -> None:
        self._known = known
        self._follower = follower
        self._look_up = look_up
        self._stream = stream

    async def page(self, after: Position, limit: int, only: Filter) -> Page:
        async def read() -> Page:
            await self._follower.fresh()
            return await self._page(after, limit, only)

        return await _before_the_deadline(read)

    async def next_page(self, after: Position, limit: int, only: Filter) -> Page:
        """A page for who follows the log: what is known already is early enough."""

        async def read() -> Page:
            if self._known.head.position <= after:
                await self._follower.fresh()
            return await self._page(after, limit, only)

        return await _before_the_deadline(read)

    async def stream(
        self, tenant: str, stream: str, after: Version, limit: int | None, backwards: bool
    ) -> Sequence[Event]:
        async def read() -> Sequence[Event]:
            await self._follower.fresh()
            versions = await self._look_up.versions((tenant, stream), after, limit, backwards)
            records = await self._look_up.records(versions.values())
            events = [self._as_of_now(records[revision].event) for revision in versions.values()]
            if [(event.tenant, event.stream, event.version) for event in events] != [
                (tenant, stream, version) for version in versions
            ]:
                raise NotSafe(f"the index does not fit the log {self._stream.name}: it is of another one")
            return events

        return await _before_the_deadline(read)

    async def head(self) -> Place:
        async def read() -> Place:
            await self._follower.fresh()
            return Place(self._known.head.generation, Position(self._known.head.position))

        return await _before_the_deadline(read)

    async def stream_version(self, tenant: str, stream: str) -> Version:
        async def read() -> Version:
            await self._follower.fresh()
            heads = await self._look_up.heads([(tenant, stream)])
            return Version(heads[tenant, stream].version)

        return await _before_the_deadline(read)

    async def answer(self, tenant: str, command: Command) -> Appended | CommandReused | None:
        async def read() -> Appended | CommandReused | None:
            await self._follower.fresh()
            found = await self._look_up.commands([(tenant, command.id)])
            if not found:
                return None
            (revision,) = found.values()
            records = await self._look_up.records([revision])
            return records[revision].answered(command)

        return await _before_the_deadline(read)

    async def _page(self, after: Position, limit: int, only: Filter) -> Page:
        head = self._known.head
        scanned = Position(max(after, min(after + min(limit, PAGE_LIMIT_MAX), head.position)))
        events = await self._facts(after, scanned) if scanned > after else []
        return Page(
            head.generation, [event for event in events if only.matches(event)], scanned, Position(head.position)
        )

    async def _facts(self, after: Position, upto: Position) -> Sequence[Event]:
        """What stands at the positions behind `after` up to `upto`. One that is missing is missing here too."""
        revision = await self._look_up.revision_of(after + 1)
        facts: list[Event] = []
        position = int(after)
        while position < upto:
            found = await self._stream.read(revision, upto - position + _MORE)
            if not found:
                break
            for recorded in found:
                record = from_kurrentdb(recorded)
                position = record.position
                if record.event is not None and after < position <= upto:
                    facts.append(self._as_of_now(record.event))
            revision = found[-1].stream_position + 1
        return facts

    def _as_of_now(self, event: Event | None) -> Event:
        """An event belongs to the generation that its log is in now."""
        if event is None:
            raise NotSafe(f"the index does not fit the log {self._stream.name}: it is of another one")
        generation = self._known.head.generation
        return event if event.generation == generation else replace(event, generation=generation)


async def _before_the_deadline(read: Callable[[], Awaitable[T]]) -> T:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READ_TIMEOUT_S
    wait_s = 0.02
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                return await read()
        except (Away, TimeoutError) as error:
            if loop.time() + wait_s > deadline:
                raise Unavailable(f"the log could not be read for {READ_TIMEOUT_S:.0f} s: {error}") from error
        await asyncio.sleep(wait_s)
        wait_s = min(2 * wait_s, 0.5)
