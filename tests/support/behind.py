"""Kafka that its clients reach through a network of the test's; what brokers say among themselves stays clear of it."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from runtime.kafka_broker import Broker, Listener, Ports
from runtime.kafka_server import KafkaServer, _chosen
from tests.support.kafka import jars
from tests.support.network import Network, network


class BrokerBehind(Broker):
    """Listens at one more port, and tells those who call there the network's port as its own."""

    outside: tuple[int, int]

    async def prepare(self, cluster: str, ports: Mapping[int, Ports], doors: Sequence[Listener] = ()) -> None:
        await super().prepare(cluster, ports, doors)
        mine, (port, told) = ports[self.node], self.outside
        inside = f"PLAINTEXT://127.0.0.1:{mine.client}"
        with self.settings_file.open("a") as file:  # the last word counts
            file.write(
                f"listeners={inside},CONTROLLER://127.0.0.1:{mine.controller},OUTSIDE://127.0.0.1:{port}\n"
                f"advertised.listeners={inside},OUTSIDE://127.0.0.1:{told}\n"
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,OUTSIDE:PLAINTEXT\n"
            )


@dataclass
class KafkaBehind(KafkaServer):
    """`bootstrap` leads straight to the brokers, `outside` through the networks."""

    networks: list[Network] = field(default_factory=list)
    outsides: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def outside(self) -> str:
        return ",".join(f"127.0.0.1:{told}" for _, told in self.outsides.values())

    def found(self) -> dict[int, Broker]:
        made: dict[int, Broker] = {}
        for node in range(1, self.size + 1):
            broker = BrokerBehind(self.folder, node, self.jars)
            broker.outside = self.outsides[node]
            made[node] = broker
        return made

    async def kill_all(self) -> None:
        await asyncio.gather(*(broker.kill() for broker in self.brokers.values()))


@asynccontextmanager
async def kafka_behind_a_network(size: int = 1, folder: Path | None = None) -> AsyncIterator[KafkaBehind]:
    """Brokers of a test's own; in a folder of the test's, which it deletes itself, or in one of their own."""
    home = folder or Path(tempfile.mkdtemp(prefix="baton-kafka-"))
    server = KafkaBehind(home.absolute(), jars(), size)
    async with AsyncExitStack() as stack:
        for node, ports in _chosen(size).items():
            wires, told = await stack.enter_async_context(network(ports.client))
            server.networks.append(wires)
            server.outsides[node] = ports.client, told
        try:
            await server.start()
            yield server
        finally:
            await server.kill_all()
            if folder is None:
                shutil.rmtree(home)
