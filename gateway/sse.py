"""Server-streaming RPCs as server-sent events.

The RPC's messages have the fields `id` and `data`: an event is `id:` and `data:`, and one without `data` is a block
of `id:` alone, which moves `Last-Event-ID` without waking the client's handler. A client that resumes sends that
header, which becomes the request's field `after`.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from google.protobuf.descriptor import FieldDescriptor

from gateway.contract import Operation
from gateway.limits import Receive, Send
from gateway.problems import INVALID
from gateway.transcoding import fields
from gateway.transcoding.errors import FieldError
from gateway.transcoding.scalars import Refusal, scalar_of
from gateway.transcoding.writing import to_json

CONTENT_TYPE = "text/event-stream"
LAST_EVENT_ID = "last-event-id"
#: What is refused is refused within this time and answered with its status; a stream that is quiet at first starts.
FIRST_S = 0.25

_HEAD = [
    (b"content-type", CONTENT_TYPE.encode("ascii")),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]


def resume(operation: Operation, request: Any, headers: Mapping[str, str]) -> None:
    """Puts `Last-Event-ID` into the field `after`. Raises `Problem` when it cannot be one."""
    text = headers.get(LAST_EVENT_ID)
    field = operation.input.fields_by_name.get("after")
    if not text or field is None:
        return
    try:
        request.after = scalar_of(field, in_text=True)(text)
    except Refusal as refusal:
        raise INVALID.problem(f"Last-Event-ID {refusal}", [FieldError("/after", str(refusal))]) from refusal


def block(message: Any) -> bytes:
    """One event, or `id:` alone."""
    field = message.DESCRIPTOR.fields_by_name["data"]
    head = f"id: {message.id}\n".encode()
    return head + b"data: " + _data(message, field) + b"\n\n" if _is_set(message, field) else head + b"\n"


def _is_set(message: Any, field: FieldDescriptor) -> bool:
    return bool(message.HasField("data") if field.has_presence else message.data)


def _data(message: Any, field: FieldDescriptor) -> bytes:
    """JSON has no line breaks outside strings, and none that are not escaped inside, so it is one line."""
    if fields.is_message(field):
        return to_json(message.data)
    data: str | bytes = message.data
    return data.encode() if isinstance(data, str) else data


async def serve(events: AsyncGenerator[Any, None], ending: asyncio.Event, receive: Receive, send: Send) -> None:
    """Sends events until the stream ends, the client leaves or Baton is `ending`. An error before the first event is
    raised; a later one is raised too, when nothing but the end of the stream can tell it.

    There is no queue: the next event is asked for when the client has taken the last one, so a slow client slows its
    own stream and holds no memory."""
    pump = asyncio.ensure_future(_pump(events, send))
    others = (asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(ending.wait()))
    try:
        await asyncio.wait({pump, *others}, return_when=asyncio.FIRST_COMPLETED)
        if pump.done():
            pump.result()
    finally:
        for task in (pump, *others):
            task.cancel()
        await asyncio.wait({pump, *others})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


async def _pump(events: AsyncGenerator[Any, None], send: Send) -> None:
    first = asyncio.ensure_future(anext(events, None))
    try:
        done, _ = await asyncio.wait({first}, timeout=FIRST_S)
        event = first.result() if done else None
        await send({"type": "http.response.start", "status": 200, "headers": _HEAD})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        event = event or await first
        while event is not None:
            await send({"type": "http.response.body", "body": block(event), "more_body": True})
            event = await anext(events, None)
    finally:
        first.cancel()
        await asyncio.wait({first})
        await events.aclose()
