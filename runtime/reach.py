"""How commands reach a Baton: the one that runs on `BATON_HOME`, or the one that `BATON_GATEWAY` names."""

from collections.abc import Sequence

from runtime.client import Client
from runtime.home import NotRunning, find
from runtime.identity import EVERY_TENANT, Issuer
from runtime.settings import Settings

#: A token of a command lives as long as the longest import takes, with a reserve.
TOKEN_DAYS = 1.0


def reach(
    settings: Settings, tenant: str = EVERY_TENANT, employee: str = "baton", roles: Sequence[str] = ("operator",)
) -> Client:
    """A client for the running Baton. With `BATON_TOKEN` that token speaks; otherwise one of the home's own issuer,
    for this tenant, employee and roles. Raises `NotRunning`."""
    if settings.gateway is not None and settings.token is None:
        raise NotRunning("BATON_GATEWAY is set: set BATON_TOKEN, too")
    address = settings.gateway or find(settings).gateway
    return Client(
        address, settings.token or Issuer.at(settings.issuer_key).token(tenant, employee, "", roles, TOKEN_DAYS)
    )
