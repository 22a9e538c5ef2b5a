"""Whether a broker of Kafka is there at all, for those who have no business with it at the moment."""

import asyncio

from eventlog.kafka.brokers import Bootstrap, addresses

#: Shorter than a check of health may take (`CHECK_S`), so that it can say what it waited for.
CONNECT_S = 1.5


async def reach_any(bootstrap: Bootstrap) -> None:
    """Return as soon as one of the addresses takes a connection. Raises `OSError` where none does."""
    trying = [asyncio.create_task(_reach(each.strip())) for each in addresses(bootstrap).split(",")]
    refused: list[str] = []
    try:
        for each in asyncio.as_completed(trying):
            try:
                await each
            except OSError as error:
                refused.append(str(error) or type(error).__name__)
            else:
                return
    finally:
        for task in trying:
            task.cancel()
        await asyncio.gather(*trying, return_exceptions=True)
    raise ConnectionError(f"no broker answers: {'; '.join(refused)}")


async def away(bootstrap: Bootstrap) -> str:
    """What to say where no broker is there; "" as soon as one takes a connection."""
    try:
        await reach_any(bootstrap)
    except OSError:
        return f"BATON_KAFKA_BOOTSTRAP: no broker answers at {addresses(bootstrap)}"
    return ""


async def _reach(address: str) -> None:
    host, _, port = address.rpartition(":")
    async with asyncio.timeout(CONNECT_S):
        _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    writer.close()
