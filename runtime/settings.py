"""Settings from the environment, read in this one place. A wrong value stops the start with its name and what is
allowed."""

import os
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from eventlog.kafka.brokers import MECHANISMS, PLAINTEXT, PROTOCOLS, Security

T = TypeVar("T")


class WrongSetting(Exception):
    """A setting that cannot be used: its name, what was found and what is allowed."""


@dataclass(frozen=True)
class Settings:
    """What a user may set. `database_url` None: the embedded server. `eventstore_url` None: logs are in PostgreSQL.
    `oidc_issuer` None: the local issuer alone. `gateway` and `token` are for commands that ask a Baton elsewhere. What
    stands after them is for departments in processes of their own: `departments` are their gRPC addresses, and where
    `keyring_url` is set, `database_url` is the department's own database."""

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
    health_port: int = 0
    departments: Mapping[str, str] | None = None
    kafka_bootstrap: str | None = None
    kafka_replication: int = 1
    kafka_security_protocol: str = PLAINTEXT
    kafka_tls_ca: Path | None = None
    kafka_tls_cert: Path | None = None
    kafka_tls_key: Path | None = None
    kafka_sasl_mechanism: str | None = None
    kafka_sasl_user: str | None = None
    kafka_sasl_password_file: Path | None = None
    instance: str | None = None
    keyring_url: str | None = None
    service_token_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    otlp_endpoint: str | None = None

    @property
    def keys(self) -> Path:
        return self.home / "keys"

    @property
    def master_key(self) -> Path:
        return self.keys / "master.key"

    @property
    def postgres_key(self) -> Path:
        return self.keys / "postgres.key"

    @property
    def issuer_key(self) -> Path:
        return self.keys / "issuer.pem"

    @property
    def instance_name(self) -> str:
        """Which of several processes with one role this is, the same one after a restart."""
        return self.instance or socket.gethostname()

    @property
    def kafka_security(self) -> Security:
        return Security(
            self.kafka_security_protocol,
            self.kafka_tls_ca,
            self.kafka_tls_cert,
            self.kafka_tls_key,
            self.kafka_sasl_mechanism,
            self.kafka_sasl_user,
            self.kafka_sasl_password_file,
        )

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
            health_port=setting(
                "BATON_HEALTH_PORT", cls.health_port, _port, "a port from 1 to 65535, or 0 for any free one"
            ),
            departments=setting("BATON_DEPARTMENTS", cls.departments, _departments, "NAME=host:port,NAME=host:port,…"),
            kafka_bootstrap=setting("BATON_KAFKA_BOOTSTRAP", cls.kafka_bootstrap, _brokers, "host:port,host:port,…"),
            kafka_replication=setting(
                "BATON_KAFKA_REPLICATION", cls.kafka_replication, _replication, "a number of copies from 1 to 9"
            ),
            kafka_security_protocol=setting(
                "BATON_KAFKA_SECURITY_PROTOCOL",
                cls.kafka_security_protocol,
                partial(_one_of, PROTOCOLS),
                f"one of {', '.join(PROTOCOLS)}",
            ),
            kafka_tls_ca=setting("BATON_KAFKA_TLS_CA", cls.kafka_tls_ca, _file, "a file that can be read"),
            kafka_tls_cert=setting("BATON_KAFKA_TLS_CERT", cls.kafka_tls_cert, _file, "a file that can be read"),
            kafka_tls_key=setting("BATON_KAFKA_TLS_KEY", cls.kafka_tls_key, _file, "a file that can be read"),
            kafka_sasl_mechanism=setting(
                "BATON_KAFKA_SASL_MECHANISM",
                cls.kafka_sasl_mechanism,
                partial(_one_of, MECHANISMS),
                f"one of {', '.join(MECHANISMS)}",
            ),
            kafka_sasl_user=setting("BATON_KAFKA_SASL_USER", cls.kafka_sasl_user, str, "a name"),
            kafka_sasl_password_file=setting(
                "BATON_KAFKA_SASL_PASSWORD_FILE", cls.kafka_sasl_password_file, _file, "a file that can be read"
            ),
            instance=setting("BATON_INSTANCE", cls.instance, _instance, "letters, digits, dots, dashes"),
            keyring_url=setting(
                "BATON_KEYRING_URL", cls.keyring_url, _database, "postgresql://user:password@host:port/database"
            ),
            service_token_file=setting(
                "BATON_SERVICE_TOKEN_FILE", cls.service_token_file, _file, "a file that can be read"
            ),
            tls_cert=setting("BATON_TLS_CERT", cls.tls_cert, _file, "a file that can be read"),
            tls_key=setting("BATON_TLS_KEY", cls.tls_key, _file, "a file that can be read"),
            tls_ca=setting("BATON_TLS_CA", cls.tls_ca, _file, "a file that can be read"),
            otlp_endpoint=setting(
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                cls.otlp_endpoint,
                _collector,
                "the address of a collector, http://host:port",
            ),
        )._whole()

    def _whole(self) -> "Settings":
        """Raises `WrongSetting` where one setting needs another."""
        tls = {"BATON_TLS_CERT": self.tls_cert, "BATON_TLS_KEY": self.tls_key, "BATON_TLS_CA": self.tls_ca}
        missing = [name for name, path in tls.items() if path is None]
        if 0 < len(missing) < len(tls):
            raise WrongSetting(f"{missing[0]} is missing: {', '.join(tls)} belong together")
        self._kafka_whole()
        return self

    def _kafka_whole(self) -> None:
        """What a protocol needs, and nothing that it does not use: who sets a password means it to be asked for."""
        security = self.kafka_security
        pair = {"BATON_KAFKA_TLS_CERT": security.cert, "BATON_KAFKA_TLS_KEY": security.key}
        tls = {"BATON_KAFKA_TLS_CA": security.ca, **pair}
        sasl = {
            "BATON_KAFKA_SASL_MECHANISM": security.mechanism,
            "BATON_KAFKA_SASL_USER": security.user,
            "BATON_KAFKA_SASL_PASSWORD_FILE": security.password_file,
        }
        name = f"BATON_KAFKA_SECURITY_PROTOCOL={security.protocol}"
        if security.protocol != PLAINTEXT and self.kafka_bootstrap is None:
            raise WrongSetting(f"{name} needs BATON_KAFKA_BOOTSTRAP: Kafka of our own is in the clear, on loopback")
        for of, wanted, used in (("TLS", tls, security.encrypts), ("SASL", sasl, security.logs_in)):
            given = [each for each, value in wanted.items() if value is not None]
            if given and not used:
                raise WrongSetting(f"{given[0]} is for {of}, and {name} uses none")
        missing = [each for each, value in sasl.items() if value is None] if security.logs_in else []
        half = [each for each, value in pair.items() if value is None]
        if missing or len(half) == 1:
            raise WrongSetting(f"{[*missing, *half][0]} is missing for {name}")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise ValueError(text)
    return int(text)


def _replication(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 9):
        raise ValueError(text)
    return int(text)


def _one_of(allowed: Sequence[str], text: str) -> str:
    if text not in allowed:
        raise ValueError(text)
    return text


def _instance(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,200}", text):
        raise ValueError(text)
    return text


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


def _address(text: str) -> str:
    host, _, port = text.strip().rpartition(":")
    if not host or not _host(host) or not _port(port) > 0:
        raise ValueError(text)
    return f"{host}:{port}"


def _brokers(text: str) -> str:
    return ",".join(_address(each) for each in text.split(","))


def _departments(text: str) -> Mapping[str, str]:
    """Addresses by department, each named once."""
    pairs = [each.partition("=") for each in text.split(",")]
    found = {name.strip(): _address(address) for name, _, address in pairs}
    if len(found) < len(pairs) or not all(name.isalpha() and name.islower() for name in found):
        raise ValueError(text)
    return found


def _file(text: str) -> Path:
    path = Path(text).absolute()
    if not os.access(path, os.R_OK) or path.is_dir():
        raise ValueError(text)
    return path


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    if (
        parts.scheme not in ("https", "http")
        or not parts.hostname
        or (parts.scheme == "http" and not _loopback(parts.hostname))
    ):
        raise ValueError(text)
    return text.rstrip("/")


def _collector(text: str) -> str:
    if urlsplit(text).port is None:
        raise ValueError(text)
    return _gateway(text)


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
