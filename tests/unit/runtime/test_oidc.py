"""Tokens of an OpenID Connect issuer: its keys are fetched, and fetched again when a new one shows."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from runtime import oidc
from runtime.errors import RpcError
from runtime.identity import Issuer, Verifier


class Login:
    """An issuer on this machine: a discovery document and a set of keys."""

    def __init__(self) -> None:
        self.keys: dict[str, EllipticCurvePrivateKey] = {}
        self.url = ""

    def add(self, id: str) -> None:
        self.keys[id] = generate_private_key(SECP256R1())

    def token(self, id: str, **claims: Any) -> str:
        usual = {"iss": self.url, "aud": "baton", "exp": 2**33, "sub": "emma", "tenant": "acme", "roles": ["sales"]}
        return jwt.encode(usual | claims, self.keys[id], "ES256", headers={"kid": id})

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        body = json.dumps(self._described() if path.startswith("/.well-known") else self._key_set()).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    def _described(self) -> dict[str, str]:
        return {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}

    def _key_set(self) -> dict[str, Any]:
        to_jwk = jwt.algorithms.ECAlgorithm.to_jwk
        return {"keys": [to_jwk(key.public_key(), as_dict=True) | {"kid": id} for id, key in self.keys.items()]}


@pytest.fixture
async def login() -> AsyncIterator[Login]:
    login = Login()
    server = await asyncio.start_server(login.answer, "127.0.0.1", 0)
    login.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield login


@pytest.fixture
async def verifier(login: Login, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Verifier]:
    monkeypatch.setattr(oidc, "REFRESH_PAUSE_S", 0.01)
    keys = oidc.IssuerKeys(login.url)
    refreshing = asyncio.create_task(keys.run())
    yield Verifier(Issuer(Ed25519PrivateKey.generate()).public, {login.url: keys})
    refreshing.cancel()


async def accepted(verifier: Verifier, token: str) -> str:
    """The employee, once the issuer's keys are known."""
    async with asyncio.timeout(10):
        while True:
            try:
                return verifier.verify(token).identity.employee
            except RpcError:
                await asyncio.sleep(0.01)


async def test_an_issuers_token_is_accepted_and_a_new_key_is_fetched(login: Login, verifier: Verifier) -> None:
    login.add("spring")
    assert await accepted(verifier, login.token("spring")) == "emma"
    login.add("summer")
    assert await accepted(verifier, login.token("summer", sub="anna")) == "anna"


async def test_a_token_under_another_key_is_refused(login: Login, verifier: Verifier) -> None:
    login.add("spring")
    await accepted(verifier, login.token("spring"))
    forger = Login()
    forger.url = login.url
    forger.add("spring")
    with pytest.raises(RpcError, match="not valid"):
        verifier.verify(forger.token("spring"))


async def test_another_issuers_document_is_not_believed(login: Login) -> None:
    real, login.url = login.url, "https://elsewhere.example"
    with pytest.raises(ValueError, match="another issuer"):
        await oidc.fetch(real)
