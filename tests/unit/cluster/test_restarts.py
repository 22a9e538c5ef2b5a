"""When a process that has ended is started again: soon at first, ever later, and at last no more."""

from runtime.cluster.restarts import ENDS_MAX, WAIT_MAX_S, WELL_S, Restarts


def test_waits_grow_up_to_a_bound_and_end() -> None:
    restarts = Restarts()
    waits = [restarts.wait_s(ran_s=0.5) for _ in range(ENDS_MAX)]
    assert waits[:5] == [0.1, 0.2, 0.4, 0.8, 1.6]
    assert waits[5:] == [3.2, *[WAIT_MAX_S] * (ENDS_MAX - 7), None]


def test_who_ran_well_begins_anew() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.wait_s(ran_s=0.5)
    assert restarts.wait_s(ran_s=WELL_S) == 0.1
    assert restarts.wait_s(ran_s=0.5) == 0.2


def test_who_ends_after_running_well_is_never_given_up() -> None:
    restarts = Restarts()
    assert {restarts.wait_s(ran_s=WELL_S) for _ in range(3 * ENDS_MAX)} == {0.1}
