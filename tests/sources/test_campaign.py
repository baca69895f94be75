"""What a campaign's YAML may say, what it answers when it says something else, and what it wants of a provider."""

from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project import user_yaml
from dagster_project.settings import PROJECT_ROOT
from dagster_project.sources.area import Box, Circle, Point, Polygon
from dagster_project.sources.campaign import Campaign, campaign_of, campaigns, load_campaign, source_name
from dagster_project.sources.need import DEFAULT_FIELDS, need, warnings
from dagster_project.sources.vertical import Vertical, load_verticals
from dagster_project.transport.shapes import Terms

SHIPPED = [PROJECT_ROOT / "data" / "campaigns"]
SPEC = """
name: "Austin Dentists"
vertical: "healthcare"
geo:
  city: "Austin"
  region: "TX"
  country: "US"
  radius_km: 25
filters:
  min_rating: 4.0
  review_count_min: 20
sources: ["google_places", "yelp"]
enrichment: ["clearbit", "hunter"]
budget:
  max_cost_usd: 50
schedule:
  cron: "0 6 * * *"
destinations:
  - type: "hubspot"
    config_id: "hs_main"
"""
SMALL = "vertical: healthcare\nsources: [yelp]\n"


def campaign(folder: Path, text: str, name: str = "mine") -> Campaign:
    (folder / f"{name}.yaml").write_text(text)
    return load_campaign(name, [folder])


def test_the_example_of_the_specification_loads_unchanged(tmp_path: Path):
    found = campaign(tmp_path, SPEC, "austin")
    assert (found.name, found.title, found.vertical) == ("austin", "Austin Dentists", "healthcare")
    assert (found.providers, found.enrichment) == (["google_places", "yelp"], ["clearbit", "hunter"])
    assert (found.geo.place, found.geo.radius_km, found.geo.must_be_placed) == ("Austin, TX, US", 25, True)
    assert (found.filters.min_rating, found.filters.review_count_min) == (4.0, 20)
    assert found.budget.max_cost_usd == 50
    assert (found.schedule.cron, found.schedule.timezone) == ("0 6 * * *", "UTC")
    assert [(d.type, d.config_id) for d in found.destinations] == [("hubspot", "hs_main")]
    assert found.approval == "auto_if_checks_pass"


def test_the_same_as_json_is_the_same_campaign(tmp_path: Path):
    as_json = (
        '{"name": "Austin Dentists", "vertical": "healthcare", "geo": {"city": "Austin", "region": "TX", '
        '"country": "US", "radius_km": 25}, "filters": {"min_rating": 4.0, "review_count_min": 20}, '
        '"sources": ["google_places", "yelp"], "enrichment": ["clearbit", "hunter"], "budget": {"max_cost_usd": 50}, '
        '"schedule": {"cron": "0 6 * * *"}, "destinations": [{"type": "hubspot", "config_id": "hs_main"}]}'
    )
    assert campaign(tmp_path, as_json, "other").version == campaign(tmp_path, SPEC, "austin").version


def test_the_shipped_campaigns_load_with_their_verticals():
    good, mistakes = campaigns(SHIPPED)
    assert mistakes == {}
    assert list(good) == ["austin_dentists", "demo_texas"]
    assert {c.vertical for c in good.values()} <= load_verticals([PROJECT_ROOT / "data" / "verticals"]).keys()


def test_the_version_is_of_what_is_said_and_not_of_how(tmp_path: Path):
    base = campaign(tmp_path, SMALL)
    for text in (
        "# a comment\nsources: [yelp]\nvertical: healthcare\n",
        SMALL + "approval: auto_if_checks_pass\nbudget: {max_cost_usd: 50.0}\n",
        "vertical: healthcare\nsources: [{provider: yelp}]\n",
        "vertical: healthcare\nsources: yelp\n",
    ):
        assert campaign(tmp_path, text, "again").version == base.version
    for change in ("budget: {max_cost_usd: 51}", "filters: {min_rating: 4}", "geo: {country: US}", "name: Title"):
        assert campaign(tmp_path, f"{SMALL}{change}\n", "changed").version != base.version
    assert len(base.version) == 12


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sources: [yelp]", 'mine.yaml: missing key "vertical"'),
        ("vertical: healthcare", 'mine.yaml: missing key "sources"'),
        ("vertical: healthcare\nsources: []", "mine.yaml: sources: name at least one provider"),
        (
            SMALL + "filtres: {}",
            'mine.yaml: unknown key "filtres" (did you mean "filters"?). Known: title, description, vertical, geo, '
            "filters, sources, enrichment, budget, schedule, destinations, approval, density_per_km2",
        ),
        (
            SMALL + "filters: {min_raiting: 4}",
            'mine.yaml: unknown key "filters.min_raiting" (did you mean "min_rating"?). Known: min_rating, '
            "review_count_min, employees, tech, keywords, domains, titles",
        ),
        (
            "vertical: healthcare\nsources: [google_geocoding]",
            "mine.yaml: sources.0.provider: google_geocoding places addresses on the map and finds no leads",
        ),
        ("vertical: healthcare\nsources: [yelp, yelp]", "mine.yaml: sources: written twice: yelp"),
        (
            SMALL + "budget: {per_provider: {yepl: {max_cost_usd: 1}}}",
            'mine.yaml: budget.per_provider: "yepl" is not among the sources (did you mean "yelp"?)',
        ),
        (
            SMALL + "budget: {max_cost_usd: -1}",
            'mine.yaml: "budget.max_cost_usd": Input should be greater than or equal to 0',
        ),
        (
            SMALL + "filters: {min_rating: 6}",
            'mine.yaml: "filters.min_rating": Input should be less than or equal to 5',
        ),
        (
            SMALL + "filters: {employees: {min: 9, max: 3}}",
            "mine.yaml: filters.employees: min (9) must not be more than max (3)",
        ),
        (
            SMALL + "filters: {domains: [https://a.com]}",
            'mine.yaml: filters.domains: "https://a.com" is no domain; write such as example.com',
        ),
        (SMALL + "filters: {keywords: 7}", "mine.yaml: filters.keywords: write a list"),
        (
            SMALL + "schedule: {cron: 0 6 * *}",
            'mine.yaml: schedule.cron: "0 6 * *" needs five fields (minute, hour, day of month, month, day of week), '
            'as "0 6 * * *"',
        ),
        (SMALL + "schedule: {cron: 0 24 * * *}", 'mine.yaml: schedule.cron: "24" is no hour (0 to 23)'),
        (
            SMALL + "schedule: {cron: 0 6 * * *, timezone: Texas}",
            'mine.yaml: schedule.timezone: no timezone "Texas"; write such as America/Chicago',
        ),
        (
            SMALL + "approval: maybe",
            "mine.yaml: \"approval\": Input should be 'manual', 'auto' or 'auto_if_checks_pass'",
        ),
        (
            SMALL + "enrichment: {provider: [hunter]}",
            "mine.yaml: enrichment: its keys are providers and fields, each a list of names",
        ),
        (SMALL + "enrichment: 3", "mine.yaml: enrichment: write true, false, a list of names, or keys and values"),
        (SMALL + "name: a\ntitle: b", 'mine.yaml: "name" and "title" both say what it is called; keep one'),
        (SMALL + "destinations: [{type: csv}]", 'mine.yaml: missing key "destinations.0.config_id"'),
        (SMALL + "geo: {country: NO}", 'mine.yaml: "geo.country" must be text; put it in quotes'),
        (SMALL + "geo: {lat: 30}", "mine.yaml: geo: lat and lon belong together"),
        (SMALL + "geo: {lat: 91, lon: 0}", 'mine.yaml: "geo.lat": Input should be less than or equal to 90'),
        (
            SMALL + "geo: {lat: 10, lon: 179.9}",
            "mine.yaml: geo: it crosses the date line; make one campaign for each side",
        ),
        (SMALL + "geo: {lat: 89.9, lon: 0}", "mine.yaml: geo: it reaches over a pole"),
        (SMALL + "geo: {country: US, radius_km: 5}", "mine.yaml: geo: radius_km needs a city, or lat and lon"),
        (
            SMALL + "geo: {city: A, radius_km: 501}",
            'mine.yaml: "geo.radius_km": Input should be less than or equal to 500',
        ),
        (
            SMALL + "geo: {city: A, bounding_box: {south: 1, west: 1, north: 2, east: 2}}",
            "mine.yaml: geo: one shape, not a circle and a bounding_box",
        ),
        (
            SMALL + "geo: {bounding_box: {south: 1, west: 170, north: 2, east: -170}}",
            "mine.yaml: geo.bounding_box: west (170.0) must be less than east (-170.0), or it crosses the date line; "
            "make one campaign for each side",
        ),
        (
            SMALL + "geo: {bounding_box: {south: 2, west: 1, north: 1, east: 2}}",
            "mine.yaml: geo.bounding_box: south (2.0) must be less than north (1.0)",
        ),
        (
            SMALL + "geo: {polygon: [[1, 1], [2, 2], [1, 1]]}",
            "mine.yaml: geo.polygon: a polygon needs at least three corners that are not on one line",
        ),
        (
            SMALL + "geo: {polygon: [[-97, 30], [-98, 30], [-98, 31]]}",
            "mine.yaml: geo.polygon: a corner is not on the globe; write [lat, lon], latitude first",
        ),
        (
            SMALL + "geo: {polygon: [[1, 179], [2, -179], [3, 179]]}",
            "mine.yaml: geo.polygon: it crosses the date line; make one campaign for each side",
        ),
        ("- a list", "mine.yaml: expected keys and values, such as description: …"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(tmp_path: Path, text: str, sentence: str):
    with pytest.raises(user_yaml.YamlMistake) as caught:
        campaign(tmp_path, text)
    assert str(caught.value) == sentence


def test_the_name_under_which_enrichment_files_its_answers_is_no_campaigns(tmp_path: Path):
    with pytest.raises(user_yaml.YamlMistake) as caught:
        campaign(tmp_path, SMALL, "enrichment")
    assert str(caught.value) == (
        'enrichment.yaml: name: "enrichment" cannot name a campaign: the answers of enrichment are filed under it'
    )


def test_an_unknown_provider_is_told_with_the_nearest_one(tmp_path: Path):
    with pytest.raises(
        user_yaml.YamlMistake, match=r'sources.1.provider: no provider "yepl" \(did you mean "yelp"\?\)'
    ):
        campaign(tmp_path, "vertical: healthcare\nsources: [google_places, yepl]")


@pytest.mark.parametrize("name", ["Austin", "a.b", "-a", "a" * 64])
def test_a_campaigns_name_must_do_for_a_partition(tmp_path: Path, name: str):
    with pytest.raises(user_yaml.YamlMistake, match="name"):
        campaign(tmp_path, SMALL, name)


def test_one_broken_file_takes_no_other_down(tmp_path: Path):
    campaign(tmp_path, SMALL, "good")
    (tmp_path / "bad.yaml").write_text("vertical: [")
    good, mistakes = campaigns([tmp_path])
    assert list(good) == ["good"]
    assert mistakes["bad"].startswith("bad.yaml is not valid YAML")


def test_a_campaign_that_is_not_there_names_those_that_are():
    with pytest.raises(user_yaml.UnknownName, match="Available: austin_dentists, demo_texas"):
        load_campaign("austin", SHIPPED)


@pytest.mark.parametrize("cron", ["*/15 8-18 * * mon-fri", "0,30 0 1 jan,JUL 7", "5 4 1-15/2 * 0"])
def test_schedules_have_lists_ranges_steps_and_names(tmp_path: Path, cron: str):
    assert campaign(tmp_path, f'{SMALL}schedule: {{cron: "{cron}"}}').schedule.cron == cron


@pytest.mark.parametrize("cron", ["60 * * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *"])
def test_schedules_that_never_fire_are_refused(tmp_path: Path, cron: str):
    with pytest.raises(user_yaml.YamlMistake, match="is no"):
        campaign(tmp_path, f'{SMALL}schedule: {{cron: "{cron}"}}')


def test_a_source_in_the_lake_tells_its_campaign_and_a_files_has_none():
    assert source_name("austin_dentists", "yelp") == "austin_dentists.yelp"
    assert campaign_of("austin_dentists.yelp") == ("austin_dentists", "yelp")
    assert [campaign_of(source) for source in ("demo_places", "a.", ".b", "a.b.c", "A.b")] == [None] * 5


def test_the_tightest_limit_of_a_provider_counts(tmp_path: Path):
    found = campaign(
        tmp_path,
        "vertical: healthcare\nsources: [{provider: yelp, max_records: 100}, apollo]\n"
        "budget: {max_cost_usd: 10, max_records: 1000, per_provider: {yelp: {max_cost_usd: 2, max_records: 500}}}\n",
    )
    assert (found.limit("yelp").max_cost_usd, found.limit("yelp").max_records) == (2, 100)
    assert (found.limit("apollo").max_cost_usd, found.limit("apollo").max_records) == (10, 1000)


def test_a_campaign_that_names_no_budget_may_spend_fifty_dollars(tmp_path: Path):
    assert campaign(tmp_path, SMALL).budget.max_cost_usd == Decimal(50)


@pytest.mark.parametrize(
    ("geo", "area"),
    [
        ("{city: Austin}", None),
        ("{city: Austin, lat: 30, lon: -97}", Circle(Point(30, -97), 25)),
        ("{lat: 30, lon: -97, radius_km: 5}", Circle(Point(30, -97), 5)),
        ("{region: TX, bounding_box: {south: 1, west: 2, north: 3, east: 4}}", Box(1, 2, 3, 4)),
        ("{polygon: [[1, 1], [1, 2], [2, 2], [1, 1]]}", Polygon((Point(1, 1), Point(1, 2), Point(2, 2)))),
        ("{country: US}", None),
    ],
)
def test_each_shape_is_its_area(tmp_path: Path, geo: str, area: object):
    assert campaign(tmp_path, f"{SMALL}geo: {geo}\n").geo.area() == area


def test_a_city_is_where_it_was_placed(tmp_path: Path):
    geo = campaign(tmp_path, SPEC).geo
    assert geo.area(Point(30.27, -97.74)) == Circle(Point(30.27, -97.74), 25)


DENTISTS = Vertical(
    name="healthcare",
    description="Practices.",
    categories={"yelp": ["dentists"]},
    keywords=["dental"],
    required=["domain", "hours"],
    density_per_km2=1,
)


def test_a_need_has_the_providers_categories_and_every_field_that_is_looked_at(tmp_path: Path):
    found = campaign(tmp_path, SPEC + "density_per_km2: 2\n")
    wanted = need(found, DENTISTS, "yelp", None)
    assert (wanted.categories, wanted.keywords, wanted.city, wanted.region) == (
        ("dentists",),
        ("dental",),
        "Austin",
        "TX",
    )
    assert (wanted.min_rating, wanted.min_reviews) == (4.0, 20)
    assert wanted.fields == DEFAULT_FIELDS | {"hours"}
    assert need(found, DENTISTS, "google_places", None).categories == ()


def test_a_campaigns_keywords_take_the_place_of_the_verticals(tmp_path: Path):
    filters = (
        "filters: {keywords: [implants], tech: [wordpress], employees: {min: 5}, domains: A.com, titles: [Owner]}\n"
    )
    wanted = need(campaign(tmp_path, SMALL + filters), DENTISTS, "yelp", None)
    assert (wanted.keywords, wanted.technologies, wanted.employees) == (("implants",), ("wordpress",), (5, None))
    assert (wanted.domains, wanted.titles) == (("a.com",), ("Owner",))
    assert "tech_signals" in wanted.fields


def test_warnings_tell_of_syncs_terms_categories_and_places(tmp_path: Path):
    terms = {
        "yelp": Terms("", {"*": 1, "provider_key": None}, False, "Yelp API Terms of Use", ""),
        "google_places": Terms("", {"*": None}, None, "Google's", ""),
    }
    assert warnings(campaign(tmp_path, SPEC), {"healthcare": DENTISTS}, ["hs_mian", "csv_export"], terms) == [
        "the vertical healthcare has no categories for google_places: only keywords, place and filters narrow it",
        'there is no sync "hs_main" (did you mean "hs_mian"?): nothing is delivered to it',
        "the terms of yelp say no lead generation and storage limited to 1 day (Yelp API Terms of Use)",
        "Austin, TX, US is not placed yet: that takes a geocoding call, or lat and lon in the file",
    ]
    assert warnings(campaign(tmp_path, SMALL), {"health": DENTISTS}, [], {}) == [
        'there is no vertical "healthcare" (did you mean "health"?): no plan can be made'
    ]


def test_enrichment_may_name_providers_and_fields(tmp_path: Path):
    found = campaign(tmp_path, SMALL + "enrichment: {providers: [hunter], fields: [email]}")
    assert (found.enriching_providers, found.enriched_fields) == (("hunter",), ("email",))
    every = campaign(tmp_path, SMALL + "enrichment: true")
    assert (every.enriching_providers, every.enriched_fields) == (None, None)
