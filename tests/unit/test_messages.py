"""Messages from plain values and back."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from baton.common.v1 import options_pb2, types_pb2
from google.api import field_behavior_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message_factory import GetMessageClass

from eventlog.decider import Invalid
from facts.common import Money
from runtime.messages import fill, patched, values


def message_class() -> type:
    """A message with one field of each kind that requests have."""
    file = descriptor_pb2.FileDescriptorProto(
        name="test/messages.proto",
        package="test.messages",
        syntax="proto3",
        dependency=[
            "google/protobuf/timestamp.proto", "google/protobuf/struct.proto", "google/api/field_behavior.proto",
            "baton/common/v1/types.proto", "baton/common/v1/options.proto",
        ],
    )  # fmt: skip
    visit = file.message_type.add(name="Visit")
    purpose = visit.enum_type.add(name="Purpose")
    purpose.value.add(name="PURPOSE_UNSPECIFIED", number=0)
    purpose.value.add(name="REPAIR", number=1)
    kinds = [
        ("id", ".string", False), ("note", ".string", False), ("minutes", ".int32", False), ("day", ".string", False),
        ("tags", ".string", True), ("at", ".google.protobuf.Timestamp", False),
        ("price", ".baton.common.v1.Money", False), ("extras", ".baton.common.v1.Money", True),
        ("purpose", ".test.messages.Visit.Purpose", False), ("custom", ".google.protobuf.Struct", False),
    ]  # fmt: skip
    scalars: dict[str, Any] = {".string": 9, ".int32": 5, "message": 11, "enum": 14}
    for number, (name, kind, repeated) in enumerate(kinds, 1):
        field = visit.field.add(name=name, number=number, label=3 if repeated else 1)
        if kind in scalars:
            field.type = scalars[kind]
        else:
            field.type, field.type_name = scalars["enum" if kind.endswith("Purpose") else "message"], kind
    by_name: dict[str, Any] = {field.name: field for field in visit.field}
    by_name["day"].options.Extensions[options_pb2.text].format = "date"
    by_name["id"].options.Extensions[field_behavior_pb2.field_behavior].append(field_behavior_pb2.OUTPUT_ONLY)
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName("test.messages.Visit"))


types_pb2.DESCRIPTOR  # noqa: B018  the pool must know the file that the test's message refers to
Visit: Any = message_class()
NOON = datetime(2024, 3, 8, 12, tzinfo=UTC)


def test_a_row_becomes_a_message_by_the_names_of_its_columns() -> None:
    row = {
        "id": "7", "note": "", "minutes": 25, "day": date(2024, 3, 8), "tags": ["urgent"], "at": NOON,
        "price": Money(currency="EUR", amount=Decimal("12.30")), "extras": [{"currency": "RUB", "amount": "1E+2"}],
        "purpose": "REPAIR", "custom": {"shoeSize": 43, "pets": ["cat", None]}, "unknown": "is left out",
    }  # fmt: skip
    visit = fill(Visit, row, note="Anna Petrova called")
    assert visit.note == "Anna Petrova called"
    assert (visit.id, visit.minutes, visit.day, list(visit.tags)) == ("7", 25, "2024-03-08", ["urgent"])
    assert visit.price == types_pb2.Money(currency="EUR", amount="12.30")
    assert visit.at.ToDatetime(UTC) == NOON
    assert visit.purpose == 1
    assert values(visit)["custom"] == {"shoeSize": 43, "pets": ["cat", None]}


def test_moments_in_json_columns_are_read_as_moments() -> None:
    assert fill(Visit, {"at": "2024-03-08T12:00:00Z"}).at.ToDatetime(UTC) == NOON


def test_without_a_mask_only_what_was_given_is_read_and_nothing_output_only() -> None:
    visit = Visit(id="7", note="hello", at=NOON, day="2024-03-08", purpose=1)
    assert values(visit) == {"note": "hello", "at": NOON, "day": date(2024, 3, 8), "purpose": "REPAIR"}


def test_a_nested_message_says_all_of_its_plain_fields() -> None:
    assert values(Visit(extras=[{"amount": "1"}])) == {"extras": [{"currency": "", "amount": "1"}]}


def test_a_mask_clears_what_it_names_and_was_not_given() -> None:
    visit = Visit(note="hello", price={"currency": "EUR", "amount": "1"}, custom={"a": 1})
    mask = ["minutes", "at", "price.amount", "custom.a", "custom.b", "tags", "id"]
    assert values(visit, mask) == {
        "minutes": 0, "at": None, "price.amount": "1", "custom.a": 1, "custom.b": None, "tags": [],
    }  # fmt: skip


@pytest.mark.parametrize("path", ["colour", "price.colour", "note.x", "extras.amount"])
def test_a_mask_that_names_no_field_is_refused(path: str) -> None:
    with pytest.raises(Invalid) as refusal:
        values(Visit(), [path])
    assert refusal.value.field == "update_mask"


def test_a_day_that_the_calendar_lacks_is_refused_with_its_path() -> None:
    with pytest.raises(Invalid) as refusal:
        values(Visit(day="2023-02-29"))
    assert refusal.value.field == "day"


@pytest.mark.parametrize(
    ("moment", "near"),
    [
        (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, 0, 0, 1, tzinfo=UTC)),
        (datetime(9999, 12, 31, 23, 59, 59, 999_999, UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_the_calendars_very_ends_are_refused_because_no_database_keeps_them(moment: datetime, near: datetime) -> None:
    with pytest.raises(Invalid, match="0001-01-01T00:00:01Z and 9999-12-31T23:59:59Z") as refusal:
        values(Visit(at=moment))
    assert refusal.value.field == "at"
    assert values(Visit(at=near)) == {"at": near}


def test_paths_are_laid_over_what_is_there() -> None:
    class State:
        price = Money(currency="EUR", amount=Decimal("12.30"))
        custom = {"a.b": 1, "c": 2}
        note = "old"

    given = {"note": "new", "price.currency": "RUB", "custom.a.b": None, "custom.d": [1]}
    assert patched(State(), given) == {
        "note": "new",
        "price": {"currency": "RUB", "amount": Decimal("12.30")},
        "custom": {"c": 2, "d": [1]},
    }
