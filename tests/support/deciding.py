"""`given(LEAD, facts).when(decision).then(facts)`: what a decision makes of what happened before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eventlog.decider import Decider, Refused


@dataclass(frozen=True)
class Decided:
    """What came out: facts, or a refusal."""

    state: Any
    facts: Sequence[Any] = ()
    refusal: Refused | None = None

    def then(self, *facts: Any) -> None:
        """Exactly these facts; none at all is a no-op."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert list(self.facts) == list(facts)

    def refuses(self, words: str, kind: type[Refused] = Refused) -> None:
        """A refusal of this kind whose message holds these words."""
        assert self.refusal is not None, f"decided {self.facts}"
        assert type(self.refusal) is kind
        assert words in str(self.refusal)


@dataclass(frozen=True)
class Given:
    state: Any

    def when(self, decide: Callable[[Any], Sequence[Any]]) -> Decided:
        try:
            return Decided(self.state, decide(self.state))
        except Refused as refusal:
            return Decided(self.state, refusal=refusal)


def given(decider: Decider[Any], *facts: Any) -> Given:
    """The state after these facts."""
    state = decider.initial
    for fact in facts:
        state = decider.evolve(state, fact)
    return Given(state)
