"""What a provider refuses: wrong keys, wrong masks, unknown tokens and fields, and addresses that it does not have."""

import dataclasses

import pytest

from dagster_project.enrichment.providers import providers
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sandbox.api.services import SERVICES
from dagster_project.sandbox.api.stage import environment
from dagster_project.sources.adapter import Ask, Need
from dagster_project.sources.area import Box
from dagster_project.sources.providers import adapter, adapters, google_geocoding
from dagster_project.transport.messages import Answer, Request
from tests.sandbox.served import NEEDS, client, first, send

CELL = Box(29.6, -95.5, 29.9, -95.2)


def test_every_adapter_and_every_enrichment_provider_is_played_here() -> None:
    assert sorted(SERVICES) == sorted({*adapters(), *providers()})
    for name, found in adapters().items():
        assert {route.endpoint for route in SERVICES[name].routes.values()} >= {e.name for e in found.endpoints}


def test_every_variable_that_points_at_the_sandbox_is_there() -> None:
    found = environment("http://sandbox")
    assert found["LEADHOUSE_CLEARBIT_BASE_URL"] == "http://sandbox/clearbit"
    assert len(found) == 2 * len({*adapters(), *providers()})


def request_of(name: str) -> Request:
    if name == "google_geocoding":
        return adapter(name).endpoint("geocode").request(google_geocoding.geocode_ask("Austin"), None, 1)
    return first(name)[1]


@pytest.mark.parametrize("name", sorted(adapters()))
@pytest.mark.parametrize("key", ["wrong", None])
def test_a_wrong_key_is_refused_as_the_provider_does(sandbox: Sandbox, name: str, key: str | None) -> None:
    with client(sandbox, name, key) as http:
        answer = send(http, request_of(name))
    assert adapter(name).verdict(answer).outcome == "auth"
    assert (sandbox.bill()[name]["records"], sandbox.bill()[name]["charged"]) == (0, "0")


@pytest.mark.parametrize("name", sorted(adapters()))
def test_an_address_that_a_provider_does_not_have_is_not_found(sandbox: Sandbox, name: str) -> None:
    with client(sandbox, name) as http:
        assert http.get("/nowhere").status_code == 404


def test_a_provider_that_is_not_played_is_told(sandbox: Sandbox) -> None:
    with client(sandbox, "yelp") as http:
        assert http.get(f"{sandbox.url}/myspace/v2/people").json() == {"error": "the sandbox plays no myspace"}


def told(sandbox: Sandbox, name: str, request: Request, **changes: object) -> Answer:
    with client(sandbox, name) as http:
        return send(http, dataclasses.replace(request, **changes))


def test_google_wants_a_mask_and_knows_its_fields(sandbox: Sandbox) -> None:
    _, request = first("google_places")
    for headers in ({}, {"X-Goog-FieldMask": "places.id,places.colour"}):
        answer = told(sandbox, "google_places", request, headers=headers)
        assert answer.status == 400
        assert answer.json["error"]["status"] == "INVALID_ARGUMENT"
        assert "ield" in answer.json["error"]["message"]


def test_google_gives_what_the_mask_names_and_nothing_else(sandbox: Sandbox) -> None:
    _, request = first("google_places")
    answer = told(sandbox, "google_places", request, headers={"X-Goog-FieldMask": "places.id,places.rating"})
    assert set().union(*answer.json["places"]) == {"id", "rating"}
    assert set(answer.json) == {"places"}
    answer = told(sandbox, "google_places", request, headers={"X-Goog-FieldMask": "nextPageToken"})
    assert set(answer.json) == {"nextPageToken"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"includedType": "plumbing"}, "Unsupported types: plumbing."),
        ({"pageToken": "abc"}, "Request parameters for paging requests must match"),
        ({"textQuery": " "}, "Empty text_query."),
        ({"minRating": 9}, "Invalid min_rating."),
        ({"pageSize": -1}, "Invalid page_size."),
        ({"locationRestriction": {"rectangle": {"low": {}}}}, "Invalid location_restriction."),
    ],
)
def test_google_refuses_what_it_cannot_read(sandbox: Sandbox, change: dict, said: str) -> None:
    _, request = first("google_places")
    answer = told(sandbox, "google_places", request, json={**request.json, **change})
    assert (answer.status, adapter("google_places").verdict(answer).outcome) == (400, "bad_request")
    assert answer.json["error"]["message"].startswith(said)


def test_a_type_that_nobody_has_here_is_empty_and_no_mistake(sandbox: Sandbox) -> None:
    _, request = first("google_places", Need(area=NEEDS["google_places"].area, categories=("zoo",)))
    answer = told(sandbox, "google_places", request)
    assert (answer.status, answer.json) == (200, {})


def test_a_token_belongs_to_its_question(sandbox: Sandbox) -> None:
    _, cafes = first("google_places")
    _, gyms = first("google_places", Need(area=NEEDS["google_places"].area, categories=("gym",)))
    token = told(sandbox, "google_places", cafes).json["nextPageToken"]
    assert told(sandbox, "google_places", cafes, json={**cafes.json, "pageToken": token}).status == 200
    assert told(sandbox, "google_places", gyms, json={**gyms.json, "pageToken": token}).status == 400


def test_the_older_google_refuses_unknown_tokens_places_and_fields(sandbox: Sandbox) -> None:
    name = "google_places_legacy"
    nearby, details = adapter(name).endpoint("nearby_search"), adapter(name).endpoint("details")
    for request in (
        nearby.request(Ask("nearby_search", {}, CELL), "abc", 20),
        details.request(Ask("details", {"place_id": "x", "fields": ["colour"]}), None, 1),
        Request("GET", "/maps/api/place/nearbysearch/json", {"radius": 5}),
    ):
        answer = told(sandbox, name, request)
        assert (answer.status, answer.json["status"]) == (200, "INVALID_REQUEST")
        assert answer.json["error_message"]
    gone = details.request(Ask("details", {"place_id": "x", "fields": ["name"]}), None, 1)
    assert told(sandbox, name, gone).json["status"] == "NOT_FOUND"
    zoos = nearby.request(Ask("nearby_search", {"type": "zoo"}, CELL), None, 20)
    assert told(sandbox, name, zoos).json["status"] == "ZERO_RESULTS"


def test_the_older_googles_tokens_are_not_valid_at_once(sandbox: Sandbox) -> None:
    name, desk = "google_places_legacy", sandbox.stage.desk
    nearby, ask = adapter(name).endpoint("nearby_search"), Ask("nearby_search", {}, CELL)
    with client(sandbox, name) as http:
        token = send(http, nearby.request(ask, None, 20)).json["next_page_token"]
        desk.token_seconds = 60
        early = send(http, nearby.request(ask, token, 20))
        desk.token_seconds = 0
        late = send(http, nearby.request(ask, token, 20))
    assert early.json["status"] == "INVALID_REQUEST"
    assert "error_message" not in early.json
    assert adapter(name).verdict(early).outcome == "transient"
    assert late.json["status"] == "OK"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("crunchbase", {"field_ids": ["uuid", "colour"]}),
        ("crunchbase", {"field_ids": []}),
        ("crunchbase", {"limit": 1001}),
        ("crunchbase", {"after_id": "00000000-0000-0000-0000-000000000000"}),
        ("crunchbase", {"query": [{"type": "predicate", "field_id": "x", "operator_id": "eq", "values": []}]}),
        ("apollo", {"per_page": 101}),
        ("apollo", {"page": 501}),
        ("pdl", {"size": 101}),
        ("pdl", {"scroll_token": "abc"}),
        ("pdl", {"query": {"bool": {"must": [{"terms": {"colour": ["red"]}}]}}}),
        ("pdl", {"query": {"range": {}}}),
        ("hunter", {"limit": 101}),
        ("hunter", {"offset": 10_001}),
    ],
)
def test_a_request_that_can_never_succeed_is_refused_as_such(sandbox: Sandbox, name: str, change: dict) -> None:
    _, request = first(name)
    answer = told(sandbox, name, request, json={**request.json, **change})
    assert adapter(name).verdict(answer).outcome == "bad_request"


def test_crunchbase_gives_the_fields_that_are_asked_for(sandbox: Sandbox) -> None:
    _, request = first("crunchbase")
    answer = told(sandbox, "crunchbase", request, json={**request.json, "field_ids": ["name"]})
    assert set().union(*(entity["properties"] for entity in answer.json["entities"])) == {"uuid", "identifier", "name"}


def test_nobody_is_an_answer_of_people_data_labs(sandbox: Sandbox) -> None:
    _, request = first("pdl", Need(city="Atlantis"))
    answer = told(sandbox, "pdl", request)
    assert (answer.status, adapter("pdl").verdict(answer).outcome) == (404, "no_match")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/sandbox/faults", {"yelp": {"fire": 1}}),
        ("PUT", "/sandbox/faults", {"myspace": {"cut": 1}}),
        ("PUT", "/sandbox/faults", {"times": {"nap": 1}}),
        ("PUT", "/sandbox/faults", [1]),
        ("PUT", "/sandbox/limits", {"yelp": "5 an hour"}),
        ("PUT", "/sandbox/limits", {"myspace": "off"}),
    ],
)
def test_a_mistaken_control_is_told(sandbox: Sandbox, method: str, path: str, body: object) -> None:
    with client(sandbox, "yelp") as http:
        answer = http.request(method, f"{sandbox.url}{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_an_unknown_control_lists_those_there_are(sandbox: Sandbox) -> None:
    with client(sandbox, "yelp") as http:
        answer = http.get(f"{sandbox.url}/sandbox/nothing")
    assert answer.status_code == 404
    assert "GET /sandbox/bill" in answer.json()["error"]
