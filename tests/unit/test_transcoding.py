"""JSON by descriptor agrees with protobuf's own JSON, and is stricter where Baton says so."""

from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from gateway.templates import Template, Variable
from gateway.transcoding.errors import Errors, pointer
from gateway.transcoding.reading import object_reader
from gateway.transcoding.times import format_duration, format_time, parse_duration, parse_time
from gateway.transcoding.writing import object_writer
from gateway.violations import pointer_of
from tests.support.parcels import contract, message_class

Parcel = message_class("Parcel")
MOST = 2**53 - 1

texts = st.text(st.characters(codec="utf-8"), max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST, MOST) | st.floats(-1e9, 1e9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)
parcels = st.fixed_dictionaries(
    {},
    optional={
        "label": texts,
        "to": st.fixed_dictionaries({}, optional={"street": texts, "city": texts}),
        "items": st.lists(st.fixed_dictionaries({}, optional={"name": texts, "count": st.integers(-5, 5)}), max_size=3),
        "tags": st.lists(texts, max_size=3),
        "stamps": st.dictionaries(texts, st.integers(-(2**31), 2**31 - 1), max_size=3),
        "custom": st.dictionaries(texts, json_values.filter(lambda value: value is not None), max_size=3),
        "wantedBy": st.datetimes(timezones=st.timezones())
        .map(lambda at: at.isoformat())
        .filter(lambda at: len(at) < 33 and at[-6] in "+-" and at[:4] not in ("0001", "9999")),
        "patience": st.sampled_from(["0s", "-1.5s", "3.000000001s"]),
        "weightMg": st.integers(-(2**63), 2**63 - 1).map(str),
        "volumeL": st.floats(allow_nan=False, allow_infinity=False),
        "insured": st.booleans(),
        "seal": st.sampled_from(["", "3q2+7w==", "-_8="]),
        "floor": st.integers(-(2**31), 2**31 - 1),
        "van": texts,
        "speed": st.sampled_from(["SLOW", "FAST"]),
        "remark": json_values,
    },
)


def read(value: Any) -> tuple[Any, Errors]:
    message, errors = Parcel(), Errors()
    object_reader(Parcel.DESCRIPTOR)(value, message, None, errors)
    return message, errors


@given(parcels)
def test_what_is_right_is_read_as_protobuf_reads_it(value: dict[str, Any]) -> None:
    message, errors = read(value)

    assert errors.found == []
    assert message == json_format.ParseDict(value, Parcel())


@given(parcels)
def test_what_is_written_is_read_back(value: dict[str, Any]) -> None:
    message = json_format.ParseDict(value, Parcel())

    written = object_writer(Parcel.DESCRIPTOR)(message)
    for name in ("id", "etag"):
        assert written.pop(name) == ""
    del written["state"]
    if written["speed"] == "SPEED_UNSPECIFIED":
        del written["speed"]

    assert read(written)[0] == message


@given(st.dictionaries(st.sampled_from([field.camelcase_name for field in Parcel.DESCRIPTOR.fields]), json_values))
def test_what_is_wrong_is_told_and_never_raised(value: dict[str, Any]) -> None:
    _, errors = read(value)

    assert all(error.pointer.startswith("/") for error in errors.found)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-06T19:38:55Z",
        "2026-03-06t19:38:55z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "1969-12-31T23:59:59.5Z",
        "2026-03-06T19:38:55.123456+05:30",
        "2024-02-29T00:00:00-11:00",
    ],
)
def test_times_are_rfc_3339(text: str) -> None:
    at = message_class("Parcel")().wanted_by
    parsed = parse_time(text)
    assert parsed is not None
    at.seconds, at.nanos = parsed

    expected = type(at)()
    expected.FromJsonString(text.upper())
    assert at == expected
    assert format_time(at) == expected.ToJsonString()


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-03-06", "2026-03-06T19:38:55", "2026-02-30T00:00:00Z", "2026-03-06T24:00:00Z", "2026-3-6T19:38:55Z",
        "2026-03-06 19:38:55Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00", "2026-03-06T19:38:55.1234567891Z",
        "9999-12-31T23:59:59-00:01", "2026-03-06T19:38:55Z\n", "٢٠٢٦-03-06T19:38:55Z",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize("text", ["1.500s", "-0.000000001s", "315576000000s"])
def test_durations_are_seconds(text: str) -> None:
    span = message_class("Parcel")().patience
    parsed = parse_duration(text)
    assert parsed is not None
    span.seconds, span.nanos = parsed

    assert format_duration(span) == text


def test_pointers_escape_what_json_pointers_escape() -> None:
    assert pointer((((None, "custom"), "a/b~c"), 0)) == "/custom/a~1b~0c/0"


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("parcel.items[2].inside.name", "/items/2/inside/name"),
        ("parcel.wanted_by", "/wantedBy"),
        ("parcel.custom.shoe.size", "/custom/shoe.size"),
        ("wanted_by", "/wantedBy"),
        ("dry_run", "/dryRun"),
        ("parcel", ""),
        ("", ""),
    ],
)
def test_violations_point_into_the_body(field: str, expected: str) -> None:
    create = next(each for each in contract().operations if each.method.rpc == "CreateParcel")

    assert pointer_of(create, field) == expected


def test_templates_are_parsed() -> None:
    template = Template.parse("/v1/{kind=people}/{person.id}/notes/{note=parts/*}:send")

    assert template.segments == ("v1", "people", "*", "notes", "parts", "*")
    assert template.variables == (Variable("kind", 1, 2), Variable("person.id", 2, 3), Variable("note", 4, 6))
    assert template.verb == "send"


@pytest.mark.parametrize("text", ["", "v1/people", "/v1/{name=**}", "/v1/{}", "/v1//people"])
def test_a_template_that_cannot_be_routed_stops_the_start(text: str) -> None:
    with pytest.raises(ValueError, match=r"template|route"):
        Template.parse(text)
