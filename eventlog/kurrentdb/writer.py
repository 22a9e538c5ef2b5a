"""The one writer of a log in this process: takes all appends that wait and commits them together."""

import asyncio

from eventlog.clock import Clock
from eventlog.events import StreamKey
from eventlog.intake import Intake
from eventlog.kurrentdb.follower import Follower
from eventlog.kurrentdb.known import Known
from eventlog.kurrentdb.lookup import LookUp
from eventlog.kurrentdb.plan import Records
from eventlog.kurrentdb.records import to_kurrentdb
from eventlog.kurrentdb.stream import Away, LogStream, Moved
from eventlog.plan import StreamHead
from eventlog.queue import Pending

#: Appends that are written together. With what is stored beside them they fit into the 1 MiB that a server takes when
#: it is told nothing; a larger append goes alone.
BATCH_BYTES_MAX = 384 * 1024

RECONNECT_WAITS_S = (0.02, 0.05, 0.1, 0.2, 0.5)


class Writer:
    """Group commit under optimistic concurrency: a batch is planned as of the head that is known, and appended only
    behind that head. There is no lock, so nobody can hold one: of two processes that plan for one place, one gets it
    and the other reads what it wrote and plans again; a process that was stopped finds its place taken."""

    def __init__(
        self,
        intake: Intake,
        stream: LogStream,
        known: Known,
        follower: Follower,
        look_up: LookUp,
        clock: Clock,
    ) -> None:
        self._intake = intake
        self._stream = stream
        self._known = known
        self._follower = follower
        self._look_up = look_up
        self._clock = clock
        self._losses = 0

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._intake.filled()
                await self._write(self._intake.take_all(BATCH_BYTES_MAX))
        finally:
            self._intake.close()

    async def _write(self, batch: list[Pending]) -> None:
        """Until each is settled or has no caller left. Of an append whose outcome is unknown the log is asked."""
        attempt = 0
        while batch := self._intake.wanted(batch):
            try:
                if attempt:
                    await self._follower.fresh()
                await self._try(batch)
            except Away:
                await asyncio.sleep(RECONNECT_WAITS_S[min(attempt, len(RECONNECT_WAITS_S) - 1)])
                attempt += 1
            except Exception as error:  # noqa: BLE001 - handed to the caller whose append it is
                await self._part(batch, error)

    async def _part(self, batch: list[Pending], error: Exception) -> None:
        """Something in the batch cannot be written: only the append that holds it fails."""
        if len(batch) == 1:
            self._intake.settle(batch[0], error)
        else:
            for pending in batch:
                await self._write([pending])

    async def _try(self, batch: list[Pending]) -> None:
        """Plan the batch and append it, again and again if need be."""
        while batch := await self._wanted(batch):
            plan = await self._plan(batch)
            if (plan.records or plan.conflicts) and await self._append(plan):
                self._settle(plan)

    async def _wanted(self, batch: list[Pending]) -> list[Pending]:
        """The appends that somebody still waits for, once the index has come near enough and it is our turn."""
        await self._known.room()
        await self._known.turn()
        return self._intake.wanted(batch)

    async def _plan(self, batch: list[Pending]) -> Records:
        """Look up what the batch depends on, and plan what was not answered before. The head stands still from the
        look-up to the plan: what was looked up before it moved may be old."""
        async with self._known.still:
            _, heads = await asyncio.gather(self._answer_repeated(batch), self._heads_for(batch))
            self._known.heads.update(heads)
            fresh = [pending for pending in batch if not pending.settled]
            return Records(fresh, self._known.head, heads, self._clock())

    async def _append(self, plan: Records) -> bool:
        """Whether everything that the plan says is true of the log: it stands in it, or nothing needs to, and nobody
        has written since (a conflict must be true now, not when the head was read)."""
        head = plan.behind
        if not plan.records:
            await self._follower.fresh()
            return self._known.head.revision == head.revision
        try:
            await self._stream.append([to_kurrentdb(record) for record in plan.records], head.revision)
        except Moved:
            self._losses += 1
            await self._follower.come_level(self._losses)
            if self._known.head.revision == head.revision:
                raise Away("the server refuses the end of the log") from None
            return False
        self._losses = 0
        self._known.apply(plan.records)
        return True

    def _settle(self, plan: Records) -> None:
        for pending, appended in plan.answers(plan.head.position):
            self._intake.settle(pending, appended)
        for pending, conflict in plan.conflicts:
            self._intake.settle(pending, conflict)

    async def _answer_repeated(self, batch: list[Pending]) -> None:
        """Give the stored answer to commands that have one."""
        answered = await self._look_up.commands(pending.key for pending in batch)
        if not answered:
            return
        records = await self._look_up.records(answered.values())
        for pending in batch:
            if pending.key in answered:
                record = records[answered[pending.key]]
                self._intake.settle(pending, record.answered(pending.append.command, self._known.head.generation))

    async def _heads_for(self, batch: list[Pending]) -> dict[StreamKey, StreamHead]:
        """The heads of all streams of a batch. Held apart from what is remembered, which forgets: a head that is
        missing here would be taken for that of a new stream, and KurrentDB has no key that would refuse it."""
        keys = {(pending.append.tenant, write.stream) for pending in batch for write in pending.append.writes}
        heads = {key: head for key in keys if (head := self._known.heads.get(key)) is not None}
        unknown = [key for key in keys if key not in heads]
        return {**heads, **await self._look_up.heads(unknown)} if unknown else heads
