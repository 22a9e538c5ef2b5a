"""The peers: `eventsourcing`'s PostgreSQL recorder on our server, UmaDB's own server beside us."""

import os
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: 300 bytes of payload and 300 of metadata, as every contender writes them.
PAYLOAD = os.urandom(150).hex().encode()
METADATA = os.urandom(150).hex().encode()


def threads(writers: int, seconds: float, start: Callable[[], None], write: Callable[[int, int], Any]) -> int:
    """Call `write(writer, n)` from as many threads for so long; answers how often it was done."""
    counts = [0] * writers
    ready = threading.Barrier(writers + 1)
    stop = threading.Event()

    def loop(writer: int) -> None:
        ready.wait()
        while not stop.is_set():
            write(writer, counts[writer])
            counts[writer] += 1

    for writer in range(writers):
        write(writer, -1)
    running = [threading.Thread(target=loop, args=(n,), daemon=True) for n in range(writers)]
    for thread in running:
        thread.start()
    ready.wait()
    start()
    stop.wait(seconds)
    stop.set()
    for thread in running:
        thread.join()
    return sum(counts)


def eventsourcing_appends(server: dict[str, Any], writers: int, seconds: float, start: Callable[[], None]) -> int:
    """Single-event inserts by the application recorder, each its own stream, as the library does them."""
    from eventsourcing.persistence import StoredEvent
    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

    with PostgresDatastore(**server, pool_size=writers, max_overflow=writers) as datastore:
        recorder = PostgresApplicationRecorder(datastore, events_table_name="stored_events")
        datastore.pool.open(wait=True)
        recorder.create_table()

        def write(_writer: int, _n: int) -> None:
            event = StoredEvent(uuid.uuid4(), 1, "bench:Happened", PAYLOAD + METADATA)
            recorder.insert_events([event])

        return threads(writers, seconds, start, write)


@contextmanager
def umadb_server(folder: Path) -> Iterator[str]:
    """UmaDB's own server, durable as it ships; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = str(Path(sys.executable).with_name("umadb"))
    command = [program, "--listen", f"127.0.0.1:{port}", "--db-path", str(folder / "uma.db")]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def wait_for_port(port: int, deadline_s: float = 20.0) -> None:
    """Until somebody listens there; raises `TimeoutError`."""
    until = time.monotonic() + deadline_s
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port}")


def umadb_appends(url: str, writers: int, seconds: float, batch: int, start: Callable[[], None]) -> int:
    """Appends of `batch` events under a condition that the stream is new, as an event store is used."""
    import umadb

    clients = [umadb.Client(url) for _ in range(writers)]
    metadata = {"m": METADATA.decode()}

    def write(writer: int, _n: int) -> None:
        tag = f"stream:{uuid.uuid4()}"
        condition = umadb.AppendCondition(umadb.Query([umadb.QueryItem(tags=[tag])]))
        events = [umadb.Event("bench.happened", PAYLOAD, [tag], uuid.uuid4(), metadata) for _ in range(batch)]
        clients[writer].append(events, condition)

    return threads(writers, seconds, start, write) * batch
