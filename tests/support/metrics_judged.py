"""What streaming workers made of departments' logs, judged by a fold of these: tables, answers, derived facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid5

import orjson

from eventlog.clock import utc_now
from eventlog.codec import Codec, Recorded
from eventlog.kafka.brokers import Bootstrap
from eventlog.kafka.records import header
from eventlog.kafka.topic_end import committed_reader
from eventlog.projections import Projection
from eventlog.store import Store
from eventlog.streaming.records import derived_topic
from eventlog.views import Views
from runtime.call import Identity
from services.analytics.api import Metrics
from services.analytics.metric_queries import Rows
from services.analytics.projections import METRICS
from tests.contract.analytics import answers
from tests.support.log import whole_log
from tests.support.metrics_fold import Fold
from tests.support.projecting import Heard
from tests.support.relaying import records_of

#: Facts of each department, in the order of its log.
Logs = Mapping[str, Sequence[Recorded]]


async def logs_of(codec: Codec, stores: Mapping[str, Store]) -> Logs:
    """Whole logs, decoded."""
    return {name: await _decoded(codec, name, store) for name, store in stores.items()}


async def _decoded(codec: Codec, department: str, store: Store) -> Sequence[Recorded]:
    found = await codec.decode_many(department, await whole_log(store))
    assert all(isinstance(each, Recorded) for each in found), found
    return [each for each in found if isinstance(each, Recorded)]


@dataclass
class Desk:
    """Asks for metrics, of the rows of streaming workers."""

    views: Views
    tenant: str

    async def ask(self, method: str, request: Any) -> Any:
        metrics = Metrics(Rows(self.views, "stream_heard"), utc_now)
        call = SimpleNamespace(identity=Identity(self.tenant, "ana", "", frozenset({"analyst"})), min_places={})
        return await getattr(metrics, method.removeprefix("Metrics/"))(request, call)


async def metrics_are_a_fold(views: Views, tenant: str, logs: Logs) -> None:
    """Each row of the metrics' tables, and the answers that are made of them."""
    fold = Fold()
    for recorded in (each for log in logs.values() for each in log):
        fold.add(recorded.fact, recorded.at.recorded_at)
    for table, expected in fold.tables().items():
        found = {tuple(row) for row in await views.fetch(f"SELECT * FROM {table}")}
        expected = {(tenant, *row) for row in expected}
        assert found == expected, f"{table}: {_some(expected - found)} missing, {_some(found - expected)} too much"
    await _answers_are(fold, Desk(views, tenant))


async def _answers_are(fold: Fold, desk: Desk) -> None:
    for group_by in ("source", "branch"):
        assert await answers.touches(desk, group_by=group_by) == fold.touches(group_by)
    assert await answers.dwell(desk, group_by="employee") == fold.dwell("employee")
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    assert await answers.latencies(desk, end=now) == fold.latencies([now])


async def derived_is_told(bootstrap: Bootstrap, logs: Logs) -> None:
    """The topic of derived facts holds each that follows from the logs, with its own id, and nothing else."""
    async with committed_reader(bootstrap) as consumer:
        records = await records_of(consumer, derived_topic("analytics"))
    told = {header(record.headers, "ce_id"): (record.key, record.value) for record in records}
    expected = _derived(logs)
    assert told == expected, (
        f"{_some(expected.keys() - told.keys())} were never told, {_some(told.keys() - expected.keys())} follow from"
        f" nothing, {_some(id for id in told.keys() & expected.keys() if told[id] != expected[id])} are others"
    )


def _derived(logs: Logs) -> dict[str | None, tuple[bytes, bytes]]:
    found: dict[str | None, tuple[bytes, bytes]] = {}
    for log in logs.values():
        streams: dict[tuple[str, str], list[Heard]] = {}
        for recorded in log:
            streams.setdefault((recorded.at.tenant, recorded.at.stream), []).append(Heard(recorded.fact, recorded.at))
        for stream in streams.values():
            found.update(derived_records(METRICS, stream))
    return found


def derived_records(projection: Projection, stream: Sequence[Heard]) -> dict[str, tuple[bytes, bytes]]:
    """What is told of one stream, by the ids of the records."""
    states: dict[str, Any] = {}
    found = {}
    for heard_fact in stream:
        fact, at = heard_fact.fact, heard_fact.at
        n = 0
        for topology in (each for each in projection.topologies if type(fact) in each.facts):
            state = states.get(topology.name, topology.start)
            states[topology.name], derived = topology.process((at.tenant, at.stream), state, Recorded(fact, at))
            for each in derived:
                data = each.model_dump(mode="json", exclude_defaults=True)
                id = str(uuid5(at.event_id, f"analytics:{n}"))
                found[id] = (at.stream.encode(), orjson.dumps(data))
                n += 1
    return found


def _some(found: Any) -> str:
    """A few of many, for people."""
    several = list(found)
    return f"{len(several)} {several[:2]}"
