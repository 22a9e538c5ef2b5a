"""Loads the demo into a running Baton: `baton up --demo`."""

import asyncio
import logging
from collections.abc import Sequence

from runtime.client import Client, ClientError
from runtime.identity import Issuer
from runtime.settings import Settings
from tools.demo.company import Company
from tools.demo.story import Story, open_branches
from tools.demo.writing import NotLoaded, Writing

log = logging.getLogger("baton.demo")

TENANT = "demo"


async def load(gateway: str, settings: Settings) -> None:
    """Load it, or what is missing of it. A demo that cannot be loaded stops nothing else."""
    issuer = Issuer.at(settings.issuer_key)

    def client_as(employee: str, branch: str, roles: Sequence[str]) -> Client:
        return Client(gateway, issuer.token(TENANT, employee, branch, roles))

    try:
        await asyncio.to_thread(tell, Writing(client_as))
    except (NotLoaded, ClientError) as error:
        log.error("the demo was not loaded whole: %s; start again to go on", error)


def tell(writing: Writing) -> None:
    """Tell the story, dated back from the day on which its first branch was made: the same words whenever it is told
    again."""
    company = Company.read()
    Story(writing, company, open_branches(writing, company)).tell()
