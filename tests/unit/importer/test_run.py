"""Rows that are right go on; rows that are wrong are told with line, column and reason."""

import argparse
import csv
from pathlib import Path

import pytest

from runtime.settings import Settings
from tests.unit.importer.files import PEOPLE, Receiver, a_map, a_table, brought_in, rejected
from tools.importer.command import register
from tools.importer.report import CREATED, NOT_YET, REJECTED, UNCHANGED, UPDATED, Outcome, Report, Warned
from tools.importer.rows import Prepared
from tools.importer.run import BATCH_ROWS_MAX, Run
from tools.importer.template import MapError

HEADER = "id,name,born,mail"


def test_every_row_is_sent_once_and_counted(tmp_path: Path) -> None:
    outcomes = {"1": Outcome(CREATED), "2": Outcome(UPDATED), "3": Outcome(UNCHANGED)}
    receiver = Receiver(lambda row: outcomes[row.external_id])
    report = brought_in(a_table(tmp_path, HEADER, "1,Orlova,,", "2,Clarke,,", "3,Mills,,"), receiver)
    assert sorted(receiver.sent) == ["1", "2", "3"]
    assert (report.rows, report.document()["created"], report.document()["updated"]) == (3, 1, 1)


def test_a_wrong_row_is_told_with_line_and_column_and_the_others_go_on(tmp_path: Path) -> None:
    table = a_table(
        tmp_path, HEADER, "1,Orlova,1985-04-12,", "2,,,", "3,Mills,yesterday,", "", "4,Clarke,,a@b.c", "5,x"
    )
    receiver = Receiver()
    report = brought_in(table, receiver)
    assert sorted(receiver.sent) == ["1", "4"]
    assert rejected(report) == [
        (3, "name", "is required and empty"),
        (4, "born", "expected a time in ISO 8601, such as 2018-03-06 or 2018-03-06T19:38:55Z, found 'yesterday'"),
        (7, "", "has 2 cells, the header has 4"),
    ]


def test_lines_are_those_of_the_file_also_behind_a_cell_of_several_lines(tmp_path: Path) -> None:
    report = brought_in(a_table(tmp_path, HEADER, '1,"Orl', 'ova",,', "2,,,"), Receiver())
    assert rejected(report) == [(4, "name", "is required and empty")]


@pytest.mark.parametrize("closed_by", ["", '7,"Mills,,'])
def test_an_open_quote_makes_its_line_wrong_not_the_rest_of_the_file(tmp_path: Path, closed_by: str) -> None:
    names = [f"{n},Mills,," for n in range(100, 160)]
    receiver = Receiver()
    report = brought_in(a_table(tmp_path, HEADER, "1,Orlova,,", '2,"Mills,,', *names, closed_by), receiver)

    reasons = {line: reason for line, _, reason in rejected(report)}
    assert reasons.pop(3) == "a quote opened at line 3 is never closed; lines 3 to 64 were read as one row"
    assert list(reasons) == ([64] if closed_by else [])
    assert receiver.sent == ["1", *(str(n) for n in range(100, 160))]


def test_a_cell_of_many_lines_is_taken_as_it_is(tmp_path: Path) -> None:
    receiver = Receiver()
    long = '2,"' + "\n".join(["Mills"] * 80) + '",,'
    report = brought_in(a_table(tmp_path, HEADER, long, "3,,,"), receiver)
    assert rejected(report) == [(82, "name", "is required and empty")]
    assert receiver.sent == ["2"]


def test_bytes_that_are_no_text_make_their_row_wrong_not_the_file(tmp_path: Path) -> None:
    table = a_table(tmp_path, content=HEADER.encode() + b"\n1,Ol\xffga,,\n2,Mills,,\n")
    receiver = Receiver()
    assert rejected(brought_in(table, receiver)) == [(2, "name", "holds bytes that are no text of the file's encoding")]
    assert receiver.sent == ["2"]


def test_a_second_row_of_the_same_external_id_is_rejected(tmp_path: Path) -> None:
    report = brought_in(a_table(tmp_path, HEADER, "1,Orlova,,", "1,Orlova-Mills,,"), Receiver())
    assert rejected(report) == [(3, "id", "1 stands in line 2 already")]


def test_what_is_not_there_yet_is_waited_for(tmp_path: Path) -> None:
    asked: dict[str, int] = {}

    def answers(row: Prepared) -> Outcome:
        asked[row.external_id] = asked.get(row.external_id, 0) + 1
        late = row.external_id == "2" and asked["2"] < 4
        return Outcome(NOT_YET, "name", "is on its way") if late else Outcome(CREATED)

    report = brought_in(a_table(tmp_path, HEADER, "1,Orlova,,", "2,Mills,,"), Receiver(answers))
    assert (report.counts[CREATED], asked) == (2, {"1": 1, "2": 4})


def test_what_belongs_to_one_person_goes_to_the_first_row_that_is_taken_whatever_it_waits_for(tmp_path: Path) -> None:
    lines = ["1,Orlova,,ann@e.org", "2,Clarke,,other@e.org", "3,Mills,,Ann@E.org", "4,Reed,,ann@e.org"]
    waits = {"1": 3}
    taken: list[str] = []

    def claims(row: Prepared) -> Outcome:
        waits[row.external_id] = waits.get(row.external_id, 0) - 1
        if waits[row.external_id] >= 0:
            return Outcome(NOT_YET, "name", "its company is not there")
        taken.append(row.external_id)
        return Outcome(CREATED) if row.external_id in "12" else Outcome(REJECTED, "mail", "belongs to somebody else")

    report = brought_in(a_table(tmp_path, HEADER, *lines), Receiver(claims))

    assert (taken[:2], sorted(taken[2:])) == (["2", "1"], ["3", "4"])
    assert [line for line, _, _ in rejected(report)] == [4, 5]


def test_the_next_row_has_its_turn_when_the_first_waited_in_vain(tmp_path: Path) -> None:
    lines = ["1,Orlova,,ann@e.org", "2,Mills,,ann@e.org", "3,Reed,,ann@e.org"]
    missing = Outcome(NOT_YET, "name", "its company is not there")
    receiver = Receiver(lambda row: missing if row.external_id == "1" else Outcome(CREATED))

    report = brought_in(a_table(tmp_path, HEADER, *lines), receiver)

    assert rejected(report) == [(2, "name", "its company is not there; waited 31 s")]
    assert receiver.sent[-2:] == ["2", "3"]


def test_where_rejected_rows_go_is_looked_at_before_anything_is_recorded(tmp_path: Path) -> None:
    table = a_table(tmp_path, HEADER, "1,,,")
    (tmp_path / "map.toml").write_text(PEOPLE)
    nowhere = ["--rejected", str(tmp_path / "nonexist" / "x.csv")]
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    asked = parser.parse_args(["import", "people", str(table.path), "--map", str(tmp_path / "map.toml"), *nowhere])

    with pytest.raises(MapError, match="choose another place with --rejected"):
        asked.run(asked, Settings(home=tmp_path / "nobody-is-here"))


def test_what_never_comes_is_rejected_after_half_a_minute(tmp_path: Path) -> None:
    receiver = Receiver(lambda row: Outcome(NOT_YET, "name", "nothing has this name"))
    report = brought_in(a_table(tmp_path, HEADER, "1,Orlova,,"), receiver)
    assert rejected(report) == [(2, "name", "nothing has this name; waited 31 s")]
    assert 30 < len(receiver.batches) < 60


def test_what_baton_is_still_busy_with_is_waited_for_longer_but_not_for_ever(tmp_path: Path) -> None:
    receiver = Receiver(lambda row: Outcome(NOT_YET, "name", "nothing has this name"))
    busy = iter(range(1000))
    report = brought_in(a_table(tmp_path, HEADER, "1,Orlova,,"), receiver, under_way=lambda: next(busy))
    assert rejected(report) == [(2, "name", "nothing has this name; waited 301 s")]
    stuck = brought_in(a_table(tmp_path, HEADER, "1,Orlova,,"), receiver, under_way=lambda: 7)
    assert rejected(stuck) == [(2, "name", "nothing has this name; waited 31 s")]


def test_batches_have_a_bounded_number_of_rows(tmp_path: Path) -> None:
    receiver = Receiver()
    brought_in(a_table(tmp_path, HEADER, *(f"{n},Orlova,," for n in range(1201))), receiver)
    assert sorted(len(batch) for batch in receiver.batches) == [201, BATCH_ROWS_MAX, BATCH_ROWS_MAX]


def test_a_batch_of_long_rows_is_shorter(tmp_path: Path) -> None:
    receiver = Receiver()
    brought_in(a_table(tmp_path, HEADER, *(f"{n},{'x' * 100_000},," for n in range(9))), receiver)
    assert [len(batch) for batch in receiver.batches] == [3, 3, 3]


def test_a_warning_stands_in_the_report_once(tmp_path: Path) -> None:
    warned = Warned(2, "born", "was not born yet")
    receiver = Receiver(lambda row: Outcome(CREATED, warnings=(warned, warned)))
    report = brought_in(a_table(tmp_path, HEADER, "1,Orlova,,"), receiver)
    assert report.document()["warnings"] == [{"line": 2, "column": "born", "detail": "was not born yet"}]


def test_rejected_rows_can_be_mended_and_imported_with_the_same_map(tmp_path: Path) -> None:
    table = a_table(tmp_path, HEADER, "1,Orlova,,", '2,"",,"x, y"')
    report = brought_in(table, Receiver())
    path = tmp_path / "rejected.csv"
    report.write_rejected(path, table.header(), ",")
    with path.open(newline="") as file:
        header, row = csv.reader(file)
    assert header == ["rejected_line", "rejected_column", "rejected_reason", *HEADER.split(",")]
    assert row == ["3", "name", "is required and empty", "2", "", "", "x, y"]
    receiver = Receiver()
    again = a_table(tmp_path, ",".join(header), '3,name,why,2,Mills,,"x, y"')
    brought_in(again, receiver)
    assert receiver.sent == ["2"]
    assert a_map().needed() <= set(again.header())


def test_a_dry_run_checks_every_row_and_sends_none(tmp_path: Path) -> None:
    report = Report("test")
    table = a_table(tmp_path, HEADER, "1,Orlova,,", "2,,,", "3,Mills,,nobody")
    Run(a_map(), None, report, lambda done: None).run(table.rows())
    assert (report.rows, report.counts[CREATED]) == (3, 0)
    assert [(line, column) for line, column, _ in rejected(report)] == [(3, "name"), (4, "mail")]


@pytest.mark.timeout(30)
def test_a_dry_run_lets_no_row_wait_for_another(tmp_path: Path) -> None:
    report = Report("test")
    table = a_table(tmp_path, HEADER, "1,Orlova,,same@example.com", "2,Clarke,,same@example.com")
    Run(a_map(), None, report, lambda done: None).run(table.rows())
    assert (report.rows, rejected(report)) == (2, [])


def test_what_belongs_to_one_goes_to_the_next_row_where_the_first_was_rejected(tmp_path: Path) -> None:
    outcomes = {"1": Outcome(NOT_YET, "name", "nothing has this name"), "2": Outcome(CREATED), "3": Outcome(CREATED)}
    receiver = Receiver(lambda row: outcomes[row.external_id])
    rows = [f"{n},Orlova,,same@example.com" for n in (1, 2, 3)]
    report = brought_in(a_table(tmp_path, HEADER, *rows), receiver)
    assert [line for line, *_ in rejected(report)] == [2]
    assert [[row.external_id for row in batch] for batch in receiver.batches[-2:]] == [["2"], ["3"]]
