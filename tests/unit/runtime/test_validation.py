"""Requests are checked by what their descriptors say; everything that is wrong is told together."""

import math
from typing import Any

import pytest

from runtime.validation import violations
from tests.support.parcels import message_class


def parcel(**fields: Any) -> Any:
    return message_class("CreateParcelRequest")(parcel=message_class("Parcel")(**{"label": "A lamp", **fields}))


def wrong(request: Any) -> dict[str, str]:
    return {each.field: each.detail for each in violations(request)}


def test_a_request_that_says_what_it_should_has_no_violations() -> None:
    assert wrong(parcel(items=[{"name": "lamp", "count": 2}], tags=["fragile"], stamps={"riga": 3})) == {}


def test_every_violation_is_told_with_its_path() -> None:
    found = wrong(
        parcel(
            label="",
            to={"city": "Riga 7"},
            items=[{"name": "lamp", "count": 1}, {"count": 100}],
            value={"currency": "Euro", "amount": "twelve"},
        )
    )
    assert found == {
        "parcel.label": "is required",
        "parcel.to.city": "must be letters and blanks",
        "parcel.items[1].name": "is required",
        "parcel.items[1].count": "must be at most 99",
        "parcel.value.currency": "at most 3 characters are allowed, found 4",
        "parcel.value.amount": "must be a decimal number such as 12.30",
    }


def test_a_missing_resource_is_required() -> None:
    assert wrong(message_class("CreateParcelRequest")()) == {"parcel": "is required"}


@pytest.mark.parametrize("letter", ["\0", "\x1b", "\x85", "\n"])
def test_control_characters_are_refused(letter: str) -> None:
    assert wrong(parcel(label=f"A{letter}lamp")) == {"parcel.label": "control characters are not allowed"}


def test_line_breaks_are_allowed_where_the_field_says_so() -> None:
    assert wrong(message_class("SendParcelRequest")(id="7", note="ring twice\n\tthen wait")) == {}
    assert "note" in wrong(message_class("SendParcelRequest")(id="7", note="ring\0"))


def test_lists_and_maps_are_bounded() -> None:
    found = wrong(parcel(tags=["t"] * 51, stamps={str(n): 1 for n in range(21)}))
    assert found == {
        "parcel.tags": "at most 50 items are allowed, found 51",
        "parcel.stamps": "at most 20 items are allowed, found 21",
    }


def test_numbers_must_be_finite_and_within_their_bounds() -> None:
    assert wrong(parcel(volume_l=math.inf, weight_mg=-1)) == {
        "parcel.volume_l": "is not a finite number",
        "parcel.weight_mg": "must be at least 0",
    }


def test_enumerations_refuse_unknown_numbers_and_an_explicit_zero() -> None:
    assert wrong(parcel(speed=7)) == {"parcel.speed": "must be one of SLOW, FAST"}
    assert wrong(message_class("ListParcelsRequest")(state=[1, 0])) == {"state[1]": "must be one of TAKEN, SENT"}


def test_times_are_between_the_years_1_and_9999() -> None:
    request = parcel()
    request.parcel.wanted_by.seconds = 253_402_300_800
    assert wrong(request) == {"parcel.wanted_by": "is not a time between the years 1 and 9999"}


def test_free_form_values_hold_nothing_that_the_database_cannot() -> None:
    request = parcel()
    request.parcel.custom.update({"size": {"cm": [1, math.inf]}, "note\0": "x", "name": "\0"})
    assert set(wrong(request)) == {"parcel.custom", "parcel.custom.name", "parcel.custom.size.cm[1]"}


def test_free_form_values_are_not_nested_without_end() -> None:
    deep: Any = "bottom"
    for _ in range(20):
        deep = {"in": deep}
    request = parcel()
    request.parcel.custom.update(deep)
    (found,) = wrong(request).values()
    assert found == "is nested deeper than 10 levels"


def test_what_only_the_server_says_is_cleared_but_never_what_the_route_binds() -> None:
    update = message_class("UpdateParcelRequest")(parcel={"id": "7", "etag": "3", "label": "A lamp", "state": 9})
    assert violations(update, frozenset({"parcel.id"})) == []
    assert (update.parcel.id, update.parcel.etag, update.parcel.state) == ("7", "", 0)


def test_an_update_asks_only_for_the_required_fields_that_its_mask_names() -> None:
    update = message_class("UpdateParcelRequest")(parcel={"to": {"city": "Riga"}})
    update.update_mask.paths.append("to")
    assert wrong(update) == {}
    update.update_mask.paths.append("label")
    assert wrong(update) == {"parcel.label": "is required"}
