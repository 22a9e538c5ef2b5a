"""One attempt at a batch of rows: what it answers for each row is final, or NOT_YET, to be tried again."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from typing import Any
from uuid import UUID, uuid5

from google.protobuf.message import Message

from tools.importer.asking import Asking
from tools.importer.maps import ImportMap
from tools.importer.report import CREATED, NOT_YET, REJECTED, UNCHANGED, UPDATED, Outcome, Warned
from tools.importer.resources import ACCEPTANCE
from tools.importer.rows import Prepared, acceptance_message, row_message, written
from tools.importer.template import Wrong

#: Outcomes by place in the batch.
Outcomes = dict[int, Outcome]
Attempt = Callable[[Sequence[Prepared]], list[Outcome]]

_DONE = frozenset({CREATED, UPDATED, UNCHANGED})


def attempt_for(asking: Asking, map: ImportMap) -> Attempt:
    """How rows of this map are brought in."""
    if map.lead is not None:
        return lambda rows: _Deals(asking, map, rows).run()
    return lambda rows: _Rows(asking, map, rows).run()


class _Rows:
    """Rows that stand for themselves: references become ids, then the rows are sent."""

    def __init__(self, asking: Asking, map: ImportMap, rows: Sequence[Prepared]) -> None:
        self.asking = asking
        self.map = map
        self.rows = rows
        self.outcomes: Outcomes = {}

    def run(self) -> list[Outcome]:
        self.resolve()
        self.send()
        return [self.outcomes[n] for n in range(len(self.rows))]

    @property
    def open(self) -> list[int]:
        """Rows about which nothing is said yet."""
        return [n for n in range(len(self.rows)) if n not in self.outcomes]

    def resolve(self) -> None:
        """Put ids in the place of external ids; a row of which one is unknown has to wait."""
        known = self.asking.ids((each.resource, each.external_id) for row in self.rows for each in row.references)
        for n, row in enumerate(self.rows):
            for each in row.references:
                id = known.get((each.resource, each.external_id))
                if id is None:
                    self.wait(n, each.column, f"nothing in {each.resource} has the external id {each.external_id}")
                else:
                    each.place[each.key] = id

    def send(self) -> None:
        built = self.build(lambda n: row_message(self.map, self.rows[n], **self.more(n)))
        results = self.asking.send(self.map.resource, self.map.resource.import_path, list(built.values()))
        for n, result in zip(built, results, strict=True):
            self.outcomes[n] = self.asking.outcome(self.rows[n].line, result)

    def more(self, n: int) -> Mapping[str, Any]:
        """What the row's message has beside what the file says."""
        return {}

    def build(self, message: Callable[[int], Message]) -> dict[int, Message]:
        """Messages of the open rows; what cannot be built is rejected."""
        built = {}
        for n in self.open:
            try:
                built[n] = message(n)
            except Wrong as wrong:
                self.outcomes[n] = Outcome(REJECTED, wrong.column, wrong.reason)
        return built

    def wait(self, n: int, column: str, detail: str) -> None:
        self.outcomes[n] = Outcome(NOT_YET, column, detail)


class _Deals(_Rows):
    """Deals: their leads are found, the leads' handoffs accepted, and the opportunities that this opens are filled."""

    def run(self) -> list[Outcome]:
        self.resolve()
        self.find_leads()
        if self.map.accept is not None:
            self.accept()
        self.send()
        return [self.warned(n) for n in range(len(self.rows))]

    def find_leads(self) -> None:
        self.leads = self.asking.handed_on(self.rows[n].lead for n in self.open if self.rows[n].lead)
        column = self.map.lead.column if self.map.lead else ""
        for n in self.open:
            name = self.rows[n].lead
            lead = self.leads.get(name)
            if not name:
                self.outcomes[n] = Outcome(REJECTED, column, "is empty: no lead is named")
            elif lead is None:
                self.wait(n, column, f"no lead has the external id {name}")
            elif not lead.handoff_id:
                self.wait(n, column, f"the lead {name} was not handed to sales")

    def accept(self) -> None:
        """Accept what is delivered; rows whose handoff is accepted, now or before, stay open for what follows."""
        built = self.build(lambda n: acceptance_message(self.map, self.rows[n], self.handoff_id(n)))
        path = f"{ACCEPTANCE.path}:importAcceptances"
        for n, result in zip(built, self.asking.send(ACCEPTANCE, path, list(built.values())), strict=True):
            outcome = self.asking.outcome(self.rows[n].line, result)
            if outcome.outcome not in _DONE:
                self.outcomes[n] = outcome

    def handoff_id(self, n: int) -> str:
        return str(self.leads[self.rows[n].lead].handoff_id)

    def more(self, n: int) -> Mapping[str, Any]:
        """An accepted handoff opens the opportunity whose id is made of its own."""
        return {"opportunity_id": str(uuid5(UUID(self.handoff_id(n)), "opportunity"))}

    def warned(self, n: int) -> Outcome:
        """The row's outcome; a deal that was closed before its lead was captured is worth a look."""
        outcome, row = self.outcomes[n], self.rows[n]
        closed_at = next((step["closed_at"] for step in row.steps.values() if "closed_at" in step), None)
        lead = self.leads.get(row.lead)
        if outcome.outcome not in _DONE or lead is None or not lead.HasField("captured_at"):
            return outcome
        captured_at = lead.captured_at.ToDatetime(UTC)
        if closed_at is None or captured_at <= closed_at:
            return outcome
        column = self.map.columns().get("win.closed_at", "")
        detail = f"closed {written(closed_at)}, before its lead was captured, {written(captured_at)}"
        return Outcome(outcome.outcome, warnings=(*outcome.warnings, Warned(row.line, column, detail)))
