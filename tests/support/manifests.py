"""What `kustomize` makes of an overlay, and who of it selects, reaches and refers to whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.support.deploying import DEPLOY, documents, run, values

Manifest = dict[str, Any]
Labels = Mapping[str, str]

OVERLAYS = ("local", "production")
#: What CloudNativePG and cert-manager write into the secrets that they make.
OF_CLUSTER = frozenset({"uri", "jdbc-uri", "host", "port", "dbname", "user", "username", "password", "pgpass"})
OF_CERTIFICATE = frozenset({"tls.crt", "tls.key", "ca.crt"})
#: What Strimzi writes into the secret of a user, and into that of the brokers' authority.
OF_USER, OF_AUTHORITY = frozenset({"user.crt", "user.key", "ca.crt"}), frozenset({"ca.crt"})
#: Secrets that nobody but the operator of the installation can make; docs/operations.md says how.
BY_HAND = {"baton-keys": frozenset({"issuer.pem", "master.key"})}


@dataclass(frozen=True)
class Overlay:
    """All objects that an overlay consists of."""

    name: str
    objects: tuple[Manifest, ...]

    @classmethod
    @cache
    def of(cls, name: str) -> "Overlay":
        return cls(name, tuple(documents(run("kustomize", DEPLOY / "k8s" / "overlays" / name))))

    def all(self, kind: str) -> dict[str, Manifest]:
        return {each["metadata"]["name"]: each for each in self.objects if each["kind"] == kind}

    def workloads(self) -> dict[str, Manifest]:
        """Ours that run as pods."""
        return self.all("Deployment") | self.all("Job")

    def pods(self) -> dict[str, Labels]:
        """The labels of every kind of pod there is, those of the operators too."""
        ours = {name: each["spec"]["template"]["metadata"]["labels"] for name, each in self.workloads().items()}
        servers = {name: {"cnpg.io/cluster": name} for name in self.all("Cluster")}
        brokers = {
            f"{pool}-kafka": {"strimzi.io/cluster": cluster, "strimzi.io/kind": "Kafka",
                              "strimzi.io/name": f"{cluster}-kafka"}
            for pool, each in self.all("KafkaNodePool").items()
            for cluster in [each["metadata"]["labels"]["strimzi.io/cluster"]]
        }  # fmt: skip
        exporters = {
            f"{name}-kafka-exporter": {"strimzi.io/cluster": name, "strimzi.io/kind": "Kafka",
                                       "strimzi.io/name": f"{name}-kafka-exporter"}
            for name, each in self.all("Kafka").items() if "kafkaExporter" in each["spec"]
        }  # fmt: skip
        return ours | servers | brokers | exporters

    def selected(self, selector: Manifest) -> set[str]:
        return {name for name, labels in self.pods().items() if selects(selector, labels)}

    def named_ports(self, pod: str) -> dict[str, int]:
        """Ports of one of ours by name."""
        containers = self.workloads()[pod]["spec"]["template"]["spec"]["containers"]
        return {port["name"]: port["containerPort"] for each in containers for port in each.get("ports", ())}

    def secrets(self) -> dict[str, frozenset[str]]:
        """Every secret that will be there, with its keys."""
        found = {f"{name}-app": OF_CLUSTER for name in self.all("Cluster")}
        found |= {each["spec"]["secretName"]: OF_CERTIFICATE for each in self.all("Certificate").values()}
        found |= dict.fromkeys(self.all("KafkaUser"), OF_USER)
        found |= {f"{name}-cluster-ca-cert": OF_AUTHORITY for name in self.all("Kafka")}
        for each in self.all("ExternalSecret").values():
            found[each["spec"]["target"]["name"]] = frozenset(data["secretKey"] for data in each["spec"]["data"])
        return BY_HAND | found

    def arrows(self) -> set[tuple[str, str, int]]:
        """Who reaches whom on which port, as the network policies have it: what leaves one and enters the other."""
        pods = self.pods()
        return {
            (one, other, port)
            for one in pods
            for other in pods
            for port in self._open("Egress", one, other) & self._open("Ingress", other, one)
        }

    def entrances(self) -> set[tuple[str, str, int]]:
        """The same, as those who are reached have it: what would enter, whether it may leave or not."""
        pods = self.pods()
        return {(one, other, port) for one in pods for other in pods for port in self._open("Ingress", other, one)}

    def _open(self, direction: str, here: str, there: str) -> set[int]:
        """Ports of the one that is reached, as far as the policies of one end allow."""
        clause, peers = ("egress", "to") if direction == "Egress" else ("ingress", "from")
        reached = there if direction == "Egress" else here
        found: set[int] = set()
        for policy in self._policies(direction, here):
            for rule in policy.get(clause, ()):
                named = rule.get(peers)
                if named is None or any(_is_peer(peer, self.pods()[there]) for peer in named):
                    found.update(self._numbers(rule, reached))
        return found

    def _policies(self, direction: str, pod: str) -> Iterator[Manifest]:
        for each in self.all("NetworkPolicy").values():
            if direction in each["spec"]["policyTypes"] and selects(each["spec"]["podSelector"], self.pods()[pod]):
                yield each["spec"]
        yield from self._of_strimzi(direction, pod)

    def _of_strimzi(self, direction: str, pod: str) -> Iterator[Manifest]:
        """Strimzi makes the policies of what enters its brokers, of the listeners' peers."""
        if direction == "Ingress":
            name = self.pods()[pod].get("strimzi.io/name")
            for kafka in (each for cluster, each in self.all("Kafka").items() if name == f"{cluster}-kafka"):
                for listener in kafka["spec"]["kafka"]["listeners"]:
                    ports = [{"protocol": "TCP", "port": listener["port"]}]
                    yield {"ingress": [{"from": listener.get("networkPolicyPeers"), "ports": ports}]}

    def _numbers(self, rule: Manifest, pod: str) -> Iterator[int]:
        for port in rule.get("ports", ()):
            if isinstance(port["port"], int):
                yield port["port"]
            elif port["port"] in self.named_ports(pod):
                yield self.named_ports(pod)[port["port"]]


def selects(selector: Manifest, labels: Labels) -> bool:
    """Whether a label selector selects what bears these labels."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _holds(expression, labels) for expression in selector.get("matchExpressions", ())
    )


def _holds(expression: Manifest, labels: Labels) -> bool:
    key, operator = expression["key"], expression["operator"]
    if operator == "Exists":
        return key in labels
    if operator == "In":
        return labels.get(key) in expression["values"]
    assert operator == "NotIn", operator
    return labels.get(key) not in expression["values"]


def _is_peer(peer: Manifest, labels: Labels) -> bool:
    """Peers of other namespaces, and addresses, are none of ours."""
    return "namespaceSelector" not in peer and "ipBlock" not in peer and selects(peer["podSelector"], labels)


def references(manifest: Manifest, key: str) -> Iterator[Manifest]:
    """What stands under `secretKeyRef`, `configMapRef` and their like."""
    for found in values(manifest, key):
        yield from found if isinstance(found, list) else [found]
