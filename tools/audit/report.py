"""What an audit found: counts of handoffs by who handed to whom, and the findings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.audit.cases import OFFER, Case
from tools.audit.judge import DISCREPANCY, LOST, PENDING, Finding

COUNTS = ("asked", "offered", "delivered", "accepted", "returned", "withdrawn")
JUDGED = ("pending", "overdue", "discrepancies", "lost")
_SHOWN_MAX = 100


@dataclass
class Report:
    """`pairs` counts handoffs by (from, to); a handoff counts once, however much is wrong with it.

    `logs` is what is wrong with the logs themselves: information that is gone whomever it concerned."""

    now: float
    pairs: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)

    def add(self, cases: Iterable[Case], findings: Iterable[Finding]) -> None:
        """Add a tenant's handoffs and what was found of them."""
        kinds: dict[str, set[str]] = {}
        for finding in findings:
            self.findings.append(finding)
            kinds.setdefault(finding.handoff_id, set()).add(finding.kind)
        for case in cases:
            self._count(case, kinds.get(case.id, set()))

    def _count(self, case: Case, kinds: set[str]) -> None:
        pair = self.pairs.setdefault((case.from_department, case.to_department), dict.fromkeys((*COUNTS, *JUDGED), 0))
        pair["asked"] += len(case.asks)
        happened = (case.offers, OFFER in case.delivered, case.accepted, case.returned, case.withdrawn)
        for name, it in zip(COUNTS[1:], happened, strict=True):
            pair[name] += bool(it)
        judged = (PENDING in kinds, case.overdue, DISCREPANCY in kinds, LOST in kinds)
        for name, it in zip(JUDGED, judged, strict=True):
            pair[name] += it

    def total(self, name: str) -> int:
        return sum(pair[name] for pair in self.pairs.values())

    @property
    def pending(self) -> int:
        return self.total("pending")

    @property
    def wrong(self) -> bool:
        """Something is lost or contradicts something else."""
        return bool(self.logs) or self.total("lost") + self.total("discrepancies") > 0

    @property
    def oldest_pending_s(self) -> float:
        """How long the oldest of what is pending has been so."""
        return max((self.now - each.since for each in self.findings if each.kind == PENDING), default=0.0)

    def document(self) -> Mapping[str, Any]:
        """The report as `--json` prints it. What is wrong with a log counts as lost."""
        return {
            "pairs": [
                {"from": sender, "to": receiver, **counts} for (sender, receiver), counts in sorted(self.pairs.items())
            ],
            "pending": self.pending,
            "discrepancies": self.total("discrepancies"),
            "lost": self.total("lost") + len(self.logs),
            "oldestPendingSeconds": round(max(self.oldest_pending_s, 0.0), 3),
            "findings": [_shown(each) for each in self.worst()],
            "logs": self.logs[:_SHOWN_MAX],
        }

    def worst(self) -> Sequence[Finding]:
        """The findings to show: what is lost first, what is pending last."""
        order = {LOST: 0, DISCREPANCY: 1, PENDING: 2}
        return sorted(self.findings, key=lambda each: (order[each.kind], each.since))[:_SHOWN_MAX]

    def text(self) -> str:
        """The report as people read it."""
        heads = ("from", "to", *COUNTS, *JUDGED)
        rows = [heads] + [
            (sender, receiver, *(str(counts[name]) for name in heads[2:]))
            for (sender, receiver), counts in sorted(self.pairs.items())
        ]
        widths = [max(len(row[n]) for row in rows) for n in range(len(heads))]
        lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
        lines += [f"{each.kind}: handoff {each.handoff_id}: {each.reason}" for each in self.worst()]
        lines += [f"log: {each}" for each in self.logs[:_SHOWN_MAX]]
        lines.append(self._verdict())
        return "\n".join(lines) + "\n"

    def _verdict(self) -> str:
        """The last line. What is still pending is not proven yet, so nothing is said of it but that."""
        pending = f"{self.pending} still pending, the oldest for {self.oldest_pending_s:.0f} s" if self.pending else ""
        if self.wrong:
            return "; ".join(filter(None, ["something is wrong", pending]))
        return f"nothing lost so far, no discrepancy; {pending}" if pending else "nothing lost, no discrepancy"


def _shown(finding: Finding) -> Mapping[str, Any]:
    return {"handoffId": finding.handoff_id, "kind": finding.kind, "reason": finding.reason}
