"""Counters of projectors, reactors and relays, in Prometheus' default registry."""

from prometheus_client import Counter, Gauge, Histogram

_LABELS = ("department", "source")

HEARD = Counter("baton_facts_heard", "Facts that went through a projector", _LABELS)
REFETCHED = Counter("baton_facts_refetched", "Facts that did not come and were fetched from their owner", _LABELS)
ALARMS = Counter("baton_digest_alarms", "Facts whose digest is not what their bytes and history give", _LABELS)
PARKED = Gauge("baton_parked_streams", "Streams that wait because of a fact that could not be handled", _LABELS)
_KINDS = ("department", "kind")

TODOS_DONE = Counter("baton_todos_done", "Todos that were done", _KINDS)
TODOS_FAILED = Counter("baton_todos_failed", "Attempts at a todo that failed and will be repeated", _KINDS)

_DEPARTMENT = ("department",)

RELAYED = Counter("baton_relayed_records", "Facts that were told through Kafka", _DEPARTMENT)
RELAY_LEADING = Gauge("baton_relay_leading", "1 where this process tells the log, 0 where it waits for it", _DEPARTMENT)
RELAY_POSITION = Gauge("baton_relay_position", "Last position that was told", _DEPARTMENT)
RELAY_LAG = Gauge("baton_relay_lag", "Positions of the log that were not told yet", _DEPARTMENT)
RELAY_EVENTS = Histogram(
    "baton_relay_transaction_events",
    "Facts in one transaction",
    _DEPARTMENT,
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
)
RELAY_SECONDS = Histogram(
    "baton_relay_transaction_seconds",
    "From the begin of a transaction to its commit",
    _DEPARTMENT,
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
RELAY_INTERRUPTED = Counter(
    "baton_relay_interruptions", "Times that a relay had to start over, by reason", ("department", "reason")
)

STREAM_LAG = Gauge("baton_stream_lag", "Positions that streaming workers have not in their rows yet", _LABELS)
