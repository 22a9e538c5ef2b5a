"""What happens to a site, each under the name that the walk calls it by: it is done, lasts for as long as the dice say
while clients write on, and is over when the function returns."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient

from eventlog.kafka.topics import facts_topic, watermarks_topic
from runtime.department import DEPARTMENTS
from tests.crash.load import AGAIN
from tests.crash.site import DEADLINE_S, Site
from tests.support.cluster import until
from tests.support.network import SPOILS

Fault = Callable[[Site, random.Random], Awaitable[None]]

#: Of whom the clients need nothing: it is heard how they catch up.
HEARERS = ("sales", "analytics")
#: What a department misses that is away.
MISSED_WRITES = 150


async def kill_role(site: Site, dice: random.Random) -> None:
    """kill -9 of one process, whichever."""
    name = dice.choice(sorted(site.processes()))
    victim = site.processes()[name]
    victim.kill()
    await site.restarted(name, victim.pid)


async def kill_broker(site: Site, dice: random.Random) -> None:
    """kill -9 of one broker, of however many."""
    node = dice.choice(sorted(site.kafka.brokers))
    await site.kafka.kill(node)
    await site.more(20)
    await site.kafka.restart(node)


async def kill_two_brokers(site: Site, dice: random.Random) -> None:
    """Of three: nothing can be told, writing goes on, and what is asked now is offered when they are back."""
    nodes = dice.sample(sorted(site.kafka.brokers), 2)
    await asyncio.gather(*(site.kafka.kill(node) for node in nodes))
    await _nothing_is_told(site)
    await site.kafka.restart(*nodes)


async def fill_disk(site: Site, dice: random.Random) -> None:
    """No broker can write any more, and each ends; there is room again, and they are started."""
    assert site.disk is not None, "there is no disk to fill"
    site.disk.fill()
    await until(lambda: all(broker.pid is None for broker in site.kafka.brokers.values()), "the brokers have not ended")
    await _nothing_is_told(site)
    site.disk.free()
    await site.kafka.restart(*site.kafka.brokers)


async def _nothing_is_told(site: Site) -> None:
    """A lead that is handed on now is acknowledged by marketing, and contacts does not know of it."""
    await site.more(10)
    handoff = await site.clients[0].capture_and_qualify(site.http[0])
    await site.more(20)
    assert (await site.http[0].get(f"/v1/handoffs/{handoff}")).status_code == 404


async def kill_postgres(site: Site, dice: random.Random) -> None:
    """kill -9 of the postmaster."""
    await _restart_postgres(site, signal.SIGKILL, dice.uniform(0, 2))


async def restart_postgres(site: Site, dice: random.Random) -> None:
    """As an administrator restarts it."""
    await _restart_postgres(site, signal.SIGINT, dice.uniform(0, 1))


async def _restart_postgres(site: Site, how: signal.Signals, away_s: float) -> None:
    await asyncio.to_thread(site.postgres.stop, how)
    await asyncio.sleep(away_s)
    await asyncio.to_thread(site.postgres.start)


async def take_all_connections(site: Site, dice: random.Random) -> None:
    """Somebody else has all of PostgreSQL's connections, also those that Baton had: who asks is told to ask again."""
    held: list[asyncpg.Connection] = []
    try:
        held.append(await asyncpg.connect(site.postgres.dsn("postgres")))
        told: set[int] = set()
        ends_at = time.monotonic() + dice.uniform(2, 4)
        async with asyncio.timeout(DEADLINE_S):
            while time.monotonic() < ends_at or AGAIN not in told:
                await _take_the_rest(site, held)
                await held[0].execute(_END_THE_OTHERS, [each.get_server_pid() for each in held])
                await _take_the_rest(site, held)
                told.add((await site.http[0].get("/v1/leads")).status_code)
        assert told <= {200, AGAIN}
    finally:
        for each in held:
            each.terminate()


_END_THE_OTHERS = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> ALL ($1::int[])"""


async def _take_the_rest(site: Site, held: "list[asyncpg.Connection]") -> None:
    try:
        while True:
            held.append(await asyncpg.connect(site.postgres.dsn("postgres")))
    except asyncpg.TooManyConnectionsError:
        return


async def spoil_network_to_kafka(site: Site, dice: random.Random) -> None:
    """Cut, half-closed, slowed, reset, and reset after the request was sent: one after the other, in any order."""
    for spoil in dice.sample(SPOILS, len(SPOILS)):
        wires = dice.choice(site.kafka.networks)
        await spoil(wires, dice)
        wires.mend()


async def spoil_network_to_postgres(site: Site, dice: random.Random) -> None:
    for spoil in dice.sample(SPOILS, len(SPOILS)):
        await spoil(site.database_network, dice)
        site.database_network.mend()


async def roll(site: Site, dice: random.Random) -> None:
    """Each process is asked to end, one after the other; the next when the one before is back."""
    await _roll(site, list(site.processes()))


async def roll_roles(site: Site, dice: random.Random) -> None:
    """The same with one process of each role."""
    names = dice.sample(sorted(site.processes()), len(site.processes()))
    await _roll(site, {name.rpartition("-")[2]: name for name in names}.values())


async def _roll(site: Site, names: Iterable[str]) -> None:
    """Nobody is refused, and nobody but who asks the gateway while it is away goes unheard."""
    for name in names:
        process = site.processes()[name]
        before = sum(attempt.unheard for attempt in site.attempts)
        process.terminate()
        await site.restarted(name, process.pid)
        unheard = sum(attempt.unheard for attempt in site.attempts) - before
        assert name == "gateway" or unheard == 0, f"{unheard} went unheard while {name} was restarted"


async def roll_brokers(site: Site, dice: random.Random) -> None:
    """Each broker is stopped in order and started again, one after the other."""
    for node in dice.sample(sorted(site.kafka.brokers), len(site.kafka.brokers)):
        await site.kafka.restart(node)


async def stop_department(site: Site, dice: random.Random) -> None:
    """All of a department stands still while much happens, for longer than its sessions and memberships last."""
    stopped = list(site.processes(dice.choice(HEARERS)).values())
    with site.sales_left_alone():
        for process in stopped:
            process.suspend()
        try:
            await asyncio.sleep(6)  # sessions at PostgreSQL end after 5 s
            await site.more(MISSED_WRITES)
        finally:
            for process in stopped:
                process.resume()


async def delete_topic(site: Site, dice: random.Random) -> None:
    """Both topics of a department; its relay makes and fills them anew, once it has something to tell. Analytics
    records nothing here, so nothing would bring its topics back."""
    department = dice.choice([each for each in DEPARTMENTS if each != "analytics"])
    admin = AIOKafkaAdminClient(bootstrap_servers=site.kafka.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([facts_topic(department), watermarks_topic(department)])
    finally:
        await admin.close()


FAULTS: Mapping[str, Fault] = {
    each.__name__.replace("_", "-"): each
    for each in (
        *(kill_role, kill_broker, kill_two_brokers, fill_disk, kill_postgres, restart_postgres, take_all_connections),
        *(spoil_network_to_kafka, spoil_network_to_postgres, roll, roll_roles, roll_brokers, stop_department),
        delete_topic,
    )
}
