"""Rows that are right go on; rows that are wrong are told with line, column and reason."""

import csv
from pathlib import Path

import pytest

from tests.unit.importer.files import Receiver, a_map, a_table, brought_in, rejected
from tools.importer.report import CREATED, NOT_YET, UNCHANGED, UPDATED, Outcome, Report, Warned
from tools.importer.rows import Prepared
from tools.importer.run import BATCH_ROWS_MAX, Run

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
        (4, "born", "expected a time in ISO 8601, found 'yesterday'"),
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
