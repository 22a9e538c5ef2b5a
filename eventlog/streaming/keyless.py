"""A keyring without keys: whoever holds it sees every personal field as erased."""

from collections.abc import Iterable, Mapping

from eventlog.errors import KeyringUnavailable
from eventlog.keyring import DataKey


class Keyless:
    """For readers that need nothing personal: no data key ever comes near them, and none is needed."""

    async def fresh(self, tenant: str) -> DataKey:
        raise KeyringUnavailable("a keyless reader makes no keys")

    async def get_many(self, tenant_keys: Iterable[tuple[str, str]]) -> Mapping[str, DataKey | None]:
        return {key_id: None for _, key_id in tenant_keys}

    async def destroy(self, tenant: str, key_id: str) -> None:
        raise KeyringUnavailable("a keyless reader destroys no keys")

    def hmac(self, tenant: str, purpose: str, value: bytes) -> bytes:
        raise KeyringUnavailable("a keyless reader has no key to hash with")
