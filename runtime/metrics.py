"""Measurements for Prometheus. Labels hold no tenant and nothing personal."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

__all__ = [
    "CALLS",
    "CALLS_REPEATED",
    "CALLS_RUNNING",
    "HEAD",
    "LAG",
    "REGISTRY",
    "TODOS_OLDEST",
    "TODOS_WAITING",
    "exposition",
]

CALLS = Histogram(
    "baton_rpc_seconds",
    "Time to answer a call, by RPC and reason (OK, or the reason of the error)",
    ("rpc", "reason"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
CALLS_RUNNING = Gauge("baton_rpc_running", "Calls that are being answered")
CALLS_REPEATED = Counter(
    "baton_rpc_repeated", "Calls sent once more, because the connection ended before an answer", ("rpc",)
)
HEAD = Gauge("baton_log_head", "Last position of a department's log", ("department",))
LAG = Gauge("baton_view_lag", "Positions that a department has not heard yet", ("department", "source"))
TODOS_WAITING = Gauge("baton_todos_waiting", "Todos that are due and not done yet", ("department", "kind"))
TODOS_OLDEST = Gauge(
    "baton_todos_oldest_seconds", "How long the oldest todo waits that is due and not done yet", ("department", "kind")
)


def exposition() -> bytes:
    """Everything measured, in Prometheus' text format."""
    return generate_latest(REGISTRY)
