"""Judges one tenant's handoffs. What is missing is pending while the next reader may still be on its way to it, and
lost when the logs show that it has been past it. What contradicts something else is a discrepancy.

How far a reader has been is known from the logs alone: a basis says how far it had heard. Since it acts some time after
it hears, it is given time: `overtaken_s` once it did the same for something later, `heard_s` once it heard it. One that
records nothing any more has nothing left to do, so it gets less time than one that may be working off a large import.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tools.audit.book import Book, Cut, is_conversation, is_of_customers
from tools.audit.cases import OFFER, Ask, Case, Cases, Part, Receipt, Told

PENDING, LOST, DISCREPANCY = "pending", "lost", "discrepancy"
CONTACTS = "contacts"


@dataclass(frozen=True)
class Grace:
    """How long a reader may take before what it did not do is lost, in seconds."""

    overtaken_s: float
    heard_s: float


QUIET, BUSY = Grace(10.0, 30.0), Grace(120.0, 600.0)


@dataclass(frozen=True)
class Finding:
    """Something about a handoff that is not as it should be; `since` (seconds since 1970) is when it began."""

    handoff_id: str
    kind: str
    reason: str
    since: float


def horizon(said: list[tuple[float, Cut]], until: float) -> Cut:
    """How far somebody had heard each department, as it had said until a moment."""
    reached: dict[str, int] = {}
    for at, basis in said:
        if at <= until:
            for department, where in basis.items():
                reached[department] = max(where, reached.get(department, -1))
    return reached


def covers(cut: Cut, told: Told) -> bool:
    return told.place <= cut.get(told.department, -1)


@dataclass
class Judge:
    """`cut` is how far the logs are judged; the book and the cases may know more. `now` is seconds since 1970, `last`
    when each department last recorded anything."""

    book: Book
    cases: Cases
    cut: Cut
    now: float
    last: Mapping[str, float]
    _offered_past: dict[str, int] = field(default_factory=dict)
    _receipted_past: dict[str, tuple[int, Receipt]] = field(default_factory=dict)
    _delivered_past: dict[str, int] = field(default_factory=dict)
    _heard: Cut = field(default_factory=dict)
    _received: dict[str, Cut] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Work out how far every reader has been."""
        self._heard = horizon(self.cases.heard, self.now - self._grace(CONTACTS).heard_s)
        self._received = {
            name: horizon(said, self.now - self._grace(name).heard_s) for name, said in self.cases.received.items()
        }
        for case in self.cases.by_id.values():
            for ask in case.asks:
                if case.offers and self._past(case.offers[0]):
                    _raise(self._offered_past, ask.told.department, ask.told.place)
            for name, part in case.parts.items():
                self._note_receipts(part, case.receipts.get(name, ()))
            for name, delivered in case.delivered.items():
                for receipt in case.receipts.get(name, ()):
                    if self._past(delivered.told):
                        _raise(self._delivered_past, receipt.told.department, receipt.told.place)

    def _note_receipts(self, part: Part, receipts: "list[Receipt] | tuple[()]") -> None:
        for receipt in receipts:
            latest = self._receipted_past.get(receipt.told.department)
            if self._past(receipt.told) and (latest is None or latest[0] < part.told.place):
                self._receipted_past[receipt.told.department] = part.told.place, receipt

    def _past(self, told: Told) -> bool:
        return told.at <= self.now - self._grace(told.department).overtaken_s

    def _grace(self, department: str) -> Grace:
        return QUIET if self.last.get(department, 0.0) <= self.now - QUIET.overtaken_s else BUSY

    def findings(self) -> Iterator[Finding]:
        """Everything that is not as it should be."""
        checks: tuple[Callable[[Case], Iterator[Finding]], ...] = (
            self._asked, self._offered_once, self._as_asked, self._manifests, self._receipts, self._deliveries,
            self._told_later,
        )  # fmt: skip
        for case in self.cases.by_id.values():
            for check in checks:
                yield from check(case)

    # ------------------------------------------------------------------------------------------------- asks, offers

    def _asked(self, case: Case) -> Iterator[Finding]:
        """Each fact that asks has an offer, but for what was withdrawn before."""
        for ask in case.asks:
            if not ask.derived:
                yield Finding(case.id, DISCREPANCY, "its id is not made of the fact that asks", ask.told.at)
            if ask.event_id not in case.asked_by and case.withdrawn is None:
                yield self._not_offered(case, ask)
        if case.offers and not case.asks and covers(self.cut, case.offers[0]):
            yield Finding(case.id, DISCREPANCY, "offered, and no fact asks for it", case.offers[0].at)
        if not case.offers and not case.asks:
            yield from self._nobody_asked(case)

    def _not_offered(self, case: Case, ask: Ask) -> Finding:
        """What was asked about somebody of whom nobody recorded anything waits for that."""
        known_at = [at for subject in ask.subjects for at in self.book.recorded(subject, self.cut)]
        if not known_at:
            return Finding(case.id, PENDING, "asked about what nobody recorded anything of", ask.told.at)
        has_had_time = min(known_at) <= self.now - self._grace(CONTACTS).overtaken_s
        lost = has_had_time and (self._overtaken(ask) or covers(self._heard, ask.told))
        return Finding(case.id, LOST if lost else PENDING, "asked, not offered", ask.told.at)

    def _nobody_asked(self, case: Case) -> Iterator[Finding]:
        """Receipts and verdicts of a handoff that nobody asked for and nobody offered."""
        told = [each.told for receipts in case.receipts.values() for each in receipts]
        told += [each.told for each in case.delivered.values()]
        for each in told:
            if covers(self.cut, each):
                yield Finding(case.id, DISCREPANCY, f"{each.department} tells of it, and it was never offered", each.at)

    def _overtaken(self, ask: Ask) -> bool:
        return ask.told.place < self._offered_past.get(ask.told.department, -1)

    def _offered_once(self, case: Case) -> Iterator[Finding]:
        for again in case.offers[1:]:
            yield Finding(case.id, DISCREPANCY, "offered more than once", again.at)
        for name, told in case.repeated:
            yield Finding(case.id, DISCREPANCY, f"{name}: told more than once", told.at)

    def _as_asked(self, case: Case) -> Iterator[Finding]:
        """The offer is about whom the asking fact names, and every part goes to the department that was asked."""
        for ask in case.asks:
            if case.subject and case.subject not in ask.subjects:
                reason = f"offered about {case.subject}, which the asking fact does not name"
                yield Finding(case.id, DISCREPANCY, reason, case.offers[0].at)
            for name, part in case.parts.items():
                if part.to_department != ask.to_department:
                    reason = f"{name}: goes to {part.to_department}, asked for {ask.to_department}"
                    yield Finding(case.id, DISCREPANCY, reason, part.told.at)

    # --------------------------------------------------------------------------------------------------- manifests

    def _manifests(self, case: Case) -> Iterator[Finding]:
        """What a manifest names is as its source log has it; the first one leaves nothing out."""
        for name, part in case.parts.items():
            if not covers(self.cut, part.told):
                yield Finding(case.id, PENDING, f"{name} is newer than what was read", part.told.at)
                continue
            for stream, (version, digest) in part.manifest.items():
                wrong = self._wrong_entry(stream, version, digest, part.basis)
                if wrong:
                    yield Finding(case.id, DISCREPANCY, f"{name}: {stream} version {version} {wrong}", part.told.at)
            if name == OFFER:
                yield from self._left_out(case, part)

    def _wrong_entry(self, stream: str, version: int, digest: str, basis: Cut) -> str:
        found = self.book.streams.get(stream)
        if found is None or not 1 <= version <= len(found.digests):
            return "is not in any log"
        if found.digests[version - 1].hex() != digest:
            return "has another digest in its log"
        return "" if found.places[version - 1] <= basis.get(found.department, -1) else "was not heard at the basis"

    def _left_out(self, case: Case, part: Part) -> Iterator[Finding]:
        """Streams that concerned the subject at the basis, and are not in the first manifest as far as they went."""
        for stream, version in self.book.concerning(case.subject, part.basis).items():
            if self._own(case, stream) or not is_of_customers(stream):
                continue
            offered = part.manifest.get(stream, (0, ""))[0]
            if offered < version:
                reason = f"{stream} was at version {version}, the manifest has {offered or 'nothing of it'}"
                yield Finding(case.id, LOST, reason, part.told.at)

    def _own(self, case: Case, stream: str) -> bool:
        return stream.endswith((f".handoff-{case.id}", f".receipt-{case.id}"))

    # ------------------------------------------------------------------------------------------ receipts, deliveries

    def _receipts(self, case: Case) -> Iterator[Finding]:
        """Each manifest has a receipt of the receiving department that is equal, of what it had heard itself."""
        for name, part in case.parts.items():
            receipts = case.receipts.get(name)
            if not receipts:
                if name == OFFER and case.withdrawn is not None:
                    continue
                lost = self._passed_over(case, part)
                yield Finding(case.id, LOST if lost else PENDING, f"{name}: no receipt", part.told.at)
                continue
            receipt = receipts[-1]
            if receipt.told.department != case.to_department:
                reason = f"{name}: receipted by {receipt.told.department}, offered to {case.to_department}"
                yield Finding(case.id, DISCREPANCY, reason, receipt.told.at)
            if receipt.entries != part.manifest:
                yield Finding(case.id, DISCREPANCY, f"{name}: the receipt is not its manifest", receipt.told.at)
            yield from self._claims_too_much(case, name, receipt)

    def _claims_too_much(self, case: Case, name: str, receipt: Receipt) -> Iterator[Finding]:
        """A receipt that was copied from its manifest names what its writer had not heard."""
        for stream, (version, _) in receipt.entries.items():
            found = self.book.streams.get(stream)
            if found is None or version > len(found.places) or found.department == receipt.told.department:
                continue
            if found.places[version - 1] > receipt.basis.get(found.department, -1):
                reason = f"{name}: the receipt names {stream} version {version}, which was not heard yet"
                yield Finding(case.id, DISCREPANCY, reason, receipt.told.at)

    def _passed_over(self, case: Case, part: Part) -> bool:
        """The receiver has heard all of the manifest, and told of something later."""
        needed = self._needed(part, case.to_department)
        if all(where <= self._received.get(case.to_department, {}).get(name, -1) for name, where in needed.items()):
            return True
        past = self._receipted_past.get(case.to_department)
        if past is None or past[0] <= part.told.place:
            return False
        return all(where <= past[1].basis.get(name, -1) for name, where in needed.items())

    def _needed(self, part: Part, receiver: str) -> dict[str, int]:
        """How far a receiver must have heard each department to receipt this part."""
        needed = {part.told.department: part.told.place}
        for stream, (version, _) in part.manifest.items():
            found = self.book.streams.get(stream)
            if found is not None and 1 <= version <= len(found.places) and found.department != receiver:
                _raise(needed, found.department, found.places[version - 1])
        needed.pop(receiver, None)
        return needed

    def _deliveries(self, case: Case) -> Iterator[Finding]:
        """What was declared delivered has an equal receipt in the receiver's own log, and the other way round."""
        for name, part in case.parts.items():
            delivered = case.delivered.get(name)
            equal = [each for each in case.receipts.get(name, ()) if each.entries == part.manifest]
            if delivered is None:
                if equal and not (name == OFFER and case.withdrawn is not None):
                    yield self._not_declared(case, name, equal[-1])
            elif delivered.entries != part.manifest:
                reason = f"{name}: declared delivered with another receipt"
                yield Finding(case.id, DISCREPANCY, reason, delivered.told.at)
            elif not equal and covers(self.cut, delivered.told):
                yield Finding(case.id, DISCREPANCY, f"{name}: declared delivered without a receipt", delivered.told.at)

    def _not_declared(self, case: Case, name: str, receipt: Receipt) -> Finding:
        told = receipt.told
        lost = told.place < self._delivered_past.get(told.department, -1) or covers(self._heard, told)
        return Finding(case.id, LOST if lost else PENDING, f"{name}: receipted, not declared delivered", told.at)

    # ------------------------------------------------------------------------------------------------- supplements

    def _told_later(self, case: Case) -> Iterator[Finding]:
        """What others recorded about the subject after the offer is in the closing manifest or in a supplement."""
        offer = case.parts.get(OFFER)
        if offer is None or not covers(self.cut, offer.told):
            return
        told: dict[str, int] = {}
        for part in case.parts.values():
            for stream, (version, _) in part.manifest.items():
                _raise(told, stream, version)
        heard = self._heard if case.ended is None else horizon(self.cases.heard, case.ended.at - BUSY.heard_s)
        lost = self._untold(case, offer, heard, told)
        for stream, reason in lost.items():
            yield Finding(case.id, LOST, reason, self.book.streams[stream].recorded[told.get(stream, 0)])
        if case.ended is None:
            for stream, reason in self._untold(case, offer, self.cut, told).items():
                if stream not in lost:
                    yield Finding(case.id, PENDING, reason, self.book.streams[stream].recorded[told.get(stream, 0)])

    def _untold(self, case: Case, offer: Part, cut: Cut, told: dict[str, int]) -> dict[str, str]:
        concerning = self.book.concerning(case.subject, cut, case.to_department, offer.basis)
        return {
            stream: f"{stream} went on to version {version}, told until {told.get(stream, 0)}"
            for stream, version in concerning.items()
            if version > told.get(stream, 0) and self._to_be_told(case, stream)
        }

    def _to_be_told(self, case: Case, stream: str) -> bool:
        if is_conversation(stream) or not is_of_customers(stream):
            return False
        return self.book.streams[stream].department != case.to_department


def _raise(versions: dict[str, int], name: str, to: int) -> None:
    versions[name] = max(to, versions.get(name, -1))
