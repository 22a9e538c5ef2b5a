"""A partition whose first record has a later date is another one, and is heard from its beginning once."""

from faust.types import TP

from eventlog.streaming.anew import Anew

MINE, OTHERS = TP("baton.sales.v1", 0), TP("baton.sales.v1", 1)


def test_what_stays_as_it_was_found_first_is_not_made_anew() -> None:
    anew = Anew()
    assert anew.among({MINE: 10, OTHERS: 11}, {MINE, OTHERS}) == set()
    assert anew.among({MINE: 10, OTHERS: 11}, {MINE, OTHERS}) == set()


def test_a_partition_that_has_its_first_record_is_not_made_anew_by_that() -> None:
    anew = Anew()
    assert anew.among({}, {MINE}) == set()
    assert anew.among({MINE: 10}, {MINE}) == set()


def test_a_partition_with_another_first_record_is_made_anew_until_it_is_heard_so() -> None:
    anew = Anew()
    anew.among({MINE: 10}, {MINE})
    assert anew.among({}, {MINE}) == set()
    assert anew.among({MINE: 20}, {MINE}) == {MINE}
    assert anew.among({MINE: 20}, {MINE}) == {MINE}
    anew.heard({MINE: 20}, {MINE})
    assert anew.among({MINE: 20}, {MINE}) == set()


def test_what_others_had_when_it_was_made_anew_is_heard_anew_by_whoever_is_given_it() -> None:
    anew = Anew()
    anew.among({MINE: 10, OTHERS: 10}, {MINE})
    assert anew.among({MINE: 10, OTHERS: 20}, {MINE}) == set()
    assert anew.among({MINE: 10, OTHERS: 20}, {MINE, OTHERS}) == {OTHERS}
