"""PostgreSQL and Apache Kafka for a cluster: our own, kept running and written into the will, or the user's."""

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from runtime.cluster.restarts import Restarts
from runtime.cluster.will import Left
from runtime.databases import Databases, Passwords, check
from runtime.kafka_broker import BrokerFailed
from runtime.kafka_server import KafkaServer
from runtime.postgres_server import PostgresServer
from runtime.roles.reachable import away
from runtime.settings import Settings
from runtime.up import NotStarted

log = logging.getLogger("baton.cluster")

STOP_S = 6.0
LOOK_S = 0.2


async def refuse_away(settings: Settings) -> None:
    """The user's own servers must be there before anything is started. Raises `DatabaseRefused`, `NotStarted`."""
    if settings.database_url is not None:
        await check(settings.database_url)
    if settings.kafka_bootstrap is not None and (why := await away(settings.kafka_bootstrap)):
        raise NotStarted(why)


class Servers:
    """Start both, each by itself; stop them at once. What ends is started again; `give_up` is told what does not come
    back, and why."""

    def __init__(self, settings: Settings, leave: Callable[[Left], None], give_up: Callable[[str], None]) -> None:
        self._settings = settings
        self._leave = leave
        self._give_up = give_up
        self._postgres: PostgresServer | None = None
        self._kafka: KafkaServer | None = None
        self._watching: list[asyncio.Task[None]] = []

    async def postgres(self) -> Databases:
        """A server that answers. Raises `ServerFailed`."""
        passwords = Passwords.at(self._settings.postgres_key)
        if self._settings.database_url is not None:
            return Databases(self._settings.database_url, passwords)
        server = self._postgres = PostgresServer.of(self._settings.home, passwords)
        data = server.data.resolve()
        pid_file = str(data / "postmaster.pid")
        self._leave(Left(str(data), pid_file=pid_file, ask=signal.SIGINT, force=signal.SIGQUIT, server=True))
        await server.start()
        self.keep(server.watch(), "PostgreSQL")
        return server.databases

    async def kafka(self) -> str:
        """Brokers that answer: their addresses. Raises `KafkaUnavailable`, `BrokerFailed`."""
        if self._settings.kafka_bootstrap is not None:
            return self._settings.kafka_bootstrap
        server = self._kafka = KafkaServer.of(self._settings.home / "kafka")
        for broker in server.found().values():
            self._leave(Left(str(broker.settings_file), pid_file=str(broker.pid_file), server=True))
        await server.start()
        self.keep(kept_running(server), "Kafka")
        return server.bootstrap

    async def stop(self) -> None:
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await asyncio.gather(self._stop_postgres(), self._stop_kafka())

    async def _stop_postgres(self) -> None:
        if self._postgres is not None and not await self._postgres.stop(STOP_S):
            log.info("PostgreSQL is still writing to a slow disk, and stops by itself")

    async def _stop_kafka(self) -> None:
        if self._kafka is not None:
            await asyncio.gather(*(broker.stop(STOP_S) for broker in self._kafka.brokers.values()))

    def keep(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Have it run until `stop`; that it ends in an error means that it is given up."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._watching.append(task)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._give_up(f"{task.get_name()} is given up: {error}")


async def kept_running(server: KafkaServer) -> None:
    """Start brokers again whenever they have died, after growing waits. Raises `BrokerFailed` where that is vain."""
    loop, restarts = asyncio.get_running_loop(), Restarts()
    well_since = loop.time()
    while True:
        await asyncio.sleep(LOOK_S)
        nodes = _ended(server)
        if not nodes:
            continue
        ran_s = loop.time() - well_since
        ended_at = loop.time()
        while not await _restarted(server, nodes, restarts, ran_s):
            nodes, ran_s = sorted({*nodes, *_ended(server)}), 0.0
        well_since = loop.time()
        log.info("Kafka is back after %.1f s", well_since - ended_at)


def _ended(server: KafkaServer) -> list[int]:
    return [node for node, broker in server.brokers.items() if broker.pid is None]


async def _restarted(server: KafkaServer, nodes: Sequence[int], restarts: Restarts, ran_s: float) -> bool:
    """Whether one more start helped. Raises `BrokerFailed` where none is left."""
    wait_s = restarts.wait_s(ran_s)
    if wait_s is None:
        said = "\n".join(server.brokers[node].end_of_log() for node in nodes)
        raise BrokerFailed(f"it has ended {restarts.ends} times in a row:\n{said}")
    log.warning("Kafka has ended: starting it again in %.1f s", wait_s)
    await asyncio.sleep(wait_s)
    try:
        await server.restart(*nodes)
    except (BrokerFailed, OSError) as error:  # the last: the machine has no room for it, or it cannot be stopped
        log.warning("Kafka does not start: %s", error)
        return False
    return True
