"""Databases and roles of the departments, one each, on the embedded server or on one of the user's own."""

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from runtime.files import read_private, write_private

#: The database of the data keys, beside those of the departments.
KEYRING = "keyring"

CONNECT_S = 10.0


#: What no waiting heals: a password, a role, a database or a right that is not there.
REFUSALS = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)


class DatabaseRefused(Exception):
    """The server is there, but Baton cannot have its databases on it; the message says what to do."""


@dataclass(frozen=True)
class Passwords:
    """Passwords of the database roles, derived from one secret in `BATON_HOME/keys/postgres.key` (mode 0600)."""

    secret: bytes

    @classmethod
    def at(cls, path: Path) -> "Passwords":
        if not path.exists():
            write_private(path, secrets.token_hex(32).encode())
        return cls(read_private(path))

    def of(self, role: str) -> str:
        return hmac.digest(self.secret, b"role:" + role.encode(), hashlib.sha256).hex()


@dataclass(frozen=True)
class Databases:
    """Where each database is. `administrator` may create roles and databases."""

    administrator: str
    passwords: Passwords

    def dsn(self, name: str) -> str:
        """The address of a database for the role of the same name."""
        parts = urlsplit(self.administrator)
        _, _, host = parts.netloc.rpartition("@")
        return urlunsplit(parts._replace(netloc=f"{quote(name)}:{self.passwords.of(name)}@{host}", path=f"/{name}"))

    async def prepare(self, names: Iterable[str]) -> None:
        """Create the roles and databases that are missing. Raises `DatabaseRefused`."""
        connection = await reached(self.administrator)
        try:
            found = [name for name in names if await _prepare(connection, name, self.passwords.of(name))]
            if found:
                await self._admitted(found[0])
        except asyncpg.InsufficientPrivilegeError as error:
            raise DatabaseRefused(
                f"BATON_DATABASE_URL: this role may not create roles and databases ({error}); give it CREATEROLE and"
                " CREATEDB, or name one that has them"
            ) from error
        finally:
            await connection.close()

    async def _admitted(self, name: str) -> None:
        """One secret makes all passwords: a role that was there before shows whether it is still the one."""
        try:
            connection = await asyncpg.connect(self.dsn(name), timeout=CONNECT_S)
        except asyncpg.InvalidAuthorizationSpecificationError as error:
            raise DatabaseRefused(
                f"the role {name} has another password than keys/postgres.key gives ({error}): this server belongs to"
                " another BATON_HOME, or the key is not the one that its Baton was started with"
            ) from error
        await connection.close()

    async def connect(self) -> "asyncpg.Connection":
        """A connection of the administrator. Raises `DatabaseRefused` for a wrong password or database."""
        return await _connected(self.administrator)


async def check(url: str) -> None:
    """Return when the server of `BATON_DATABASE_URL` answers, if only that it is busy. Raises `DatabaseRefused`."""
    with contextlib.suppress(asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError):
        await (await reached(url)).close()


async def reached(url: str) -> "asyncpg.Connection":
    """A connection to the server of `BATON_DATABASE_URL`. Raises `DatabaseRefused`, also where nobody is there."""
    try:
        return await _connected(url)
    except (OSError, TimeoutError) as error:
        why = str(error) or type(error).__name__
        raise DatabaseRefused(f"BATON_DATABASE_URL: nobody answers at {whereabouts(url)}: {why}") from error


def whereabouts(url: str) -> str:
    """Where a database is, to be told to anybody: `127.0.0.1:5432`. Neither who asks nor a password."""
    return urlsplit(url).netloc.rpartition("@")[2] or "the socket"


def refused(setting: str, url: str, error: Exception) -> DatabaseRefused:
    """What to say of one of the `REFUSALS`."""
    return DatabaseRefused(f"{setting}: the PostgreSQL server at {whereabouts(url)} refuses: {error}")


async def _connected(url: str) -> "asyncpg.Connection":
    try:
        return await asyncpg.connect(url, timeout=CONNECT_S, server_settings={"jit": "off"})
    except REFUSALS as error:
        raise refused("BATON_DATABASE_URL", url, error) from error


async def _prepare(connection: "asyncpg.Connection", name: str, password: str) -> bool:
    """Whether the role was there. Names are departments' own names: plain identifiers, never a user's input."""
    found = bool(await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", name))
    if not found:
        await connection.execute(f"CREATE ROLE \"{name}\" LOGIN PASSWORD '{password}'")
        await connection.execute(f'GRANT "{name}" TO CURRENT_USER')
    if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", name):
        await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
        await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
    return found
