"""An import that is under way when Baton is killed; the same command again must end where it would have ended."""

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.crash.load import Attempt
from tests.support.running import Baton

TENANT = "crash"
ROWS = 200
DEADLINE_S = 60.0
MAP = """
[fields]
externalId = { column = "number", required = true }
source = { column = "source" }
branch = { constant = "riga" }
note = { column = "note" }

[steps.qualify]
"""


@dataclass
class Import:
    """A file of leads, each to be qualified. `attempts` are what its rows ask for."""

    baton: Baton
    name: str
    folder: Path
    attempts: list[Attempt] = field(init=False)
    process: asyncio.subprocess.Process | None = None

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        rows = [f"{self.name}-{n}" for n in range(ROWS)]
        self.attempts = [
            attempt
            for row in rows
            for attempt in (
                Attempt("lead", row, row, "", {"source": self.name, "branch": "riga", "note": f"wants {row}"}),
                Attempt("qualify", row, row, "", {}),
            )
        ]
        lines = ["number,source,note", *(f"{row},{self.name},wants {row}" for row in rows)]
        (self.folder / f"{self.name}.csv").write_text("\n".join(lines) + "\n")
        (self.folder / "leads.toml").write_text(MAP)

    @property
    def command(self) -> list[str]:
        file, map = self.folder / f"{self.name}.csv", self.folder / "leads.toml"
        rejected = self.folder / "rejected.csv"
        return ["import", "leads", str(file), "--map", str(map), "--tenant", TENANT, "--rejected", str(rejected)]

    async def begin(self, http: httpx.AsyncClient) -> None:
        """Start it, and come back when the first of its rows are recorded."""
        self.process = await self.baton.spawn(*self.command, "--json")
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            listed = await http.get("/v1/leads", params={"source": self.name, "pageSize": 1})
            if listed.is_success and listed.json()["totalSize"]:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{self.name} recorded nothing in {DEADLINE_S} s")

    @property
    def under_way(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def ended(self) -> None:
        """However it ended: cut off, or come through because it asked again."""
        assert self.process is not None
        _, stderr = await asyncio.wait_for(self.process.communicate(), DEADLINE_S)
        assert b"Traceback" not in stderr, stderr.decode()

    async def again(self) -> dict[str, Any]:
        """The same command again: it comes through now, whatever was cut off before."""
        answer = await self.baton.cli(*self.command, "--json")
        assert answer.code == 0, answer.stderr
        report: dict[str, Any] = answer.json()
        assert report["created"] + report["unchanged"] == ROWS, report
        assert report["updated"] == report["rejected"] == 0, report
        for attempt in self.attempts:
            attempt.answer = report
        return report
