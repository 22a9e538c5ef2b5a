"""A real cluster on servers of the test's own: it stops, kills, fills and starves them, and spoils the networks between
them and Baton, while clients write."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from eventlog.postgres.store import PostgresStore
from eventlog.views import Views
from runtime.databases import Databases, Passwords
from tests.crash.client import Client
from tests.crash.load import Attempt
from tests.support.behind import KafkaBehind, kafka_behind_a_network
from tests.support.cluster import processes, running_cluster
from tests.support.disk import SmallDisk, small_disk
from tests.support.network import Network, network
from tests.support.postgres import TestServer
from tests.support.running import Baton

CLIENTS = 4
#: Between two writes of one client, at most: enough to have something under way at any moment.
PAUSE_S = 0.2
DISK_MEBIBYTES = 192
DEADLINE_S = 90.0
TENANT = "crash"


@dataclass
class Site:
    baton: Baton
    postgres: TestServer
    kafka: KafkaBehind
    database_network: Network
    #: None where this user may not mount one.
    disk: SmallDisk | None
    clients: list[Client]
    http: list[httpx.AsyncClient]

    @property
    def attempts(self) -> list[Attempt]:
        return [attempt for client in self.clients for attempt in client.attempts]

    @property
    def acknowledged(self) -> int:
        return sum(attempt.answer is not None for attempt in self.attempts)

    async def more(self, count: int) -> None:
        """Wait until so many more writes were acknowledged."""
        wanted, deadline = self.acknowledged + count, time.monotonic() + DEADLINE_S
        while self.acknowledged < wanted:
            assert time.monotonic() < deadline, (
                f"writing does not go on: {wanted - self.acknowledged} of {count} missing"
            )
            await asyncio.sleep(0.05)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """The clients write; in the end everything that is still open is asked again, and answered."""
        stop = asyncio.Event()
        pairs = list(zip(self.clients, self.http, strict=True))
        async with asyncio.TaskGroup() as group:
            for client, http in pairs:
                group.create_task(client.work(http, stop))
            try:
                yield
            finally:
                stop.set()
        await asyncio.gather(*(client.catch_up(http, DEADLINE_S) for client, http in pairs))

    @contextmanager
    def sales_left_alone(self) -> Iterator[None]:
        """Nothing is asked of sales: who asks a department that is away waits, and does nothing else meanwhile."""
        for client in self.clients:
            client.sells = False
        try:
            yield
        finally:
            for client in self.clients:
                client.sells = True

    def processes(self, department: str = "") -> dict[str, psutil.Process]:
        """Of a department, or all."""
        return {name: each for name, each in processes(self.baton).items() if name.startswith(department)}

    async def restarted(self, name: str, former: int) -> None:
        """Wait until a process runs anew and says that it can be counted on."""
        deadline = time.monotonic() + DEADLINE_S
        async with httpx.AsyncClient(timeout=2) as client:
            while not await self._is_ready(client, name, former):
                assert time.monotonic() < deadline, f"{name} does not come back:\n{self.baton.log_end()}"
                await asyncio.sleep(0.05)

    async def _is_ready(self, client: httpx.AsyncClient, name: str, former: int) -> bool:
        found = self.processes().get(name)
        if found is None or found.pid == former:
            return False
        try:
            port = found.environ()["BATON_HEALTH_PORT"]
            return (await client.get(f"http://127.0.0.1:{port}/healthz/ready")).is_success
        except (httpx.HTTPError, psutil.Error, KeyError):
            return False  # it has only just begun

    @asynccontextmanager
    async def log_of(self, department: str) -> AsyncIterator[PostgresStore]:
        """A department's log, read where it stands."""
        async with await PostgresStore.open(self._dsn(department), department, migrate=False) as store:
            yield store

    @asynccontextmanager
    async def views_of(self, department: str) -> AsyncIterator[Views]:
        """A department's read models, read where they stand."""
        views = await Views.open(self._dsn(department), migrate=False)
        try:
            yield views
        finally:
            await views.close()

    def _dsn(self, department: str) -> str:
        passwords = Passwords.at(self.baton.home / "keys" / "postgres.key")
        return Databases(self.postgres.dsn("postgres"), passwords).dsn(department)


@asynccontextmanager
async def open_site(folder: Path, dice: random.Random, brokers: int) -> AsyncIterator[Site]:
    """A cluster that is ready, on its own PostgreSQL and so many brokers, whose disk is small."""
    async with AsyncExitStack() as stack:
        disk = stack.enter_context(small_disk(folder / "disk", DISK_MEBIBYTES))
        postgres = TestServer(Path(stack.enter_context(TemporaryDirectory(prefix="baton-postgres-"))))
        stack.callback(postgres.stop)
        await asyncio.to_thread(postgres.initialise)
        await asyncio.to_thread(postgres.start)
        kafka = await stack.enter_async_context(kafka_behind_a_network(brokers, folder / "disk" / "kafka"))
        wires, port = await stack.enter_async_context(network(postgres.socket / ".s.PGSQL.5432"))
        baton = await stack.enter_async_context(
            running_cluster(
                folder / "home",
                BATON_DATABASE_URL=f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable",
                BATON_KAFKA_BOOTSTRAP=kafka.outside,
                BATON_KAFKA_REPLICATION=str(min(3, brokers)),
            )
        )
        clients = [Client(n, random.Random(dice.random()), PAUSE_S) for n in range(CLIENTS)]
        http = [await stack.enter_async_context(await baton.client(TENANT, f"e{n}", "manager")) for n in range(CLIENTS)]
        yield Site(baton, postgres, kafka, wires, disk, clients, http)
