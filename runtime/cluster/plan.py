"""Which processes make a cluster, and what each is told."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runtime.department import DEPARTMENTS, STREAMING
from runtime.listening import LOOPBACK, reachable

#: What a department needs a process for.
ROLES = ("serve", "project", "relay")


@dataclass(frozen=True)
class Planned:
    """A process: its name in the log, the words of its command, its settings beside the common ones. `health` is where
    it says how it is doing, `host:port`."""

    name: str
    words: Sequence[str]
    settings: Mapping[str, str]
    health: str = ""


@dataclass(frozen=True)
class Plan:
    """Where everything is: addresses of databases by department, the keyring's, Kafka's, the host and port of the
    gateway, and ports of 127.0.0.1 by department and by process."""

    databases: Mapping[str, str]
    keyring: str
    kafka_bootstrap: str
    gateway: tuple[str, int]
    grpc_ports: Mapping[str, int]
    health_ports: Mapping[str, int]

    @property
    def departments(self) -> str:
        """Where departments answer, as `BATON_DEPARTMENTS` names it."""
        return ",".join(f"{name}={LOOPBACK}:{port}" for name, port in self.grpc_ports.items())

    def processes(self) -> Iterator[Planned]:
        """All of them, in the order in which they start."""
        for department in DEPARTMENTS:
            for role in roles(department):
                yield self._role(role, department)
        host, port = self.gateway
        yield self._planned("gateway", ("gateway",), {"BATON_HOST": host, "BATON_PORT": str(port)}, host)

    def _role(self, role: str, department: str) -> Planned:
        settings = {"BATON_DATABASE_URL": self.databases[department]}
        if role in ("serve", "project"):  # the others pass on or pass over what is sealed, and need no key
            settings["BATON_KEYRING_URL"] = self.keyring
        if role == "serve":
            settings["BATON_GRPC_PORT"] = str(self.grpc_ports[department])
        return self._planned(f"{department}-{role}", (role, department), settings)

    def _planned(self, name: str, words: Sequence[str], settings: Mapping[str, str], host: str = LOOPBACK) -> Planned:
        port = self.health_ports[name]
        common = {
            "BATON_HOST": LOOPBACK,
            "BATON_DEPARTMENTS": self.departments,
            "BATON_KAFKA_BOOTSTRAP": self.kafka_bootstrap,
            "BATON_HEALTH_PORT": str(port),
            "BATON_INSTANCE": "cluster",
        }
        return Planned(name, words, {**common, **settings}, f"{reachable(host)}:{port}")


def roles(department: str) -> Sequence[str]:
    """What a department needs a process for."""
    return (*ROLES, "stream") if department in STREAMING else ROLES


def names() -> list[str]:
    """The names of all processes."""
    return [*(f"{department}-{role}" for department in DEPARTMENTS for role in roles(department)), "gateway"]
