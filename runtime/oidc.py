"""The public keys of an OpenID Connect issuer: fetched at the start, and again when they are old or a new one shows."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import jwt

from runtime.identity import Keys, Verifier

REFRESH_S = 300.0
#: A token with an unknown key id asks for a refresh at most this often.
REFRESH_PAUSE_S = 10.0
FETCH_S = 5.0

log = logging.getLogger("baton.oidc")


class IssuerKeys:
    """Keys by id. Verifying never waits for the network: a token signed with a key that is not known yet is refused
    once, and the keys are fetched."""

    algorithms: Sequence[str] = ("EdDSA", "ES256", "ES384", "PS256", "RS256", "RS384", "RS512")

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys: Mapping[str, Any] = {}
        self._wanted = asyncio.Event()

    def key(self, token: str) -> Any:
        id = jwt.get_unverified_header(token).get("kid", "")
        if id not in self._keys:
            self._wanted.set()
            raise jwt.InvalidKeyError(f"the issuer's keys do not hold {id!r}")
        return self._keys[id]

    async def run(self) -> None:
        """Keep the keys fresh, until cancelled."""
        while True:
            try:
                self._keys = await fetch(self._issuer)
            except (OSError, ValueError, jwt.PyJWTError) as error:
                log.warning("the keys of the issuer cannot be fetched: %s", type(error).__name__)
            self._wanted.clear()
            await asyncio.sleep(REFRESH_PAUSE_S)
            await _either(self._wanted, REFRESH_S - REFRESH_PAUSE_S)


@asynccontextmanager
async def verifying(issuer: str | None, local: Keys) -> AsyncIterator[Verifier]:
    """Checks tokens of the local issuer and, where there is one, of an OpenID Connect issuer, whose keys are kept
    fresh meanwhile."""
    if issuer is None:
        yield Verifier(local)
        return
    keys = IssuerKeys(issuer)
    refreshing = asyncio.create_task(keys.run(), name="keys of the issuer")
    try:
        yield Verifier(local, {issuer: keys})
    finally:
        refreshing.cancel()


async def fetch(issuer: str) -> Mapping[str, Any]:
    """The issuer's signing keys by id, through its discovery document. Raises `OSError`, `ValueError`."""
    import httpx  # slow to import, and only needed with an issuer of one's own

    try:
        async with httpx.AsyncClient(timeout=FETCH_S) as client:
            described = (await client.get(f"{issuer}/.well-known/openid-configuration")).raise_for_status().json()
            if described.get("issuer", "").rstrip("/") != issuer:
                raise ValueError("the discovery document is another issuer's")
            keys = (await client.get(described["jwks_uri"])).raise_for_status().json()
    except httpx.HTTPError as error:
        raise OSError(str(error)) from error
    except KeyError as error:
        raise ValueError("the discovery document names no jwks_uri") from error
    return {each.key_id or "": each.key for each in jwt.PyJWKSet.from_dict(keys).keys}


async def _either(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return
