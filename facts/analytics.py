"""What analytics derives from the facts of others. No log holds any of it: it can be derived anew at any time.

On Kafka these are the records of `baton.analytics.derived.v1`. Each says all of what it names, as it is after the
fact that it was derived from, and nothing personal: telling one again changes nothing.
"""

from datetime import datetime
from typing import ClassVar

from facts.registry import Value


class Derived(Value):
    """Something that follows from the facts of one stream."""

    name: ClassVar[str]


class LeadCounted(Derived):
    """A lead as it is known now."""

    name = "analytics.lead-counted"
    lead_id: str
    captured_at: datetime
    source: str = ""
    landing_page: str = ""
    campaign: str = ""
    branch: str = ""


class TouchCounted(Derived):
    """The n-th touch of a lead, from 1; number 0 is the capture of a lead that came without touches."""

    name = "analytics.touch-counted"
    lead_id: str
    n: int
    at: datetime
    channel: str = ""
    source: str = ""
    campaign: str = ""
    landing_page: str = ""


class TouchDropped(Derived):
    """The lead's touches were told anew, and there are fewer of them."""

    name = "analytics.touch-dropped"
    lead_id: str
    n: int


class LeadWon(Derived):
    """An opportunity of the lead is won since `won_at`; None: it is not, or no longer."""

    name = "analytics.lead-won"
    lead_id: str
    opportunity_id: str
    won_at: datetime | None = None


class Stayed(Derived):
    """The n-th state that a lead or an opportunity was in, from 1. `left_at` None: it is still there.

    `branch` and `employee` are those who had it when it left, or who have it now."""

    name = "analytics.stayed"
    kind: str
    id: str
    n: int
    state: str
    branch: str = ""
    employee: str = ""
    entered_at: datetime
    left_at: datetime | None = None


class HandoffRequested(Derived):
    """A handoff was asked for: recorded at `asked_at`, and as the world dates it at `dated_at`."""

    name = "analytics.handoff-requested"
    handoff_id: str
    kind: str
    from_department: str
    to_department: str
    from_branch: str = ""
    to_branch: str = ""
    asked_at: datetime
    dated_at: datetime


class HandoffStepped(Derived):
    """How far a handoff came: recorded as delivered and as accepted at these times; the world dates the acceptance
    `dated_at`. `to_branch` is the branch that has it now."""

    name = "analytics.handoff-stepped"
    handoff_id: str
    to_branch: str = ""
    delivered_at: datetime | None = None
    accepted_at: datetime | None = None
    dated_at: datetime | None = None
