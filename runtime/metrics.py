"""Measurements for Prometheus. Labels hold no tenant and nothing personal."""

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import generate_latest

__all__ = [
    "CALLS",
    "CALLS_REPEATED",
    "CALLS_RUNNING",
    "HEAD",
    "LAG",
    "LATENCY_S",
    "PARKED",
    "REGISTRY",
    "STREAM_LAG",
    "TODOS_OLDEST",
    "TODOS_WAITING",
    "exposition",
]

# When a series began says nothing to an operator, and is a line for each.
disable_created_metrics()  # type: ignore[no-untyped-call]

#: Upper bounds of what answers take, in seconds: what is prompt, what is slow, and what alerts ask. Every bound is a
#: line for each route and outcome.
LATENCY_S = (0.005, 0.025, 0.1, 0.5, 1, 2.5, 10)

_LABELS = ("department", "source")

CALLS = Histogram(
    "baton_rpc_seconds",
    "Time to answer a call, by RPC and reason (OK, or the reason of the error)",
    ("rpc", "reason"),
    buckets=LATENCY_S,
)
CALLS_RUNNING = Gauge("baton_rpc_running", "Calls that are being answered")
CALLS_REPEATED = Counter(
    "baton_rpc_repeated", "Calls sent once more, because the connection ended before an answer", ("rpc",)
)
HEAD = Gauge("baton_log_head", "Last position of a department's log", ("department",))
LAG = Gauge("baton_view_lag", "Positions that a department has not heard yet", _LABELS)
STREAM_LAG = Gauge("baton_stream_lag", "Positions that streaming workers have not in their rows yet", _LABELS)
PARKED = Gauge("baton_parked_streams", "Streams that wait because of a fact that could not be handled", _LABELS)
TODOS_WAITING = Gauge("baton_todos_waiting", "Todos that are due and not done yet", ("department", "kind"))
TODOS_OLDEST = Gauge(
    "baton_todos_oldest_seconds", "How long the oldest todo waits that is due and not done yet", ("department", "kind")
)


def exposition() -> bytes:
    """Everything measured, in Prometheus' text format."""
    return generate_latest(REGISTRY)
