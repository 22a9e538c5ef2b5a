"""Logs of three departments in memory, and a lead that goes through them; for tests that tamper with them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import orjson
from baton.log.v1 import log_pb2

from eventlog.events import CHAIN_START, chain_digest
from facts.common import HandoffAsk, ManifestEntry, Subject
from facts.contacts import (
    Asking,
    HandoffAccepted,
    HandoffAsked,
    HandoffDelivered,
    HandoffOffered,
    HandoffReturned,
    HandoffSupplemented,
    HandoffWithdrawn,
    InteractionRecorded,
    LeadPersonFound,
    PersonRegistered,
)
from facts.marketing import LeadCaptured, LeadQualified, LeadTouched, Touch
from facts.sales import OpportunityOpened, SalesHandoffReceived
from tools.audit.audit import Audit
from tools.audit.report import Report

DEPARTMENTS = ("contacts", "marketing", "sales")
START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TENANT = "demo"
Entries = tuple[ManifestEntry, ...]


@dataclass
class MemoryLogs:
    """What `LogsOverHttp` shows of a running Baton. Events are a second apart."""

    events: dict[str, list[log_pb2.LoggedEvent]] = field(default_factory=lambda: {name: [] for name in DEPARTMENTS})
    now: datetime = START

    def pages(self, department: str, after: int) -> Iterator[Sequence[Any]]:
        yield [event for event in self.events[department] if event.position > after]

    def record(self, stream: str, *facts: Any) -> log_pb2.LoggedEvent:
        """Append facts to a stream; the last event."""
        for fact in facts:
            self.now += timedelta(seconds=1)
            log = self.events[stream.partition(".")[0]]
            data = orjson.dumps(fact.model_dump(mode="json", exclude_defaults=True))
            metadata = orjson.dumps({"tenant": TENANT, "subjects": fact.subjects()})
            version = len(self.stream(stream)) + 1
            event = log_pb2.LoggedEvent(
                generation=1, position=len(log) + 1, stream=stream, version=version, tenant=TENANT, type=fact.name,
                id=str(uuid5(NAMESPACE_OID, f"{stream}/{version}")), schema=1, data=data, metadata=metadata,
                recorded_at=self.now,
            )  # fmt: skip
            log.append(event)
            self.chain(stream)
        return log[-1]

    def stream(self, stream: str) -> list[log_pb2.LoggedEvent]:
        return [event for event in self.events[stream.partition(".")[0]] if event.stream == stream]

    def chain(self, stream: str) -> None:
        """Give every event of a stream the digest of its bytes, as a forger would who has the whole log."""
        digest = CHAIN_START
        for event in self.stream(stream):
            event.digest = digest = chain_digest(
                digest, event.tenant, event.stream, event.version, UUID(event.id), event.type, event.schema,
                event.recorded_at.ToDatetime(UTC), event.metadata, event.data,
            )  # fmt: skip

    def entry(self, stream: str, version: int = 0) -> ManifestEntry:
        events = self.stream(stream)
        event = events[version - 1] if version else events[-1]
        return ManifestEntry(stream=stream, version=event.version, digest=event.digest.hex())

    @property
    def basis(self) -> dict[str, str]:
        return {name: f"1.{len(events)}" for name, events in self.events.items()}

    # --------------------------------------------------------------------------------------------------- tampering

    def drop(self, stream: str, version: int) -> None:
        """As if this fact and what follows in its stream had never been recorded: the log closes over the gap."""
        department = stream.partition(".")[0]
        kept = [each for each in self.events[department] if each.stream != stream or each.version < version]
        for position, event in enumerate(kept, 1):
            event.position = position
        self.events[department] = kept

    def change(self, stream: str, version: int, change: Callable[[Any], Any]) -> None:
        """Change a fact's data, with all digests that follow from it."""
        event = self.stream(stream)[version - 1]
        event.data = orjson.dumps(change(orjson.loads(event.data)))
        self.chain(stream)

    def spoil(self, stream: str, version: int, **stored: bytes) -> None:
        """Replace a fact's stored `data` or `metadata` by other bytes, with all digests that follow from it."""
        event = self.stream(stream)[version - 1]
        for name, value in stored.items():
            setattr(event, name, value)
        self.chain(stream)

    def audit(self, later_s: float = 3600.0) -> Report:
        """What an audit finds, some time after the last fact."""
        at = self.now.timestamp() + later_s
        return Audit(self, DEPARTMENTS, clock=lambda: at).report()


@dataclass
class Lead:
    """A lead that marketing hands to sales. Each method is what one department tells."""

    logs: MemoryLogs
    name: str = "1"
    handoff_id: str = ""
    asking: Asking | None = None

    @property
    def id(self) -> str:
        return f"lead-{self.name}"

    @property
    def stream(self) -> str:
        return f"marketing.{self.id}"

    @property
    def handoff(self) -> str:
        return f"contacts.handoff-{self.handoff_id}"

    @property
    def receipt(self) -> str:
        return f"sales.receipt-{self.handoff_id}"

    @property
    def call(self) -> str:
        return f"contacts.interaction-{self.name}"

    def captured(self) -> None:
        self.logs.record(self.stream, LeadCaptured(lead_id=self.id, branch="london", captured_at=START))
        found = LeadPersonFound(lead_id=self.id, person_id=f"p{self.name}", found_by="email")
        self.logs.record(f"contacts.person-p{self.name}", PersonRegistered(person_id=f"p{self.name}"))
        self.logs.record(f"contacts.lead-{self.id}", found)

    def called(self, version: str = "") -> str:
        """A call with the person of the lead; the stream of it."""
        id = f"{self.name}{version}"
        call = InteractionRecorded(
            interaction_id=id, person_id=f"p{self.name}", channel="CALL", direction="IN", occurred_at=START
        )
        self.logs.record(f"contacts.interaction-{id}", call)
        return f"contacts.interaction-{id}"

    def touched(self) -> None:
        self.logs.record(self.stream, LeadTouched(lead_id=self.id, touch=Touch(at=START)))

    def qualified(self) -> None:
        version = len(self.logs.stream(self.stream)) + 1
        event_id = uuid5(NAMESPACE_OID, f"{self.stream}/{version}")
        self.handoff_id = str(uuid5(event_id, "handoff"))
        ask = HandoffAsk(
            handoff_id=self.handoff_id, kind="lead-to-sales", to_department="sales", from_branch="london",
            to_branch="london", asked_at=START,
        )  # fmt: skip
        self.logs.record(self.stream, LeadQualified(lead_id=self.id, qualified_at=START, ask=ask))
        self.asking = Asking(department="marketing", stream=self.stream, version=version, event_id=str(event_id))

    def concerning(self) -> Entries:
        streams = [self.stream, f"contacts.person-p{self.name}", f"contacts.lead-{self.id}"]
        calls = {event.stream for event in self.logs.events["contacts"] if event.stream.startswith(self.call)}
        return tuple(self.logs.entry(each) for each in [*streams, *sorted(calls)])

    def offered(self) -> None:
        assert self.asking is not None
        offer = HandoffOffered(
            handoff_id=self.handoff_id, kind="lead-to-sales", from_department="marketing", to_department="sales",
            subject=Subject(kind="lead", id=self.id), from_branch="london", to_branch="london", asking=self.asking,
            asked_at=START, basis=self.logs.basis, manifest=self.concerning(), deadline=START,
        )  # fmt: skip
        self.logs.record(self.handoff, offer)

    def received(
        self, part: str = "offer", entries: Entries | None = None, basis: dict[str, str] | None = None
    ) -> None:
        entries = self.concerning() if entries is None else entries
        fact = SalesHandoffReceived(
            handoff_id=self.handoff_id, part=part, basis=basis or self.logs.basis, entries=entries
        )
        self.logs.record(self.receipt, fact)

    def delivered(self, part: str = "offer", entries: Entries | None = None) -> None:
        entries = self.concerning() if entries is None else entries
        self.logs.record(self.handoff, HandoffDelivered(handoff_id=self.handoff_id, part=part, receipt=entries))

    def supplemented(self, *streams: str, part: str = "supplement-1") -> None:
        entries = tuple(self.logs.entry(each) for each in streams)
        fact = HandoffSupplemented(
            handoff_id=self.handoff_id, part=part, to_department="sales", basis=self.logs.basis, manifest=entries
        )
        self.logs.record(self.handoff, fact)
        self.received(part, entries)
        self.delivered(part, entries)

    def accepted(self, *closing: str) -> None:
        entries = tuple(self.logs.entry(each) for each in closing)
        fact = HandoffAccepted(
            handoff_id=self.handoff_id, kind="lead-to-sales", to_department="sales",
            subject=Subject(kind="lead", id=self.id), to_branch="london", owner="oliver", opportunity_id=self.name,
            opens=True, accepted_by="oliver", accepted_at=START, basis=self.logs.basis, closing=entries,
        )  # fmt: skip
        self.logs.record(self.handoff, fact)
        opened = OpportunityOpened(
            opportunity_id=self.name, lead_ids=(self.id,), branch="london", pipeline="default", stage="new",
            opened_at=START,
        )  # fmt: skip
        self.logs.record(f"sales.opportunity-{self.name}", opened)
        if entries:
            self.received("closing", entries)
            self.delivered("closing", entries)

    def returned(self) -> None:
        fact = HandoffReturned(
            handoff_id=self.handoff_id, subject=Subject(kind="lead", id=self.id), from_department="marketing",
            reason="no budget", returned_by="oliver",
        )  # fmt: skip
        self.logs.record(self.handoff, fact)

    def withdrawn(self) -> None:
        subject = Subject(kind="lead", id=self.id)
        fact = HandoffWithdrawn(handoff_id=self.handoff_id, subject=subject, reason="by mistake", withdrawn_by="emma")
        self.logs.record(self.handoff, fact)

    def handed_on(self) -> "Lead":
        """From the first call to the proof that sales has everything."""
        self.captured()
        self.called()
        self.qualified()
        self.offered()
        self.received()
        self.delivered()
        return self


def asked_by_hand(logs: MemoryLogs, lead_id: str) -> None:
    """Somebody hands on a lead by its id alone."""
    event_id = uuid5(NAMESPACE_OID, f"by hand {lead_id}")
    id = str(uuid5(event_id, "handoff"))
    asked = HandoffAsked(
        handoff_id=id, kind="lead-to-sales", from_department="marketing", to_department="sales",
        subject=Subject(kind="lead", id=lead_id), from_branch="london", to_branch="york", asked_at=START,
    )  # fmt: skip
    logs.record(f"contacts.handoff-{id}", asked).id = str(event_id)
    logs.chain(f"contacts.handoff-{id}")


def handed_on(count: int = 3) -> tuple[MemoryLogs, list[Lead]]:
    """Leads handed on one after the other."""
    logs = MemoryLogs()
    return logs, [Lead(logs, str(n)).handed_on() for n in range(1, count + 1)]
