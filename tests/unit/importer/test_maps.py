"""A map says what the columns mean; what it says wrongly is told before the first row is read."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.unit.importer.files import a_map, a_table
from tools.importer.rows import Prepared, column_of, prepare, row_message
from tools.importer.template import MapError, Wrong

OLIST = Path(__file__).parents[3] / "examples" / "olist"

LEADS = """
[file]
timezone = "Europe/Moscow"

[fields]
externalId = { column = "id", required = true }
capturedAt = { column = "at" }
source = { column = "source", values = { "—" = "" }, default = "unknown" }
branch = { constant = "kazan" }
person.name = { column = "name" }
person.email = { column = "mail" }
custom.budget = { column = "budget", type = "money", currency = "RUB" }
custom.score = { column = "score", type = "decimal" }
custom.sizes = { column = "sizes", type = "list", separator = ";", of = "int" }
custom.vip = { column = "vip", type = "bool", true = ["да"], false = ["нет"] }
custom.seen = { column = "seen", type = "date", format = "%d.%m.%Y" }

[steps.qualify]
note = { column = "note" }
"""
COLUMNS = ["id", "at", "source", "name", "mail", "budget", "score", "sizes", "vip", "seen", "note"]


def prepared(folder: Path, text: str = LEADS, resource: str = "leads", **cells: str) -> Prepared:
    """One row with these cells, the others empty."""
    table = a_table(folder, ",".join(COLUMNS), ",".join(cells.get(name, "") for name in COLUMNS))
    (row,) = table.rows()
    return prepare(a_map(text, resource), row)


def values(folder: Path, **cells: str) -> dict[str, Any]:
    return prepared(folder, **{"id": "7", **cells}).values


def test_cells_become_values_of_their_fields(tmp_path: Path) -> None:
    found = values(
        tmp_path, at="2018-02-01", source="—", name="Anna", budget="1500", score="3.0", sizes="1; 2;", vip="нет"
    )
    assert found == {
        "external_id": "7",
        "captured_at": datetime(2018, 1, 31, 21, tzinfo=UTC),
        "source": "",
        "branch": "kazan",
        "person": {"name": "Anna"},
        "custom": {"budget": {"currency": "RUB", "amount": "1500.00"}, "score": "3.0", "sizes": [1, 2], "vip": False},
    }


def test_an_empty_cell_is_the_default_or_absent(tmp_path: Path) -> None:
    assert values(tmp_path) == {"external_id": "7", "source": "unknown", "branch": "kazan"}


def test_a_time_is_read_as_the_map_writes_it(tmp_path: Path) -> None:
    assert values(tmp_path, seen="07.03.2018")["custom"] == {"seen": date(2018, 3, 7).isoformat()}


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("at", "soon", "expected a time in ISO 8601, such as 2018-03-06 or 2018-03-06T19:38:55Z, found 'soon'"),
        ("budget", "12,5", "expected a decimal number, found '12,5'"),
        ("score", "NaN", "expected a decimal number, found 'NaN'"),
        ("sizes", "1;x", "expected a whole number, found 'x'"),
        ("vip", "maybe", "expected true or false, found 'maybe'"),
        ("seen", "2018-03-07", "expected a time such as %d.%m.%Y, found '2018-03-07'"),
    ],
)
def test_a_cell_that_cannot_be_understood_names_its_column(tmp_path: Path, column: str, cell: str, reason: str) -> None:
    cell = f'"{cell}"' if "," in cell else cell
    with pytest.raises(Wrong) as wrong:
        values(tmp_path, **{column: cell})
    assert (wrong.value.column, wrong.value.reason) == (column, reason)


def test_a_step_is_taken_where_a_cell_says_something_for_it(tmp_path: Path) -> None:
    assert prepared(tmp_path, id="7").steps == {}
    assert prepared(tmp_path, id="7", note="wholesale").steps == {"qualify": {"note": "wholesale"}}


def test_what_the_department_would_refuse_is_refused_here_with_the_column(tmp_path: Path) -> None:
    row = prepared(tmp_path, id="7", source="x" * 300)
    with pytest.raises(Wrong) as wrong:
        row_message(a_map(LEADS, "leads"), row)
    assert (wrong.value.column, wrong.value.reason) == ("source", "at most 200 characters are allowed, found 300")


def test_a_name_that_an_enumeration_has_not_is_refused_with_its_column_and_those_it_has(tmp_path: Path) -> None:
    map = a_map('[fields]\nexternalId = { column = "id" }\nchannel = { column = "ch" }', "interactions")
    (row,) = a_table(tmp_path, "id,ch", "7,FAX").rows()
    with pytest.raises(Wrong, match=r"expected one of CALL, EMAIL, SMS, .*, NOTE$") as wrong:
        row_message(map, prepare(map, row))
    assert wrong.value.column == "ch"


def test_what_is_refused_is_told_by_its_column() -> None:
    map = a_map(
        '[fields]\nexternalId = { column = "Nr" }\nphones = [ { number = { column = "Mobile" } } ]\n'
        'tags = { constant = ["a"] }\n[fields.custom]\nsize = { column = "Size" }',
        "people",
    )
    told = {path: column_of(map, path) for path in ("person.phones", "person.phones[0].number", "person.custom.size")}
    assert list(told.values()) == ["Mobile", "Mobile", "Size"]
    assert (column_of(map, "person.tags"), column_of(map, "person"), column_of(map, "")) == (
        "person.tags",
        "person",
        "",
    )


def test_the_digest_is_of_what_the_row_says_not_of_where_it_stands(tmp_path: Path) -> None:
    one, other = prepared(tmp_path, id="7", note="a"), prepared(tmp_path, id="7", note="b")
    again = prepared(tmp_path, LEADS.replace("[file]", "[file]\ndelimiter = ','"), id="7", note="a")
    assert one.digest == again.digest != other.digest


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[fields]\nsource = { column = "s" }', "externalId is missing"),
        ('[fields]\nexternalId = { column = "i" }\ncolour = { column = "c" }', "there is no field colour; fields are"),
        ('[fields]\nexternalId = { column = "i", typ = "int" }', "unknown word typ"),
        ('[fields]\nexternalId = { column = "i", type = "whole" }', "there is no type whole; types are text, int"),
        ('[fields]\nexternalId = "i"', "expected { column"),
        ('[file]\ntimezone = "Mars"\n[fields]\nexternalId = { column = "i", type = "datetime" }', "no time zone Mars"),
        ('[fields]\nexternalId = { column = "i" }\n[steps.win]\nclosedAt = { column = "c" }', "unknown word win"),
        ('[file]\ndelimiter = ", "\n[fields]\nexternalId = { column = "i" }', "delimiter must be one character"),
        ('[file]\nencoding = 8\n[fields]\nexternalId = { column = "i" }', "encoding must be a text"),
        ('[fields]\nexternalId = { column = "i", reference = "peple" }', "there is no resource peple"),
        ('resource = "deals"\n[fields]\nexternalId = { column = "i" }', "this is a map of deals, not of leads"),
        ('[lead]\nexternalId = { column = "l" }\n[fields]\nexternalId = { column = "i" }', "unknown word lead"),
    ],
)
def test_a_wrong_map_is_told_in_words(text: str, reason: str) -> None:
    with pytest.raises(MapError) as wrong:
        a_map(text, "leads")
    assert reason in str(wrong.value)


def test_the_maps_of_the_examples_fit_the_files_they_are_for() -> None:
    from tools.importer.maps import read_map
    from tools.importer.resources import RESOURCES

    leads = read_map(OLIST / "leads.toml", RESOURCES["leads"])
    deals = read_map(OLIST / "deals.toml", RESOURCES["deals"])
    assert leads.needed() == {"mql_id", "first_contact_date", "landing_page_id", "origin"}
    assert len(deals.needed()) == 14
    assert deals.columns()["win.closed_at"] == "won_date"
