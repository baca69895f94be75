"""Plans: what is asked of each provider, what it should bring and cost, and when a plan is refused."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from io import StringIO
from typing import Any

import orjson
import pytest
from rich.console import Console

from dagster_project import user_yaml
from dagster_project.cli.plan_view import render_plan
from dagster_project.sources.adapter import Adapter, Ask, Endpoint, Need, Page, Price
from dagster_project.sources.area import Box, Circle, Point, cells
from dagster_project.sources.campaign import Campaign
from dagster_project.sources.plan import NOMINAL, Plan, make_plan
from dagster_project.sources.providers.yelp import ADAPTER as YELP
from dagster_project.sources.split import MIN_CELL_KM, fits, split
from dagster_project.sources.vertical import Vertical
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

TERMS = Terms("", {"*": None}, True, "Ours", "")
AUSTIN = {"lat": 30.27, "lon": -97.74, "radius_km": 10}
DENTISTS = Vertical(
    name="dentists",
    description="Practices.",
    categories={"yelp": ["dentists"], "google_places": ["dentist", "doctor"]},
    density_per_km2=1,
)


def request(ask: Ask, cursor: Any, limit: int) -> Request:
    return Request("GET", "/")


def page(ask: Ask, cursor: Any, answer: Answer) -> Page:
    return Page([])


def by_category(need: Need) -> Iterable[Ask]:
    """One question per category and cell, as the map service does."""
    if need.area:
        for category in need.categories:
            yield from (Ask("search", {"type": category}, cell) for cell in cells(need.area, None))


def endpoint(name: str = "search", **given: Any) -> Endpoint:
    return Endpoint(**{"name": name, "kind": "business", "asks": by_category, "request": request, "page": page} | given)


def adapter(name: str, *endpoints: Endpoint, windows: tuple[Window, ...] = ()) -> Adapter:
    return Adapter(
        name=name,
        title=name.title(),
        base_url="https://x.example",
        auth=Auth.param("key"),
        terms=TERMS,
        endpoints=endpoints,
        windows=windows,
    )


MAPS = adapter("google_places", endpoint(price=lambda ask: Price(Decimal("0.035")), page_size=20, cap=60))
LIST = adapter(
    "apollo",
    endpoint(
        asks=lambda need: [Ask("search", {"tags": ["dental"]})],
        price=lambda ask: Price(Decimal("0.01"), Decimal("0.1")),
        page_size=100,
        cap=50_000,
    ),
)
GEOCODER = adapter(
    "google_geocoding", endpoint("geocode", asks=lambda need: (), price=lambda ask: Price(Decimal("0.005")))
)
ADAPTERS = {adapter.name: adapter for adapter in (YELP, MAPS, LIST, GEOCODER)}


def campaign(**content: Any) -> Campaign:
    base = {"vertical": "dentists", "sources": ["yelp"], "geo": AUSTIN}
    return user_yaml.parse(Campaign, base | content, "mine", "mine.yaml")


def plan(of: Campaign, adapters: Mapping[str, Adapter] = ADAPTERS, **given: Any) -> Plan:
    return make_plan(of, DENTISTS, adapters, **{"configured": dict.fromkeys(adapters, True)} | given)


def test_cells_are_split_until_each_is_under_the_cap():
    found = plan(campaign(sources=["google_places"]), measured={"google_places": 40})
    area = Circle(Point(30.27, -97.74), 10)
    (part,) = found.parts
    assert len(part.queries) > 100
    assert all(query.records < 60 and query.pages <= 3 for query in part.queries)
    assert part.records == pytest.approx(40 * area.area_km2, rel=0.05)
    by_type = {kind: [q.cell for q in part.queries if q.ask.params["type"] == kind] for kind in ("dentist", "doctor")}
    assert by_type["dentist"] == by_type["doctor"]
    assert all(area.intersects(cell) for cell in by_type["dentist"])
    assert any(cell.contains(area.centre) for cell in by_type["dentist"])


def test_one_cell_under_the_cap_stays_whole():
    (part,) = plan(campaign(), measured={"yelp": 0.5}).parts
    (query,) = part.queries
    assert query.ask.cell == query.cell == Circle(Point(30.27, -97.74), 10).bounds
    # 314 km² at 0.5 are 157: by the sample a few more or less, in pages of 50
    assert (query.pages, query.calls, query.basis) == (4, 4, "measured")
    assert query.records == pytest.approx(157, rel=0.05)


def test_the_questions_about_one_cell_share_its_density():
    maps, yelp = plan(campaign(sources=["google_places", "yelp"])).parts
    assert maps.records == pytest.approx(yelp.records, rel=0.05)
    assert sum(q.records for q in maps.queries if q.ask.params["type"] == "dentist") == pytest.approx(
        maps.records / 2, rel=0.01
    )


def test_a_density_that_was_measured_counts_before_one_that_was_assumed():
    def basis(**given: Any) -> tuple[str, float]:
        (part,) = plan(campaign(**given.pop("content", {})), **given).parts
        return part.basis, part.density_per_km2

    assert basis() == ("assumed", 1)
    assert basis(content={"density_per_km2": 0.2}) == ("assumed", 0.2)
    assert basis(content={"density_per_km2": 0.2}, measured={"yelp": 3.5}) == ("measured", 3.5)


def test_a_cap_from_the_configuration_takes_the_place_of_the_adapters():
    def count(**given: Any) -> int:
        (part,) = plan(campaign(), **given).parts
        return len(part.queries)

    assert count(caps={"yelp": None}) == 1
    assert count(caps={"yelp": 60}) > count() > 1


def test_pages_are_paid_by_call_and_records_by_record():
    (part,) = plan(campaign(sources=[{"provider": "apollo", "max_records": 250}])).parts
    (query,) = part.queries
    assert (query.records, query.pages, query.basis, query.cell) == (250, 3, "unknown", None)
    assert query.cost == Decimal("25.0300")


@pytest.mark.parametrize(("most", "cap", "records"), [(None, 50_000, 300), (120, 50_000, 120), (None, 80, 80)])
def test_of_a_question_about_no_place_a_few_pages_are_reckoned_with(most: int | None, cap: int, records: int):
    sources = [{"provider": "apollo", **({"max_records": most} if most else {})}]
    (part,) = plan(campaign(sources=sources), caps={"apollo": cap}).parts
    assert part.records == records


def test_lookups_that_follow_a_search_are_counted_where_the_question_asks_for_them():
    def found(fields: list[str]) -> tuple[int, Decimal]:
        def asks(need: Need) -> Iterable[Ask]:
            return [Ask("search", {"fields": fields} if fields else {}, need.area.bounds)]

        legacy = adapter(
            "google_places_legacy",
            endpoint(asks=asks, price=lambda ask: Price(Decimal("0.04")), page_size=20, follows="details"),
            endpoint(
                "details", asks=lambda need: (), price=lambda ask: Price(Decimal("0.01") * len(ask.params["fields"]))
            ),
        )
        of = campaign(sources=["google_places_legacy"])
        (part,) = plan(of, {legacy.name: legacy}, measured={legacy.name: 0.1}).parts
        (query,) = part.queries
        assert query.pages == 2
        return query.calls - query.pages, query.cost - Decimal("0.08")

    assert found([]) == (0, 0)
    lookups, cost = found(["phone", "website"])
    assert lookups in range(29, 34)
    assert cost == pytest.approx(Decimal("0.02") * lookups, rel=Decimal("0.05"))


def test_a_plan_within_its_budget_is_accepted():
    found = plan(campaign(sources=["google_places", "yelp"], budget={"max_cost_usd": 5}))
    assert (found.is_refused, found.reason) == (False, "")
    assert found.cost == sum(part.cost for part in found.parts) == sum(q.cost for p in found.parts for q in p.queries)
    assert found.calls == sum(q.calls for p in found.parts for q in p.queries)


def test_a_plan_over_its_budget_is_refused():
    found = plan(campaign(sources=["google_places"], budget={"max_cost_usd": "0.5"}), measured={"google_places": 2})
    assert found.is_refused
    assert found.reason == f"it would cost ${found.cost:,.2f}, and the budget is $0.50"


def test_a_plan_over_one_providers_budget_is_refused():
    budget = {"max_cost_usd": 100, "per_provider": {"apollo": {"max_cost_usd": 20}}}
    found = plan(campaign(sources=["yelp", "apollo"], budget=budget))
    assert found.problems == ("apollo would cost $30.03, and its budget is $20.00",)


def test_the_most_records_limit_what_is_expected_and_what_it_costs():
    whole = plan(campaign(sources=["google_places"]))
    found = plan(campaign(sources=["google_places"], budget={"max_records": 100}))
    assert found.records == found.parts[0].records == 100
    assert found.parts[0].queries == whole.parts[0].queries
    assert found.cost == pytest.approx(whole.cost * 100 / whole.records, rel=Decimal("0.01"))


def test_a_source_without_a_key_is_skipped_and_the_others_go_on():
    found = plan(campaign(sources=["google_places", "yelp"]), configured={"yelp": True})
    assert [part.skipped for part in found.parts] == ["no key is configured", None]
    assert not found.is_refused
    assert found.warnings == ("google_places is skipped: no key is configured",)


def test_a_plan_of_which_no_source_is_left_is_refused():
    found = plan(campaign(sources=["google_places", "yelp"], geo={"country": "US"}), configured={"yelp": True})
    assert found.problems[0].startswith(
        "no source is left: google_places: no key is configured; yelp: nothing to ask: "
    )


def test_a_day_that_does_not_hold_the_calls_is_told_with_numbers():
    found = plan(campaign(geo={"lat": 30.27, "lon": -97.74, "radius_km": 100}))
    (part,) = found.parts
    assert not found.is_refused
    assert found.warnings == (
        f"yelp: {part.calls:,} calls are planned and 300 fit in a day: it takes {part.calls / 300:,.1f} days",
    )


def test_limits_of_an_endpoint_count_its_calls_alone():
    slow = adapter("apollo", *LIST.endpoints, endpoint("other", asks=lambda need: (), windows=(Window(1, 86_400),)))
    assert plan(campaign(sources=["apollo"]), {"apollo": slow}).warnings == ()


def test_a_city_that_is_not_placed_is_planned_at_its_size():
    of = campaign(geo={"city": "Austin", "region": "TX", "country": "US", "radius_km": 10})
    found, placed = plan(of), plan(of, area=Circle(Point(30.27, -97.74), 10))
    assert (found.is_placed, placed.is_placed) == (False, True)
    assert found.warnings == ("Austin, TX, US is not placed yet: planned at its size, with one geocoding call",)
    assert (found.geocoding_usd, found.cost, found.calls) == (
        Decimal("0.005"),
        Decimal("0.005"),
        found.parts[0].calls + 1,
    )
    assert len(found.parts[0].queries) == len(placed.parts[0].queries)
    assert any(query.cell.contains(NOMINAL) for query in found.parts[0].queries)
    assert placed.geocoding_usd == 0


def test_a_city_that_nobody_can_place_is_told():
    found = plan(campaign(geo={"city": "Austin"}), configured={"yelp": True})
    assert found.warnings[1] == "google_geocoding has no key to place it: give lat and lon in the campaign"


def test_an_area_of_far_too_many_questions_is_refused_and_not_cut():
    box = {"south": 25, "west": -120, "north": 49, "east": -70}
    found = plan(campaign(sources=["google_places"], geo={"bounding_box": box}), measured={"google_places": 50})
    assert "google_places would take about" in found.reason
    assert len(found.parts[0].queries) == 2


def test_cells_too_small_to_be_cut_stay_incomplete_and_the_plan_says_so():
    of = campaign(geo={"lat": 30.27, "lon": -97.74, "radius_km": 0.3}, sources=["google_places"])
    found = plan(of, measured={"google_places": 5_000})
    assert all(query.records <= 60 for query in found.parts[0].queries)
    assert "cannot be cut further: what is beyond stays unfound" in found.warnings[0]


def test_the_same_campaign_gives_the_same_plan():
    of = campaign(sources=["google_places", "yelp", "apollo"])
    first, second = (orjson.dumps(plan(of).as_dict()) for _ in range(2))
    assert first == second


def test_a_plan_survives_json():
    of = campaign(sources=["google_places", "yelp", "apollo"], geo={"city": "Austin"}, budget={"max_cost_usd": 1})
    found = plan(of, configured={"google_places": True, "apollo": True})
    assert Plan.parse(orjson.loads(orjson.dumps(found.as_dict()))) == found


def test_a_question_is_split_into_the_quarters_that_the_area_reaches():
    area = Circle(Point(30.27, -97.74), 10)
    ask = Ask("search", {"type": "dentist"}, area.bounds)
    quarters = split(ask, area)
    assert [quarter.cell for quarter in quarters] == list(area.bounds.quarters())
    assert {quarter.params["type"] for quarter in quarters} == {"dentist"}
    corner = split(split(quarters[0], area)[0], area)
    assert 0 < len(corner) < 4
    assert len({asked.id for asked in [ask, *quarters, *corner]}) == 1 + 4 + len(corner)


def test_a_question_about_no_place_or_the_smallest_cell_is_not_split():
    assert split(Ask("search"), Circle(Point(0, 0), 1)) == []
    tiny = Box(0, 0, MIN_CELL_KM / 111, MIN_CELL_KM / 111)
    assert split(Ask("search", cell=tiny), tiny) == []


@pytest.mark.parametrize(("expected", "cap", "is_whole"), [(59.9, 60, True), (60, 60, False), (1e6, None, True)])
def test_an_answer_at_its_cap_may_be_cut_off(expected: float, cap: int | None, is_whole: bool):
    assert fits(expected, cap) is is_whole


def shown(found: Plan) -> str:
    out = StringIO()
    render_plan(found, Console(file=out, width=100))
    assert max(map(len, out.getvalue().splitlines())) <= 100
    return out.getvalue()


def test_the_view_shows_every_provider_its_terms_and_what_it_comes_to():
    text = shown(plan(campaign(sources=["google_places", "yelp", "apollo"]), configured={"yelp": True, "apollo": True}))
    assert "google_places is skipped: no key is configured" in text
    assert "terms: no lead generation, storage limited to 1 day" in text
    assert "assumed 1 per km²" in text
    assert "Accepted: " in text
    assert "$30.03 of $50.00" in text


def test_the_view_says_why_a_plan_is_refused():
    text = shown(plan(campaign(sources=["apollo"], budget={"max_cost_usd": 1})))
    assert "Refused: it would cost $30.03, and the budget is $1.00" in text
