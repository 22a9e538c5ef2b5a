"""What tests of `deploy/` share: the programs that judge it, and the names that manifests must agree with."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.department import DEPARTMENTS
from runtime.settings import Settings
from tests.support.data import ROOT

DEPLOY = ROOT / "deploy"
PROGRAMS = ROOT / ".venv" / "deploy"
PORTS = {"http": 8080, "health": 8081, "grpc": 9090}

#: Every process of a whole Baton.
PROCESSES = {
    "gateway": ["gateway"],
    "analytics-stream": ["stream", "analytics"],
    **{f"{name}-{role}": [role, name] for name in DEPARTMENTS for role in ("serve", "project", "relay")},
}

#: Settings of processes that talk through Kafka. `Settings` does not read them yet.
_COMING = frozenset(
    {
        "BATON_DEPARTMENTS",
        "BATON_EVENTSTORE_URL",
        "BATON_HEALTH_PORT",
        "BATON_KAFKA_BOOTSTRAP",
        "BATON_KEYRING_URL",
        "BATON_SERVICE_TOKEN_FILE",
        "BATON_TLS_CA",
        "BATON_TLS_CERT",
        "BATON_TLS_KEY",
    }
)
SETTINGS = frozenset(f"BATON_{name.upper()}" for name in vars(Settings())) | _COMING

#: The version of Kafka that everything is tested with.
KAFKA = "4.4.0"

#: A record of Kafka at its largest, in bytes: payload and metadata of 1 MiB each, and the headers.
RECORD_BYTES_MAX = 2 * 1024 * 1024 + 4 * 1000 + 12 * 1024


def topics(copies: int) -> Iterator[tuple[str, int, dict[str, str]]]:
    """Name, partitions and settings of every topic, in a Kafka with so many copies of each."""
    settings = {
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "max.message.bytes": str(RECORD_BYTES_MAX),
        "min.insync.replicas": "2" if copies >= 3 else "1",
        "unclean.leader.election.enable": "false",
        "message.timestamp.type": "logappendtime",
    }
    for name in DEPARTMENTS:
        yield f"baton.{name}.v1", 24, settings | {"cleanup.policy": "delete"}
        compacted = settings | {"cleanup.policy": "compact", "segment.bytes": str(64 * 1024 * 1024)}
        yield f"baton.{name}.watermarks.v1", 1, compacted


def program(name: str) -> Path:
    """One of the programs that `make check` installs; the test is skipped where it could not."""
    path = PROGRAMS / "bin" / name
    if not path.exists():
        pytest.skip(f"{name} is missing: `make check` installs it, or says why it cannot")
    return path


def run(name: str, *arguments: str | Path, **options: Any) -> str:
    """What the program prints; the test fails with it where the program does."""
    done = subprocess.run([program(name), *arguments], text=True, capture_output=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def documents(text: str) -> list[dict[str, Any]]:
    """All documents of a YAML file."""
    return [document for document in yaml.safe_load_all(text) if document]


def values(of: Any, key: str) -> Iterator[Any]:
    """Everything that stands under this key, however deep."""
    if isinstance(of, dict):
        for name, inner in of.items():
            if name == key:
                yield inner
            yield from values(inner, key)
    elif isinstance(of, list):
        for inner in of:
            yield from values(inner, key)
