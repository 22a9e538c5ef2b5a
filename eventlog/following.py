"""Commands and origins of what follows from a fact: a todo's decision happens once, and says what caused it."""

import hashlib
from uuid import uuid5

from eventlog.codec import Origin
from eventlog.reactions import Due
from eventlog.store import Command


def command_of(due: Due, step: str = "") -> Command:
    """A todo's command, or that of one step of it. Its id is made of the fact and names the whole request, so its
    digest is that of the id."""
    id = uuid5(due.command_id, step) if step else due.command_id
    return Command(id, hashlib.sha256(id.bytes).digest())


def origin_of(due: Due, department: str, branch: str = "", employee: str = "") -> Origin:
    """The department's program records it; `employee` is who decided it, where somebody did."""
    return Origin(
        due.tenant,
        branch=branch,
        employee=employee,
        actor=department,
        correlation_id=due.correlation_id,
        causation_id=due.causation_id,
        traceparent=due.traceparent,
    )
