"""The rooms of the museum stay open: each patch fits today's code. `make soak` shows that its test then fails."""

import re

import pytest

from tests.museum.rooms import FAILED, MUSEUM, ROOT, Room, applies, judge, rooms


@pytest.mark.parametrize("room", rooms(), ids=lambda room: room.name)
def test_a_room_fits_todays_code(room: Room) -> None:
    assert applies(room), f"{room.patch.name} no longer applies: make it anew"
    for test in room.tests:
        file, name = test.split("::")[0], test.split("::")[-1]
        assert f"def {name.split('[')[0]}(" in (ROOT / file).read_text("utf-8")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("<failure message='AssertionError: assert 1 == 2'/>", FAILED),
        ("<failure message='assert 1 == 2'/>", FAILED),
        ("<failure message='Failed: DID NOT RAISE &lt;class X&gt;'/>", FAILED),
        (
            "<failure message='Failed: Timeout (&gt;120.0s) from pytest-timeout.'/>",
            "no assertion failed: Failed: Timeout",
        ),
        ("<failure message='KeyError: 7'/>", "no assertion failed: KeyError"),
        ("<error message='failed on setup with OSError'/>", "an error, not a failure: failed on setup"),
        ("<failure message='assert 0'/><error message='failed on teardown'/>", "an error, not a failure: failed on"),
        ("", "it passed"),
    ],
)
def test_only_an_assertion_that_fails_shows_that_a_guard_is_missing(body: str, told: str) -> None:
    report = f"<testsuites><testsuite><testcase name='t'>{body}</testcase></testsuite></testsuites>"

    assert judge(report).startswith(told)


def test_a_run_in_which_no_test_ran_shows_nothing() -> None:
    assert judge("") == "pytest gave no report"
    assert judge("<testsuites><testsuite/></testsuites>") == "no test ran"


def test_a_room_may_name_the_exception_by_which_its_test_ends() -> None:
    waited = "<testsuite><testcase><failure message='eventlog.errors.Behind: not yet'/></testcase></testsuite>"

    assert judge(waited, ("eventlog.errors.Behind",)) == FAILED
    assert judge(waited, ("TimeoutError",)).startswith("no assertion failed")


def test_each_of_the_twelve_failures_has_its_rooms() -> None:
    page = (MUSEUM / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| (?!failure|---)([^|]+) \| (`[^|]+`) \|$", page, re.MULTILINE)
    named = {failure: re.findall(r"`([\w-]+)`", cell) for failure, cell in rows}

    assert len(named) == 12
    assert {room for each in named.values() for room in each} <= {room.name for room in rooms()}
