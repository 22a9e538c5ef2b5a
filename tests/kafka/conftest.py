"""A department that hears another one through Kafka: sales has the read models, shops are heard."""

from collections.abc import AsyncIterator

import pytest

from eventlog.memory import MemoryStore
from runtime.kafka_server import KafkaServer
from tests.support.kafka import a_department
from tests.support.telling import Teller, telling


@pytest.fixture
def sales() -> MemoryStore:
    return MemoryStore("sales")


@pytest.fixture
def shop() -> MemoryStore:
    """The department that is heard; no other test's topics have its name."""
    return MemoryStore(a_department().replace("sales", "shop"))


@pytest.fixture
async def teller(shop: MemoryStore, kafka: KafkaServer) -> AsyncIterator[Teller]:
    async with telling(shop, kafka.bootstrap) as teller:
        yield teller
