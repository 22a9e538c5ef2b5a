"""What the overlays say fits together: names lead to something, selectors select, ports are open, and no arrow is drawn
that is not needed."""

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any
from unittest.mock import MagicMock

import pytest
import yaml

from eventlog.kafka.topics import Topic, Topics, facts_topic
from eventlog.streaming.application import StreamTopics
from runtime.department import DEPARTMENTS
from tests.support.deploying import DEPLOY, PORTS, PROCESSES, SETTINGS, topics
from tests.support.manifests import BY_HAND, OVERLAYS, Manifest, Overlay, references, selects

POSTGRES, KAFKA = 5432, 9092
KEYRING = ("serve", "project", "migrate")
each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@pytest.fixture
def of(overlay: str) -> Overlay:
    return Overlay.of(overlay)


def pod(manifest: Manifest) -> Manifest:
    template: Manifest = manifest["spec"]["template"]["spec"]
    return template


def container(manifest: Manifest) -> Manifest:
    (only,) = pod(manifest)["containers"]
    return dict(only)


def configured(overlay: Overlay, manifest: Manifest) -> dict[str, Any]:
    """The environment of a process: of its config maps, then what it is given itself."""
    maps = overlay.all("ConfigMap")
    found: dict[str, Any] = {}
    for source in container(manifest).get("envFrom", ()):
        found |= maps[source["configMapRef"]["name"]]["data"]
    return found | {each["name"]: each.get("value", each) for each in container(manifest).get("env", ())}


@each_overlay
def test_every_process_runs_with_its_command(of: Overlay) -> None:
    commands = {}
    for name, each in of.all("Deployment").items():
        department = each["spec"]["template"]["metadata"]["labels"].get("department")
        commands[name] = [word.replace("$(DEPARTMENT)", str(department)) for word in container(each)["args"]]
    assert commands == PROCESSES
    jobs = {name: container(each)["args"] for name, each in of.all("Job").items()}
    assert jobs == {f"{name}-migrate": ["migrate", name] for name in DEPARTMENTS}


@each_overlay
def test_every_name_is_there_once(of: Overlay) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in of.objects]
    assert len(names) == len(set(names))
    assert {each["metadata"].get("namespace") for each in of.objects if each["kind"] != "Namespace"} == {"baton"}


@each_overlay
def test_selectors_select_one_kind_of_pod(of: Overlay) -> None:
    for name, each in of.all("Deployment").items():
        assert of.selected(each["spec"]["selector"]) == {name}
    for name, each in of.all("Service").items():
        assert of.selected({"matchLabels": each["spec"]["selector"]}) == {name}
    for name, each in of.all("PodDisruptionBudget").items():
        assert of.selected(each["spec"]["selector"]) == {name}
    for name, each in of.all("NetworkPolicy").items():
        assert of.selected(each["spec"]["podSelector"]), name


def test_every_process_has_a_service_and_where_there_are_several_a_budget() -> None:
    production, local = Overlay.of("production"), Overlay.of("local")
    assert production.all("Service").keys() == local.all("Service").keys() == PROCESSES.keys()
    assert production.all("PodDisruptionBudget").keys() == PROCESSES.keys()
    assert {each["spec"]["replicas"] for each in local.all("Deployment").values()} == {1}


@each_overlay
def test_ports_are_those_of_the_pods(of: Overlay) -> None:
    for name, service in of.all("Service").items():
        ports = of.named_ports(name)
        assert {port["targetPort"]: ports[port["targetPort"]] for port in service["spec"]["ports"]} == ports
        for port, number in ports.items():
            assert number == PORTS[port], name
    for name, each in of.all("Deployment").items():
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            assert container(each)[probe]["httpGet"]["port"] in of.named_ports(name), name


@each_overlay
def test_addresses_lead_to_services(of: Overlay) -> None:
    (settings,) = of.all("ConfigMap").values()
    services = of.all("Service")
    for department, address in (part.split("=") for part in settings["data"]["BATON_DEPARTMENTS"].split(",")):
        host, _, port = address.partition(":")
        assert host == f"{department}-serve"
        assert int(port) in {each["port"] for each in services[host]["spec"]["ports"]}
    ((name, kafka),) = of.all("Kafka").items()
    (listener,) = kafka["spec"]["kafka"]["listeners"]
    assert settings["data"]["BATON_KAFKA_BOOTSTRAP"] == f"{name}-kafka-bootstrap:{listener['port']}"


@each_overlay
def test_settings_are_settings(of: Overlay) -> None:
    for name, each in of.workloads().items():
        assert configured(of, each).keys() - {"DEPARTMENT"} <= SETTINGS, name


@each_overlay
def test_every_secret_that_is_needed_will_be_there_with_its_keys(of: Overlay) -> None:
    secrets, missing = of.secrets(), set()
    for name, key in _needed_secrets(of):
        if key not in secrets.get(name, frozenset()):
            missing.add(f"{name}: {key}")
    assert missing == set()


def _needed_secrets(of: Overlay) -> Iterator[tuple[str, str]]:
    for each in of.workloads().values():
        for found in references(each, "secretKeyRef"):
            yield found["name"], found["key"]
        secure = "BATON_TLS_CERT" in configured(of, each)
        for volume in references(each, "secret"):
            # One that may be missing is needed where the process is told to read it.
            keys = ("tls.crt", "tls.key", "ca.crt") if secure and volume.get("optional") else ()
            for key in (*keys, *(item["key"] for item in volume.get("items", ()))):
                yield volume.get("secretName") or volume["name"], key
    for asked in of.all("TriggerAuthentication").values():
        yield from ((each["name"], each["key"]) for each in asked["spec"]["secretTargetRef"])
    for gateway in of.all("Gateway").values():
        for reference in references(gateway, "certificateRefs"):
            yield reference["name"], "tls.crt"


def test_what_is_made_by_hand_is_described() -> None:
    page = (DEPLOY.parent / "docs" / "operations.md").read_text()
    for name, keys in BY_HAND.items():
        assert name in page
        assert all(key in page for key in keys)


@each_overlay
def test_everyone_has_the_keys_that_they_need_and_no_other(of: Overlay) -> None:
    for name, each in of.workloads().items():
        role = name.rpartition("-")[2]
        volumes = [volume["secret"] for volume in pod(each)["volumes"] if "secret" in volume]
        keys = {item["key"] for volume in volumes for item in volume.get("items", ())}
        opens = role in KEYRING
        verifies = opens or role in ("gateway", "stream")
        assert keys == ({"master.key"} if opens else set()) | ({"issuer.pem"} if verifies else set())
        assert ("BATON_KEYRING_URL" in configured(of, each)) == opens, name
        assert (of.pods()[name].get("keyring") == "true") == opens, name


@each_overlay
def test_a_department_reads_its_own_database(of: Overlay) -> None:
    for name, each in of.workloads().items():
        found = {reference["name"] for reference in references(each, "secretKeyRef")}
        department, _, role = name.partition("-")
        own = {f"{department}-postgres-app"} if role else set()
        assert found == own | ({"keyring-postgres-app"} if role in KEYRING else set()), name


@each_overlay
def test_every_arrow_is_needed_and_every_needed_arrow_is_drawn(of: Overlay) -> None:
    wanted = set()
    ours = {name: name.rpartition("-")[2] for name in of.workloads()}
    brokers = {name for name in of.pods() if name.endswith("-kafka")}
    for name, role in ours.items():
        if role != "relay":
            wanted |= {(name, f"{department}-serve", PORTS["grpc"]) for department in DEPARTMENTS}
        if role != "gateway":
            wanted.add((name, f"{name.partition('-')[0]}-postgres", POSTGRES))
            wanted |= {(name, broker, KAFKA) for broker in brokers}
        if role in KEYRING:
            wanted.add((name, "keyring-postgres", POSTGRES))
    for cluster in of.all("Cluster"):
        wanted |= {(cluster, cluster, POSTGRES), (cluster, cluster, 8000)}
    assert of.arrows() == of.entrances() == wanted


@each_overlay
def test_nobody_reaches_anybody_unless_it_is_said(of: Overlay) -> None:
    denied = of.all("NetworkPolicy")["default-deny"]["spec"]
    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@each_overlay
def test_topics_are_those_of_the_code(of: Overlay) -> None:
    (settings,) = of.all("ConfigMap").values()
    copies = int(settings["data"]["BATON_KAFKA_REPLICATION"])
    assert copies == {"local": 1, "production": 3}[of.name]
    found = {
        name: Topic(
            name,
            each["spec"]["partitions"],
            each["spec"]["replicas"],
            {
                key: str(value).lower() if value is False else str(value)
                for key, value in each["spec"]["config"].items()
            },
        )
        for name, each in of.all("KafkaTopic").items()
    }
    assert found == topics(copies)


@each_overlay
def test_a_process_has_no_right_that_it_does_not_need(of: Overlay) -> None:
    accounts = of.all("ServiceAccount")
    assert accounts.keys() == PROCESSES.keys()
    assert {each["automountServiceAccountToken"] for each in accounts.values()} == {False}
    for name, each in of.workloads().items():
        assert pod(each)["automountServiceAccountToken"] is False, name
        assert pod(each)["securityContext"]["runAsNonRoot"], name
        assert container(each)["securityContext"]["readOnlyRootFilesystem"], name
    for name, each in of.all("Deployment").items():
        assert pod(each)["serviceAccountName"] == name


@each_overlay
def test_a_process_that_leaves_has_time_to(of: Overlay) -> None:
    for name, each in of.all("Deployment").items():
        waits = container(each)["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert pod(each)["terminationGracePeriodSeconds"] >= waits + 20, name
        assert each["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0, name


def test_images_are_of_a_version() -> None:
    for overlay, image in (("production", "registry.example.com/baton:0.1.0"), ("local", "baton:local")):
        assert {container(each)["image"] for each in Overlay.of(overlay).workloads().values()} == {image}


def test_brokers_are_shown_a_certificate_by_each_department_and_show_theirs() -> None:
    of = Overlay.of("production")
    (kafka,) = of.all("Kafka").values()
    (listener,) = kafka["spec"]["kafka"]["listeners"]
    assert (listener["tls"], listener["authentication"]) == (True, {"type": "tls"})
    assert of.all("KafkaUser").keys() == {f"{name}-kafka" for name in (*DEPARTMENTS, "keda")}
    for name, each in of.workloads().items():
        department, _, role = name.partition("-")
        found = {reference["name"] for reference in references(each, "secret") if "name" in reference}
        assert found == ({f"{department}-kafka", "baton-cluster-ca-cert"} if role else set()), name
        if role:
            assert tls_of(each) == {"ca.crt", "user.crt", "user.key"}, name
            assert configured(of, each)["BATON_KAFKA_SECURITY_PROTOCOL"] == "SSL"
    for scaled in of.all("ScaledObject").values():
        asked = {(each["metadata"]["tls"], each["authenticationRef"]["name"]) for each in scaled["spec"]["triggers"]}
        assert asked == {("enable", "kafka")}


def tls_of(manifest: Manifest) -> set[str]:
    """The files that a process is told to read, which are those that are mounted there."""
    told = {each["name"]: each["value"] for each in container(manifest)["env"] if "value" in each}
    (mount,) = [each for each in container(manifest)["volumeMounts"] if each["name"] == "kafka"]
    (volume,) = [each for each in pod(manifest)["volumes"] if each["name"] == "kafka"]
    mounted = {item["path"] for source in volume["projected"]["sources"] for item in source["secret"]["items"]}
    files = {told[f"BATON_KAFKA_TLS_{what}"] for what in ("CA", "CERT", "KEY")}
    assert files == {f"{mount['mountPath']}/{path}" for path in mounted}
    return mounted


def test_projectors_are_scaled_by_their_lag_and_by_nobody_else() -> None:
    of = Overlay.of("production")
    scaled = {each["spec"]["scaleTargetRef"]["name"]: each["spec"] for each in of.all("ScaledObject").values()}
    assert scaled.keys() == {f"{name}-project" for name in DEPARTMENTS}
    for name, each in of.all("Deployment").items():
        assert ("replicas" in each["spec"]) == (name not in scaled), name
    (settings,) = of.all("ConfigMap").values()
    for name in DEPARTMENTS:
        triggers = [trigger["metadata"] for trigger in scaled[f"{name}-project"]["triggers"]]
        assert {each["bootstrapServers"] for each in triggers} == {settings["data"]["BATON_KAFKA_BOOTSTRAP"]}
        wanted = {(f"baton.{name}.{heard}", facts_topic(heard)) for heard in hears(name)}
        assert {(each["consumerGroup"], each["topic"]) for each in triggers} == wanted


def hears(department: str) -> list[str]:
    """The others that a department hears, as it is put together."""
    house = MagicMock()
    house.name = department
    return list(import_module(f"services.{department}.__main__").build(house).hears)


def test_every_database_is_archived_and_copied() -> None:
    of = Overlay.of("production")
    stores = of.all("ObjectStore").keys()
    copied = {each["spec"]["cluster"]["name"] for each in of.all("ScheduledBackup").values()}
    assert copied == of.all("Cluster").keys() == {f"{name}-postgres" for name in (*DEPARTMENTS, "keyring")}
    for name, cluster in of.all("Cluster").items():
        (plugin,) = cluster["spec"]["plugins"]
        assert plugin["isWALArchiver"]
        wanted = "keyring-backups" if name == "keyring-postgres" else "backups"
        assert plugin["parameters"]["barmanObjectName"] == wanted
        assert wanted in stores


def test_a_commit_that_was_answered_is_on_two_servers() -> None:
    for cluster in Overlay.of("production").all("Cluster").values():
        assert cluster["spec"]["instances"] == 3
        assert cluster["spec"]["postgresql"]["synchronous"]["dataDurability"] == "required"


def test_the_door_leads_to_the_gateway() -> None:
    of = Overlay.of("production")
    ((name, door),) = of.all("Gateway").items()
    listeners = {each["name"]: each for each in door["spec"]["listeners"]}
    for route in of.all("HTTPRoute").values():
        for parent in route["spec"]["parentRefs"]:
            assert parent["name"] == name
            assert listeners[parent["sectionName"]]["hostname"] in route["spec"]["hostnames"]
        for backend in references(route, "backendRefs"):
            ports = {each["port"] for each in of.all("Service")[backend["name"]]["spec"]["ports"]}
            assert backend["port"] in ports
    (certificate,) = [each for each in of.all("Certificate").values() if each["spec"]["secretName"] == "door-tls"]
    assert certificate["spec"]["dnsNames"] == [listeners["https"]["hostname"]]


def test_certificates_bear_the_names_by_which_services_are_called() -> None:
    of = Overlay.of("production")
    issuers = {("Issuer", name) for name in of.all("Issuer")} | {("ClusterIssuer", "letsencrypt")}
    for certificate in of.all("Certificate").values():
        reference = certificate["spec"]["issuerRef"]
        assert (reference["kind"], reference["name"]) in issuers
    named = {name for each in of.all("Certificate").values() for name in each["spec"].get("dnsNames", ())}
    assert {f"{name}-serve" for name in DEPARTMENTS} <= named


def test_the_operators_rules_are_those_that_are_tested() -> None:
    of = Overlay.of("production")
    (rules,) = of.all("PrometheusRule").values()
    assert rules["spec"] == yaml.safe_load((DEPLOY / "observability" / "rules.yml").read_text())
    monitor = of.all("PodMonitor")["baton"]
    seen = {name for name, labels in of.pods().items() if selects(monitor["spec"]["selector"], labels)}
    assert seen == PROCESSES.keys()
    assert {each["port"] for each in monitor["spec"]["podMetricsEndpoints"]} == {"health"}


def test_what_prometheus_names_a_process_is_what_the_rules_call_it() -> None:
    of = Overlay.of("production")
    (endpoint,) = of.all("PodMonitor")["baton"]["spec"]["podMetricsEndpoints"]
    (naming,) = [each for each in endpoint["relabelings"] if each["targetLabel"] == "process"]
    for name in PROCESSES:
        labels = {re.sub(r"\W", "_", label): value for label, value in of.pods()[name].items()}
        asked = (each.removeprefix("__meta_kubernetes_pod_label_") for each in naming["sourceLabels"])
        joined = naming["separator"].join(labels.get(label, "") for label in asked)
        assert re.fullmatch(naming["regex"], joined)[1] == name  # type: ignore[index]


def test_the_exporter_of_kafka_is_read() -> None:
    of = Overlay.of("production")
    asked = of.selected(of.all("PodMonitor")["kafka-exporter"]["spec"]["selector"])
    reached = of.selected(of.all("NetworkPolicy")["kafka-exporter-is-read"]["spec"]["podSelector"])
    assert asked == reached == {"baton-kafka-exporter"}


def test_each_department_writes_its_own_topics_and_reads_those_that_it_hears() -> None:
    of = Overlay.of("production")
    (kafka,) = of.all("Kafka").values()
    assert kafka["spec"]["kafka"]["authorization"] == {"type": "simple"}
    every = [*topics(3), StreamTopics("analytics", 7).changelog]
    for name in DEPARTMENTS:
        may = rights(of, f"{name}-kafka")
        assert {topic for topic in every if may("Write", "topic", topic)} == {
            topic for topic in every if topic.startswith(f"baton.{name}.")
        }
        assert not any(may(what, "topic", topic) for topic in every for what in ("Delete", "Alter", "AlterConfigs"))
        heard = {topic.name for each in hears(name) for topic in both(Topics.of(each, replication=3))}
        assert heard <= {topic for topic in every if may("Read", "topic", topic)}
        others = [each for each in DEPARTMENTS if each != name]
        assert may("Write", "transactionalId", f"baton.{name}.relay")
        assert not any(may("Write", "transactionalId", f"baton.{each}.relay") for each in others)
        assert all(may("Read", "group", f"baton.{name}.{each}") for each in hears(name))
        assert not any(may("Read", "group", f"baton.{each}.{name}") for each in others)
    assert rights(of, "analytics-kafka")("Read", "group", StreamTopics("analytics", 7).group)
    assert not any(rights(of, "keda-kafka")(what, "topic", topic) for topic in every for what in ("Read", "Write"))


def both(topics: Topics) -> tuple[Topic, Topic]:
    return topics.facts, topics.watermarks


def rights(of: Overlay, user: str) -> Callable[[str, str, str], bool]:
    """Whether a user may do something with a resource, as brokers decide it: what nobody allows is refused."""

    def may(operation: str, kind: str, name: str) -> bool:
        return any(
            operation in acl["operations"]
            and acl["resource"]["type"] == kind
            and (
                name.startswith(acl["resource"]["name"])
                if acl["resource"].get("patternType") == "prefix"
                else name == acl["resource"]["name"]
            )
            for acl in of.all("KafkaUser")[user]["spec"]["authorization"]["acls"]
        )

    return may
