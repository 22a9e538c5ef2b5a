"""What is heard and derived -> rows. The funnel from facts, the metrics from what their topologies derive."""

from services.analytics.projections.funnel import FUNNEL
from services.analytics.projections.metrics import METRICS

__all__ = ["FUNNEL", "METRICS"]
