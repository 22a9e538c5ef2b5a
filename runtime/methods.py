"""What the descriptor of an RPC says: its route, who may call it, which department answers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote

from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from runtime import options

_VERBS = ("get", "put", "post", "delete", "patch")
_VARIABLE = re.compile(r"\{([a-z0-9_.]+)(?:=[^}]*)?\}")


@dataclass(frozen=True, slots=True)
class Route:
    """The `google.api.http` option of an RPC: HTTP verb, path template, the field that is the body (`*`: all)."""

    verb: str
    template: str
    body: str

    @property
    def variables(self) -> frozenset[str]:
        """The paths of the request's fields that stand in the URL."""
        return frozenset(_VARIABLE.findall(self.template))

    def expand(self, request: Message) -> str:
        """`POST /v1/leads/5f…:qualify`: the same for a call by gRPC as for one by REST."""
        return f"{self.verb} " + _VARIABLE.sub(
            lambda found: quote(str(_value(request, found[1])), safe=""), self.template
        )


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC. `department` is "" where `routed_by`, a field of the request, names it."""

    name: str
    service: str
    rpc: str
    department: str
    routed_by: str
    roles: frozenset[str]
    anonymous: bool
    has_access: bool
    route: Route | None
    streams: bool
    request_class: type[Message]
    response_class: type[Message]

    @property
    def writes(self) -> bool:
        """Whether a call may change something; reads are the RPCs that are routed as GET."""
        return self.route is None or self.route.verb != "GET"

    def asked(self, request: Message) -> str:
        """The department that this request is for."""
        return str(_value(request, self.routed_by)) if self.routed_by else self.department

    def etag_in(self, request: Message) -> str:
        """The entity tag that the body of a change sends back, or ""."""
        resource = self._changed
        return str(getattr(_value(request, resource), "etag", "")) if resource else ""

    @property
    def kept(self) -> frozenset[str]:
        """Fields that Baton writes and a request may name: those in the URL, and the version that a change means."""
        variables = self.route.variables if self.route else frozenset()
        return variables | {f"{self._changed}.etag"} if self._changed else variables

    @property
    def _changed(self) -> str:
        """The field of the request that is the resource to be changed, or ""."""
        is_change = self.route is not None and self.route.verb == "PATCH" and self.route.body != "*"
        return self.route.body if self.route and is_change else ""

    @classmethod
    def of(cls, descriptor: MethodDescriptor) -> "Method":
        service = descriptor.containing_service
        access = options.access(descriptor)
        routed_by = options.routed_by(service)
        return cls(
            name=f"{service.full_name}/{descriptor.name}",
            service=service.full_name,
            rpc=descriptor.name,
            department="" if routed_by else department_of(service),
            routed_by=routed_by,
            roles=frozenset(access.roles if access else ()),
            anonymous=access is not None and access.anonymous,
            has_access=access is not None,
            route=route_of(descriptor),
            streams=descriptor.server_streaming,
            request_class=GetMessageClass(descriptor.input_type),
            response_class=GetMessageClass(descriptor.output_type),
        )


def department_of(service: ServiceDescriptor) -> str:
    """`baton.marketing.v1.Leads` belongs to marketing."""
    return service.file.package.split(".")[1]


def route_of(descriptor: MethodDescriptor) -> Route | None:
    """The route that the RPC's `google.api.http` option names, or None."""
    method_options: Any = descriptor.GetOptions()
    return route_in(method_options.Extensions[annotations_pb2.http])


def route_in(rule: HttpRule) -> Route | None:
    """The route that one binding names: that of the option itself, or an additional one."""
    verb = next((verb for verb in _VERBS if getattr(rule, verb)), None)
    return Route(verb.upper(), getattr(rule, verb), rule.body) if verb else None


@cache
def named(name: str) -> Method:
    """The RPC `package.Service/Method` of the descriptors that were loaded. Raises `KeyError`."""
    service, _, rpc = name.partition("/")
    descriptor: ServiceDescriptor = descriptor_pool.Default().FindServiceByName(service)
    return Method.of(descriptor.methods_by_name[rpc])


def methods_of(service: ServiceDescriptor) -> Iterator[Method]:
    return (Method.of(descriptor) for descriptor in service.methods)


def _value(request: Message, path: str) -> Any:
    value: Any = request
    for name in path.split("."):
        value = getattr(value, name)
    return value
