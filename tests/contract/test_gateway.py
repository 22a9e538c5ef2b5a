"""The gateway in front of a service that only the tests know: nothing in `gateway/` was written for it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from tests.support.parcels import NOBODY, House, message_class

LAMP = {
    "label": "A lamp for Riga",
    "to": {"street": "Elizabetes iela 2", "city": "Riga"},
    "items": [{"name": "lamp", "count": 1, "inside": {"name": "bulb", "count": 2}}],
    "tags": ["fragile", "Лампа"],
    "stamps": {"riga": 3},
    "custom": {"shoeSize": 43, "colours": ["red", None, {"dark": True}]},
    "wantedBy": "2026-04-01T12:00:00+02:00",
    "patience": "1.5s",
    "weightMg": "9007199254740993",
    "volumeL": 2.5,
    "insured": True,
    "seal": "3q2+7w==",
    "value": {"currency": "EUR", "amount": "12.30"},
    "floor": 0,
    "van": "R 17",
    "posted": "2026-03-05",
    "speed": "FAST",
    "remark": [1, "two"],
}


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(house.gateway)
    async with httpx.AsyncClient(transport=transport, base_url="http://baton", headers=house.headers) as client:
        yield client


async def created(client: httpx.AsyncClient, **parcel: Any) -> dict[str, Any]:
    response = await client.post("/v1/parcels", json={"label": "A lamp"} | parcel)
    assert response.status_code == 201, response.text
    return dict(response.json())


def problem(response: httpx.Response) -> tuple[int, dict[str, str]]:
    """The status and what is wrong where."""
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    assert document["type"].startswith("/problems/")
    assert document["title"]
    assert document["detail"]
    return response.status_code, {each["pointer"]: each["detail"] for each in document.get("errors", ())}


async def test_create_answers_201_with_location_version_position_and_every_field(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/parcels", json=LAMP)

    parcel = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/v1/parcels/{parcel['id']}"
    assert response.headers["etag"] == '"1"'
    assert response.headers["baton-position"] == "parcels:1.1"
    assert "idempotency-replayed" not in response.headers
    made = {"id": parcel["id"], "etag": "1", "createTime": "2026-03-06T19:38:55.250Z", "state": "TAKEN"}
    assert parcel == made | LAMP | {"wantedBy": "2026-04-01T10:00:00Z", "patience": "1.500s"}


async def test_fields_without_presence_are_printed_and_unset_messages_and_times_are_not(
    client: httpx.AsyncClient,
) -> None:
    parcel = await created(client)

    del parcel["id"]
    assert parcel == {
        "etag": "1", "createTime": "2026-03-06T19:38:55.250Z", "state": "TAKEN", "label": "A lamp", "items": [],
        "tags": [], "stamps": {}, "weightMg": "0", "volumeL": 0.0, "insured": False, "seal": "", "posted": "",
        "speed": "SPEED_UNSPECIFIED",
    }  # fmt: skip


async def test_every_wrong_field_is_told_with_its_pointer(client: httpx.AsyncClient) -> None:
    body = {
        "labell": "x", "weight_mg": "1", "to": {"city": 5}, "items": [{"name": "lamp"}, {"count": "1"}, 7],
        "tags": ["a", 1], "stamps": {"a": 1.5}, "wantedBy": "tomorrow", "patience": "soon", "weightMg": 5,
        "volumeL": "1", "insured": "yes", "seal": "?", "speed": "SPEED_UNSPECIFIED", "van": "a", "bicycle": "b",
        "value": None, "custom": {"id": 9007199254740993}, "floor": 3_000_000_000,
    }  # fmt: skip

    status, errors = problem(await client.post("/v1/parcels", json=body))

    assert status == 400
    assert errors == {
        "/labell": "unknown field labell",
        "/weight_mg": "unknown field weight_mg; it is written weightMg",
        "/to/city": "must be a string",
        "/items/1/count": "must be a whole number",
        "/items/2": "must be an object",
        "/tags/1": "must be a string",
        "/stamps/a": "must be a whole number",
        "/wantedBy": "must be an RFC 3339 time such as 2018-03-06T19:38:55Z",
        "/patience": "must be a number of seconds such as 1.5s",
        "/weightMg": "must be digits in a string",
        "/volumeL": "must be a number",
        "/insured": "must be true or false",
        "/seal": "must be a base64 string",
        "/speed": "must be one of SLOW, FAST",
        "/bicycle": "only one of van, bicycle may be given",
        "/value": "null is not allowed without updateMask",
        "/custom/id": "numbers are at most 9007199254740991; send a longer one as a string",
        "/floor": "must be between -2147483648 and 2147483647",
    }


async def test_what_the_department_refuses_is_told_with_pointers_into_the_body(client: httpx.AsyncClient) -> None:
    body = {"to": {"city": "R1ga"}, "items": [{"name": "lamp", "count": 1}, {"name": "", "count": 1}], "value": {}}

    status, errors = problem(await client.post("/v1/parcels", json=body))

    assert status == 400
    assert list(errors) == ["/label", "/to/city", "/items/1/name", "/value/currency", "/value/amount"]
    assert errors["/to/city"] == "must be letters and blanks"


async def test_the_detail_names_fields_as_json_does(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/parcels", json=LAMP | {"weightMg": "-1"})

    assert response.json()["detail"] == "/weightMg: must be at least 0"


async def test_fields_that_baton_writes_are_ignored_in_a_write(client: httpx.AsyncClient) -> None:
    parcel = await created(client, id=NOBODY, etag="99", state="SENT", createTime=5)

    assert parcel["id"] != NOBODY
    assert (parcel["etag"], parcel["state"]) == ("1", "TAKEN")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"label": NaN}', b"\xff", b"[" * 5000])
async def test_a_body_that_is_no_json_object_is_400(client: httpx.AsyncClient, body: bytes) -> None:
    response = await client.post("/v1/parcels", content=body, headers={"content-type": "application/json"})

    assert problem(response)[0] == 400


async def test_a_change_names_what_it_changes_by_the_fields_given(client: httpx.AsyncClient, house: House) -> None:
    parcel = await created(client, **LAMP)

    body = {"to": {"city": "Tallinn"}, "custom": {"shoe.size": 44}, "tags": [], "wantedBy": "2026-05-01T00:00:00Z"}
    response = await client.patch(f"/v1/parcels/{parcel['id']}", json=body)

    mask = house.parcels.requests[-1].update_mask.paths
    assert list(mask) == ["to.city", "custom.shoe.size", "tags", "wanted_by"]
    changed = response.json()
    assert (response.status_code, response.headers["etag"]) == (200, '"2"')
    assert changed["to"] == {"street": "Elizabetes iela 2", "city": "Tallinn"}
    assert changed["custom"] == parcel["custom"] | {"shoe.size": 44}
    assert changed["tags"] == []


@pytest.mark.parametrize("body", [{"custom": {}}, {"to": {}}, {"to": {}, "custom": {}}])
async def test_an_empty_object_changes_nothing(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
    parcel = await created(client, **LAMP)

    changed = (await client.patch(f"/v1/parcels/{parcel['id']}", json=body)).json()

    assert (changed["to"], changed["custom"]) == (parcel["to"], parcel["custom"])


async def test_a_mask_clears_what_it_names(client: httpx.AsyncClient) -> None:
    parcel = await created(client, **LAMP)

    body = {"tags": None, "label": "Another"}
    mask = {"updateMask": "tags,to,custom.shoeSize,wantedBy"}
    response = await client.patch(f"/v1/parcels/{parcel['id']}", json=body, params=mask)

    changed = response.json()
    assert response.status_code == 200, changed
    assert changed["tags"] == []
    assert "to" not in changed
    assert "wantedBy" not in changed
    assert changed["custom"] == {"colours": ["red", None, {"dark": True}]}
    assert changed["label"] == parcel["label"]


@pytest.mark.parametrize(
    "path", ["colour", "id", "to.colour", "tags.0", "label.x", "create_time", "custom/x", "custom.", "to.", "label."]
)
async def test_a_mask_that_names_nothing_to_change_is_400(client: httpx.AsyncClient, path: str) -> None:
    parcel = await created(client)

    response = await client.patch(f"/v1/parcels/{parcel['id']}", json={}, params={"updateMask": path})

    assert problem(response) == (400, {"/updateMask": f"there is nothing to change at {path}"})


async def test_a_null_without_a_mask_is_400(client: httpx.AsyncClient) -> None:
    parcel = await created(client)

    response = await client.patch(f"/v1/parcels/{parcel['id']}", json={"label": None})

    assert problem(response) == (400, {"/label": "null is not allowed without updateMask"})


@pytest.mark.parametrize("mask", [",label", "label,", "label,,tags"])
async def test_a_mask_with_an_empty_path_is_400(client: httpx.AsyncClient, mask: str) -> None:
    parcel = await created(client)
    response = await client.patch(f"/v1/parcels/{parcel['id']}", json={}, params={"updateMask": mask})
    assert problem(response) == (400, {"/updateMask": "there is nothing to change at "})


async def test_an_empty_name_in_custom_is_400_and_nothing_is_lost(client: httpx.AsyncClient) -> None:
    parcel = await created(client, custom={"shoeSize": 43})
    for answer in (
        await client.patch(f"/v1/parcels/{parcel['id']}", json={"custom": {"": 5}}),
        await client.post("/v1/parcels", json={"label": "Books", "custom": {"": 5}}),
    ):
        assert answer.status_code == 400
        assert "a name is empty" in answer.text
    assert (await client.get(f"/v1/parcels/{parcel['id']}")).json()["custom"] == {"shoeSize": 43}


async def test_a_null_in_custom_without_a_mask_is_400(client: httpx.AsyncClient) -> None:
    parcel = await created(client, custom={"shoeSize": 43})

    response = await client.patch(f"/v1/parcels/{parcel['id']}", json={"custom": {"shoeSize": None}})

    assert problem(response) == (400, {"/custom/shoeSize": "null is not allowed without updateMask"})
    assert (await client.get(f"/v1/parcels/{parcel['id']}")).json()["custom"] == {"shoeSize": 43}


@pytest.mark.parametrize("state", ["STATE_UNSPECIFIED", "LOST", 1, ["SENT"]])
async def test_a_name_that_no_state_has_is_400_though_only_baton_writes_states(
    client: httpx.AsyncClient, state: Any
) -> None:
    response = await client.post("/v1/parcels", json={"label": "A lamp", "state": state})

    assert problem(response) == (400, {"/state": "must be one of TAKEN, SENT"})


async def test_a_state_that_is_sent_back_is_ignored(client: httpx.AsyncClient) -> None:
    assert (await created(client, state="SENT"))["state"] == "TAKEN"


async def test_a_verb_takes_the_request_itself_and_needs_no_body(client: httpx.AsyncClient, house: House) -> None:
    first, second = await created(client), await created(client)

    said = await client.post(f"/v1/parcels/{first['id']}:send", json={"note": "Two\nlines"})
    silent = await client.post(f"/v1/parcels/{second['id']}:send", headers={"content-type": "application/json"})

    assert (said.status_code, said.json()["state"]) == (200, "SENT")
    assert (silent.status_code, silent.json()["state"]) == (200, "SENT")
    assert [request.note for request in house.parcels.requests[-2:]] == ["Two\nlines", ""]
    assert "location" not in said.headers


async def test_a_rule_of_the_business_is_409_in_words(client: httpx.AsyncClient) -> None:
    parcel = await created(client)
    await client.post(f"/v1/parcels/{parcel['id']}:send")

    again = await client.post(f"/v1/parcels/{parcel['id']}:send")

    assert problem(again)[0] == 409
    assert again.json()["detail"] == f"parcel {parcel['id']} was sent before"
    assert again.json()["type"] == "/problems/refused"


async def test_query_parameters_are_typed_filters(client: httpx.AsyncClient, house: House) -> None:
    query = (
        "pageSize=3&state=TAKEN&state=SENT&label=&label=a%2Bb+c&createTimeAfter=2026-01-01T00:00:00%2B01:00"
        "&insured=true&heavierMg=9007199254740993&to.city=Riga"
    )
    response = await client.get(f"/v1/parcels?{query}")

    request = house.parcels.requests[-1]
    assert response.json() == {"parcels": [], "nextPageToken": "", "totalSize": 0}
    assert (request.page_size, list(request.state), list(request.label)) == (3, [1, 2], ["", "a+b c"])
    assert (request.insured, request.heavier_mg, request.to.city) == (True, 9007199254740993, "Riga")
    assert request.create_time_after.ToJsonString() == "2025-12-31T23:00:00Z"


async def test_wrong_and_unknown_parameters_are_400(client: httpx.AsyncClient) -> None:
    query = "colour=red&pageSize=three&pageToken=a&pageToken=b&state=STATE_UNSPECIFIED&createTimeAfter=&insured=1"

    status, errors = problem(await client.get(f"/v1/parcels?{query}"))

    assert (status, sorted(errors)) == (
        400,
        ["/colour", "/createTimeAfter", "/insured", "/pageSize", "/pageToken", "/state"],
    )
    assert problem(await client.get("/v1/parcels?label=%ff"))[0] == 400
    assert problem(await client.post("/v1/parcels?colour=red", json={"label": "x"}))[1] == {
        "/colour": "unknown parameter colour"
    }


async def test_a_field_beside_the_body_is_a_query_parameter(client: httpx.AsyncClient, house: House) -> None:
    await client.post("/v1/parcels?dryRun=true", json={"label": "A lamp"})

    assert house.parcels.requests[-1].dry_run


async def test_a_change_that_sends_back_an_entity_tag_means_that_version(
    client: httpx.AsyncClient, house: House
) -> None:
    parcel = await created(client)
    path = f"/v1/parcels/{parcel['id']}"

    changed = await client.patch(path, json={"label": "A lamp, lit", "etag": parcel["etag"]})
    mistaken = await client.patch(path, json={"label": "A vase", "etag": 3})

    assert (changed.status_code, house.parcels.requests[-1].parcel.etag) == (200, parcel["etag"])
    assert "etag" not in house.parcels.requests[-1].update_mask.paths
    assert problem(mistaken) == (400, {"/etag": "expected a string"})


async def test_versions_are_checked_on_writes_and_spared_on_reads(client: httpx.AsyncClient) -> None:
    parcel = await created(client)
    path = f"/v1/parcels/{parcel['id']}"

    unchanged = await client.get(path, headers={"if-none-match": '"7", W/"1"'})
    other = await client.get(path, headers={"if-none-match": '"7"'})
    head = await client.head(path)

    assert (unchanged.status_code, unchanged.content, unchanged.headers["etag"]) == (304, b"", '"1"')
    assert (other.status_code, other.headers["etag"]) == (200, '"1"')
    assert (head.status_code, head.headers["etag"]) == (200, '"1"')


async def test_the_same_key_is_answered_as_the_first_time(client: httpx.AsyncClient) -> None:
    headers = {"idempotency-key": "lamp-1"}
    first = await client.post("/v1/parcels", json={"label": "A lamp"}, headers=headers)
    again = await client.post("/v1/parcels", json={"label": "A lamp"}, headers=headers)

    assert (again.status_code, again.json(), again.headers["location"]) == (
        201,
        first.json(),
        first.headers["location"],
    )
    assert again.headers["idempotency-replayed"] == "true"


async def test_lists_wait_for_positions(client: httpx.AsyncClient, house: House) -> None:
    await client.get("/v1/parcels", headers={"baton-min-position": "parcels:1.12"})

    assert [(department, source, str(place)) for department, source, place in house.waited] == [
        ("parcels", "parcels", "1.12")
    ]


@pytest.mark.parametrize("header", ["idempotency-key", "baton-min-position"])
async def test_a_malformed_header_is_400(client: httpx.AsyncClient, header: str) -> None:
    answer = client.get if header.startswith("baton") else client.post
    for value in ("", "\xff", "a" * 300) if header == "idempotency-key" else ("\xff", "parcels", "parcels:x"):
        kwargs: Any = {} if header.startswith("baton") else {"json": {"label": "x"}}
        headers = {header.encode(): value.encode("latin-1")}
        response = await answer("/v1/parcels", headers=headers, **kwargs)
        assert problem(response)[0] == 400, value


async def test_without_a_valid_token_nothing_is_answered_but_401(client: httpx.AsyncClient, house: House) -> None:
    del client.headers["authorization"]
    for sent in ({}, {"authorization": "Basic abc"}, {"authorization": f"Bearer {house.token()}x"}):
        for response in (
            await client.get("/v1/parcels?colour=red", headers=sent),
            await client.post("/v1/parcels", content=b"{", headers=sent),
        ):
            assert problem(response)[0] == 401
            assert response.headers["www-authenticate"].startswith('Bearer realm="baton"')


async def test_an_anonymous_rpc_needs_no_token(client: httpx.AsyncClient) -> None:
    del client.headers["authorization"]

    assert (await client.get("/v1/parcels:count")).json() == {"parcels": 0}


async def test_a_role_that_may_not_is_403(client: httpx.AsyncClient, house: House) -> None:
    headers = {"authorization": f"Bearer {house.token('analyst')}"}

    response = await client.post("/v1/parcels", json={"label": "A lamp"}, headers=headers)

    assert problem(response)[0] == 403


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nothing",
        "/v1/parcels/",
        "/v1/parcels//x",
        "/v2/parcels",
        "/v1",
        "/v1/parcels/:send",
        "/v1/parcels/%ff",
        "/problems/none",
    ],
)
async def test_a_path_that_is_not_served_is_404(client: httpx.AsyncClient, path: str) -> None:
    assert problem(await client.get(path))[0] == 404


async def test_an_id_may_have_any_character(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/parcels/a%2Fb%3Asend%20%D0%B6")

    assert response.json()["detail"] == "there is no parcel a/b:send ж"


async def test_another_method_is_405_with_what_is_allowed(client: httpx.AsyncClient) -> None:
    delete = await client.delete("/v1/parcels")
    read = await client.get(f"/v1/parcels/{NOBODY}:send")
    page = await client.post("/docs")

    assert (problem(delete)[0], delete.headers["allow"]) == (405, "GET, HEAD, POST")
    assert (problem(read)[0], read.headers["allow"]) == (405, "POST")
    assert (problem(page)[0], page.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": ""},
    ],
)
async def test_another_content_type_is_415(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    response = await client.post("/v1/parcels", content=b'{"label":"x"}', headers=headers)

    assert problem(response)[0] == 415


async def test_a_template_may_fix_a_field(client: httpx.AsyncClient) -> None:
    parcel = await created(client)

    assert (await client.get(f"/v1/shelves/7/parcels/{parcel['id']}")).json() == parcel
    assert (await client.get(f"/v1/walls/7/parcels/{parcel['id']}")).status_code == 404


async def test_protobuf_is_read_and_written_beside_json(client: httpx.AsyncClient) -> None:
    parcel = message_class("Parcel")(label="A lamp", weight_mg=5)
    headers = {"content-type": "application/x-protobuf", "accept": "application/x-protobuf"}

    response = await client.post("/v1/parcels", content=parcel.SerializeToString(), headers=headers)
    broken = await client.post("/v1/parcels", content=b"\xff\xff", headers=headers)

    answered = message_class("Parcel").FromString(response.content)
    assert (response.status_code, response.headers["content-type"]) == (201, "application/x-protobuf")
    assert (answered.label, answered.weight_mg, answered.etag) == ("A lamp", 5, "1")
    assert problem(broken)[0] == 400


async def test_a_mistake_of_ours_is_500_and_says_nothing_of_what_happened(
    client: httpx.AsyncClient, house: House
) -> None:
    house.parcels.breaks = True

    response = await client.get(f"/v1/parcels/{NOBODY}")

    assert problem(response)[0] == 500
    assert "Anna" not in response.text
    assert "Traceback" not in response.text


async def test_the_pages_beside_the_operations(client: httpx.AsyncClient, house: House) -> None:
    del client.headers["authorization"]
    await client.get("/v1/parcels:count")

    assert (await client.get("/healthz/live")).status_code == 200
    assert (await client.get("/healthz/ready")).status_code == 200
    house.not_ready.append("parcels is starting")
    waiting = await client.get("/healthz/ready")
    assert (problem(waiting)[0], waiting.json()["detail"]) == (503, "parcels is starting")
    assert 'route="/v1/parcels:count",status="200"' in (await client.get("/metrics")).text
    assert orjson.loads((await client.get("/openapi.json")).content) == house.document


async def test_the_documentation_needs_no_other_server(client: httpx.AsyncClient) -> None:
    html = (await client.get("/docs")).text

    assert "Takes a parcel in" in html
    assert "<script" not in html
    assert "http://" not in html
    assert "https://" not in html


async def test_every_type_of_problem_has_its_page(client: httpx.AsyncClient) -> None:
    missing = await client.get(f"/v1/parcels/{NOBODY}")
    page = await client.get(missing.json()["type"])

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Not found" in page.text
