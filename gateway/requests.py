"""HTTP requests into request messages: path, query and body, compiled once for each operation."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError, Message

from gateway.contract import Operation
from gateway.problems import MEDIA_TYPE
from gateway.templates import Variable
from gateway.transcoding import masks
from gateway.transcoding.errors import BadInput, Errors, FieldError
from gateway.transcoding.query import QueryReader
from gateway.transcoding.reading import object_reader
from gateway.transcoding.scalars import URL_TEXT_MAX, Refusal, scalar_of

JSON = "application/json"
PROTOBUF = "application/x-protobuf"

_MASK = "updateMask"


class RequestReader:
    """Makes the request message of one operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._class = operation.method.request_class
        self._variables = [_variable(operation.input, each) for each in operation.template.variables]
        self._query = QueryReader(operation.input, said_elsewhere(operation))
        if operation.body_message is not None:
            self._read_object = object_reader(operation.body_message, operation.bound_in_body)

    @property
    def has_body(self) -> bool:
        return bool(self._operation.body)

    def read(self, segments: Sequence[str], query: bytes, headers: Mapping[str, str], body: bytes) -> Message:
        """Raises `BadInput` with everything that is wrong, or `Problem` for a content type that is not understood."""
        request: Any = self._class()
        errors = Errors()
        given = self._query.read(query, request, errors)
        errors.nulls_clear = _MASK in given
        value = self._read_body(request, headers, body, errors) if self.has_body else None
        for bind in self._variables:
            bind(request, segments, errors)
        if self._operation.mask is not None:
            self._complete_mask(request, value, errors, is_given=_MASK in given)
            self._keep_etag(request, value, errors)
        errors.check()
        return request  # type: ignore[no-any-return]

    def _read_body(self, request: Any, headers: Mapping[str, str], body: bytes, errors: Errors) -> Any:
        """Fills the body's message; answers the JSON it was, if it was JSON."""
        target = request if self._operation.body == "*" else getattr(request, self._operation.body)
        if target is not request:
            target.SetInParent()
        if not body:
            return self._empty(headers)
        kind = _content_type(headers)
        if kind == PROTOBUF:
            _merge(target, body)
            return None
        value = _json(body)
        self._read_object(value, target, None, errors)
        return value

    def _empty(self, headers: Mapping[str, str]) -> None:
        """A verb without anything to say about it needs no body; protobuf writes an empty message as no bytes."""
        if self._operation.body != "*" and headers.get("content-type") != PROTOBUF:
            raise BadInput([FieldError("", f"a body of the type {JSON} is needed")])

    def _complete_mask(self, request: Any, value: Any, errors: Errors, *, is_given: bool) -> None:
        paths = request.update_mask.paths
        resource = self._operation.body_message
        if resource is None:
            return
        if is_given:
            found, wrong = masks.to_proto(resource, paths)
            for path in wrong:
                errors.add((None, _MASK), f"there is nothing to change at {path}")
            paths[:] = found
        elif type(value) is dict and not errors.found:
            paths.extend(masks.given(resource, value, self._operation.bound_in_body))
            if not paths:
                # Without a mask everything that is there would be taken, an empty object too.
                self._take_back(getattr(request, self._operation.body), value)

    def _take_back(self, resource: Any, value: Mapping[str, Any]) -> None:
        for field in resource.DESCRIPTOR.fields:
            if field.camelcase_name in value and field.name not in self._operation.bound_in_body:
                resource.ClearField(field.name)

    def _keep_etag(self, request: Any, value: Any, errors: Errors) -> None:
        """Baton writes entity tags; one that a change sends back says which version it means (AIP-154)."""
        etag = value.get("etag") if type(value) is dict else None
        resource = self._operation.body_message
        if etag is None or resource is None or "etag" not in resource.fields_by_name:
            return
        if not isinstance(etag, str):
            errors.add((None, "etag"), "expected a string")
            return
        getattr(request, self._operation.body).etag = etag


def said_elsewhere(operation: Operation) -> frozenset[str]:
    """Fields that no query parameter sets."""
    if operation.body == "*":
        return operation.bound | {field.name for field in operation.input.fields}
    return operation.bound | {operation.body}


def _variable(request: Descriptor, variable: Variable) -> Callable[[Any, Sequence[str], Errors], None]:
    *way, name = variable.field.split(".")
    message = request
    for step in way:
        message = message.fields_by_name[step].message_type or message
    field = message.fields_by_name[name]
    convert = scalar_of(field, in_text=True)
    start, stop = variable.start, variable.stop

    def bind(target: Any, segments: Sequence[str], errors: Errors) -> None:
        for step in way:
            target = getattr(target, step)
        text = "/".join(segments[start:stop])
        if len(text) > URL_TEXT_MAX:
            errors.add((None, field.camelcase_name), f"at most {URL_TEXT_MAX} characters are allowed in a URL")
            return
        try:
            setattr(target, name, convert(text))
        except Refusal as refusal:
            errors.add((None, field.camelcase_name), str(refusal))

    return bind


def _content_type(headers: Mapping[str, str]) -> str:
    """`JSON` or `PROTOBUF`. Raises `Problem` for anything else."""
    if headers.get("content-encoding", "identity") != "identity":
        raise MEDIA_TYPE.problem("the body must not be compressed")
    kind, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    charset = next((each[8:].strip('"') for each in parameters if each.startswith("charset=")), "utf-8")
    if kind not in (JSON, PROTOBUF) or charset not in ("utf-8", "utf8"):
        raise MEDIA_TYPE.problem(f"send {JSON} in UTF-8 (or {PROTOBUF})", headers={"accept": f"{JSON}, {PROTOBUF}"})
    return kind


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadInput([FieldError("", f"the body is no JSON: {error}")]) from error


def _merge(target: Message, body: bytes) -> None:
    try:
        target.MergeFromString(body)
    except (DecodeError, RuntimeError) as error:
        raise BadInput([FieldError("", f"the body is no {target.DESCRIPTOR.full_name}: {error}")]) from error
