"""When a process that has ended is started again."""

from dataclasses import dataclass

from eventlog.trouble import growing_s

#: What ran for so long was well: the next end is a first one again.
WELL_S = 30.0
WAIT_MIN_S, WAIT_MAX_S = 0.1, 5.0
#: So many ends in a row, each before it was well, say that starting it again does not help.
ENDS_MAX = 12


@dataclass
class Restarts:
    """Growing waits, and an end to them."""

    ends: int = 0

    def wait_s(self, ran_s: float) -> float | None:
        """How long to wait before the next start, of a process that has just ended after so many seconds; None where
        it is given up."""
        self.ends = 1 if ran_s >= WELL_S else self.ends + 1
        if self.ends >= ENDS_MAX:
            return None
        return growing_s(self.ends, WAIT_MIN_S, WAIT_MAX_S)
