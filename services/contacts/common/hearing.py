"""Waits until the own views show what was recorded by now."""

from contextlib import suppress

from eventlog.errors import Behind
from runtime.department import House

#: How long the own projector is waited for.
OWN_S = 5.0
#: How long what a department has just recorded is waited for.
HEARD_S = 2.0


async def up_to_date(house: House) -> None:
    """Until the own views show everything that stands in the own log now. Raises `Behind`."""
    head = await house.store.head()
    if head.position:
        await house.hearing.wait_for(house.name, head, OWN_S)


async def heard(house: House, department: str) -> None:
    """Wait a moment until contacts shows what a department has recorded by now."""
    head = await (house.store if department == house.name else house.feeds[department]).head()
    if head.position:
        # Who is behind for longer answers by what is known: less is opened then, never more.
        with suppress(Behind):
            await house.hearing.wait_for(department, head, HEARD_S)
