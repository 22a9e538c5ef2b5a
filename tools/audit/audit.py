"""The audit as a whole: read the logs, enter every fact, judge every tenant."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.audit.book import Book, place
from tools.audit.cases import Cases
from tools.audit.judge import Judge
from tools.audit.reading import Logs, Reading
from tools.audit.report import Report
from tools.audit.stored import Unreadable, subjects


@dataclass
class Tenant:
    book: Book = field(default_factory=Book)
    cases: Cases = field(default_factory=Cases)
    #: Facts that do not say what an audit must know of them: whatever they told is lost.
    unreadable: list[str] = field(default_factory=list)

    def enter(self, department: str, event: Any) -> None:
        """Enter the next event of a department's log."""
        named: list[str] = []
        try:
            named = subjects(event.metadata)
        except Unreadable:
            self.unreadable.append(f"{event.stream}: whom version {event.version} concerns cannot be read")
        self.book.enter(department, event, named)
        try:
            self.cases.enter(department, event, named)
        except Unreadable:
            self.unreadable.append(f"{event.stream}: version {event.version} cannot be read")


@dataclass
class Audit:
    """Reads on where it stopped each time it is asked. `whole` says that the logs show every tenant, so that their
    positions leave no gap."""

    logs: Logs
    departments: Sequence[str]
    whole: bool = True
    clock: Callable[[], float] = time.time
    tenants: dict[str, Tenant] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    reading: Reading = field(init=False)
    _ends: dict[str, int] = field(default_factory=dict)
    _places: dict[str, int] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reading = Reading(self.logs, self.departments, self._enter)

    def report(self) -> Report:
        """Read what the logs have by now and judge up to there. What they tell of may stand a little further on in
        another log, so that is read, too."""
        self.reading.further()
        cut = dict(self._places)
        self.reading.further()
        now = self.clock()
        report = Report(now, logs=list(self.gaps))
        for name, tenant in sorted(self.tenants.items()):
            report.logs += [f"{name}: {each}" for each in (*tenant.book.broken, *tenant.unreadable)]
            judge = Judge(tenant.book, tenant.cases, cut, now, self._last)
            report.add(tenant.cases.by_id.values(), judge.findings())
        return report

    def _enter(self, department: str, event: Any) -> None:
        expected = self._ends.get(department, 0) + 1
        if self.whole and event.position != expected:
            self.gaps.append(f"{department}: expected position {expected}, found {event.position}")
        self._ends[department] = event.position
        self._places[department] = place(event.generation, event.position)
        self._last[department] = event.recorded_at.seconds + event.recorded_at.nanos / 1e9
        tenant = self.tenants.get(event.tenant)
        if tenant is None:
            tenant = self.tenants[event.tenant] = Tenant()
        tenant.enter(department, event)
