"""One tenant's handoffs, as the facts of the logs tell them: what was asked, offered, received, and how it ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from tools.audit.book import Cut, place
from tools.audit.stored import Said

#: A manifest or a receipt: the version and the digest (hexadecimal) of each stream.
Entries = Mapping[str, tuple[int, str]]

OFFER = "offer"
CLOSING = "closing"


@dataclass(frozen=True)
class Told:
    """Where a fact stands: its department, its place there, when it was recorded (seconds since 1970)."""

    department: str
    place: int
    at: float


@dataclass(frozen=True)
class Ask:
    """A fact that asks for a handoff. `derived` is false when the handoff's id is not made of the fact's; `subjects`
    are whom it may be about: the one that is named where somebody asks by hand, else everyone whom the fact names."""

    told: Told
    event_id: str
    to_department: str
    derived: bool
    subjects: frozenset[str]


@dataclass(frozen=True)
class Part:
    """A manifest that has to be receipted, and by whom."""

    told: Told
    basis: Cut
    manifest: Entries
    to_department: str


@dataclass(frozen=True)
class Receipt:
    told: Told
    basis: Cut
    entries: Entries


@dataclass
class Case:
    """One handoff. `delivered` are the parts that contacts declared delivered, with the receipts it names."""

    id: str
    asks: list[Ask] = field(default_factory=list)
    offers: list[Told] = field(default_factory=list)
    asked_by: list[str] = field(default_factory=list)
    from_department: str = ""
    to_department: str = ""
    subject: str = ""
    parts: dict[str, Part] = field(default_factory=dict)
    #: Parts whose names were taken already.
    repeated: list[tuple[str, Told]] = field(default_factory=list)
    receipts: dict[str, list[Receipt]] = field(default_factory=dict)
    delivered: dict[str, Receipt] = field(default_factory=dict)
    accepted: Told | None = None
    returned: Told | None = None
    withdrawn: Told | None = None
    overdue: bool = False

    def tell(self, name: str, part: Part) -> None:
        """Take note of a part. What was told first stays: another one of its name replaces nothing."""
        if name in self.parts:
            self.repeated.append((name, part.told))
        else:
            self.parts[name] = part

    @property
    def ended(self) -> Told | None:
        """When nothing had to be told about it any more."""
        return self.returned or self.withdrawn


@dataclass
class Cases:
    """Handoffs by id, and how far contacts and the receivers had heard the others when they said so."""

    by_id: dict[str, Case] = field(default_factory=dict)
    #: What contacts said of how far it had heard, in the order of its log.
    heard: list[tuple[float, Cut]] = field(default_factory=list)
    #: What receivers said, by department.
    received: dict[str, list[tuple[float, Cut]]] = field(default_factory=dict)

    def case(self, id: str) -> Case:
        found = self.by_id.get(id)
        if found is None:
            found = self.by_id[id] = Case(id)
        return found

    def enter(self, department: str, event: Any, subjects: Sequence[str]) -> None:
        """Take note of a fact of the handoff process; every other fact only where it asks. It names the subjects.
        Raises `Unreadable`, and then has noted nothing of it."""
        kind = event.type.partition(".")[2]
        if kind.startswith("handoff-"):
            read = _READ.get(kind)
            if read is not None:
                at = event.recorded_at.seconds + event.recorded_at.nanos / 1e9
                told = Told(department, place(event.generation, event.position), at)
                read(self, Said.by(event.data), told, event)
        elif b'"ask":{' in event.data:
            _asked_by_department(self, department, event, subjects)

    def hear(self, told: Told, basis: Cut) -> None:
        """Take note of how far contacts had heard, where it is contacts that says so."""
        if told.department == "contacts":
            self.heard.append((told.at, basis))


def _entries(listed: Iterable[Said]) -> Entries:
    return {each.text("stream"): (each.number("version"), each.text("digest")) for each in listed}


def _asked_by_department(cases: Cases, department: str, event: Any, subjects: Sequence[str]) -> None:
    ask = Said.by(event.data).inner("ask")
    at = event.recorded_at.seconds + event.recorded_at.nanos / 1e9
    told = Told(department, place(event.generation, event.position), at)
    _asked(cases, ask, told, event, department, subjects)


def _asked_by_hand(cases: Cases, data: Said, told: Told, event: Any) -> None:
    _asked(cases, data, told, event, data.text("from_department"), [_subject(data)])


def _asked(cases: Cases, ask: Said, told: Told, event: Any, from_department: str, subjects: Sequence[str]) -> None:
    id, to_department = ask.text("handoff_id"), ask.text("to_department")
    case = cases.case(id)
    derived = str(uuid5(UUID(event.id), "handoff")) == id
    case.asks.append(Ask(told, event.id, to_department, derived, frozenset(subjects)))
    case.from_department = case.from_department or from_department
    case.to_department = case.to_department or to_department


def _subject(data: Said) -> str:
    subject = data.inner("subject")
    return f"{subject.text('kind')}:{subject.text('id')}"


def _part(told: Told, data: Said, manifest: str) -> Part:
    return Part(told, data.cut("basis"), _entries(data.each(manifest)), data.text("to_department"))


def _offered(cases: Cases, data: Said, told: Told, event: Any) -> None:
    part, subject, asked_by = _part(told, data, "manifest"), _subject(data), data.inner("asking").text("event_id")
    id, from_department = data.text("handoff_id"), data.text("from_department")
    case = cases.case(id)
    case.offers.append(told)
    case.asked_by.append(asked_by)
    cases.hear(told, part.basis)
    if len(case.offers) > 1:
        return  # A second offer is a finding of its own; the handoff is what the first one says.
    case.from_department, case.to_department, case.subject = from_department, part.to_department, subject
    case.tell(OFFER, part)


def _accepted(cases: Cases, data: Said, told: Told, event: Any) -> None:
    id, part = data.text("handoff_id"), _part(told, data, "closing")
    case = cases.case(id)
    case.accepted = told
    cases.hear(told, part.basis)
    if part.manifest:
        case.tell(CLOSING, part)


def _supplemented(cases: Cases, data: Said, told: Told, event: Any) -> None:
    id, name, part = data.text("handoff_id"), data.text("part"), _part(told, data, "manifest")
    cases.hear(told, part.basis)
    cases.case(id).tell(name, part)


def _received(cases: Cases, data: Said, told: Told, event: Any) -> None:
    receipt = Receipt(told, data.cut("basis"), _entries(data.each("entries")))
    id, name = data.text("handoff_id"), data.text("part")
    cases.case(id).receipts.setdefault(name, []).append(receipt)
    cases.received.setdefault(told.department, []).append((told.at, receipt.basis))


def _delivered(cases: Cases, data: Said, told: Told, event: Any) -> None:
    id, name, receipt = data.text("handoff_id"), data.text("part"), Receipt(told, {}, _entries(data.each("receipt")))
    cases.case(id).delivered[name] = receipt


def _returned(cases: Cases, data: Said, told: Told, event: Any) -> None:
    cases.case(data.text("handoff_id")).returned = told


def _withdrawn(cases: Cases, data: Said, told: Told, event: Any) -> None:
    cases.case(data.text("handoff_id")).withdrawn = told


def _overdue(cases: Cases, data: Said, told: Told, event: Any) -> None:
    cases.case(data.text("handoff_id")).overdue = True


_READ = {
    "handoff-asked": _asked_by_hand,
    "handoff-offered": _offered,
    "handoff-accepted": _accepted,
    "handoff-supplemented": _supplemented,
    "handoff-received": _received,
    "handoff-delivered": _delivered,
    "handoff-returned": _returned,
    "handoff-withdrawn": _withdrawn,
    "handoff-overdue": _overdue,
}
