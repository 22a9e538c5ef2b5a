"""Event streams and limits of the gateway, over real connections."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from gateway.limits import BODY_BYTES_MAX, HEADERS_BYTES_MAX, TARGET_BYTES_MAX
from gateway.server import HEAD_BYTES_MAX, GatewayServer
from tests.support.parcels import House


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def port(house: House) -> AsyncIterator[int]:
    server = GatewayServer(house.gateway, "127.0.0.1", 0)
    yield await server.start()
    async with asyncio.timeout(20):
        await server.stop()


@pytest.fixture
async def client(house: House, port: int) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=house.headers, timeout=10) as client:
        yield client


async def until(condition: Callable[[], bool | Awaitable[bool]], what: str) -> None:
    """Wait, at most 10 s."""
    try:
        async with asyncio.timeout(10):
            while True:
                found = condition()
                if found is True or (not isinstance(found, bool) and await found):
                    return
                await asyncio.sleep(0.01)
    except TimeoutError:
        pytest.fail(f"waited in vain until {what}")


async def blocks(response: httpx.Response, count: int) -> list[str]:
    """The next events of a stream."""
    found: list[str] = []
    text = ""
    async for part in response.aiter_text():
        text += part
        while "\n\n" in text:
            block, _, text = text.partition("\n\n")
            found.append(block)
        if len(found) >= count:
            break
    return found


async def test_a_stream_sends_what_was_and_what_comes(client: httpx.AsyncClient, house: House) -> None:
    await house.parcels.tell({"label": "Лампа\nfor Riga", "count": 2})
    await house.parcels.tell(None)

    async with client.stream("GET", "/v1/parcelEvents/7") as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream"
        events = blocks(response, 3)
        await house.parcels.tell({"count": 3})
        found = await events

    assert [block.split("\n", 1) for block in found] == [
        ["id: 1", found[0].split("\n", 1)[1]],
        ["id: 2"],
        ["id: 3", 'data: {"count":3}'],
    ]
    assert '"label":"Лампа\\nfor Riga"' in found[0]


async def test_a_stream_resumes_after_the_last_event_id(client: httpx.AsyncClient, house: House) -> None:
    for count in range(3):
        await house.parcels.tell({"count": count})

    async with client.stream("GET", "/v1/parcelEvents/7", headers={"last-event-id": "2"}) as response:
        assert await blocks(response, 1) == ['id: 3\ndata: {"count":2}']
    async with client.stream("GET", "/v1/parcelEvents/7?after=1") as response:
        assert await blocks(response, 1) == ['id: 2\ndata: {"count":1}']


async def test_a_quiet_stream_starts_without_an_event(client: httpx.AsyncClient) -> None:
    async with client.stream("GET", "/v1/parcelEvents/7") as response:
        assert response.status_code == 200


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("none", {}, 404),
        ("7?after=x", {}, 400),
        ("7", {"last-event-id": "x"}, 400),
        ("7", {"authorization": "Bearer x"}, 401),
    ],
)
async def test_a_stream_that_cannot_start_is_a_problem(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    response = await client.get(f"/v1/parcelEvents/{path}", headers=headers)

    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


async def test_a_client_that_leaves_ends_its_stream(client: httpx.AsyncClient, house: House) -> None:
    async with client.stream("GET", "/v1/parcelEvents/7"):
        await until(lambda: house.parcels.watching == 1, "the stream was opened")

    await until(lambda: house.parcels.watching == 0, "the stream was closed")


async def test_a_stop_does_not_wait_for_streams(client: httpx.AsyncClient, house: House) -> None:
    async with client.stream("GET", "/v1/parcelEvents/7") as response:
        await until(lambda: house.parcels.watching == 1, "the stream was opened")
        house.gateway.end_streams()
        async with asyncio.timeout(20):
            assert [part async for part in response.aiter_text()] == []


async def test_a_client_that_reads_nothing_stops_its_own_stream_and_no_other(
    client: httpx.AsyncClient, house: House, port: int
) -> None:
    for _ in range(400):
        await house.parcels.tell({"text": "x" * 100_000})
    slow = await open_raw(port, house, "/v1/parcelEvents/7")
    await until(lambda: house.parcels.watching == 1, "the slow stream was opened")

    async with client.stream("GET", "/v1/parcelEvents/7") as response:
        assert len(await blocks(response, 400)) == 400
    response = await client.get("/v1/parcels")

    assert response.status_code == 200
    assert house.parcels.sent[0] < 400
    slow.close()


async def open_raw(port: int, house: House, path: str) -> socket.socket:
    """A client that asks and never reads."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    token = house.headers["authorization"]
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: baton\r\nAuthorization: {token}\r\n\r\n".encode())
    return connection


async def raw(port: int, sent: bytes) -> bytes:
    """What comes back, until the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    return answer


async def test_a_request_that_is_slow_to_arrive_holds_up_nobody(client: httpx.AsyncClient, port: int) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /v1/parcels HTTP/1.1\r\nHost: baton\r\nContent-Le")

    assert (await client.get("/v1/parcels")).status_code == 200
    writer.close()


async def test_a_body_has_at_most_one_mebibyte(client: httpx.AsyncClient) -> None:
    async def chunked() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    json = {"content-type": "application/json"}
    most = b'{"label":"x"' + b" " * (BODY_BYTES_MAX - 13) + b"}"

    assert (await client.post("/v1/parcels", content=most, headers=json)).status_code == 201
    declared = await client.post("/v1/parcels", content=most + b" ", headers=json)
    counted = await client.post("/v1/parcels", content=chunked(), headers=json)
    assert [(each.status_code, each.json()["type"]) for each in (declared, counted)] == [
        (413, "/problems/too-large")
    ] * 2


async def test_headers_and_queries_have_limits(client: httpx.AsyncClient, port: int) -> None:
    headers = await client.get("/v1/parcels", headers={"x-long": "x" * HEADERS_BYTES_MAX})
    queries = [
        await raw(port, b"GET /v1/parcels?label=" + b"x" * length + b" HTTP/1.0\r\n\r\n")
        for length in (TARGET_BYTES_MAX, 2 * TARGET_BYTES_MAX)
    ]

    assert (headers.status_code, headers.headers["content-type"]) == (431, "application/problem+json")
    assert [query[:13] for query in queries] == [b"HTTP/1.1 414 "] * 2
    assert all(b"application/problem+json" in query for query in queries)


async def test_a_head_without_end_is_cut_off(port: int) -> None:
    answer = await raw(port, b"GET / HTTP/1.1\r\nX-Long: " + b"x" * (2 * HEAD_BYTES_MAX))

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"application/problem+json" in answer


async def test_what_is_no_http_is_a_problem_too(port: int) -> None:
    answer = await raw(port, b"HELLO\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
