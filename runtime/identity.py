"""Tokens: JWTs of the local issuer or of an OIDC issuer, verified in the gateway and again in every department."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from eventlog.errors import NotSafe
from runtime.call import Identity
from runtime.errors import UNAUTHENTICATED, RpcError, failure
from runtime.files import read_private, write_private

ROLES = ("clerk", "marketing", "sales", "support", "manager", "analyst", "operator", "admin")
#: Who may read what is personal; to the others it shows as erased.
PERSONAL_ROLES = frozenset(ROLES) - {"analyst", "operator"}
AUDIENCE = "baton"
LOCAL_ISSUER = "baton:local"
#: A token of an operator for this tenant speaks for the whole installation; only the local issuer makes it.
EVERY_TENANT = "*"
TOKEN_DAYS = 30
VERIFIED_MAX = 10_000
_NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token says, and when it ends (seconds since 1970)."""

    identity: Identity
    expires_at: float


class Keys(Protocol):
    """Where an issuer's public keys come from, and the algorithms that it signs with."""

    @property
    def algorithms(self) -> Sequence[str]: ...

    def key(self, token: str) -> Any:
        """The key that this token must be signed with. Raises `jwt.PyJWTError`."""
        ...


class LocalKey:
    """The one public key of the local issuer."""

    algorithms: Sequence[str] = ("EdDSA",)

    def __init__(self, public: Ed25519PublicKey) -> None:
        self._public = public

    @classmethod
    def at(cls, path: Path) -> "LocalKey":
        """The key in this file, of which the public part is enough: who only verifies need not be able to sign. Raises
        `OSError`, `NotSafe`."""
        text = path.read_bytes()
        if b"PRIVATE KEY" in text:
            return Issuer.at(path).public
        return cls(_loaded(serialization.load_pem_public_key, text, path))

    def key(self, token: str) -> Ed25519PublicKey:
        return self._public


def _loaded(load: Callable[[bytes], Any], text: bytes, path: Path) -> Any:
    """Raises `NotSafe` where the file holds no such key."""
    with suppress(ValueError, TypeError, UnsupportedAlgorithm):
        key = load(text)
        if isinstance(key, Ed25519PrivateKey | Ed25519PublicKey):
            return key
    raise NotSafe(f"{path} holds no Ed25519 key in PEM: put the right file back; nothing was changed")


class Issuer:
    """Signs tokens with the Ed25519 key in `BATON_HOME/keys/issuer.pem`, which only its owner can read."""

    def __init__(self, private: Ed25519PrivateKey, clock: Callable[[], float] = time.time) -> None:
        self._private = private
        self._clock = clock

    @classmethod
    def at(cls, path: Path) -> "Issuer":
        """The issuer whose key is in this file; the first one to ask makes it. Raises `OSError`, `NotSafe`."""
        if not path.exists():
            private = Ed25519PrivateKey.generate()
            write_private(
                path,
                private.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                ),
            )
        load = partial(serialization.load_pem_private_key, password=None)
        return cls(_loaded(load, read_private(path), path))

    @property
    def public(self) -> LocalKey:
        return LocalKey(self._private.public_key())

    def token(
        self, tenant: str, employee: str, branch: str = "", roles: Sequence[str] = ("clerk",), days: float = TOKEN_DAYS
    ) -> str:
        """A signed token. Raises `ValueError` for an unknown role or a name that no token may carry."""
        unknown = sorted(set(roles) - set(ROLES))
        if unknown:
            raise ValueError(f"unknown role {', '.join(unknown)}; roles are {', '.join(ROLES)}")
        now = int(self._clock())
        claims = {"iss": LOCAL_ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + int(days * 86_400)}
        claims |= {"sub": employee, "tenant": tenant, "branch": branch, "roles": list(roles)}
        _identity(claims)
        return jwt.encode(claims, self._private, algorithm="EdDSA")


class Verifier:
    """Checks tokens of the local issuer and of `others` (keys by issuer). What was verified is remembered until it
    expires, so that the cost is paid once a token."""

    def __init__(
        self, local: Keys, others: Mapping[str, Keys] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._trusted: Mapping[str, Keys] = {LOCAL_ISSUER: local, **(others or {})}
        self._clock = clock
        self._known: OrderedDict[str, Verified] = OrderedDict()

    def verify(self, token: str) -> Verified:
        """Whom the token speaks for. Raises `RpcError` (401) when it is forged, expired or lacks a claim."""
        known = self._known.get(token)
        if known is None:
            known = self._verify(token)
            self._known[token] = known
            if len(self._known) > VERIFIED_MAX:
                self._known.popitem(last=False)
        if known.expires_at <= self._clock():
            self._known.pop(token, None)
            raise _refused("the token has expired")
        return known

    def _verify(self, token: str) -> Verified:
        try:
            issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
            keys = self._trusted.get(issuer)
            if keys is None:
                raise _refused("the token's issuer is not trusted here")
            claims = jwt.decode(
                token,
                keys.key(token),
                algorithms=list(keys.algorithms),
                audience=AUDIENCE,
                issuer=issuer,
                options={"require": ["exp", "sub", "iss", "aud"], "verify_exp": False, "verify_iat": False},
            )
            identity, expires_at = _identity(claims), _expiry(claims)
        except jwt.PyJWTError as error:
            raise _refused(f"the token is not valid: {error}") from error
        except ValueError as error:
            raise _refused(str(error)) from error
        if identity.tenant == EVERY_TENANT and issuer != LOCAL_ISSUER:
            raise _refused("only the local issuer speaks for every tenant")
        return Verified(identity, expires_at)


def _identity(claims: Mapping[str, Any]) -> Identity:
    """Raises `ValueError` for a claim that is missing or is not what it should be."""
    texts = [claims.get("tenant"), claims.get("sub"), claims.get("branch", "")]
    for name, text in zip(("tenant", "sub", "branch"), texts, strict=True):
        if (
            not isinstance(text, str)
            or len(text) > _NAME_MAX
            or not text.isprintable()
            or not (text or name == "branch")
        ):
            raise ValueError(f"the token's claim {name} must be a text of at most {_NAME_MAX} printable characters")
    roles = claims.get("roles", [])
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise ValueError("the token's claim roles must be a list of texts")
    tenant, employee, branch = (str(text) for text in texts)
    return Identity(tenant, employee, branch, frozenset(roles))


def _expiry(claims: Mapping[str, Any]) -> float:
    """Raises `ValueError`."""
    expires_at = claims["exp"]
    if isinstance(expires_at, bool) or not isinstance(expires_at, int | float) or not math.isfinite(expires_at):
        raise ValueError("the token's claim exp must be a number of seconds since 1970")
    return float(expires_at)


def _refused(why: str) -> RpcError:
    return failure(UNAUTHENTICATED, why)
