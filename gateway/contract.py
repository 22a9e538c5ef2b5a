"""The contract as the gateway reads it: every RPC with a `google.api.http` option is one operation or several."""

import importlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from baton.common.v1 import options_pb2
from google.api import annotations_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

from gateway.comments import Comments
from gateway.templates import Template
from gateway.transcoding import fields
from runtime.methods import Method, route_in

#: Beside the generated modules, in the repository and in the wheel.
DESCRIPTORS = Path(str(options_pb2.__file__)).parents[2] / "descriptors.binpb"


@dataclass(frozen=True)
class Operation:
    """One HTTP verb on one path: an RPC, the path's template, and the field that is the body (`*`: all, "": none)."""

    method: Method
    descriptor: MethodDescriptor
    verb: str
    template: Template
    body: str

    @property
    def input(self) -> Descriptor:
        return self.descriptor.input_type

    @property
    def output(self) -> Descriptor:
        return self.descriptor.output_type

    @cached_property
    def bound(self) -> frozenset[str]:
        """Paths of the request's fields that the URL's path says."""
        return frozenset(variable.field for variable in self.template.variables)

    @cached_property
    def body_message(self) -> Descriptor | None:
        """The message that the body is read as."""
        if not self.body:
            return None
        return self.input if self.body == "*" else fields.message_of(self.input.fields_by_name[self.body])

    @cached_property
    def bound_in_body(self) -> frozenset[str]:
        """JSON names of the body's fields that the path says: what the body repeats of them is ignored."""
        prefix = "" if self.body == "*" else f"{self.body}."
        names = (name.removeprefix(prefix) for name in self.bound if name.startswith(prefix))
        known = self.body_message.fields_by_name if self.body_message else {}
        return frozenset(known[name].camelcase_name for name in names if name in known)

    @property
    def creates(self) -> bool:
        """`POST` on a collection by a `Create…` RPC: answered 201 with `Location`."""
        return self.verb == "POST" and not self.template.verb and self.method.rpc.startswith("Create")

    @property
    def reads_one(self) -> bool:
        """A read of one resource, which has an `ETag`."""
        return self.verb == "GET" and "etag" in self.output.fields_by_name

    @cached_property
    def mask(self) -> FieldDescriptor | None:
        """The update mask that is made of the body where the caller gives none."""
        found = self.input.fields_by_name.get("update_mask")
        return found if self.verb == "PATCH" and self.body not in ("", "*") else None


@dataclass(frozen=True)
class Contract:
    """All operations, with the comments that document them."""

    operations: Sequence[Operation]
    comments: Comments

    @classmethod
    def load(cls, path: Path = DESCRIPTORS) -> "Contract":
        """The contract of everything in `gen/`. Raises `OSError` when the descriptor set is missing."""
        return cls.of_files(FileDescriptorSet.FromString(path.read_bytes()))

    @classmethod
    def of_files(cls, files: FileDescriptorSet) -> "Contract":
        """The contract of these files, of which the generated modules are imported."""
        services: list[ServiceDescriptor] = []
        for file in files.file:
            importlib.import_module(file.name.removesuffix(".proto").replace("/", ".") + "_pb2")
            loaded = descriptor_pool.Default().FindFileByName(file.name)
            services.extend(loaded.services_by_name.values())
        return cls.of(services, Comments.of(files))

    @classmethod
    def of(cls, services: Iterable[ServiceDescriptor], comments: Comments) -> "Contract":
        return cls(tuple(operation for service in services for operation in _operations(service)), comments)

    def of_departments(self, departments: Iterable[str]) -> "Contract":
        """The part of it that these departments serve, with what every department does."""
        known = frozenset(departments)
        return self.only(each.method.service for each in self.operations if each.method.department in (*known, ""))

    def only(self, services: Iterable[str]) -> "Contract":
        """The part of it that these services (full names) serve."""
        wanted = frozenset(services)
        return Contract(tuple(each for each in self.operations if each.method.service in wanted), self.comments)


def _operations(service: ServiceDescriptor) -> Iterator[Operation]:
    for descriptor in service.methods:
        rule = descriptor.GetOptions().Extensions[annotations_pb2.http]
        method = Method.of(descriptor)
        for binding in (rule, *rule.additional_bindings):
            if route := route_in(binding):
                yield Operation(method, descriptor, route.verb, Template.parse(route.template), route.body)
