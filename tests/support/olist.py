"""The walk of the README on real data: 8,000 leads, 842 deals and the audit, as an operator's commands."""

import os
import time
from dataclasses import dataclass, field
from typing import Any

from tests.support.data import ROOT, real_data
from tests.support.running import Answer, Baton

TENANT = "olist"
#: Nothing is rejected; where something is, the file of it belongs to no folder of ours.
REJECTED = ("--rejected", os.devnull)
MAPS = ROOT / "examples" / "olist"
LEADS_FILE, DEALS_FILE = (
    "olist_funnel/olist_marketing_qualified_leads_dataset.csv",
    "olist_funnel/olist_closed_deals_dataset.csv",
)


@dataclass
class Walk:
    """What the commands of the walk said, in order, and how long each took."""

    baton: Baton
    answers: dict[str, Answer] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    async def step(self, name: str, *command: str) -> None:
        started = time.monotonic()
        self.answers[name] = await self.baton.cli(*command, "--json", timeout_s=240)
        self.seconds[name] = time.monotonic() - started

    async def go(self) -> None:
        """The whole of it."""
        await self.bring("leads", "leads", LEADS_FILE)
        await self.bring("deals", "deals", DEALS_FILE)
        await self.step("audit", "audit", "handoffs", "--wait", "120")

    async def bring(self, name: str, resource: str, file: str) -> None:
        map = str(MAPS / f"{resource}.toml")
        await self.step(name, "import", resource, str(real_data(file)), "--map", map, "--tenant", TENANT, *REJECTED)

    def said(self, name: str) -> Any:
        answer = self.answers[name]
        assert answer.code == 0, answer.stderr
        return answer.json()

    async def funnel(self, group_by: str) -> Any:
        async with await self.baton.client(TENANT, "ana", "analyst") as client:
            return (await client.get("/v1/funnel", params={"groupBy": group_by})).json()
