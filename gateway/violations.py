"""Where a department's field violation stands in what the caller sent."""

import re
from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor

from gateway.contract import Operation
from gateway.transcoding import fields
from gateway.transcoding.errors import Path, pointer

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def pointer_of(operation: Operation, field: str) -> str:
    """`parcel.items[0].name` of a request whose body is `parcel` -> `/items/0/name`.

    Departments name fields by their paths in the request, or, in a rule of a resource, in the resource."""
    if not field:
        return ""
    in_request = field.partition(".")[0].partition("[")[0] in operation.input.fields_by_name
    if in_request and operation.body not in ("", "*"):
        field = re.sub(rf"^{re.escape(operation.body)}(\.|$)", "", field)
    start = operation.input
    if operation.body_message is not None and field.partition(".")[0].partition("[")[0] in (
        operation.body_message.fields_by_name
    ):
        start = operation.body_message
    path: Path = None
    for token in _tokens(start, field):
        path = (path, token)
    return pointer(path)


def _tokens(message: Descriptor | None, path: str) -> Iterator[str]:
    """JSON names where the descriptor knows them; keys of maps and Structs as they are."""
    while path:
        step = _STEP.match(path)
        if step is None:
            yield path
            return
        name = step[1] or step[2]
        path = path[step.end() :].removeprefix(".")
        known = message.fields_by_name.get(name) if message and not step[1] and not name.isdecimal() else None
        yield known.camelcase_name if known else name
        if known is not None and fields.is_open(known):
            if path:
                yield path
            return
        if known is not None:
            message = known.message_type
