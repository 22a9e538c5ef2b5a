"""docker-compose.yml, as Compose itself understands it, under every profile."""

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from eventlog.kafka.limits import RECORD_BYTES_MAX
from eventlog.keyring import MasterKey
from runtime.department import DEPARTMENTS
from runtime.identity import Issuer
from tests.support.data import ROOT
from tests.support.deploying import KAFKA, PORTS, PROCESSES, SETTINGS, run

FILE = ROOT / "docker-compose.yml"
PROFILES = ("kurrentdb", "observability")
Service = dict[str, Any]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation with its secrets."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing, which makes the secrets")
    folder = tmp_path_factory.mktemp("installation")
    subprocess.run(["sh", ROOT / "deploy" / "secrets.sh", folder], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def services(secrets: Path) -> dict[str, Service]:
    """Every service of every profile."""
    return composed(secrets / ".env", *PROFILES)


@cache
def composed(environment: Path, *profiles: str) -> dict[str, Service]:
    options = [word for profile in profiles for word in ("--profile", profile)]
    text = run("docker-compose", "--file", FILE, "--env-file", environment, *options, "config")
    read: dict[str, Service] = yaml.safe_load(text)["services"]
    return read


def ours(services: dict[str, Service]) -> dict[str, Service]:
    return {name: service for name, service in services.items() if "build" in service}


@pytest.mark.parametrize("profile", ["", *PROFILES])
def test_compose_understands_every_profile(secrets: Path, profile: str) -> None:
    named = set(yaml.safe_load(FILE.read_text())["services"])
    found = composed(secrets / ".env", *filter(None, [profile]))
    assert PROCESSES.keys() <= found.keys() <= named


def test_nothing_starts_without_secrets_and_none_stands_in_the_file(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(AssertionError, match="POSTGRES_PASSWORD is missing a value: run `make secrets`"):
        composed(empty)
    secret = re.compile(r"^\s*\w*(PASSWORD|TOKEN)\w*:\s*(?!\$\{\w+:\?)\S|://\w+:(?!\$\{\w+:\?)[^/@]+@")
    assert [line for line in FILE.read_text().splitlines() if secret.search(line)] == []
    example = (ROOT / ".env.example").read_text()
    assert sorted(re.findall(r"^(\w+_PASSWORD)=$", example, re.M)) == sorted(
        set(re.findall(r"(\w+):\?", FILE.read_text()))
    )


def test_secrets_are_made_once_and_can_be_used(secrets: Path) -> None:
    before = {path.name: path.read_bytes() for path in (secrets / ".env", *(secrets / ".secrets").iterdir())}
    subprocess.run(["sh", ROOT / "deploy" / "secrets.sh", secrets], check=True, capture_output=True)
    assert {path.name: path.read_bytes() for path in (secrets / ".env", *(secrets / ".secrets").iterdir())} == before
    MasterKey(before["master.key"])
    Issuer.at(secrets / ".secrets" / "issuer.pem")
    passwords = re.findall(r"=(\w+)$", before[".env"].decode(), re.M)
    assert len(passwords) == len(set(passwords)) == 7
    assert (secrets / ".secrets").stat().st_mode & 0o077 == 0
    assert (secrets / ".env").stat().st_mode & 0o077 == 0


def test_every_process_is_there(services: dict[str, Service]) -> None:
    wanted = PROCESSES | {f"{name}-migrate": ["migrate", name] for name in DEPARTMENTS}
    assert {name: service["command"] for name, service in ours(services).items()} == wanted


def test_settings_are_settings(services: dict[str, Service]) -> None:
    for name, service in ours(services).items():
        assert service["environment"].keys() <= SETTINGS, name


def test_a_department_reaches_its_own_database_and_no_other(services: dict[str, Service]) -> None:
    for name in (*PROCESSES, *(f"{name}-migrate" for name in DEPARTMENTS)):
        urls = [value for value in services[name]["environment"].values() if str(value).startswith("postgresql://")]
        users = {re.match(r"postgresql://(\w+):\w+@postgres:5432/\1$", url)[1] for url in urls}  # type: ignore[index]
        department, _, role = name.partition("-")
        assert users == {
            "": set(),
            "relay": {department},
            "stream": {department},  # sees every personal field as erased
        }.get(role, {department, "keyring"}), name


def test_everyone_has_the_keys_that_they_need_and_no_other(services: dict[str, Service]) -> None:
    for name, service in ours(services).items():
        keys = {key["source"] for key in service.get("secrets", ())}
        opens = "BATON_KEYRING_URL" in service["environment"]
        verifies = opens or name in ("gateway", "analytics-stream")
        assert keys == ({"master"} if opens else set()) | ({"issuer"} if verifies else set()), name


def test_departments_find_each_other(services: dict[str, Service]) -> None:
    addresses = dict(part.split("=") for part in services["gateway"]["environment"]["BATON_DEPARTMENTS"].split(","))
    assert addresses == {name: f"{name}-serve:{PORTS['grpc']}" for name in DEPARTMENTS}
    networks = {name: set(services[name]["networks"]) for name in services}
    assert all("data" in networks[name] for name in PROCESSES)


def test_everyone_waits_for_what_they_need(services: dict[str, Service]) -> None:
    def waits(name: str) -> dict[str, str]:
        return {on: how["condition"] for on, how in services[name].get("depends_on", {}).items()}

    for department in DEPARTMENTS:
        assert waits(f"{department}-migrate") == {"postgres": "service_healthy", "kafka": "service_healthy"}
        for role in ("serve", "project", "relay"):
            assert waits(f"{department}-{role}") == {f"{department}-migrate": "service_completed_successfully"}
    assert waits("gateway") == {f"{department}-serve": "service_healthy" for department in DEPARTMENTS}


def test_everything_can_be_asked_how_it_is(services: dict[str, Service]) -> None:
    # What the image of ours says of its health holds where nothing else is said.
    unasked = {name for name, each in services.items() if (each.get("healthcheck") or {}).get("disable")}
    assert unasked == {"otel-collector", *(f"{name}-migrate" for name in DEPARTMENTS)}
    assert [name for name, each in services.items() if "healthcheck" not in each and "build" not in each] == []


def test_nothing_has_more_rights_or_room_than_it_needs(services: dict[str, Service]) -> None:
    for name, service in services.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert {"cpus", "memory", "pids"} <= service["deploy"]["resources"]["limits"].keys(), name
        assert service["logging"]["options"]["max-size"], name
        assert not service.get("privileged"), name
    for name, service in ours(services).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name


def test_only_this_machine_reaches_a_port(services: dict[str, Service]) -> None:
    published = {
        name: {port["host_ip"] for port in each["ports"]} for name, each in services.items() if "ports" in each
    }
    assert published == {name: {"127.0.0.1"} for name in ("gateway", "kurrentdb", "prometheus", "grafana")}


def test_images_are_of_a_version(services: dict[str, Service]) -> None:
    for name, service in services.items():
        assert re.fullmatch(r"[\w./-]+:(v?\d[\w.-]*|local)", service["image"]), name


def test_kafka_is_of_the_version_that_is_tested_and_takes_every_record(services: dict[str, Service]) -> None:
    assert services["kafka"]["image"] == f"apache/kafka:{KAFKA}"
    kafka = services["kafka"]["environment"]
    assert {each["environment"]["BATON_KAFKA_REPLICATION"] for each in ours(services).values()} == {"1"}
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert {int(kafka[f"KAFKA_{name}_MAX_BYTES"]) for name in ("MESSAGE", "REPLICA_FETCH")} == {RECORD_BYTES_MAX}


def test_prometheus_looks_at_every_process() -> None:
    config = yaml.safe_load((ROOT / "deploy" / "observability" / "prometheus.yml").read_text())
    (names,) = config["scrape_configs"][0]["dns_sd_configs"]
    assert names["names"] == sorted(PROCESSES)
    assert names["port"] == PORTS["health"]


def test_what_is_mounted_is_there() -> None:
    mounted = re.findall(r"(\./deploy/[\w./-]+?):/", FILE.read_text())
    assert len(mounted) == 6
    assert [path for path in mounted if not (ROOT / path).exists()] == []
