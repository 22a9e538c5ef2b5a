"""The streaming topologies: pure functions `(key, state, fact) -> (state, derived facts)`, one module each.

A key is a stream. What must be joined across streams (a lead and the deal that it became) is joined by who asks, from
rows that each stream tells by itself: so no order between streams matters.
"""

from services.analytics.topologies.dwell import DWELL
from services.analytics.topologies.handoffs import HANDOFFS
from services.analytics.topologies.touches import TOUCHES
from services.analytics.topologies.wins import WINS

TOPOLOGIES = (TOUCHES, WINS, DWELL, HANDOFFS)

__all__ = ["DWELL", "HANDOFFS", "TOPOLOGIES", "TOUCHES", "WINS"]
