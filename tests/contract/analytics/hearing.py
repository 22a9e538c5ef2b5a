"""When analytics has heard what was told."""

from tests.support.house import Town, eventually


async def heard_everything(town: Town) -> None:
    """Until analytics has heard every department's log to its end."""
    (running,) = town.houses.running.values()

    async def behind() -> list[str]:
        heads = {name: await feed.head() for name, feed in running.house.feeds.items()}
        told = {name: head for name, head in heads.items() if head.position}
        return [name for name, head in told.items() if running.projector.checkpoint(name) < head]

    await eventually(behind, lambda names: not names)
