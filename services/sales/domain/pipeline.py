"""The pipelines: which stages an opportunity goes through, and how likely each makes a sale."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from eventlog.decider import NotThere, Refused

#: When the start was: the same moment for everybody, before anything was recorded.
THE_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stage:
    """`probability` is the share of opportunities in this stage that are won."""

    id: str
    probability: Decimal


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Won (probability 1) and lost (0) are states of an opportunity, not stages. `since` is when it was last changed,
    with a release of the program."""

    id: str
    stages: tuple[Stage, ...]
    since: datetime = THE_START

    def stage(self, id: str, field: str) -> str:
        """A stage of this pipeline, the first where none is named. Raises `Refused` for the `field` that names it."""
        if id and id not in (stage.id for stage in self.stages):
            known = ", ".join(stage.id for stage in self.stages)
            raise Refused(f"the pipeline {self.id} has no stage {id}; it has {known}", field=field)
        return id or self.stages[0].id


DEFAULT = Pipeline(
    "default",
    (
        Stage("new", Decimal("0.1")),
        Stage("qualified", Decimal("0.3")),
        Stage("proposal", Decimal("0.5")),
        Stage("negotiation", Decimal("0.8")),
    ),
)

PIPELINES: Mapping[str, Pipeline] = {DEFAULT.id: DEFAULT}


def pipeline(id: str) -> Pipeline:
    """The pipeline of this id; the default one where none is named. Raises `NotThere`."""
    found = PIPELINES.get(id or DEFAULT.id)
    if found is None:
        raise NotThere(f"there is no pipeline {id}")
    return found
