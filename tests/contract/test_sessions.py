"""The end of a session of those who derive tells of a crash only while a crash could take something back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from eventlog import views as module
from eventlog.views import Views
from tests.support.log import eventually


@asynccontextmanager
async def told_of_losses(database: str, **options: Any) -> AsyncIterator[tuple[Views, list[str]]]:
    """Read models, and a list that is longer by one for each loss."""
    views, losses = await Views.open(database, **options), list[str]()
    views.when_lost(lambda: losses.append("lost"))
    try:
        yield views, losses
    finally:
        await views.close()


async def all_ended(views: Views) -> None:
    async def ended() -> bool:
        return views.deriving.get_size() == 0

    await eventually(ended, "every session of those who derive ended")


async def end_of(views: Views, backend: int) -> None:
    await views.fetchval("SELECT pg_terminate_backend($1)", backend)


async def test_one_that_was_used_a_moment_ago_tells(database: str) -> None:
    async with told_of_losses(database) as (views, losses):
        async with views.deriving.acquire() as connection:
            backend = connection.get_server_pid()
        await end_of(views, backend)
        await all_ended(views)

    assert losses == ["lost"]


async def test_one_that_is_used_tells_however_long_it_rested_before(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SETTLED_S", 0.0)
    async with told_of_losses(database) as (views, losses):
        async with views.deriving.acquire():
            pass
        async with views.deriving.acquire() as connection:
            await end_of(views, connection.get_server_pid())
            await all_ended(views)

    assert losses == ["lost"]


async def test_one_that_has_settled_tells_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLED_S", 0.0)
    async with told_of_losses(database) as (views, losses):
        async with views.deriving.acquire() as connection:
            backend = connection.get_server_pid()
        await end_of(views, backend)
        await all_ended(views)

        assert losses == []


async def test_one_that_nobody_needs_ends(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLED_S", 0.0)
    async with told_of_losses(database, max_inactive_connection_lifetime=0.05) as (views, losses):
        async with views.deriving.acquire() as one, views.deriving.acquire() as other:
            assert one.get_server_pid() != other.get_server_pid()
        await all_ended(views)

        assert losses == []


async def test_none_is_ended_that_has_not_settled(database: str) -> None:
    async with told_of_losses(database) as (views, _):
        async with views.deriving.acquire() as connection:
            holder: Any = connection._holder

        assert holder._max_inactive_time > module.SETTLED_S
        assert holder._max_queries > 10**12
