"""Who can be asked: the one shape of a call, whether the department runs in this process or behind gRPC."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from google.protobuf.message import Message


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and the metadata that goes with it: `etag`, `baton-position`, `idempotency-replayed`."""

    message: Any
    metadata: Mapping[str, str] = field(default_factory=dict)


class Caller(Protocol):
    """Who can be asked. Raises `RpcError`. Metadata keys are in lower case."""

    async def call(self, method: str, request: Message, metadata: Mapping[str, str]) -> Reply:
        """Call `package.Service/Method` and get its one answer."""
        ...

    def stream(self, method: str, request: Message, metadata: Mapping[str, str]) -> AsyncGenerator[Any, None]:
        """Call a server-streaming method and get its answers until it ends; `aclose` ends it before."""
        ...
