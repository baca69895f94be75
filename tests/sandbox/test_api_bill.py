"""The bill adds up: what was handed over is charged at the provider's prices, and what was paid twice is told."""

from decimal import Decimal

import pytest

from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sources.adapter import Ask, Need
from dagster_project.sources.area import Box
from dagster_project.sources.providers import adapter
from tests.sandbox.served import AUSTIN, NEEDS, client, first, send, walk


def account(sandbox: Sandbox, name: str) -> dict:
    return sandbox.bill()[name]


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_the_bill_is_what_the_adapters_prices_come_to(sandbox: Sandbox, name: str) -> None:
    domains = tuple(sandbox.stage.world.people["domain"][:5].to_list()) if name == "hunter" else ()
    asks = [*adapter(name).asks(NEEDS[name]), *(Ask("domain_search", {"domain": domain}) for domain in domains)]
    with client(sandbox, name) as http:
        found = walk(http, name, asks)
    bill = account(sandbox, name)
    assert Decimal(bill["charged"]) == found.cost
    assert bill["calls"] == bill["answered"] == len(found.pages)
    assert sum(line["records"] for line in sandbox.calls(name)) == bill["records"]
    assert bill["repeated"] == 0


@pytest.mark.parametrize(
    ("fields", "usd"),
    [({"name"}, "0.032"), ({"name", "status"}, "0.032"), ({"website"}, "0.035"), ({"rating", "hours"}, "0.035")],
)
def test_google_bills_the_dearest_field_of_the_mask(sandbox: Sandbox, fields: set[str], usd: str) -> None:
    asked = Need(area=AUSTIN, categories=("cafe",), fields=frozenset(fields))
    with client(sandbox, "google_places") as http:
        found = walk(http, "google_places", adapter("google_places").asks(asked))
    assert account(sandbox, "google_places")["charged"] == usd
    assert found.cost == Decimal(usd)


def test_ids_alone_cost_nothing(sandbox: Sandbox) -> None:
    _, request = first("google_places")
    with client(sandbox, "google_places") as http:
        headers = {"X-Goog-FieldMask": "places.id,nextPageToken"}
        http.post(request.path, json=request.json, headers=headers)
    assert account(sandbox, "google_places")["charged"] == "0"


def test_people_data_labs_bills_each_record_and_nobody_costs_nothing(sandbox: Sandbox) -> None:
    ask, request = first("pdl")
    with client(sandbox, "pdl") as http:
        send(http, adapter("pdl").endpoint(ask.endpoint).request(ask, None, 7))
        send(http, first("pdl", Need(city="Atlantis"))[1])
    assert account(sandbox, "pdl")["charged"] == "0.70"
    assert request.path == "/v5/company/search"


def test_a_page_that_is_answered_twice_is_told(sandbox: Sandbox) -> None:
    ask, request = first("google_places")
    with client(sandbox, "google_places") as http:
        for _ in range(3):
            send(http, request)
    bill = account(sandbox, "google_places")
    assert (bill["repeated"], bill["charged"], bill["charged_again"]) == (2, "0.105", "0.070")
    sandbox.advance()
    with client(sandbox, "google_places") as http:
        send(http, request)
    assert account(sandbox, "google_places")["repeated"] == 2
    assert ask.endpoint == "text_search"


def test_every_call_has_a_line_with_its_question_and_page(sandbox: Sandbox) -> None:
    ask, _ = first("yelp")
    with client(sandbox, "yelp") as http:
        found = walk(http, "yelp", [ask])
    lines = sandbox.calls("yelp")
    assert [line["records"] for line in lines] == found.pages
    assert [line["page"] for line in lines] == [str(50 * page) for page in range(len(lines))]
    assert len({line["question"] for line in lines}) == 1
    assert {line["endpoint"] for line in lines} == {"business_search"}
    assert [line["page"] for line in sandbox.calls("yelp", limit=1)] == [lines[-1]["page"]]


def test_details_of_the_older_google_cost_by_their_fields(sandbox: Sandbox) -> None:
    name = "google_places_legacy"
    box = Box(29.7, -95.4, 29.8, -95.3)
    nearby, details = adapter(name).endpoint("nearby_search"), adapter(name).endpoint("details")
    with client(sandbox, name) as http:
        place = send(http, nearby.request(Ask("nearby_search", {}, box), None, 20)).json["results"][0]["place_id"]
        for fields in (["name"], ["name", "website"], ["name", "website", "rating"]):
            send(http, details.request(Ask("details", {"place_id": place, "fields": fields}), None, 1))
    assert [line["charged"] for line in sandbox.calls(name)] == ["0.040", "0.017", "0.020", "0.025"]
