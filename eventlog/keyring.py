"""Data keys of records: the personal fields of a record are readable as long as its key exists.

A data key has a random id, is made ahead in batches and is durable before its first use, so that an append needs no
commit but its own. Wrapped by a master key. *Destroyed* (`None`: shown as erased) differs from *unavailable*
(`KeyringUnavailable`: wait).
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol
from uuid import uuid4

from cryptography.hazmat.primitives.ciphers.aead import AESSIV

#: AES-256-SIV (RFC 5297): misuse-resistant, so that an honest retry under the same event id gives nothing away.
KEY_BYTES = 64


@dataclass(frozen=True, slots=True)
class DataKey:
    """A key of one record. `id` is a random UUID and says nothing of the record."""

    id: str
    cipher: AESSIV = field(repr=False)


class Keyring(Protocol):
    """Where data keys live. Raises `KeyringUnavailable` from every async method when out of reach."""

    async def fresh(self, tenant: str) -> DataKey:
        """A durable key that nothing uses yet."""
        ...

    async def get_many(self, tenant_keys: Iterable[tuple[str, str]]) -> Mapping[str, DataKey | None]:
        """Keys by id, for `(tenant, key id)` pairs; None for a destroyed one. A key that never was is left out."""
        ...

    async def destroy(self, tenant: str, key_id: str) -> None:
        """Make a key unreadable for ever."""
        ...

    def hmac(self, tenant: str, purpose: str, value: bytes) -> bytes:
        """32 bytes: HMAC-SHA256 under a key of this tenant and purpose."""
        ...


class MasterKey:
    """Wraps data keys and derives the tenants' HMAC keys. In production behind a KMS; embedded an owner-only file."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise ValueError(f"the master key has {len(secret)} bytes, {KEY_BYTES} are needed")
        self._wrapping = AESSIV(self._derive(secret, b"wrap") + self._derive(secret, b"wrap2"))
        self._secret = secret

        @lru_cache(maxsize=4096)
        def tenant_key(tenant: str, purpose: str) -> "hmac.HMAC":
            label = b"tenant\0" + tenant.encode() + b"\0" + purpose.encode()
            return hmac.new(self._derive(secret, label), digestmod=hashlib.sha256)

        self._tenant_key = tenant_key

    @staticmethod
    def generate() -> bytes:
        """A new secret: 64 random bytes."""
        return secrets.token_bytes(KEY_BYTES)

    def make(self, tenant: str) -> tuple[DataKey, bytes]:
        """A new data key and its wrapped form."""
        key_id, secret = str(uuid4()), secrets.token_bytes(KEY_BYTES)
        return DataKey(key_id, AESSIV(secret)), self._wrapping.encrypt(secret, [tenant.encode(), key_id.encode()])

    def unwrap(self, tenant: str, key_id: str, wrapped: bytes) -> DataKey:
        """Raises `cryptography.exceptions.InvalidTag` when the wrapped key is not this tenant's or was changed."""
        return DataKey(key_id, AESSIV(self._wrapping.decrypt(wrapped, [tenant.encode(), key_id.encode()])))

    def hmac(self, tenant: str, purpose: str, value: bytes) -> bytes:
        """HMAC-SHA256 (RFC 2104) under a key derived for this tenant and purpose."""
        keyed = self._tenant_key(tenant, purpose).copy()
        keyed.update(value)
        return keyed.digest()

    def check(self) -> bytes:
        """32 bytes that tell this master key from others and say nothing of it."""
        return self._derive(self._secret, b"check")

    @staticmethod
    def _derive(secret: bytes, label: bytes) -> bytes:
        return hmac.digest(secret, b"baton.master.v1\0" + label, hashlib.sha256)


class MemoryKeyring:
    """Keys for tests and tools: nothing outlives the process."""

    def __init__(self, master: MasterKey | None = None) -> None:
        self._master = master or MasterKey(MasterKey.generate())
        self._keys: dict[tuple[str, str], DataKey | None] = {}

    async def fresh(self, tenant: str) -> DataKey:
        key, _ = self._master.make(tenant)
        self.put(tenant, key)
        return key

    def put(self, tenant: str, key: DataKey) -> None:
        """Know a key that was made elsewhere."""
        self._keys[tenant, key.id] = key

    async def get_many(self, tenant_keys: Iterable[tuple[str, str]]) -> Mapping[str, DataKey | None]:
        return {each[1]: self._keys[each] for each in tenant_keys if each in self._keys}

    async def destroy(self, tenant: str, key_id: str) -> None:
        self._keys[tenant, key_id] = None

    def hmac(self, tenant: str, purpose: str, value: bytes) -> bytes:
        return self._master.hmac(tenant, purpose, value)


class Keyless:
    """A keyring without keys: whoever holds it sees every personal field as erased, and no data key ever comes near
    them. For readers alone: the rest raises `RuntimeError`, which nobody waits for."""

    async def fresh(self, tenant: str) -> DataKey:
        raise RuntimeError("a keyless reader makes no keys")

    async def get_many(self, tenant_keys: Iterable[tuple[str, str]]) -> Mapping[str, DataKey | None]:
        return {key_id: None for _, key_id in tenant_keys}

    async def destroy(self, tenant: str, key_id: str) -> None:
        raise RuntimeError("a keyless reader destroys no keys")

    def hmac(self, tenant: str, purpose: str, value: bytes) -> bytes:
        raise RuntimeError("a keyless reader has no key to hash with")
