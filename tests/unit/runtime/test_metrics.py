"""What /metrics holds: no more than operators need."""

from gateway import measures
from runtime.metrics import CALLS, exposition


def test_a_route_and_its_outcome_are_ten_lines() -> None:
    CALLS.labels("baton.tests.v1.Parcels/GetParcel", "OK").observe(0.02)
    measures.observe("GET", "/v1/parcels-of-this-test/{id}", 200, 0.02)

    lines = exposition().decode().splitlines()

    for name in ("baton.tests.v1.Parcels/GetParcel", "/v1/parcels-of-this-test/{id}"):
        assert sum(name in line for line in lines) == 10
    assert [line for line in lines if "_created" in line] == []
