"""A service that exists in the tests alone, behind a real gateway: parcels, kept in a dict."""

import asyncio
import importlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_tools import protoc

from eventlog.decider import NotThere, Refused
from eventlog.events import Place, Position
from gateway.app import Gateway
from gateway.comments import Comments
from gateway.contract import Contract
from gateway.openapi.document import document
from gateway.pages import Pages
from runtime.call import Call
from runtime.identity import Issuer, Verifier
from runtime.rpc import Dispatcher, Servicer

FILE = "baton/parcels/v1/parcels.proto"
SERVICE = "baton.parcels.v1.Parcels"
TENANT = "acme"
_ROOT = Path(__file__).resolve().parent


@cache
def contract() -> Contract:
    """The contract of the service, compiled here and now: `gen/` knows nothing of it."""
    described = _compiled()
    for needed in described.file[0].dependency:
        importlib.import_module(needed.removesuffix(".proto").replace("/", ".") + "_pb2")
    descriptor_pool.Default().Add(described.file[0])
    return Contract.of([service()], Comments.of(described))


def service() -> ServiceDescriptor:
    return descriptor_pool.Default().FindServiceByName(SERVICE)


def message_class(name: str) -> Any:
    contract()
    return GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(f"baton.parcels.v1.{name}"))


def _compiled() -> descriptor_pb2.FileDescriptorSet:
    google_api = Path(str(files("google.api").joinpath("annotations.proto"))).parent.parent.parent
    includes = [_ROOT / "proto", _ROOT.parent.parent / "proto", google_api, files("grpc_tools").joinpath("_proto")]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "parcels.binpb"
        flags = [f"--descriptor_set_out={target}", "--include_source_info"]
        assert protoc.main(["protoc", *(f"-I{each}" for each in includes), *flags, FILE]) == 0
        return descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())


class Parcels:
    """The servicer. Nothing of it is known to the gateway."""

    def __init__(self) -> None:
        self.parcels: dict[str, Any] = {}
        self.requests: list[Any] = []
        self.events: list[Any] = []
        self.watching = 0
        self.sent: list[int] = []
        self.changed = asyncio.Condition()
        self.breaks = False

    async def CreateParcel(self, request: Any, call: Call) -> Any:
        self.requests.append(request)
        id = str(uuid5(call.command.id, "parcel"))
        call.replayed = id in self.parcels
        if not call.replayed:
            request.parcel.id, request.parcel.state = id, 1
            request.parcel.create_time.FromJsonString("2026-03-06T19:38:55.25Z")
            self._put(request.parcel, 1)
        return self._told(self.parcels[id], call)

    async def GetParcel(self, request: Any, call: Call) -> Any:
        if self.breaks:
            raise RuntimeError("Anna Petrova's parcel is broken")
        return self._told(self._parcel(request.id), call)

    async def UpdateParcel(self, request: Any, call: Call) -> Any:
        self.requests.append(request)
        parcel = self._parcel(request.parcel.id)
        for path in request.update_mask.paths:
            _change(parcel, request.parcel, path)
        self._put(parcel, int(parcel.etag) + 1)
        return self._told(parcel, call)

    async def ListParcels(self, request: Any, call: Call) -> Any:
        self.requests.append(request)
        parcels = list(self.parcels.values())
        return message_class("ListParcelsResponse")(parcels=parcels, total_size=len(parcels))

    async def SearchParcels(self, request: Any, call: Call) -> Any:
        found = [parcel for parcel in self.parcels.values() if request.query in parcel.label]
        return message_class("ListParcelsResponse")(parcels=found, total_size=len(found))

    async def SendParcel(self, request: Any, call: Call) -> Any:
        self.requests.append(request)
        parcel = self._parcel(request.id)
        if parcel.state == 2:
            raise Refused(f"parcel {parcel.id} was sent before")
        parcel.state = 2
        self._put(parcel, int(parcel.etag) + 1)
        return self._told(parcel, call)

    async def WatchParcels(self, request: Any, call: Call) -> AsyncIterator[Any]:
        if request.shelf == "none":
            raise NotThere("there is no such shelf")
        self.watching += 1
        place = len(self.sent)
        self.sent.append(0)
        try:
            sent = int(request.after or 0)
            while True:
                self.sent[place] = sent
                async with self.changed:
                    while len(self.events) <= sent:
                        await self.changed.wait()
                yield self.events[sent]
                sent += 1
        finally:
            self.watching -= 1

    async def CountParcels(self, request: Any, call: Call) -> Any:
        return message_class("ParcelCount")(parcels=len(self.parcels))

    async def tell(self, data: Mapping[str, Any] | None) -> None:
        """One more event for those who watch."""
        event = message_class("ParcelEvent")(id=str(len(self.events) + 1))
        if data is not None:
            event.data.update(data)
        async with self.changed:
            self.events.append(event)
            self.changed.notify_all()

    def _parcel(self, id: str) -> Any:
        if id not in self.parcels:
            raise NotThere(f"there is no parcel {id}")
        return self.parcels[id]

    def _put(self, parcel: Any, version: int) -> None:
        parcel.etag = str(version)
        self.parcels[parcel.id] = parcel

    def _told(self, parcel: Any, call: Call) -> Any:
        call.etag, call.place = parcel.etag, Place(1, Position(len(self.parcels)))
        return parcel


def _change(target: Any, source: Any, path: str) -> None:
    """Take over what stands at the path, or clear it."""
    name, _, rest = path.partition(".")
    if name == "custom" and rest:
        target.custom.fields.pop(rest, None)
        if rest in source.custom.fields:
            target.custom.fields[rest].CopyFrom(source.custom.fields[rest])
    elif rest:
        _change(getattr(target, name), getattr(source, name), rest)
    else:
        target.ClearField(name)
        given = type(source)()
        given.MergeFrom(source)
        for other, _value in source.ListFields():
            if other.name != name:
                given.ClearField(other.name)
        target.MergeFrom(given)


class House:
    """A gateway with the service behind it."""

    def __init__(self) -> None:
        self.parcels = Parcels()
        self.issuer = Issuer(Ed25519PrivateKey.generate())
        verifier = Verifier(self.issuer.public)
        described = contract()
        self.dispatcher = Dispatcher(
            [Servicer(service(), self.parcels)], verifier, lambda *parts: bytes(32), ["parcels"], self._wait
        )
        self.not_ready: list[str] = []
        self.document = document(described, "1.2.3")
        self.gateway = Gateway(described, self.dispatcher, verifier, Pages(self.document, lambda: self.not_ready))
        self.waited: list[tuple[str, str, Place]] = []

    async def _wait(self, department: str, source: str, place: Place) -> None:
        self.waited.append((department, source, place))

    def token(self, *roles: str) -> str:
        return self.issuer.token(TENANT, "emma.clarke", "riga", roles or ("clerk",))

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token()}"}


NOBODY = str(UUID(int=7))
