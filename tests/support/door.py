"""The gateway in front of departments in this process, without a socket between."""

import httpx

from gateway.app import Gateway
from gateway.contract import Contract
from gateway.openapi.document import document
from gateway.pages import Pages
from runtime.caller import Caller
from runtime.identity import Verifier
from tests.support.house import Town


def client_of(town: Town, asked: Caller) -> httpx.AsyncClient:
    """Mia, at the gateway that asks these."""
    contract = Contract.load()
    gateway = Gateway(contract, asked, Verifier(town.issuer.public), Pages(document(contract, "0"), list))
    token = town.issuer.token(town.tenant, "mia", branch="riga", roles=("manager",))
    headers = {"authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(gateway), base_url="http://baton", headers=headers)
