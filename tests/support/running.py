"""A real `baton up` in a folder of its own, as a user would start it; started, stopped, killed and started again."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
READY_S = 30.0
STOP_S = 15.0
WAIT_S = 60.0


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        return json.loads(self.stdout)


@dataclass
class Baton:
    """One `baton up` and its BATON_HOME. `started_s` is how long the last start took until it was ready."""

    home: Path
    port: int = field(default_factory=free_port)
    env: dict[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    ready_s: float = READY_S
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        ours = {"BATON_HOME": str(self.home), "BATON_PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
        path = os.pathsep.join((str(ROOT), str(ROOT / "gen")))
        return {**kept, "PYTHONPATH": path, **ours, **self.env}

    async def start(self) -> None:
        """Start and wait until it is ready; raises with the log's end when it is not."""
        self.home.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        self.process = self._launch()
        await self._ready(began + self.ready_s)
        self.started_s = time.monotonic() - began

    def _launch(self) -> "subprocess.Popen[bytes]":
        with self.log_path.open("ab") as log:
            command = [sys.executable, "-m", "runtime.cli", "up", *self.arguments]
            return subprocess.Popen(
                command,
                env=self.environment,
                cwd=self.home,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_heed_ctrl_c,
            )

    async def _ready(self, until: float) -> None:
        async with httpx.AsyncClient(timeout=2) as client:
            while time.monotonic() < until:
                if self.process is None or self.process.poll() is not None:
                    break
                with suppress(httpx.HTTPError):
                    if (await client.get(f"{self.url}/healthz/ready")).status_code == 200:
                        return
                await asyncio.sleep(0.02)
        raise RuntimeError(f"baton up is not ready; its log ends:\n{self.log_end()}")

    @property
    def log_path(self) -> Path:
        return self.home.parent / f"{self.home.name}.log"

    def log_end(self, characters: int = 4000) -> str:
        return self.log_path.read_text(errors="replace")[-characters:] if self.log_path.exists() else ""

    async def stop(self) -> float:
        """Ask it to stop, as Ctrl-C does; answers how many seconds that took."""
        began = time.monotonic()
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            await asyncio.to_thread(self.process.wait, STOP_S)
        return time.monotonic() - began

    async def kill(self) -> None:
        """kill -9 of `baton up` alone; what it started is left as a power cut of this process leaves it."""
        if self.process is not None:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)

    def postmaster(self) -> int:
        """The process id of the embedded PostgreSQL."""
        return int((self.home / "postgres" / "postmaster.pid").read_text().split()[0])

    async def cli(self, *arguments: str, timeout_s: float = 120.0) -> Answer:
        """Run a `baton` command against this Baton."""
        process = await self.spawn(*arguments)
        stdout, stderr = await asyncio.wait_for(process.communicate(), timeout_s)
        return Answer(process.returncode or 0, stdout.decode(), stderr.decode())

    async def spawn(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start a `baton` command against this Baton."""
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "runtime.cli", *arguments,
            env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=_heed_ctrl_c,
        )  # fmt: skip

    async def token(self, tenant: str, employee: str, *roles: str, branch: str = "") -> str:
        wanted = ["--tenant", tenant, "--employee", employee]
        wanted += ["--branch", branch] if branch else []
        for role in roles:
            wanted += ["--role", role]
        answer = await self.cli("token", *wanted)
        assert answer.code == 0, answer.stderr
        return answer.stdout.strip()

    async def client(self, tenant: str, employee: str, *roles: str, branch: str = "") -> httpx.AsyncClient:
        """An HTTP client with a token; close it after use."""
        token = await self.token(tenant, employee, *roles, branch=branch)
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=20)


async def eventually(
    ask: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool], also: Callable[[], str] = lambda: ""
) -> Any:
    """Ask again until it holds; being out of reach for a moment is no answer. `also` is told with what was seen."""
    deadline, seen = time.monotonic() + WAIT_S, None
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            seen = await ask()
            if holds(seen):
                return seen
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {WAIT_S:.0f} s; last seen: {seen}{also()}")


def _heed_ctrl_c() -> None:
    """A shell starts what runs in its background with SIGINT ignored, and children inherit that: undo it here."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@asynccontextmanager
async def running(home: Path, *arguments: str, **env: str) -> AsyncIterator[Baton]:
    """A Baton that is ready; stopped at the end, with its PostgreSQL."""
    baton = Baton(home, env=env, arguments=arguments)
    try:
        await baton.start()
        yield baton
    finally:
        await baton.stop()
        _end_leftover_postgres(baton)


def _end_leftover_postgres(baton: Baton) -> None:
    with suppress(FileNotFoundError, ProcessLookupError, ValueError, IndexError):
        os.kill(baton.postmaster(), signal.SIGINT)
