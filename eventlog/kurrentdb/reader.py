"""Reads of a log in KurrentDB: pages of it, streams, heads, stored answers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from eventlog.errors import CommandReused, NotSafe
from eventlog.events import Event, Fork, Place, Position, Version, generation_at
from eventlog.kurrentdb.follower import Follower
from eventlog.kurrentdb.known import Known
from eventlog.kurrentdb.lookup import LookUp
from eventlog.kurrentdb.records import from_kurrentdb
from eventlog.kurrentdb.stream import Away, LogStream
from eventlog.reading import read_again
from eventlog.store import Appended, Command, Filter, Page, bounded

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
            forks = await self._look_up.forks()
            events = [self._of_its_generation(records[revision].event, forks) for revision in versions.values()]
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

    async def forks(self) -> Sequence[Fork]:
        async def read() -> Sequence[Fork]:
            await self._follower.fresh()
            return await self._look_up.forks()

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
            return records[revision].answered(command, self._known.head.generation)

        return await _before_the_deadline(read)

    async def _page(self, after: Position, limit: int, only: Filter) -> Page:
        head = self._known.head
        scanned = Position(max(after, min(after + min(limit, PAGE_LIMIT_MAX), head.position)))
        events = await self._facts(after, scanned) if scanned > after else []
        events, scanned = bounded([event for event in events if only.matches(event)], scanned)
        return Page(head.generation, events, scanned, Position(head.position))

    async def _facts(self, after: Position, upto: Position) -> Sequence[Event]:
        """What stands at the positions behind `after` up to `upto`. One that is missing is missing here too.

        What this process knows of the log was looked at before; that it still stands there is looked at last. So what
        is read in between is of the log that is known, and not of what it became when it was restored."""
        head, forks = self._known.head, await self._look_up.forks()
        revision = await self._look_up.revision_of(after + 1)
        facts: list[Event] = []
        position, last = int(after), None
        while position < upto:
            found = [from_kurrentdb(each) for each in await self._stream.read(revision, upto - position + _MORE)]
            if not found:
                break
            for record in found:
                position = record.position
                last = record if record.revision == head.revision else last
                if record.event is not None and after < position <= upto:
                    facts.append(self._of_its_generation(record.event, forks))
            revision = found[-1].revision + 1
        await self._follower.confirm(head, last)
        return facts

    def _of_its_generation(self, event: Event | None, forks: Sequence[Fork]) -> Event:
        """The event with the generation that its position is of. One that was recorded before anybody noticed a restore
        was written with that of the log before."""
        if event is None:
            raise NotSafe(f"the index does not fit the log {self._stream.name}: it is of another one")
        generation = generation_at(event.position, forks)
        return event if event.generation == generation else replace(event, generation=generation)


async def _before_the_deadline(read: Callable[[], Awaitable[T]]) -> T:
    async def once(deadline: float) -> T:
        async with asyncio.timeout_at(deadline):
            return await read()

    return await read_again(once, lambda error: isinstance(error, Away | TimeoutError))
