"""Clocks that are wrong by hours, and are put right: nothing is lost, nothing waits for the time that was wrong."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from eventlog.postgres.store import PostgresStore
from runtime.errors import RpcError
from runtime.identity import Issuer, Verifier
from tests.simulation.test_handoffs_under_faults import DEPARTMENTS, assert_proven
from tests.support.handoffs import Clock, Handover, State
from tests.support.house import open_town
from tests.support.log import an_append, whole_log
from tests.support.postgres import TestServer

HOURS = (-30, -6, 6, 30)


@pytest.mark.parametrize("seed", [1, 2])
async def test_time_in_a_log_does_not_go_back_though_its_writers_clocks_are_hours_apart(
    database: str, seed: int
) -> None:
    dice, clocks = random.Random(seed), [Clock() for _ in range(3)]
    stores = [await PostgresStore.open(database, "sales", clock=clock) for clock in clocks]
    for _ in range(60):
        dice.choice(clocks).ahead = timedelta(hours=dice.choice((0, *HOURS)))
        await dice.choice(stores).append(an_append(f"sales.deal-{dice.randrange(5)}", facts=dice.randint(1, 3)))
    log = await whole_log(stores[0])  # compares times, positions and chains
    for store in stores:
        await store.close()
    assert log[-1].recorded_at > datetime.now(UTC) + timedelta(hours=29), f"seed {seed}: no clock was ahead"


@pytest.mark.parametrize("hours", [-6, 6])
async def test_handoffs_go_on_while_a_clock_is_wrong_and_when_it_is_put_right(
    own_postgres: TestServer, tmp_path: Path, hours: int
) -> None:
    clock = Clock()
    async with open_town(own_postgres.dsn("postgres"), tmp_path, DEPARTMENTS, clock) as town:
        handover = Handover(town)
        for ahead in (0, hours, 0):
            # Asked by one clock, offered, received and proven by another: it is put right at any moment between.
            ids = [await handover.qualify((await handover.lead()).id) for _ in range(4)]
            clock.ahead = timedelta(hours=ahead)
            for id in ids:
                await handover.becomes(id, State.DELIVERED)
                await assert_proven(handover, id)


def test_a_token_ends_by_the_clock_of_who_looks_and_no_clock_is_too_early_for_it() -> None:
    key, clock = Ed25519PrivateKey.generate(), Clock()
    token = Issuer(key, lambda: datetime.now(UTC).timestamp() + 6 * 3600).token("olist", "anna", days=1)
    verifier = Verifier(Issuer(key).public, clock=lambda: clock().timestamp())
    for hours in (0, -30, 0):
        clock.ahead = timedelta(hours=hours)
        assert verifier.verify(token).identity.employee == "anna"
    clock.ahead = timedelta(hours=31)
    with pytest.raises(RpcError, match="the token has expired"):
        verifier.verify(token)
    clock.ahead = timedelta()
    assert verifier.verify(token).identity.employee == "anna"
