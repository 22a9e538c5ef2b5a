"""One Kafka broker (and controller) as a process of ours: its settings, its storage, its life."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eventlog.kafka.limits import FETCH_BYTES_MAX, RECORD_BYTES_MAX
from runtime.kafka_jars import Jars, java

#: Small: a broker beside everything else on one machine. The first compiler alone starts twice as fast.
JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError")
START_S = 60.0
STOP_S = 20.0
LOOK_S = 0.02

_LOGGING = """\
status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{ISO8601} %p %m (%c)%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
"""


class BrokerFailed(Exception):
    """A broker could not be started or stopped; the message holds the end of its log."""


@dataclass(frozen=True)
class Ports:
    """Where a broker listens on 127.0.0.1: for clients, and for the other controllers."""

    client: int
    controller: int


@dataclass(frozen=True)
class Listener:
    """One more door for clients of a broker: its name, its port on 127.0.0.1, its protocol (`SSL`, `SASL_SSL`), and
    its own settings, without the prefix that Kafka wants them under."""

    name: str
    port: int
    protocol: str
    settings: Mapping[str, str]

    @property
    def address(self) -> str:
        return f"{self.name}://127.0.0.1:{self.port}"

    def properties(self) -> dict[str, str]:
        return {f"listener.name.{self.name.lower()}.{name}": value for name, value in self.settings.items()}


def properties(node: int, ports: Mapping[int, Ports], data: Path, doors: Sequence[Listener] = ()) -> dict[str, str]:
    """`server.properties` of one broker of so many. Nothing that matters is left to a default."""
    copies = min(3, len(ports))
    most_in_sync = 2 if copies == 3 else 1
    mine = ports[node]
    clients = [f"PLAINTEXT://127.0.0.1:{mine.client}", *(door.address for door in doors)]
    return {
        "node.id": str(node),
        "process.roles": "broker,controller",
        "controller.quorum.voters": ",".join(f"{each}@127.0.0.1:{of.controller}" for each, of in ports.items()),
        "controller.listener.names": "CONTROLLER",
        "listeners": ",".join([*clients, f"CONTROLLER://127.0.0.1:{mine.controller}"]),
        "advertised.listeners": ",".join(clients),
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": ",".join(
            ["PLAINTEXT:PLAINTEXT", "CONTROLLER:PLAINTEXT", *(f"{door.name}:{door.protocol}" for door in doors)]
        ),
        **{name: value for door in doors for name, value in door.properties().items()},
        "log.dirs": str(data),
        # Topics are made by those who own them. A reader that is early waits.
        "auto.create.topics.enable": "false",
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(most_in_sync),
        "unclean.leader.election.enable": "false",
        "offsets.topic.replication.factor": str(copies),
        "offsets.topic.num.partitions": "8",
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": str(most_in_sync),
        "transaction.state.log.num.partitions": "8",
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": str(most_in_sync),
        "share.coordinator.state.topic.num.partitions": "2",
        "log.retention.ms": "-1",
        "message.max.bytes": str(RECORD_BYTES_MAX),
        "replica.fetch.max.bytes": str(RECORD_BYTES_MAX),
        "replica.fetch.response.max.bytes": str(FETCH_BYTES_MAX),
        # A broker that was killed may come back when its session is over; 9 s is for networks, this is one machine.
        "broker.heartbeat.interval.ms": "300",
        "broker.session.timeout.ms": "2000",
        "group.initial.rebalance.delay.ms": "0",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": str(8 * 1024 * 1024),
    }


class Broker:
    """The broker `node` in a folder: `server-N.properties`, `data-N/`, `broker-N.log`, `broker-N.pid`."""

    def __init__(self, folder: Path, node: int, jars: Jars) -> None:
        self.node = node
        self._folder = folder
        self._jars = jars
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        return self._folder / f"data-{self.node}"

    @property
    def log_file(self) -> Path:
        return self._folder / f"broker-{self.node}.log"

    @property
    def settings_file(self) -> Path:
        return self._folder / f"server-{self.node}.properties"

    @property
    def pid_file(self) -> Path:
        return self._folder / f"broker-{self.node}.pid"

    @property
    def pid(self) -> int | None:
        """The process id, also of a broker that another process has started here; None when none runs."""
        if self._process is not None:
            return None if self._process.poll() is not None else self._process.pid
        try:
            pid = int(self.pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if self._runs_here(pid) else None

    async def prepare(self, cluster: str, ports: Mapping[int, Ports], doors: Sequence[Listener] = ()) -> None:
        """Write the settings; format the storage where there is none yet."""
        settings = properties(self.node, ports, self.data, doors)
        self.settings_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        (self._folder / "log4j2.properties").write_text(_LOGGING)
        if not (self.data / "meta.properties").exists():
            await self._format(cluster)

    async def _format(self, cluster: str) -> None:
        # In one word: an id may begin with a dash.
        asked = ("format", f"--cluster-id={cluster}", "--config", str(self.settings_file))
        words = self._words("kafka.tools.StorageTool", *asked)
        formatting = await asyncio.create_subprocess_exec(
            *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        said, _ = await formatting.communicate()
        if formatting.returncode != 0:
            raise BrokerFailed(f"formatting the storage of broker {self.node} failed: {said.decode(errors='replace')}")

    def launch(self) -> None:
        """In a session of its own, so that Ctrl-C in the terminal does not reach it before we stop it."""
        with self.log_file.open("ab") as file:
            self._process = subprocess.Popen(  # noqa: S603 - our own words and folders
                self._words("kafka.Kafka", str(self.settings_file)),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=self._folder,
                start_new_session=True,
            )
        self.pid_file.write_text(str(self._process.pid))

    def _words(self, program: str, *arguments: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self._folder / 'log4j2.properties'}"
        return [java(), *JVM, logging, "-cp", self._jars.classpath, program, *arguments]

    async def listening(self, port: int) -> None:
        """Wait until it accepts connections. Raises `BrokerFailed`."""
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.pid is None:
                raise BrokerFailed(f"broker {self.node} has ended:\n{self.end_of_log()}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(LOOK_S)
            else:
                writer.close()
                return
        raise BrokerFailed(f"broker {self.node} does not listen after {START_S:.0f} s:\n{self.end_of_log()}")

    def signal(self, which: signal.Signals) -> None:
        """Send a signal, if it runs (SIGSTOP and SIGCONT to make it slow)."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, which)

    async def stop(self, wait_s: float = STOP_S) -> None:
        """Controlled shutdown; killed where that takes too long (a quorum of controllers may be gone already)."""
        self.signal(signal.SIGTERM)
        try:
            await self._ended(wait_s)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """kill -9."""
        self.signal(signal.SIGKILL)
        await self._ended(STOP_S)

    async def _ended(self, wait_s: float) -> None:
        deadline = time.monotonic() + wait_s
        while self.pid is not None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"broker {self.node} runs on after {wait_s:.0f} s")
            await asyncio.sleep(LOOK_S)
        self.pid_file.unlink(missing_ok=True)

    def _runs_here(self, pid: int) -> bool:
        """Whether this process is our broker, and not another one that got an old number."""
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            return False
        return os.fsencode(self.settings_file) in words

    def end_of_log(self) -> str:
        """The last lines that it wrote."""
        try:
            lines = self.log_file.read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-8:])
