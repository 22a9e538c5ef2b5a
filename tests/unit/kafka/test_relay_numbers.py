"""What a relay shows of itself: while it leads, and no longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY

from eventlog.events import Position
from eventlog.kafka import relay
from eventlog.kafka.relay import Relay
from eventlog.kafka.topics import Topics
from eventlog.kafka.watermarks import Watermark
from eventlog.memory import MemoryStore


def shown() -> float | None:
    return REGISTRY.get_sample_value("baton_relay_position", {"department": "sales"})


async def test_who_no_longer_leads_says_no_position(monkeypatch: pytest.MonkeyPatch) -> None:
    class Term:
        async def watch(self) -> None:
            await asyncio.Event().wait()

    @asynccontextmanager
    async def term(*_: object) -> AsyncIterator[Term]:
        yield Term()

    terms: list[float | None] = []
    over = asyncio.Event()

    class Leading(Relay):
        async def _at_the_head(self, leading: Any) -> None:
            terms.append(shown())
            if len(terms) == 2:
                over.set()
                await asyncio.Event().wait()
            self._told(Watermark(1, Position(120), ()))
            terms[0] = shown()
            raise ConnectionError

    monkeypatch.setattr(relay, "term", term)
    running = asyncio.create_task(Leading(MemoryStore("sales"), "", "", Topics.of("sales", replication=1)).run())
    await asyncio.wait_for(over.wait(), 10)
    running.cancel()
    await asyncio.wait({running})
    assert terms == [120.0, None]
