"""Apache Kafka itself, run by us on loopback: one broker, or three that keep three copies of everything.

The brokers outlive a killed `baton up --cluster`; the next one finds them by their own pid files and takes them over.
"""

import asyncio
import base64
import json
import random
import socket
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from runtime.kafka_broker import LOOK_S, START_S, Broker, BrokerFailed, Listener, Ports
from runtime.kafka_jars import Jars, KafkaUnavailable

__all__ = ["BrokerFailed", "KafkaServer", "KafkaUnavailable"]

#: Below the ports that Linux gives to outgoing connections (32768 and up): one of those could have a broker's port
#: when it starts again, and a client that calls a stopped broker could even be connected to itself.
PORTS = range(20_000, 32_000)


@dataclass
class KafkaServer:
    """The Kafka of one folder, with so many brokers, numbered from 1. `bootstrap` is known once it was started: the
    listeners in the clear. `doors` are further ones, of a single broker."""

    folder: Path
    jars: Jars
    size: int = 1
    brokers: dict[int, Broker] = field(default_factory=dict)
    ports: dict[int, Ports] = field(default_factory=dict)
    doors: Sequence[Listener] = ()

    @classmethod
    def of(cls, folder: Path, jars: Jars | None = None, *, size: int = 1) -> "KafkaServer":
        """The jars are by default cached in the folder itself."""
        folder = folder.absolute()
        return cls(folder, jars or Jars(folder), size)

    @property
    def bootstrap(self) -> str:
        return ",".join(f"127.0.0.1:{ports.client}" for ports in self.ports.values())

    async def start(self) -> None:
        """Be running and answering; with new storage where there is none. Raises `KafkaUnavailable`, `BrokerFailed`."""
        await asyncio.to_thread(self.jars.resolve)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.brokers = self.found()
        if not await self._taken_over():
            await self._fresh()
        await self._ready()

    def found_bootstrap(self) -> str | None:
        """Where its brokers answer, whoever started them; None where they do not run."""
        running = [broker for broker in self.found().values() if broker.pid is not None]
        return ",".join(f"127.0.0.1:{ports.client}" for ports in self._noted().values()) if running else None

    def found(self) -> dict[int, Broker]:
        """Its brokers, whoever started them, running or not."""
        return {node: Broker(self.folder, node, self.jars) for node in range(1, self.size + 1)}

    async def _taken_over(self) -> bool:
        """Whether all brokers run already, on the ports that were noted. Some of them are stopped: start over."""
        noted = self._noted()
        running = [broker for broker in self.brokers.values() if broker.pid is not None]
        if len(running) == self.size == len(noted):
            self.ports = noted
            return True
        await asyncio.gather(*(broker.stop() for broker in running))
        return False

    async def _fresh(self) -> None:
        noted = self._noted()
        usable = len(noted) == self.size and all(_free(ports.client, ports.controller) for ports in noted.values())
        self.ports = noted if usable else _chosen(self.size)
        self._note()
        await asyncio.gather(
            *(broker.prepare(self._cluster(), self.ports, self.doors) for broker in self.brokers.values())
        )
        for broker in self.brokers.values():
            broker.launch()

    async def stop(self) -> None:
        """Controlled shutdown of all."""
        await asyncio.gather(*(broker.stop() for broker in self.brokers.values()))

    async def kill(self, node: int = 1) -> None:
        """kill -9 of one broker."""
        await self.brokers[node].kill()

    async def restart(self, *nodes: int) -> None:
        """Start brokers again that were stopped or killed, on the same ports, and wait until the cluster is whole. The
        first where none is named."""
        for node in nodes or (1,):
            await self.brokers[node].stop()
            self.brokers[node].launch()
        await self._ready()

    async def _ready(self) -> None:
        await asyncio.gather(
            *(broker.listening(self.ports[node].client) for node, broker in self.brokers.items()),
        )
        await self._whole()

    async def _whole(self) -> None:
        """Wait until the cluster itself says that each broker is a part of it."""
        deadline = time.monotonic() + START_S
        seen = 0
        while time.monotonic() < deadline:
            seen = await self._members()
            if seen == self.size:
                return
            await asyncio.sleep(LOOK_S)
        logs = "\n".join(broker.end_of_log() for broker in self.brokers.values())
        raise BrokerFailed(f"{seen} of {self.size} brokers answer after {START_S:.0f} s:\n{logs}")

    async def _members(self) -> int:
        client = AIOKafkaClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
        try:
            await client.bootstrap()
            return len(client.cluster.brokers())
        except KafkaError:
            return 0
        finally:
            await client.close()

    def _cluster(self) -> str:
        """The cluster's id: made once, the same for each broker."""
        path = self.folder / "cluster"
        if not path.exists():
            path.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="))
        return path.read_text()

    def _noted(self) -> dict[int, Ports]:
        try:
            noted = json.loads((self.folder / "ports.json").read_text())
        except FileNotFoundError:
            return {}
        return {int(node): Ports(**ports) for node, ports in noted.items()}

    def _note(self) -> None:
        noted = {node: vars(ports) for node, ports in self.ports.items()}
        (self.folder / "ports.json").write_text(json.dumps(noted))


def _chosen(size: int) -> dict[int, Ports]:
    """Ports that nobody listens on at the moment."""
    free = (port for port in random.sample(PORTS, len(PORTS)) if _free(port))
    return {node: Ports(next(free), next(free)) for node in range(1, size + 1)}


def _free(*ports: int) -> bool:
    for port in ports:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
