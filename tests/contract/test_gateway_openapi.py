"""The OpenAPI document: valid, complete, and of one mind with the gateway."""

from typing import Any

import jsonschema
import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from gateway.contract import Contract
from gateway.documentation import render
from gateway.openapi.document import document
from tests.support.parcels import House

BATON = document(Contract.load(), "0.0.0")
TESTS = House().document


def operations(described: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{verb.upper()} {path}", operation)
        for path, verbs in described["paths"].items()
        for verb, operation in verbs.items()
    ]


@pytest.mark.parametrize("described", [BATON, TESTS], ids=["Baton", "the service of the tests"])
def test_the_document_is_valid(described: dict[str, Any]) -> None:
    assert list(OpenAPIV31SpecValidator(orjson.loads(orjson.dumps(described))).iter_errors()) == []


@pytest.mark.parametrize(("name", "operation"), operations(BATON), ids=[name for name, _ in operations(BATON)])
def test_every_operation_is_described(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"], name
    assert operation["description"], name
    statuses = set(operation["responses"])
    assert statuses & {"200", "201"}
    assert {"400", "401", "403", "404", "405", "412", "413", "429", "500", "503"} <= statuses
    if not name.startswith("GET"):
        assert {"409", "422"} <= statuses
    if "requestBody" in operation:
        assert "415" in statuses


def test_operations_have_names_of_their_own() -> None:
    ids = [operation["operationId"] for _, operation in operations(BATON)]

    assert sorted(set(ids)) == sorted(ids)


def test_examples_of_bodies_are_what_the_schemas_allow() -> None:
    registry = {"components": orjson.loads(orjson.dumps(BATON["components"]))}
    for name, operation in operations(BATON):
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if "example" in content:
            schema = registry | {"$ref": content["schema"]["$ref"]}
            errors = [
                error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(content["example"])
            ]
            assert errors == [], name


def test_what_only_baton_writes_is_not_in_what_is_sent() -> None:
    schemas = TESTS["components"]["schemas"]

    assert {"id", "etag", "createTime", "state"} & set(schemas["ParcelInput"]["properties"]) == set()
    assert schemas["Parcel"]["properties"]["etag"]["readOnly"] is True
    assert schemas["ParcelInput"]["additionalProperties"] is False
    assert schemas["ParcelInput"]["required"] == ["label"]
    assert "required" not in schemas["ParcelChange"]


def test_limits_patterns_formats_and_comments_come_from_the_contract() -> None:
    parcel = TESTS["components"]["schemas"]["ParcelInput"]["properties"]

    assert parcel["label"] == {
        "type": "string", "minLength": 1, "maxLength": 40, "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$",
        "description": "What stands on it.", "examples": ["Fragile: samples for Riga"],
    }  # fmt: skip
    assert parcel["items"] == {"type": "array", "items": {"$ref": "#/components/schemas/ItemInput"}, "maxItems": 20}
    assert parcel["weightMg"] == {"type": "string", "format": "int64", "pattern": "^-?(0|[1-9][0-9]{0,17})$"}
    assert parcel["speed"] == {"type": "string", "enum": ["SLOW", "FAST"]}
    assert TESTS["components"]["schemas"]["Parcel"]["properties"]["state"]["enum"] == [
        "STATE_UNSPECIFIED", "TAKEN", "SENT",
    ]  # fmt: skip


def test_parameters_and_headers_are_those_of_the_operation() -> None:
    paths = TESTS["paths"]
    listed = {each.get("name", each.get("$ref")) for each in paths["/v1/parcels"]["get"]["parameters"]}
    changed = {each.get("name", each.get("$ref")) for each in paths["/v1/parcels/{id}"]["patch"]["parameters"]}

    assert listed == {
        "pageSize", "pageToken", "orderBy", "state", "label", "createTimeAfter", "insured", "heavierMg", "to.street",
        "to.city", "#/components/parameters/Baton-Min-Position",
    }  # fmt: skip
    assert changed == {
        "id", "updateMask", "#/components/parameters/Idempotency-Key", "#/components/parameters/If-Match",
    }  # fmt: skip
    assert paths["/v1/parcels:count"]["get"]["security"] == []


def test_the_page_shows_every_operation_and_schema() -> None:
    html = render(BATON)

    for _, operation in operations(BATON):
        assert f'id="{operation["operationId"]}"' in html
    for name in BATON["components"]["schemas"]:
        assert f'id="schema-{name}"' in html
