"""Adapters page through questions to exhaustion and get exactly the records that the world says."""

import polars as pl
import pytest

from dagster_project import user_yaml
from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sandbox.geography import CITIES
from dagster_project.sandbox.world import make_world
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.adapter import Ask, Need
from dagster_project.sources.area import Box, Circle, Point
from dagster_project.sources.campaign import load_campaign
from dagster_project.sources.need import need
from dagster_project.sources.providers import adapter, google_geocoding
from dagster_project.sources.vertical import load_vertical
from dagster_project.transport.messages import Answer
from tests.adapters.test_contract import unread
from tests.sandbox.served import AUSTIN, NEEDS, client, first, send, walk

SAAS = pl.col("category") == "software_company"
IN_TEXAS = pl.col("state") == "TX"


def expected(sandbox: Sandbox, provider: str, kind: str, who: pl.Expr) -> set[str]:
    """Keys under which a provider knows the businesses, or the people at the businesses, that `who` is true of."""
    world = sandbox.stage.world
    numbered = world.now.with_row_index("number").filter(who)
    if kind == "person":
        people = world.people.with_row_index("person").filter(pl.col("title") == "Owner")
        entities = people.join(numbered, on="entity").select(entity_id="person-" + pl.col("person").cast(pl.String))
    else:
        entities = numbered.select(entity_id="business-" + pl.col("number").cast(pl.String))
    truth = sandbox.truth([provider]).filter(provider=provider, kind=kind)
    return set(truth.join(entities, on="entity_id")["provider_key"])


@pytest.mark.parametrize(
    ("name", "endpoint", "kind", "who", "fewest_pages"),
    [
        ("apollo", "company_search", "business", SAAS, 10),
        ("apollo", "people_search", "person", pl.lit(value=True), 2),
        ("crunchbase", "organization_search", "business", SAAS, 2),
        ("hunter", "discover", "business", SAAS, 10),
        ("opencorporates", "company_search", "business", pl.col("category") == "dentist", 3),
        ("pdl", "company_search", "business", SAAS & IN_TEXAS, 2),
        ("pdl", "person_search", "person", SAAS & IN_TEXAS, 1),
    ],
)
def test_a_question_is_answered_in_full(
    sandbox: Sandbox, name: str, endpoint: str, kind: str, who: pl.Expr, fewest_pages: int
) -> None:
    asks = [ask for ask in adapter(name).asks(NEEDS[name]) if ask.endpoint == endpoint]
    with client(sandbox, name) as http:
        found = walk(http, name, asks)
    assert len(found.pages) >= fewest_pages
    assert len(set(found.keys)) == len(found.keys)
    assert set(found.keys) == expected(sandbox, name, kind, who)


YELP_TRADES = """
plumber roofing_contractor hvac_contractor painter cafe beauty_salon gym veterinarian bakery restaurant electrician
car_repair moving_company
""".split()


@pytest.mark.parametrize(
    ("name", "asked", "trades"),
    [
        ("yelp", NEEDS["yelp"], YELP_TRADES),
        ("google_places", Need(area=AUSTIN, categories=("cafe", "gym")), ["cafe", "gym"]),
        ("google_places_legacy", Need(area=AUSTIN, categories=("cafe", "gym")), ["cafe", "gym"]),
    ],
)
def test_a_map_gives_whatever_lies_in_the_cell(sandbox: Sandbox, name: str, asked: Need, trades: list[str]) -> None:
    with client(sandbox, name) as http:
        found = walk(http, name, adapter(name).asks(asked))
    who = (pl.col("city") == "Austin") & pl.col("category").is_in(trades)
    assert len(found.keys) > 5
    assert len(set(found.keys)) == len(found.keys)
    assert set(found.keys) == expected(sandbox, name, "business", who)


@pytest.mark.parametrize(("name", "most"), [("google_places", 60), ("google_places_legacy", 60)])
def test_google_ends_at_sixty_however_many_there_are(sandbox: Sandbox, name: str, most: int) -> None:
    wide = Need(area=Box(32, -118.5, 34.3, -117) if name.endswith("legacy") else Box(18, -160, 65, -66))
    asked = Need(area=wide.area, categories=("restaurant",))
    with client(sandbox, name) as http:
        ask = adapter(name).asks(asked)[0]
        if name.endswith("legacy"):
            ask = Ask("nearby_search", {}, Box(29.66, -95.47, 29.86, -95.27))
        found = walk(http, name, [ask])
    assert found.pages == [20, 20, 20]
    assert len(set(found.keys)) == most


def test_yelp_says_how_many_there_are_and_gives_240(sandbox: Sandbox) -> None:
    ask = Ask("business_search", {}, Box(29.56, -95.57, 29.96, -95.17))
    endpoint = adapter("yelp").endpoint("business_search")
    with client(sandbox, "yelp") as http:
        page = endpoint.page(ask, None, send(http, endpoint.request(ask, None, 50)))
        assert page.total > 240
        last = send(http, endpoint.request(ask, 190, 50))
        beyond = send(http, endpoint.request(ask, 200, 50))
    assert len(endpoint.page(ask, 190, last).records) == 50
    assert (beyond.status, adapter("yelp").verdict(beyond).outcome) == (400, "bad_request")


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_every_leaf_of_an_answer_is_declared_by_the_adapter(sandbox: Sandbox, name: str) -> None:
    need_of = NEEDS[name]
    domains = tuple(sandbox.stage.world.people["domain"][:20].to_list()) if name == "hunter" else ()
    asks = [*adapter(name).asks(need_of), *(Ask("domain_search", {"domain": domain}) for domain in domains)]
    with client(sandbox, name) as http:
        found = walk(http, name, asks)
    assert {ask for ask, _ in found.records} == {
        endpoint.name for endpoint in adapter(name).endpoints if endpoint.name != "nearby_search"
    }
    for endpoint, record in found.records:
        assert unread(adapter(name).endpoint(endpoint), record, "sandbox") is None


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_records_fill_every_field_that_the_world_knows(sandbox: Sandbox, name: str) -> None:
    # what no business or person of the world has
    unknown = {("opencorporates", "status"), ("pdl", "address_line2")}
    with client(sandbox, name) as http:
        found = walk(http, name, adapter(name).asks(NEEDS[name]))
    for endpoint in adapter(name).endpoints:
        records = [record for told, record in found.records if told == endpoint.name]
        filled = {field for record in records for field in endpoint.canonical(record)}
        missing = {field for field in endpoint.fields if field not in filled and (name, field) not in unknown}
        assert not records or missing == set()


def test_a_smaller_page_gives_the_same_records(sandbox: Sandbox) -> None:
    for name in ("crunchbase", "pdl", "yelp", "google_places"):
        ask, _ = first(name)
        with client(sandbox, name) as http:
            large, small = walk(http, name, [ask]), walk(http, name, [ask], limit=17)
        assert small.keys == large.keys
        assert max(small.pages) == 17


def test_a_wanted_rating_and_words_are_obeyed(sandbox: Sandbox) -> None:
    with client(sandbox, "google_places") as http:
        need_of = Need(area=NEEDS["google_places"].area, categories=("cafe",), min_rating=4.5)
        rated = walk(http, "google_places", adapter("google_places").asks(need_of))
        brewers = walk(http, "google_places", adapter("google_places").asks(Need(area=AUSTIN, keywords=("brewery",))))
    assert min(record["rating"] for _, record in rated.records) >= 4.5
    assert {record["displayName"]["text"].split()[-1] for _, record in brewers.records} <= {"Brewing", "Berwing"}
    assert brewers.keys


@pytest.mark.parametrize(("name", "providers"), [("demo_texas", ["google_places", "yelp", "apollo"])])
def test_the_demo_campaign_finds_leads(sandbox: Sandbox, name: str, providers: list[str]) -> None:
    campaign = load_campaign(name, [PROJECT_ROOT / "data" / "campaigns"])
    vertical = load_vertical(campaign.vertical, [PROJECT_ROOT / "data" / "verticals"])
    for provider in providers:
        asked = need(campaign, vertical, provider, campaign.geo.area())
        with client(sandbox, provider) as http:
            assert len(walk(http, provider, adapter(provider).asks(asked)[:4]).keys) > 30


def test_austin_has_dentists(sandbox: Sandbox) -> None:
    with client(sandbox, "google_geocoding") as http:
        ask = google_geocoding.geocode_ask("Austin, TX, US")
        request = adapter("google_geocoding").endpoint("geocode").request(ask, None, 1)
        point, is_guess = google_geocoding.place(send(http, request))
    assert not is_guess
    campaign = load_campaign("austin_dentists", [PROJECT_ROOT / "data" / "campaigns"])
    vertical = load_vertical("dentists", [PROJECT_ROOT / "data" / "verticals"])
    for provider in campaign.providers:
        asked = need(campaign, vertical, provider, Circle(point, 25))
        with client(sandbox, provider) as http:
            assert walk(http, provider, adapter(provider).asks(asked)).keys


def test_every_category_of_a_vertical_is_known_to_its_provider(sandbox: Sandbox) -> None:
    folder = [PROJECT_ROOT / "data" / "verticals"]
    for name in user_yaml.available(folder):
        for provider, categories in load_vertical(name, folder).categories.items():
            known = [trades.is_google_type(c) for c in categories if provider.startswith("google")]
            assert all(known)
            own = {"google_places_legacy": "google_places"}.get(provider, provider)
            spelled = {*categories, *(category.replace("-", " ") for category in categories)}
            assert any(trades.codes(own, category) for category in spelled), (name, provider)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Austin, TX, US", [("Austin, TX, USA", False)]),
        ("Portland", [("Portland, OR, USA", False), ("Portland, ME, USA", False)]),
        ("Portland, Maine", [("Portland, ME, USA", False)]),
        ("Texas", [("Texas, USA", False)]),
        ("12 Oak St, Austin, TX 78701, USA", [("Austin, TX, USA", True)]),
        ("Atlantis", []),
    ],
)
def test_a_place_is_found_and_a_guess_is_told(sandbox: Sandbox, text: str, found: list[tuple[str, bool]]) -> None:
    with client(sandbox, "google_geocoding") as http:
        request = (
            adapter("google_geocoding").endpoint("geocode").request(google_geocoding.geocode_ask(text, "US"), None, 1)
        )
        answer: Answer = send(http, request)
    places = [(r["formatted_address"], r.get("partial_match", False)) for r in answer.json["results"]]
    assert places == found
    for record in answer.json["results"]:
        assert unread(adapter("google_geocoding").endpoint("geocode"), record, "sandbox") is None


def test_a_city_of_the_world_lies_where_its_businesses_are(sandbox: Sandbox) -> None:
    for city in CITIES[:5]:
        ask = google_geocoding.geocode_ask(f"{city.name}, {city.state}")
        with client(sandbox, "google_geocoding") as http:
            point, _ = google_geocoding.place(
                send(http, adapter("google_geocoding").endpoint("geocode").request(ask, None, 1))
            )
        assert point == Point(city.lat, city.lon)


def test_the_world_is_the_one_of_the_demo_files(sandbox: Sandbox) -> None:
    files = make_world(20_000, 7)
    now = sandbox.stage.world.now
    assert files.entities["name"].equals(now["name"])
    assert files.people["work_email"].equals(sandbox.stage.world.people["work_email"])
