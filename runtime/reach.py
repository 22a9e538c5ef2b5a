"""How commands reach a Baton: the one that runs on `BATON_HOME`, or the one that `BATON_GATEWAY` names."""

from collections.abc import Sequence

from runtime.client import Client, tenant_of
from runtime.home import NotRunning, find
from runtime.identity import EVERY_TENANT, Issuer
from runtime.settings import Settings
from runtime.usage import WrongUsage

#: A token of a command lives as long as the longest import takes, with a reserve.
TOKEN_DAYS = 1.0


def reach(
    settings: Settings, tenant: str = "", employee: str = "baton", roles: Sequence[str] = ("operator",)
) -> Client:
    """A client for the running Baton. With `BATON_TOKEN` that token speaks; otherwise one of the home's own issuer,
    for this tenant ("": all of them), employee and roles. Raises `NotRunning`, and `WrongUsage` where the token speaks
    for another tenant than this one."""
    if settings.gateway is not None and settings.token is None:
        raise NotRunning("BATON_GATEWAY is set: set BATON_TOKEN, too")
    named_tenant(settings, tenant)
    address = settings.gateway or find(settings).gateway
    return Client(
        address,
        settings.token or Issuer.at(settings.issuer_key).token(tenant or EVERY_TENANT, employee, "", roles, TOKEN_DAYS),
    )


def shows_all(client: Client, tenant: str) -> bool:
    """Whether this client is shown the logs of all tenants, when it asks for this one ("": for all it may see)."""
    return not tenant and client.tenant == EVERY_TENANT


def named_tenant(settings: Settings, tenant: str) -> str:
    """The tenant that `--tenant` names, else that of `BATON_TOKEN`, else "". Raises `WrongUsage` when they differ; a
    token of every tenant may be narrowed to one."""
    if settings.token is None:
        return tenant
    speaks_for = tenant_of(settings.token)
    if tenant and speaks_for not in (tenant, EVERY_TENANT):
        raise WrongUsage(f"--tenant {tenant}, but BATON_TOKEN speaks for {speaks_for or 'nobody'}: give one of the two")
    return tenant or speaks_for
