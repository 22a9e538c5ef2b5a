"""Runs an import: reads, sends a few batches at once, asks again for what was not there yet, and reports."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import chain

from tools.importer.attempts import Attempt
from tools.importer.maps import ImportMap
from tools.importer.report import NOT_YET, REJECTED, Outcome, Report
from tools.importer.rows import Prepared, prepare, row_message
from tools.importer.table import Row
from tools.importer.template import Wrong

BATCH_ROWS_MAX = 500
#: Bytes of cells in a batch: well under the largest request that Baton takes.
BATCH_BYTES_MAX = 300_000
REQUESTS_AT_ONCE = 4
#: How long what a row refers to is waited for while nothing happens, and how long at the most.
PATIENCE_S = 30.0
PATIENCE_MAX_S = 300.0
_AGAIN_FIRST_S = 0.05
_AGAIN_MAX_S = 1.0

#: A row waits for an earlier one that says the same e-mail address or number.
_IN_TURN = Outcome(NOT_YET, detail="an earlier row that says the same is still waiting")
#: The line of a holder that nobody waits for.
_NOBODY = 0

Progress = Callable[[int], None]
#: What Baton has still to hear or do: another value as long as it gets on with it, None when there is nothing.
UnderWay = Callable[[], object]


@dataclass
class Patience:
    """How long rows are waited for: `PATIENCE_S` after one of them last arrived, or Baton last got on with what it has
    under way; a large import may keep it busy for longer than that before it comes to what these rows need."""

    began: float
    waiting: int = 0
    under_way: object = None
    happened: float = field(init=False)

    def __post_init__(self) -> None:
        self.happened = self.began

    def see(self, now: float, waiting: int, under_way: object) -> None:
        """This many rows wait now, and this is what Baton has under way."""
        got_on = under_way is not None and under_way != self.under_way
        if got_on or (self.waiting and waiting < self.waiting):
            self.happened = now
        self.waiting, self.under_way = waiting, under_way

    def is_over(self, now: float) -> bool:
        return now - self.happened >= PATIENCE_S or now - self.began >= PATIENCE_MAX_S

    def waited_s(self, now: float) -> float:
        return now - self.began


@dataclass
class Run:
    """One import. `attempt` is None in a dry run: rows are read and checked, nothing is sent."""

    map: ImportMap
    attempt: Attempt | None
    report: Report
    progress: Progress
    under_way: UnderWay = lambda: None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _lines: dict[str, int] = field(default_factory=dict)
    _holders: dict[str, int] = field(default_factory=dict)

    def run(self, rows: Iterable[Row]) -> None:
        """Bring the rows in; every one of them is in the report afterwards. Raises `ClientError`."""
        if self.attempt is None:
            self._check(batches(self._prepared(rows)))
            return
        pool = ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="import")
        try:
            waiting = self._send(pool, self.attempt, batches(self._prepared(rows)))
            self._send_again(pool, self.attempt, waiting)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _prepared(self, rows: Iterable[Row]) -> Iterator[Prepared]:
        """Rows that can be sent; the others are reported."""
        for row in rows:
            try:
                prepared = prepare(self.map, row)
                self._only_once(prepared)
            except Wrong as wrong:
                self._done(row.line, row.text, Outcome(REJECTED, wrong.column, wrong.reason))
                continue
            yield prepared

    def _only_once(self, row: Prepared) -> None:
        """A second row of the same external id would make the outcome depend on which is sent first."""
        first = self._lines.setdefault(row.external_id, row.line)
        if first != row.line:
            column = self.map.columns().get(f"{self.map.resource.field}.external_id", "")
            raise Wrong(column, f"{row.external_id} stands in line {first} already")

    def _send(
        self, pool: ThreadPoolExecutor, attempt: Attempt, work: Iterable[list[Prepared]]
    ) -> list[tuple[Prepared, Outcome]]:
        """Send batches, a few at once; answers the rows that have to wait."""
        running: dict[Future[list[Outcome]], list[Prepared]] = {}
        waiting: list[tuple[Prepared, Outcome]] = []
        for batch in self._in_turn(work, waiting):
            running[pool.submit(attempt, batch)] = batch
            if len(running) >= REQUESTS_AT_ONCE:
                waiting += self._collect(running, wait(running, return_when=FIRST_COMPLETED).done)
        return waiting + self._collect(running, set(running))

    def _in_turn(
        self, work: Iterable[list[Prepared]], waiting: list[tuple[Prepared, Outcome]]
    ) -> Iterator[list[Prepared]]:
        """Batches without the rows that say something which an earlier row says too and is not done with: what
        belongs to one record only goes to the first row of the file, whatever that one waits for."""
        for batch in work:
            free = []
            for row in batch:
                before = [self._holders.setdefault(each, row.line) for each in self._identifiers(row)]
                if any(_NOBODY < line < row.line for line in before):
                    waiting.append((row, _IN_TURN))
                else:
                    free.append(row)
            if free:
                yield free

    def _collect(
        self, running: dict[Future[list[Outcome]], list[Prepared]], done: set[Future[list[Outcome]]]
    ) -> list[tuple[Prepared, Outcome]]:
        waiting = []
        for future in done:
            for row, outcome in zip(running.pop(future), future.result(), strict=True):
                if outcome.outcome == NOT_YET:
                    waiting.append((row, outcome))
                else:
                    self._finish(row, outcome)
        return waiting

    def _finish(self, row: Prepared, outcome: Outcome) -> None:
        """A row that was taken has what it says, whatever comes after it; of one that was rejected, the next may."""
        for each in self._identifiers(row):
            if self._holders.get(each) == row.line:
                if outcome.outcome == REJECTED:
                    del self._holders[each]
                else:
                    self._holders[each] = _NOBODY
        self._done(row.line, row.text, outcome)

    def _identifiers(self, row: Prepared) -> frozenset[str]:
        return row.identifiers(self.map.resource.unique)

    def _send_again(self, pool: ThreadPoolExecutor, attempt: Attempt, waiting: list[tuple[Prepared, Outcome]]) -> None:
        """Until nothing has to wait. What is waited for in vain is rejected; then those after it have their turn."""
        while waiting:
            in_turn = []
            for row, outcome in self._wait(pool, attempt, waiting):
                if outcome is _IN_TURN:
                    in_turn.append((row, outcome))
                else:
                    self._finish(row, outcome)
            waiting = in_turn

    def _wait(
        self, pool: ThreadPoolExecutor, attempt: Attempt, waiting: list[tuple[Prepared, Outcome]]
    ) -> list[tuple[Prepared, Outcome]]:
        """Until nothing has to wait, or nothing happens any more that could bring it: then with what is missing."""
        patience = Patience(self.clock())
        pause_s = _AGAIN_FIRST_S
        while waiting and not patience.is_over(self.clock()):
            self.sleep(pause_s)
            pause_s = min(2 * pause_s, _AGAIN_MAX_S)
            waiting = self._send(
                pool, attempt, batches(row for row, _ in sorted(waiting, key=lambda each: each[0].line))
            )
            patience.see(self.clock(), len(waiting), self.under_way() if waiting else None)
        waited = f"waited {patience.waited_s(self.clock()):.0f} s"
        return [
            (row, outcome if outcome is _IN_TURN else Outcome(REJECTED, outcome.column, f"{outcome.detail}; {waited}"))
            for row, outcome in waiting
        ]

    def _check(self, work: Iterable[list[Prepared]]) -> None:
        """In a dry run a row that could be sent counts as a row, and as nothing else."""
        for row in chain.from_iterable(work):
            try:
                row_message(self.map, row)
            except Wrong as wrong:
                self._done(row.line, row.text, Outcome(REJECTED, wrong.column, wrong.reason))
                continue
            self.report.rows += 1
            self.progress(1)

    def _done(self, line: int, text: Sequence[str], outcome: Outcome) -> None:
        self.report.add(line, text, outcome)
        self.progress(1)


def batches(rows: Iterable[Prepared]) -> Iterator[list[Prepared]]:
    """Rows in requests of a bounded number of rows and bytes."""
    batch: list[Prepared] = []
    size = 0
    for row in rows:
        batch.append(row)
        size += sum(len(cell) for cell in row.text)
        if len(batch) >= BATCH_ROWS_MAX or size >= BATCH_BYTES_MAX:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
