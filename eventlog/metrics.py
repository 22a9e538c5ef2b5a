"""Counters of projectors, reactors and relays, in Prometheus' default registry."""

from prometheus_client import Counter, Gauge, Histogram

_LABELS = ("department", "source")

HEARD = Counter("baton_facts_heard", "Facts that went through a projector", _LABELS)
REFETCHED = Counter("baton_facts_refetched", "Facts that did not come and were fetched from their owner", _LABELS)
ALARMS = Counter("baton_digest_alarms", "Facts whose digest is not what their bytes and history give", _LABELS)
FORGOTTEN = Counter("baton_facts_forgotten", "Facts that were heard and that a restore of their log took back", _LABELS)
_KINDS = ("department", "kind")

TODOS_DONE = Counter("baton_todos_done", "Todos that were done", _KINDS)
TODOS_FAILED = Counter("baton_todos_failed", "Attempts at a todo that failed and will be repeated", _KINDS)

TODOS_NOT_YET = Counter("baton_todos_not_yet", "Todos that wait for something else first, by attempt", _KINDS)

#: `where` is the name of the logger that says so as well, `reason` the kind of error.
RETRIES = Counter(
    "baton_retries", "Times that work was begun again after trouble that waiting heals", ("where", "reason")
)

_DEPARTMENT = ("department",)
_COUNTS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

TODOS_UNDER_WAY = Gauge("baton_todos_under_way", "Todos that were taken and are not finished", _DEPARTMENT)
APPENDS_WAITING = Gauge("baton_append_queue", "Appends that are neither written nor refused", _DEPARTMENT)
APPENDS_BYTES = Gauge("baton_append_queue_bytes", "Bytes of the appends in the queue", _DEPARTMENT)
APPENDS_OUTSIDE = Gauge("baton_append_queue_outside", "Appends that wait for room in the queue", _DEPARTMENT)
APPENDS_BATCH = Histogram("baton_append_batch", "Appends that share one commit", _DEPARTMENT, buckets=_COUNTS)
APPENDS_WAIT = Histogram(
    "baton_append_wait_seconds", "How long the first append of a batch waited for it", _DEPARTMENT, buckets=_SECONDS
)
HEARD_BATCH = Histogram("baton_heard_batch", "Facts that are written in one transaction", _LABELS, buckets=_COUNTS)
HEARD_SECONDS = Histogram(
    "baton_heard_batch_seconds", "Time to write facts in one transaction", _LABELS, buckets=_SECONDS
)
PARTITIONS = Gauge("baton_assigned_partitions", "Partitions of a topic that this process hears", ("group",))
REBALANCES = Counter("baton_rebalances", "Times that partitions were given anew", ("group",))

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

STREAMED = Counter("baton_stream_facts", "Facts that went through streaming workers", _LABELS)
STREAM_RETRIES = Counter("baton_stream_retries", "Attempts at streams with facts that wait", _LABELS)
