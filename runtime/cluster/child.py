"""One process of the cluster, seen from its supervisor: started, heard, started again when it ends, stopped."""

import asyncio
import contextlib
import logging
import signal
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import Callable, Mapping

import httpx

from runtime.cluster.plan import Planned
from runtime.cluster.restarts import Restarts
from runtime.cluster.will import Left

log = logging.getLogger("baton.cluster")

#: A process that is asked to stop does it within this time, or is killed.
STOP_S = 7.0
LOOK_S = 0.2
LINE_BYTES_MAX = 1024 * 1024


class GivenUp(Exception):
    """A process ends again and again; the message holds what it said last."""


class Child:
    """`environment` is what all processes have; `say` prints a line of the process under its name; `leave` writes a
    process that was started into the will."""

    def __init__(
        self,
        planned: Planned,
        run: str,
        environment: Mapping[str, str],
        say: Callable[[str, bytes], None],
        leave: Callable[[Left], None],
    ) -> None:
        self.planned = planned
        self.last_words = ""
        self.was_ready = False
        self.waits_for = "it does not answer"
        self._run = run
        self._environment = {**environment, **planned.settings}
        self._say = say
        self._leave = leave
        self._process: Process | None = None
        self._stopping = False

    @property
    def name(self) -> str:
        return self.planned.name

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def run(self) -> None:
        """Keep it running until it is stopped. Raises `GivenUp`."""
        restarts = Restarts()
        while not self._stopping:
            began = time.monotonic()
            try:
                how = _ended(await self.once())
            except OSError as error:  # the machine has no room for one more
                how = str(error)
            if self._stopping:
                return
            wait_s = restarts.wait_s(time.monotonic() - began)
            if wait_s is None:
                raise GivenUp(
                    f"{self.name} has ended {restarts.ends} times in a row and is given up: {self.last_words}"
                )
            log.warning("%s has ended (%s), again in %.1f s", self.name, how, wait_s)
            await asyncio.sleep(wait_s)

    async def ready(self, client: httpx.AsyncClient) -> None:
        """Return once it says that it can be counted on; until then `waits_for` is what it says instead."""
        while not self.was_ready:
            await asyncio.sleep(LOOK_S)
            with contextlib.suppress(httpx.HTTPError):
                answer = await client.get(f"http://{self.planned.health}/healthz/ready")
                self.was_ready = answer.status_code == 200
                self.waits_for = "; ".join(answer.json().get("reasons", ()))

    async def stop(self) -> None:
        """In order, or by force after a while; it is not started again."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            log.error("%s does not stop: killed", self.name)
            process.kill()
            await process.wait()

    async def once(self) -> int:
        """From its start to its end; its exit code."""
        words = (sys.executable, "-P", "-m", "runtime.cluster.kept", self._run, *self.planned.words)
        # In a session of its own: Ctrl-C in the terminal is for the supervisor, which stops it in order.
        process = self._process = await asyncio.create_subprocess_exec(
            *words, env=self._environment, stdin=PIPE, stdout=PIPE, stderr=STDOUT,
            limit=LINE_BYTES_MAX, start_new_session=True,
        )  # fmt: skip
        self._leave(Left(self._run, pid=process.pid))
        await self._listen(process.stdout)
        return await process.wait()

    async def _listen(self, stream: asyncio.StreamReader | None) -> None:
        while stream is not None and (line := await _line(stream)):
            self.last_words = line.decode(errors="replace").strip()
            self._say(self.name, line)


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError:  # longer than anybody reads: its beginning is gone
        return b"(a line that is too long)\n"


def _ended(code: int) -> str:
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
