"""What tests of `deploy/` share: the programs that judge it, and the names that manifests must agree with."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from eventlog.kafka.topics import Topic, Topics
from eventlog.streaming.records import kept_topics
from runtime.department import DEPARTMENTS, STREAMING
from tests.support.data import ROOT
from tests.support.settings import VARIABLES

DEPLOY = ROOT / "deploy"
PROGRAMS = ROOT / ".venv" / "deploy"
PORTS = {"http": 8080, "health": 8081, "grpc": 9090}

#: Every process of a whole Baton.
PROCESSES = {
    "gateway": ["gateway"],
    "analytics-stream": ["stream", "analytics"],
    **{f"{name}-{role}": [role, name] for name in DEPARTMENTS for role in ("serve", "project", "relay")},
}

SETTINGS = VARIABLES

#: The version of Kafka that everything is tested with.
KAFKA = re.findall(r"<kafka.version>(.*?)<", (DEPLOY / "kafka" / "pom.xml").read_text())[0]


def topics(copies: int) -> dict[str, Topic]:
    """Every topic, in a Kafka with so many copies of each."""
    pairs = [Topics.of(department, replication=copies) for department in DEPARTMENTS]
    told = [topic for pair in pairs for topic in (pair.facts, pair.watermarks)]
    kept = [topic for department in STREAMING for topic in kept_topics(department, replication=copies)]
    return {topic.name: topic for topic in (*told, *kept)}


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
