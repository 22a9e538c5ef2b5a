"""What a worker writes to Kafka beside its table: derived facts, and facts that wait for another try."""

from dataclasses import replace
from typing import Any

import orjson

from eventlog.fold import command_id
from eventlog.kafka.records import Header, Record, to_record
from eventlog.kafka.topics import PARTITIONS, Topic, Topics
from eventlog.projections import At
from eventlog.streaming.waiting import Waiting
from eventlog.topologies import Derived


def derived_topic(department: str) -> str:
    return f"baton.{department}.derived.v1"


def retry_topic(department: str) -> str:
    return f"baton.{department}.retry.v1"


def kept_topics(department: str, *, partitions: int = PARTITIONS, replication: int = 1) -> tuple[Topic, Topic]:
    """The topic of derived facts and that of facts that wait, as they must be: like a topic of facts. What concerns a
    stream is in the partition of the stream's number, in each of them."""
    facts = Topics.of(department, partitions=partitions, replication=replication).facts
    return replace(facts, name=derived_topic(department)), replace(facts, name=retry_topic(department))


def derived_record(department: str, at: At, n: int, derived: Derived) -> Record:
    """The n-th derived fact of a fact, from 0. Its id follows from both: told again, it is told under the same id. One
    of a fact that was recorded again, after its log was restored, has another.

    `version`, `position`, `generation` and `source` are those of the fact that it was derived from."""
    stream = at.stream.encode()
    headers: list[Header] = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(command_id(at, f"{department}:{n}")).encode()),
        ("ce_type", derived.name.encode()),
        ("ce_source", b"baton:" + department.encode()),
        ("ce_subject", stream),
        ("ce_time", at.recorded_at.isoformat(timespec="microseconds").encode()),
        ("content-type", b"application/json"),
        ("tenant", at.tenant.encode()),
        ("source", at.department.encode()),
        ("generation", b"%d" % at.place.generation),
        ("position", b"%d" % at.place.position),
        ("version", b"%d" % at.version),
    ]
    return Record(stream, orjson.dumps(_data(derived)), headers)


def waiting_record(waiting: Waiting) -> Record:
    """A fact as its own topic told it, with why it waits, how often it was tried, and when it may be again."""
    told = to_record(waiting.source, waiting.event)
    more: list[Header] = [
        ("reason", waiting.reason.encode()),
        ("attempts", b"%d" % waiting.tried),
        ("retryat", waiting.retry_at.isoformat().encode()),
    ]
    return Record(told.key, told.value, [*told.headers, *more])


def _data(derived: Derived) -> dict[str, Any]:
    return derived.model_dump(mode="json", exclude_defaults=True)
