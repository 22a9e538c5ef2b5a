"""One question to every department: what a service that each of them has is asked without naming one."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from runtime.caller import Caller, Reply
from runtime.errors import DEADLINE, UNAVAILABLE, RpcError
from runtime.methods import Method, named
from runtime.options import REQUIRED, behaviors

log = logging.getLogger("baton.gathering")

#: The answer's field for the departments that did not answer, as Google's API design guide names it (AIP-217).
UNREACHABLE = "unreachable"


class Gathering:
    """Passes calls on. A read that may name a department and names none is asked of all of them, and their answers
    are joined. Who is out of reach is named in the answer, where that has a field for it."""

    def __init__(self, caller: Caller, departments: Sequence[str]) -> None:
        self._caller = caller
        self._departments = departments

    async def call(self, method: str, request: Message, metadata: Mapping[str, str]) -> Reply:
        described = named(method)
        if not _is_for_all(described, request):
            return await self._caller.call(method, request, metadata)
        asked = (self._ask(described, request, metadata, each) for each in self._departments)
        replies = dict(zip(self._departments, await asyncio.gather(*asked), strict=True))
        return Reply(_joined(described, replies))

    def stream(self, method: str, request: Message, metadata: Mapping[str, str]) -> AsyncGenerator[Any, None]:
        return self._caller.stream(method, request, metadata)

    async def _ask(
        self, method: Method, request: Message, metadata: Mapping[str, str], department: str
    ) -> Message | RpcError:
        """The department's answer, or why it is out of reach. Raises every other `RpcError`."""
        named_one: Any = type(request)()
        named_one.CopyFrom(request)
        setattr(named_one, method.routed_by, department)
        try:
            message: Message = (await self._caller.call(method.name, named_one, metadata)).message
        except RpcError as error:
            if error.kind not in (UNAVAILABLE, DEADLINE):
                raise
            log.warning("%s did not answer: %s", department, error, extra={"department": department})
            return error
        return message


def _is_for_all(method: Method, request: Message) -> bool:
    return (
        bool(method.routed_by)
        and not (method.writes or method.streams or method.asked(request))
        and REQUIRED not in behaviors(_field(method.request_class, method.routed_by))
    )


def _field(message: type[Message], name: str) -> FieldDescriptor:
    fields: Any = message.DESCRIPTOR.fields_by_name
    field: FieldDescriptor = fields[name]
    return field


def _joined(method: Method, replies: Mapping[str, Message | RpcError]) -> Message:
    """Lists follow each other in the order of the departments. Raises `RpcError` when nobody answered, or when the
    answer cannot say who did not."""
    joined: Any = method.response_class()
    errors = {name: reply for name, reply in replies.items() if isinstance(reply, RpcError)}
    if errors and (len(errors) == len(replies) or UNREACHABLE not in joined.DESCRIPTOR.fields_by_name):
        raise next(iter(errors.values()))
    for reply in replies.values():
        if not isinstance(reply, RpcError):
            joined.MergeFrom(reply)
    if errors:
        getattr(joined, UNREACHABLE).extend(errors)
    answer: Message = joined
    return answer
