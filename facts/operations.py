"""What operators decide about the logs themselves; recorded in the log of the department that it concerns."""

from facts.common import PersonalText
from facts.registry import Fact, fact


@fact("operations.fact-discarded")
class FactDiscarded(Fact):
    """A department goes on without an event that it could not handle. `source` told the event; `digest` is its chain
    digest, 64 hexadecimal digits. No receipt of this department ever stands on it."""

    source: str
    stream: str
    version: int
    digest: str
    type: str
    reason: PersonalText = ""
