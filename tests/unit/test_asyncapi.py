"""`docs/asyncapi.yaml` is current, and says what facts are really stored as."""

import importlib.util
import json
from functools import cache
from types import ModuleType
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource

from eventlog.kafka.records import to_record
from eventlog.kafka.topics import Topics
from eventlog.streaming.records import derived_record, waiting_record
from eventlog.streaming.waiting import Waiting
from facts.registry import REGISTRY
from runtime.department import DEPARTMENTS
from services.analytics.topologies import TOPOLOGIES
from tests.support.documents import ROOT
from tests.support.examples import (
    LEAD,
    LEAD_CAPTURED,
    LEAD_QUALIFIED,
    LEAD_TOUCHED,
    OPPORTUNITY_OPENED,
    OPPORTUNITY_WON,
)
from tests.support.projecting import derived, recorded
from tests.unit.kafka.test_records import WON

PAGE = ROOT / "docs" / "asyncapi.yaml"


@cache
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_asyncapi", ROOT / "docs" / "generate_asyncapi.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def page() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(PAGE.read_text("utf-8"))
    return found


def validator(name: str) -> Draft202012Validator:
    """Of one of the page's schemas."""
    resource = Resource.from_contents({"$schema": "https://json-schema.org/draft/2020-12/schema", **page()})
    registry: Registry[Any] = Registry().with_resource("urn:page", resource)
    return Draft202012Validator({"$ref": f"urn:page#/components/schemas/{name}"}, registry=registry)


def test_every_topic_of_every_department_is_described() -> None:
    topics = {topic.name for name in DEPARTMENTS for topic in (Topics.of(name).facts, Topics.of(name).watermarks)}
    assert topics <= {channel["address"] for channel in page()["channels"].values()}


def test_it_is_what_the_facts_say() -> None:
    assert PAGE.read_text("utf-8") == generator().text(), "run `make proto`"


def test_every_fact_is_told_in_the_topic_of_its_department() -> None:
    for name in REGISTRY.facts:
        department = name.partition(".")[0]
        channels = [department] if department != "operations" else ["contacts", "marketing", "sales"]
        assert all(name in page()["channels"][channel]["messages"] for channel in channels), name


def test_what_was_recorded_is_as_it_is_described() -> None:
    """The stored bytes of the first release, personal fields sealed."""
    recorded = [json.loads(line) for line in (ROOT / "tests" / "histories" / "0.1.0.jsonl").read_text().splitlines()]
    for event in recorded:
        fact = REGISTRY.facts[event["type"]]
        validator(fact.__name__).validate(json.loads(event["data"]))
    sealed = [event for event in recorded if '"sealed"' in event["data"]]
    assert sealed
    with pytest.raises(ValidationError):
        validator(REGISTRY.facts[sealed[0]["type"]].__name__).validate(
            json.loads(sealed[0]["data"]) | {"person": "Ada"}
        )


def test_a_record_has_exactly_the_headers_that_are_described() -> None:
    headers = {name: value.decode() for name, value in to_record("sales", WON).headers}
    assert set(headers) == set(page()["components"]["schemas"]["Headers"]["properties"])
    validator("Headers").validate(headers)


def test_what_is_derived_is_told_as_it_is_described() -> None:
    """Of everything that the example of a lead's and a deal's life comes to."""
    streams = (
        recorded(f"marketing.lead-{LEAD}", LEAD_CAPTURED, LEAD_TOUCHED, LEAD_QUALIFIED),
        recorded("sales.opportunity-7", OPPORTUNITY_OPENED, OPPORTUNITY_WON),
    )
    found = [each for stream in streams for topology in TOPOLOGIES for each in derived(topology, stream)]
    assert len({each.name for each in found}) > 3
    for each in found:
        record = derived_record("analytics", streams[0][0].at, 0, each)
        validator("DerivedHeaders").validate({name: value.decode() for name, value in record.headers})
        validator(type(each).__name__).validate(json.loads(record.value))
        assert each.name in page()["channels"]["analytics.derived"]["messages"]


def test_a_waiting_record_has_exactly_the_headers_that_are_described() -> None:
    record = waiting_record(Waiting("sales", WON, "FAULT", "what is this?", 2, WON.recorded_at))
    headers = {name: value.decode() for name, value in record.headers}
    assert set(headers) == set(page()["components"]["schemas"]["WaitingHeaders"]["properties"])
    validator("WaitingHeaders").validate(headers)
