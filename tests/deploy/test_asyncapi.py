"""`docs/asyncapi.yaml` is AsyncAPI 3, by AsyncAPI's own schema."""

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.support.data import ROOT
from tests.support.deploying import program


@pytest.fixture(scope="module")
def specification() -> Draft7Validator:
    return Draft7Validator(json.loads(program("asyncapi-3.0.0.json").read_text()))


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text("utf-8"))
    return found


def test_it_is_asyncapi(specification: Draft7Validator, page: dict[str, Any]) -> None:
    errors = sorted((error.json_path, error.message[:200]) for error in specification.iter_errors(page))
    assert errors == []


def test_the_schema_would_notice_a_mistake(specification: Draft7Validator, page: dict[str, Any]) -> None:
    wrong = page | {"channels": {"sales": {"adress": "baton.sales.v1"}}}
    assert list(specification.iter_errors(wrong))
