"""Calls to departments: one shape, whether the department runs in this process or behind gRPC.

    reply = await caller.call("baton.marketing.v1.Leads/CreateLead", request, metadata)

`Dispatcher` is the end of it in the department's process: it knows the caller from the token, asks the RPC's access
option, checks the request against its descriptor, names the command, and turns errors into statuses.
"""

import asyncio
import logging
import time
import traceback
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID, uuid4, uuid5

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from eventlog import tracing
from eventlog.codec import Origin
from eventlog.errors import Conflict
from eventlog.events import Place, Version
from eventlog.store import Command
from runtime import metadata as headers
from runtime.call import Call, Identity
from runtime.caller import Caller, Reply
from runtime.errors import (
    FORBIDDEN,
    INTERNAL,
    NO_SUCH_METHOD,
    NOT_FOUND,
    OVERLOADED,
    STALE,
    TOO_MANY,
    RpcError,
    failure,
    invalid,
    told,
)
from runtime.etags import one_of, version_of
from runtime.expiry import until
from runtime.identity import EVERY_TENANT, Verified, Verifier
from runtime.methods import Method, methods_of
from runtime.metrics import CALLS, CALLS_RUNNING
from runtime.validation import violations

__all__ = ["Caller", "Dispatcher", "Limits", "Reply", "Servicer", "answered", "origin"]

log = logging.getLogger("baton.rpc")

#: Command ids of requests are UUIDs in this namespace. A stored word: it never changes.
COMMANDS = UUID("6b1f2c1e-8d0a-5b7e-9a53-0d3c1f7b2a90")

#: Reads leave no trace and need no name.
READ = Command(UUID(int=0), bytes(32))
ANONYMOUS = Verified(Identity("", "", "", frozenset()), float("inf"))
#: Services that a token for every tenant may ask.
FOR_EVERY_TENANT = ("baton.log.", "baton.operations.")

Hmac = Callable[[str, str, bytes], bytes]
#: Wait until the department (first) has heard the other one (second) up to a place; raises `RpcError`.
Wait = Callable[[str, str, Place], Awaitable[None]]


class Handled(Protocol):
    """What `eventlog.handling.Handler.handle` answers, as far as it goes back to the caller."""

    @property
    def version(self) -> Version: ...
    @property
    def place(self) -> Place: ...
    @property
    def replayed(self) -> bool: ...


def origin(call: Call, employee: str = "") -> Origin:
    """Who records: the caller, or, told by the caller, `employee`."""
    caller = call.identity
    return Origin(
        tenant=caller.tenant,
        branch=caller.branch,
        actor=caller.employee,
        employee=employee or caller.employee,
        correlation_id=call.correlation_id,
        traceparent=call.traceparent,
        sees_tenant=caller.sees_tenant,
    )


def answered(call: Call, handled: Handled) -> None:
    """Send the record's version and the write's place back beside the answer."""
    call.etag = str(handled.version)
    call.place = handled.place
    call.replayed = handled.replayed


@dataclass(frozen=True)
class Limits:
    """Calls at once, in all and of one tenant; seconds for one call."""

    calls_max: int = 1024
    tenant_calls_max: int = 512
    call_s: float = 30.0


@dataclass(frozen=True)
class Servicer:
    """An object with a method for each RPC of a service: `async def CreateLead(self, request, call) -> Lead`, or an
    async generator for a streaming RPC. Of a service that every department has, `department` says whose this is."""

    descriptor: ServiceDescriptor
    servicer: object
    department: str = ""


class Dispatcher:
    """Serves RPCs. `hmac` keys the digests of requests, `wait` makes lists wait for positions."""

    def __init__(
        self,
        servicers: Iterable[Servicer],
        verifier: Verifier,
        hmac: Hmac,
        departments: Iterable[str],
        wait: Wait,
        limits: Limits = Limits(),
    ) -> None:
        self._methods: dict[str, Method] = {}
        self._servicers: dict[tuple[str, str], object] = {}
        self._verifier = verifier
        self._hmac = hmac
        self._departments = frozenset(departments)
        self._wait = wait
        self._limits = limits
        self._running: Counter[str] = Counter()
        for servicer in servicers:
            self._add(servicer)

    def _add(self, servicer: Servicer) -> None:
        for method in methods_of(servicer.descriptor):
            self._methods[method.name] = method
            self._servicers[method.service, servicer.department or method.department] = servicer.servicer

    @property
    def services(self) -> list[str]:
        """Full names of the services that are served here."""
        return sorted({method.service for method in self._methods.values()})

    def method(self, name: str) -> Method:
        """Raises `RpcError` when nothing of this name is served."""
        found = self._methods.get(name)
        if found is None:
            raise failure(NO_SUCH_METHOD, f"{name} is not served here")
        return found

    async def call(self, method: str, request: Message, metadata: Mapping[str, str]) -> Reply:
        described = self.method(method)
        with _traced(described, metadata):
            return await self._measured(described, request, metadata)

    async def _measured(self, described: Method, request: Message, metadata: Mapping[str, str]) -> Reply:
        started = time.monotonic()
        reason = "CANCELLED"
        try:
            verified = self._allowed(described, metadata)
            with self._counted(verified.identity.tenant):
                reply = await self._call(described, request, metadata, verified)
            reason = "OK"
            return reply
        except Exception as error:
            failed = _failed(described.name, error)
            reason = failed.kind.reason
            raise failed from error
        finally:
            CALLS.labels(described.name, reason).observe(time.monotonic() - started)

    async def _call(self, method: Method, request: Message, metadata: Mapping[str, str], verified: Verified) -> Reply:
        target, call = self._prepare(method, request, metadata, verified)
        async with asyncio.timeout(self._limits.call_s):
            if call.min_places and not method.writes:
                await asyncio.gather(*(self._wait(call.department, *each) for each in call.min_places.items()))
            try:
                message = await target(request, call)
            except Conflict as conflict:
                if call.if_match is None:
                    raise failure(OVERLOADED, f"too many others write here at once: {conflict}") from conflict
                raise
        if not method.writes and call.if_match is not None and version_of(call.etag) not in call.if_match:
            raise failure(STALE, f"expected version {one_of(call.if_match)}, found {call.etag or 'no version'}")
        return Reply(message, _metadata(call))

    async def stream(self, method: str, request: Message, metadata: Mapping[str, str]) -> AsyncGenerator[Any, None]:
        described = self.method(method)
        try:
            verified = self._allowed(described, metadata)
            target, call = self._prepare(described, request, metadata, verified)
            async for item in until(verified.expires_at, target(request, call)):
                yield item
        except Exception as error:
            raise _failed(described.name, error) from error

    def _allowed(self, method: Method, metadata: Mapping[str, str]) -> Verified:
        if method.anonymous:
            return ANONYMOUS
        verified = self._verifier.verify(headers.bearer(metadata))
        if not method.has_access or (method.roles and not method.roles & verified.identity.roles):
            needed = (
                f"one of the roles {', '.join(sorted(method.roles))}" if method.roles else "to be opened to somebody"
            )
            raise failure(FORBIDDEN, f"{method.rpc} needs {needed}")
        if verified.identity.tenant == EVERY_TENANT and not method.name.startswith(FOR_EVERY_TENANT):
            raise failure(FORBIDDEN, "a token for every tenant serves to operate Baton, not to use it")
        return verified

    def _prepare(
        self, method: Method, request: Message, metadata: Mapping[str, str], verified: Verified
    ) -> tuple[Callable[..., Any], Call]:
        wrong = violations(request, method.kept)
        if wrong:
            raise invalid(wrong)
        department = method.asked(request)
        servicer = self._servicers.get((method.service, department))
        if servicer is None:
            known = ", ".join(sorted(self._departments))
            raise failure(NOT_FOUND, f"there is no department {department}; departments are {known}")
        return getattr(servicer, method.rpc), self._named(method, request, metadata, verified, department)

    def _named(
        self, method: Method, request: Message, metadata: Mapping[str, str], verified: Verified, department: str
    ) -> Call:
        command = self._command(method, request, metadata, verified.identity) if method.writes else READ
        seen = headers.if_match(metadata, method.etag_in(request))
        if method.rpc.startswith("Create") and (seen is not None or headers.IF_MATCH in metadata):
            raise failure(STALE, "a record that is only now to be made has no version that could be expected")
        return Call(
            identity=verified.identity,
            method=method.name,
            command=command,
            department=department,
            if_match=seen,
            min_places=headers.min_places(metadata, self._departments),
            correlation_id=str(command.id) if method.writes else "",
            traceparent=tracing.current(),
        )

    def _command(self, method: Method, request: Message, metadata: Mapping[str, str], identity: Identity) -> Command:
        """The id under which this write happens once: of tenant, employee, route and key; random without a key."""
        key = headers.idempotency_key(metadata)
        asked = request.SerializeToString(deterministic=True)
        where = method.route.expand(request) if method.route else method.name
        id = uuid5(COMMANDS, "\0".join((identity.tenant, identity.employee, where, key))) if key else uuid4()
        return Command(id, self._hmac(identity.tenant, "command", method.name.encode() + b"\0" + asked))

    @contextmanager
    def _counted(self, tenant: str) -> Iterator[None]:
        if sum(self._running.values()) >= self._limits.calls_max:
            raise failure(OVERLOADED, f"{self._limits.calls_max} calls are being answered already")
        if self._running[tenant] >= self._limits.tenant_calls_max:
            raise failure(TOO_MANY, f"{self._limits.tenant_calls_max} calls of this tenant are being answered already")
        self._running[tenant] += 1
        CALLS_RUNNING.inc()
        try:
            yield
        finally:
            CALLS_RUNNING.dec()
            self._running[tenant] -= 1
            if not self._running[tenant]:
                del self._running[tenant]


@contextmanager
def _traced(method: Method, metadata: Mapping[str, str]) -> Iterator[None]:
    """Whatever this call leads to belongs to the caller's trace; a write that comes without one begins it."""
    given = headers.traceparent(metadata) or tracing.current()
    attributes = {"rpc.system": "grpc", "rpc.method": method.name, "baton.department": method.department}
    with tracing.span(method.name, "server", attributes, given, begins=method.writes) as span:
        if span is None:
            with tracing.within(given or (tracing.new_traceparent() if method.writes else "")):
                yield
            return
        try:
            yield
        except RpcError as error:
            span.set("baton.reason", error.kind.reason)
            raise


def _metadata(call: Call) -> Mapping[str, str]:
    found: dict[str, str] = {}
    if call.etag:
        found[headers.ETAG] = f'"{call.etag}"'
    if call.place is not None:
        found[headers.POSITION] = f"{call.department}:{call.place}"
    if call.replayed:
        found[headers.REPLAYED] = "true"
    return found


def _failed(method: str, error: Exception) -> RpcError:
    """What the caller is told. A mistake of ours is logged with where it happened; its message stays out of the
    log, because it may quote a request."""
    failed = told(error)
    if failed.kind is INTERNAL:
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("%s failed: %s\n%s", method, type(error).__name__, where, extra={"method": method})
    return failed
