"""Mutual TLS between departments: each side shows a certificate of one authority, and asks the other's."""

from dataclasses import dataclass
from pathlib import Path

import grpc

from runtime.settings import Settings


@dataclass(frozen=True)
class Tls:
    """Files in PEM: our certificate with its chain, its key, the authority. They may be replaced while we run."""

    cert: Path
    key: Path
    ca: Path

    @classmethod
    def of(cls, settings: Settings) -> "Tls | None":
        """None where nothing is set: then calls are in the clear."""
        cert, key, ca = settings.tls_cert, settings.tls_key, settings.tls_ca
        return cls(cert, key, ca) if cert and key and ca else None

    def stamp(self) -> tuple[int, ...]:
        """Another one after the files were replaced."""
        return tuple(path.stat().st_mtime_ns for path in (self.cert, self.key, self.ca))

    def of_a_server(self) -> grpc.ServerCredentials:
        """Certificates as they are at each handshake; callers without one of the authority's are refused."""
        used = self.stamp()

        def renewed() -> grpc.ServerCertificateConfiguration | None:
            nonlocal used
            now = self.stamp()
            if now == used:
                return None
            used = now
            return self._configuration()

        return grpc.dynamic_ssl_server_credentials(self._configuration(), renewed, require_client_authentication=True)

    def of_a_caller(self) -> grpc.ChannelCredentials:
        """Certificates as they are now."""
        return grpc.ssl_channel_credentials(self.ca.read_bytes(), self.key.read_bytes(), self.cert.read_bytes())

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        pair = (self.key.read_bytes(), self.cert.read_bytes())
        return grpc.ssl_server_certificate_configuration([pair], root_certificates=self.ca.read_bytes())
