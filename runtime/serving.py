"""The role that answers for a department: its RPCs, its log, and what operators ask of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from google.protobuf import descriptor_pool

from eventlog.checkpoints import refuse_unknown
from eventlog.events import Place
from eventlog.projector import Projector
from facts.registry import REGISTRY
from runtime.department import DEPARTMENTS
from runtime.identity import Verifier
from runtime.log_service import LogService
from runtime.opening import Opened
from runtime.operations_service import Kafka, Operations
from runtime.rpc import Dispatcher, Hmac, Servicer

WAIT_FOR_POSITION_S = 5.0

LOG, OPERATIONS = "baton.log.v1.Log", "baton.operations.v1.Operations"


@dataclass(frozen=True)
class Serving:
    """One department that is answered for."""

    opened: Opened
    operations: Operations

    @classmethod
    def of(cls, opened: Opened, projector: Projector, kafka: Kafka | None = None) -> "Serving":
        """`projector` hears single streams again when operators ask for it; it may run here or not."""
        return cls(opened, Operations(opened, projector.heal_stream, kafka))

    async def wait(self, source: str, place: Place) -> None:
        """Until the department has heard the source up to a place. One that it does not hear shows nothing of it, so
        there is nothing to wait for, as long as there is such a place. Raises `NoSuchPlace`, `Behind`."""
        if source in self.opened.sources:
            await self.opened.hearing.wait_for(source, place, WAIT_FOR_POSITION_S)
        else:
            refuse_unknown(source, place, await self.opened.feeds[source].head())

    def servicers(self) -> list[Servicer]:
        """The department's services, its log, and the operators' service."""
        pool, house = descriptor_pool.Default(), self.opened.house
        of_its_own = self.opened.department.servicers.items()
        log = LogService(house.store, REGISTRY, house.keyring, house.hearing, self.opened.department.readable)
        return [
            *(Servicer(pool.FindServiceByName(name), servicer) for name, servicer in of_its_own),
            Servicer(pool.FindServiceByName(LOG), log, house.name),
            Servicer(pool.FindServiceByName(OPERATIONS), self.operations, house.name),
        ]


def dispatcher(serving: Sequence[Serving], verifier: Verifier, hmac: Hmac) -> Dispatcher:
    """Answers for all these departments."""
    for module in ("baton.log.v1.log_pb2", "baton.operations.v1.operations_pb2"):
        import_module(module)
    by_name: Mapping[str, Serving] = {each.opened.name: each for each in serving}
    servicers = [servicer for each in serving for servicer in each.servicers()]

    async def wait(department: str, source: str, place: Place) -> None:
        await by_name[department].wait(source, place)

    return Dispatcher(servicers, verifier, hmac, DEPARTMENTS, wait)
