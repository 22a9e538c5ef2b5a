"""Counters of projectors and reactors, in Prometheus' default registry."""

from prometheus_client import Counter, Gauge

_LABELS = ("department", "source")

HEARD = Counter("baton_facts_heard", "Facts that went through a projector", _LABELS)
REFETCHED = Counter("baton_facts_refetched", "Facts that did not come and were fetched from their owner", _LABELS)
ALARMS = Counter("baton_digest_alarms", "Facts whose digest is not what their bytes and history give", _LABELS)
PARKED = Gauge("baton_parked_streams", "Streams that wait because of a fact that could not be handled", _LABELS)
_KINDS = ("department", "kind")

TODOS_DONE = Counter("baton_todos_done", "Todos that were done", _KINDS)
TODOS_FAILED = Counter("baton_todos_failed", "Attempts at a todo that failed and will be repeated", _KINDS)
