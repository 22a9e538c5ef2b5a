"""Every object of every overlay keeps to its schema: of Kubernetes, or of the operator whose kind it is. A field or a
kind that no schema knows is an error."""

import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.jsonschema import DRAFT7

from tests.support.data import ROOT
from tests.support.deploying import PROGRAMS
from tests.support.manifests import OVERLAYS, Manifest, Overlay

#: The oldest Kubernetes that Baton needs (a preStop that only waits), and the newest that is known.
VERSIONS = ("v1.32.0", "v1.37.0")
_PROPERTIES_OF_ANY = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})


def of_kubernetes(version: str) -> Path:
    """The folder of the schemas of one version, in which every object says what it may hold, and nothing else."""
    found = list(
        PROGRAMS.glob(f"lib/python*/site-packages/kubernetes_validate/kubernetes-json-schema/{version}-local-strict")
    )
    if not found:
        pytest.skip("the schemas of Kubernetes are missing: `make check` installs them")
    return found[0]


def of_operators() -> Path:
    """The schemas of Strimzi, CloudNativePG and the others: beside the real data, as they are not ours."""
    folder = Path(os.environ.get("BATON_TEST_DATA") or ROOT / "../shared/data").parent / "k8s" / "crd-schemas"
    if not folder.exists():
        pytest.skip(f"{folder} is not there: the folder of BATON_TEST_DATA stands beside that of the schemas")
    return folder


def is_kubernetes(manifest: Manifest) -> bool:
    group = manifest["apiVersion"].rpartition("/")[0]
    return "." not in group or (group.endswith(".k8s.io") and group != "gateway.networking.k8s.io")


@cache
def schema_of(folder: Path, api_version: str, kind: str) -> Path:
    group, _, version = api_version.rpartition("/")
    if (folder / "_definitions.json").exists():
        parts = [kind, *([group.partition(".")[0]] if group else []), version]
        return folder / f"{'-'.join(parts).lower()}.json"
    return folder / group / f"{kind}_{version}.json".lower()


@cache
def validator(path: Path) -> Draft7Validator | None:
    if not path.exists():
        return None
    schema = json.loads(path.read_text())
    definitions = path.parent / "_definitions.json"
    registry: Registry[Any] = Registry()
    if definitions.exists():
        registry = registry.with_resource(
            "_definitions.json", DRAFT7.create_resource(json.loads(definitions.read_text()))
        )
    made: Any = validator_for(schema, default=Draft7Validator)(schema, registry=registry)
    return made


def mistakes(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Everything that its schema has against it."""
    name = f"{manifest['kind']} {manifest['metadata']['name']}"
    judge = validator(schema_of(folder, manifest["apiVersion"], manifest["kind"].lower()))
    if judge is None:
        yield f"{name}: no schema knows {manifest['apiVersion']} {manifest['kind']}"
        return
    for error in judge.iter_errors(manifest):
        yield f"{name}: {error.json_path}: {error.message[:200]}"
    yield from (f"{name}: unknown field {field}" for field in _unknown_at_the_top(judge, manifest))


def _unknown_at_the_top(judge: Draft7Validator, manifest: Manifest) -> Iterator[str]:
    schema: Any = judge.schema
    known = set(schema["properties"]) if "properties" in schema else _PROPERTIES_OF_ANY
    yield from sorted(set(manifest) - known)


@pytest.mark.parametrize("overlay", OVERLAYS)
@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_object(overlay: str, version: str) -> None:
    folder = of_kubernetes(version)
    objects = [each for each in Overlay.of(overlay).objects if is_kubernetes(each)]
    assert len(objects) > 50
    assert [mistake for each in objects for mistake in mistakes(folder, each)] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_operators_take_every_object_of_theirs(overlay: str) -> None:
    folder = of_operators()
    objects = [each for each in Overlay.of(overlay).objects if not is_kubernetes(each)]
    assert len(objects) > 10
    assert [mistake for each in objects for mistake in mistakes(folder, each)] == []


def test_a_field_or_a_kind_that_nobody_knows_is_refused() -> None:
    metadata = {"name": "x"}
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selectors": {}}, "specs": {}}
    folder = of_kubernetes(VERSIONS[-1])
    found = list(mistakes(folder, wrong))
    assert any("selectors" in mistake for mistake in found)
    assert any("specs" in mistake for mistake in found)
    unknown = {"apiVersion": "v1", "kind": "Servant", "metadata": metadata}
    assert list(mistakes(folder, unknown)) == ["Servant x: no schema knows v1 Servant"]


def test_a_field_that_no_operator_knows_is_refused() -> None:
    wrong = {
        "apiVersion": "kafka.strimzi.io/v1",
        "kind": "KafkaTopic",
        "metadata": {"name": "x"},
        "spec": {"partitions": "many", "shards": 3},
    }
    found = list(mistakes(of_operators(), wrong))
    assert any("shards" in mistake for mistake in found)
    assert any("'many'" in mistake for mistake in found)
