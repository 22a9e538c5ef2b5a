"""Settings from the environment, read in this one place. A wrong value stops the start with its name and what is
allowed."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")


class WrongSetting(Exception):
    """A setting that cannot be used: its name, what was found and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """What a user may set. `database_url` None: the embedded server. `eventstore_url` None: logs are in PostgreSQL.
    `oidc_issuer` None: the local issuer alone. `gateway` and `token` are for commands that ask a Baton elsewhere."""

    home: Path = Path(".baton")
    host: str = "127.0.0.1"
    port: int = 8080
    grpc_port: int = 0
    database_url: str | None = None
    eventstore_url: str | None = None
    oidc_issuer: str | None = None
    log: str = "text"
    gateway: str | None = None
    token: str | None = None

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def issuer_key(self) -> Path:
        return self.keys / "issuer.pem"

    @property
    def run_file(self) -> Path:
        return self.home / "run.json"

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises `WrongSetting`. Empty counts as not set."""

        def setting(name: str, default: T, convert: Callable[[str], T], allowed: str) -> T:
            text = environment.get(name, "")
            if not text:
                return default
            try:
                return convert(text)
            except ValueError:
                raise WrongSetting(f"{name}={text!r}: expected {allowed}") from None

        return cls(
            home=setting("BATON_HOME", cls.home, Path, "a folder").absolute(),
            host=setting("BATON_HOST", cls.host, _host, "a host name or address"),
            port=setting("BATON_PORT", cls.port, _port, "a port from 1 to 65535, or 0 for any free one"),
            grpc_port=setting("BATON_GRPC_PORT", cls.grpc_port, _port, "a port from 1 to 65535, or 0 for any free one"),
            database_url=setting(
                "BATON_DATABASE_URL", cls.database_url, _database, "postgresql://user:password@host:port/database"
            ),
            eventstore_url=setting(
                "BATON_EVENTSTORE_URL",
                cls.eventstore_url,
                _eventstore,
                "the leader of a KurrentDB or EventStoreDB: esdb://host:port?tls=false, or"
                " esdb+discover://user:password@host:port",
            ),
            oidc_issuer=setting(
                "BATON_OIDC_ISSUER", cls.oidc_issuer, _issuer, "the https address of an OpenID Connect issuer"
            ),
            log=setting("BATON_LOG", cls.log, _log, "text or json"),
            gateway=setting("BATON_GATEWAY", cls.gateway, _gateway, "the address of a gateway, http://host:port"),
            token=setting("BATON_TOKEN", cls.token, str, "a token"),
        )


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise ValueError(text)
    return int(text)


def _host(text: str) -> str:
    if any(letter.isspace() or letter in "/@" for letter in text):
        raise ValueError(text)
    return text


def _database(text: str) -> str:
    if urlsplit(text).scheme not in ("postgresql", "postgres"):
        raise ValueError(text)
    return text


def _eventstore(text: str) -> str:
    from eventlog.kurrentdb import check_url  # a client that nobody else needs

    return check_url(text)


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or (parts.scheme == "http" and not _loopback(parts.hostname))
    ):
        raise ValueError(text)
    return text.rstrip("/")


def _gateway(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError(text)
    return text.rstrip("/")


def _loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


def _log(text: str) -> str:
    if text not in ("text", "json"):
        raise ValueError(text)
    return text
