"""A department's log as another department reads it: through its log service, under a token."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf import descriptor_pool

from eventlog.keyring import MemoryKeyring
from eventlog.store import Store
from facts.registry import REGISTRY
from runtime.department import Heard, nothing
from runtime.identity import EVERY_TENANT, Issuer, Verifier
from runtime.log_service import LogService
from runtime.remote_log import RemoteLog
from runtime.rpc import Dispatcher, Servicer


def a_dispatcher(store: Store, issuer: Issuer) -> Dispatcher:
    """The owner's end: checks the token as for anybody."""

    async def wait(*_: object) -> None:
        raise AssertionError("nothing here waits")

    keyring = MemoryKeyring()
    service = descriptor_pool.Default().FindServiceByName("baton.log.v1.Log")
    log = LogService(store, REGISTRY, keyring, Heard(), nothing)
    servicer = Servicer(service, log, store.department)
    return Dispatcher([servicer], Verifier(issuer.public), keyring.hmac, [store.department], wait)


def a_remote_log(store: Store, *, tenant: str = EVERY_TENANT, roles: Sequence[str] = ("operator",)) -> RemoteLog:
    """The log, read under a token of this tenant with these roles."""
    issuer = Issuer(Ed25519PrivateKey.generate())
    return RemoteLog(
        a_dispatcher(store, issuer), store.department, lambda: issuer.token(tenant, "contacts", roles=roles)
    )
