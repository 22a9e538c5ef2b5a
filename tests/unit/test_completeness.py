"""How far a source that is heard in parts was heard completely."""

from dataclasses import dataclass
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from eventlog.completeness import EXPECTED_MAX, Expected
from eventlog.events import Offset, Place, Position


@dataclass(frozen=True)
class Mark:
    place: Place
    offsets: tuple[Offset, ...]


def mark(position: int, *offsets: int) -> Mark:
    return Mark(Place(1, Position(position)), tuple(map(Offset, offsets)))


def at(*offsets: int) -> dict[int, Offset]:
    return dict(enumerate(map(Offset, offsets)))


def expecting(*marks: Mark) -> Expected:
    expected = Expected()
    for each in marks:
        assert expected.expect(each)
    return expected


def test_a_place_is_reached_when_every_part_has_its_offset() -> None:
    expected = expecting(mark(7, 4, 3))

    assert expected.reached(at(4, 2)) is None
    assert expected.reached(at(99, 2)) is None
    assert expected.reached({0: Offset(4)}) is None
    assert expected.reached(at(4, 3)) == Place(1, Position(7))


def test_the_furthest_place_that_is_reached_counts_and_those_before_are_forgotten() -> None:
    expected = expecting(mark(1, 1, 0), mark(2, 1, 1), mark(3, 2, 1), mark(4, 2, 2))

    assert expected.reached(at(2, 1)) == Place(1, Position(3))
    assert expected.reached(at(2, 1)) is None
    assert expected
    assert expected.reached(at(2, 2)) == Place(1, Position(4))
    assert not expected


def test_parts_without_facts_are_waited_for_by_nobody() -> None:
    assert expecting(mark(5, 5, 0, 0)).reached({0: Offset(5)}) == Place(1, Position(5))


def test_a_watermark_that_asks_less_is_of_a_topic_that_was_made_anew() -> None:
    expected = expecting(mark(9, 20, 30))

    assert not expected.expect(mark(9, 4, 5))
    assert expected.reached(at(4, 5)) == Place(1, Position(9))


def test_while_very_many_are_expected_only_some_are_remembered_and_the_newest_is() -> None:
    expected = expecting(*(mark(n, n) for n in range(3 * EXPECTED_MAX)))

    assert len(expected._watermarks) <= EXPECTED_MAX
    assert expected.reached(at(3 * EXPECTED_MAX)) == Place(1, Position(3 * EXPECTED_MAX - 1))


@given(st.lists(st.integers(0, 2), min_size=1, max_size=60), st.randoms())
def test_it_is_never_said_before_every_fact_was_heard_and_always_once_all_were(told: list[int], dice: object) -> None:
    """Facts go to three parts, a watermark behind each; parts are heard in any order."""
    expected, offsets, positions = Expected(), [0, 0, 0], count(1)
    where: list[tuple[int, int]] = []
    for part in told:
        where.append((part, offsets[part]))
        offsets[part] += 1
        assert expected.expect(mark(next(positions), *offsets))
    heard, place = [0, 0, 0], 0
    while heard != offsets:
        part = dice.choice([part for part in range(3) if heard[part] < offsets[part]])  # type: ignore[attr-defined]
        heard[part] += 1
        reached = expected.reached(at(*heard))
        place = reached.position if reached else place
        complete = next((n for n, (part, offset) in enumerate(where) if offset >= heard[part]), len(where))
        assert place == complete
