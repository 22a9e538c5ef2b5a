"""How brokers are reached: in the clear, or by TLS and SASL where they ask for it.

A plain text is addresses in the clear, which is what a broker of our own on loopback wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL = "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"
PROTOCOLS = (PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL)
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True)
class Security:
    """What a connection shows and asks for. Files are in PEM, and are read for each new client: they may be replaced
    while we run. Without `ca` the system's authorities are trusted; `cert` and `key` are for brokers that ask for
    them."""

    protocol: str = PLAINTEXT
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    mechanism: str | None = None
    user: str | None = None
    password_file: Path | None = None

    @property
    def encrypts(self) -> bool:
        return self.protocol in (SSL, SASL_SSL)

    @property
    def logs_in(self) -> bool:
        return self.protocol in (SASL_PLAINTEXT, SASL_SSL)

    def context(self) -> ssl.SSLContext | None:
        """Checks the broker's certificate and name. None in the clear. Raises `OSError` for files that are none."""
        if not self.encrypts:
            return None
        import ssl  # settings know this module, and most commands never speak with Kafka

        made = ssl.create_default_context(cafile=self.ca)
        if self.cert is not None:
            made.load_cert_chain(self.cert, self.key)
        return made

    def password(self) -> str:
        """What stands in the file, but for the line's end."""
        return self.password_file.read_text("utf-8").rstrip("\r\n") if self.password_file is not None else ""


@dataclass(frozen=True)
class Brokers:
    """Addresses, `host:port,host:port`, and how to speak with whoever answers there."""

    addresses: str
    security: Security


Bootstrap = str | Brokers


def addresses(bootstrap: Bootstrap) -> str:
    return bootstrap if isinstance(bootstrap, str) else bootstrap.addresses


def security(bootstrap: Bootstrap) -> Security:
    return Security() if isinstance(bootstrap, str) else bootstrap.security


def connection(bootstrap: Bootstrap) -> Mapping[str, Any]:
    """What every client of aiokafka is given."""
    found = security(bootstrap)
    options: dict[str, Any] = {"bootstrap_servers": addresses(bootstrap), "security_protocol": found.protocol}
    if found.encrypts:
        options["ssl_context"] = found.context()
    if found.logs_in:
        options |= {
            "sasl_mechanism": found.mechanism,
            "sasl_plain_username": found.user,
            "sasl_plain_password": found.password(),
        }
    return options
