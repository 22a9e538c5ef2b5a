"""What the gateway measures: requests by route template, never by path, which would hold ids."""

from functools import cache

from prometheus_client import Gauge, Histogram

from runtime.metrics import LATENCY_S, REGISTRY

REQUESTS = Histogram(
    "baton_http_request_seconds",
    "Time to answer a request, by method, route and status.",
    ("method", "route", "status"),
    registry=REGISTRY,
    buckets=LATENCY_S,
)
STREAMS = Gauge("baton_http_streams", "Event streams that are open.", registry=REGISTRY)


def observe(method: str, route: str, status: int, seconds: float) -> None:
    _labelled(method, route, status).observe(seconds)


@cache
def _labelled(method: str, route: str, status: int) -> Histogram:
    return REQUESTS.labels(method, route, str(status))
