"""How a command finds the Baton that runs: through `BATON_HOME`, or `BATON_GATEWAY` and `BATON_TOKEN`."""

import json
import os
from collections.abc import Mapping, Sequence

from runtime.client import Client, Unreachable
from runtime.identity import EVERY_TENANT, Issuer
from runtime.settings import Settings

#: Who the local issuer's tokens for commands speak for.
COMMAND_EMPLOYEE = "baton"


def reach(
    tenant: str = EVERY_TENANT, roles: Sequence[str] = ("operator",), environment: Mapping[str, str] = os.environ
) -> Client:
    """A client for a command. In `BATON_HOME` it makes its own token; elsewhere it needs one.

    Raises `Unreachable` when no Baton is found, `WrongSetting`."""
    settings = Settings.read(environment)
    token = environment.get("BATON_TOKEN", "")
    gateway = environment.get("BATON_GATEWAY", "")
    if gateway and not token:
        raise Unreachable("BATON_GATEWAY needs BATON_TOKEN: a token of that Baton's issuer")
    address = gateway or gateway_of(settings)
    return Client(address, token or Issuer.at(settings.issuer_key).token(tenant, COMMAND_EMPLOYEE, roles=roles))


def gateway_of(settings: Settings) -> str:
    """The address of the gateway that runs on this home. Raises `Unreachable`."""
    try:
        return str(json.loads(settings.run_file.read_bytes())["gateway"])
    except (OSError, ValueError, KeyError) as error:
        raise Unreachable(f"no Baton runs on {settings.home}; start one with `baton up`") from error
