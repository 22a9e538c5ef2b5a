"""Values that the facts of several departments share."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from facts.registry import Personal, Value

#: Free text about a person.
PersonalText = Annotated[str, Personal()]
PersonalJson = Annotated[dict[str, Any], Personal(erased={})]


class _Nothing(dict[str, Any]):
    """Hashable, so that pydantic takes it as it is; a plain `{}` it would copy for every fact that is read."""

    def __hash__(self) -> int:  # type: ignore[override]
        return 0


#: The default of a JSON object: nothing was said. Never filled; facts are frozen.
NOTHING: dict[str, Any] = _Nothing()


class Money(Value):
    currency: str
    amount: Decimal


class ManifestEntry(Value):
    """A stream with the version and the chain digest (64 hexadecimal digits) that it had."""

    stream: str
    version: int
    digest: str


class Brief(Value):
    """What the next department should know, in the asker's words."""

    wants: str = ""
    agreed: str = ""
    next_step: str = ""
    cautions: str = ""


class Subject(Value):
    """Whom or what a handoff is about: `lead`, `person`, `company`, `opportunity`."""

    kind: str
    id: str


class HandoffAsk(Value):
    """What a department asks when it hands a subject on; part of the fact that asks (`LeadQualified`, …)."""

    handoff_id: str
    kind: str
    to_department: str
    from_branch: str
    to_branch: str
    to_employee: str = ""
    previous_id: str = ""
    asked_at: datetime


class HandoffReceipt(Value):
    """A receiving department's proof: the digests that it recomputed itself from the bytes it was given.

    `part` is `offer`, `closing`, or `supplement-<n>`. `basis` is how far this department had heard each department."""

    handoff_id: str
    part: str
    basis: dict[str, str]
    entries: tuple[ManifestEntry, ...]
