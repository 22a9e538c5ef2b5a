"""REST create of a person through the whole chain, against a bare FastAPI and asyncpg create on the same server."""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import orjson
from cryptography.hazmat.primitives import serialization

from bench.apart import apart, interleaved
from bench.http_load import posts
from bench.peers import wait_for_port
from bench.rows import Row, compared
from tests.support.postgres import running_server
from tests.support.running import free_port, running

SECONDS = 5.0
GOALS = {8: (0.8, 1.0), 64: (1.0, 1.5)}


def person(client: int, n: int) -> bytes:
    """A person with an e-mail, a phone and a note, never the same twice."""
    unique = uuid4().hex
    return orjson.dumps(
        {
            "givenName": "Vera",
            "familyName": f"Ozola {client}-{n}",
            "emails": [{"address": f"{unique}@example.org", "kind": "work"}],
            "phones": [{"number": f"+1{2_000_000_000 + int(unique[:12], 16) % 7_000_000_000}", "kind": "mobile"}],
            "jobTitle": "buyer",
            "tags": ["vip"],
            "branch": "riga",
            "note": "prefers to be called in the afternoon",
        }
    )


def run() -> list[Row]:
    """8 and 64 clients; one worker on either side."""
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(server.dsn("postgres"), server.dsn(server.create_database()), Path(folder)))


async def _run(ours: str, theirs: str, folder: Path) -> list[Row]:
    async with running(folder / "home", BATON_DATABASE_URL=ours) as baton:
        token = await baton.token("bench", "clerk-1", "manager", branch="riga")
        with bare(theirs, _public_key(baton.home, folder)) as port:
            return [await asyncio.to_thread(_compare, clients, baton.port, port, token) for clients in GOALS]


def _compare(clients: int, ours: int, theirs: int, token: str) -> Row:
    work = partial(posts, "/v1/people", token, clients, SECONDS, person)
    loads = interleaved({"baton": partial(apart, work, ours), "bare": partial(apart, work, theirs)})
    name = f"REST create of a person, {clients} clients"
    note = f"load client CPU, of one core: Baton {loads['baton'].cpu:.2f}, bare {loads['bare'].cpu:.2f}"
    rates = loads["baton"].rate, "/s", "bare FastAPI + asyncpg", loads["bare"].rate
    return compared(name, *rates, *GOALS[clients], note=note)


def _public_key(home: Path, folder: Path) -> Path:
    private = serialization.load_pem_private_key((home / "keys" / "issuer.pem").read_bytes(), None)
    encoded = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    path = folder / "issuer.pub"
    path.write_bytes(encoded)
    return path


@contextmanager
def bare(dsn: str, public_key: Path) -> Iterator[int]:
    """The peer, running; yields its port."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "bench.bare_api", str(port), dsn, str(public_key)])
    try:
        wait_for_port(port)
        yield port
    finally:
        server.terminate()
        server.wait(10)
