"""What every adapter must do. A provider is added by a module and a fixture; these tests find both by name.

Run one adapter's share with `pytest tests/adapters --adapter NAME`.
"""

import copy
from collections.abc import Iterator
from decimal import Decimal
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import orjson
import pytest

from dagster_project.contracts.fields import FIELDS
from dagster_project.sources.adapter import Ask, Endpoint, Need, Page
from dagster_project.sources.area import Circle, Point, distance_km
from dagster_project.sources.providers import adapter, google_geocoding, google_places, google_places_legacy
from dagster_project.transport.messages import Answer
from dagster_project.transport.outcomes import Outcome
from dagster_project.transport.paths import Path as FieldPath
from dagster_project.transport.paths import covers, leaves
from dagster_project.transport.shapes import alternatives
from dagster_project.transport.windows import UNITS, parse_windows
from tests.adapters.cases import (
    Case,
    answer_of,
    case_of,
    endpoint_for,
    is_partial,
    payload,
    payload_files,
    walk,
)

KNOWN = {kind: set(fields) for kind, fields in FIELDS.items()}
MINNEAPOLIS = Point(44.98, -93.265)
ODD_TEXTS = ("🦊🍕", "مرحبا بالعالم", "naïve Ångström\u200b", " ", "0", "-")
# What is wrong on purpose: bodies that are JSON, but not as documented.
ODD_BODIES = ([], {}, None, "text", 5, True, {"unexpected": 1}, [None], {"results": "x"}, {"data": []})


# Payload files


@pytest.mark.shared
def test_every_payload_is_read_or_left_out_for_a_reason(case: Case, shared_dir: Path) -> None:
    problems = {path.name: found for path in payload_files(shared_dir, case.name) if (found := reading(case, path))}
    assert problems == {}


@pytest.mark.shared
def test_every_reason_to_leave_out_payloads_is_about_some(case: Case, shared_dir: Path) -> None:
    files = [path.name for path in payload_files(shared_dir, case.name)]
    unused = {pattern for pattern in case.adapter.not_called if not any(fnmatch(file, pattern) for file in files)}
    assert unused == set()


def reading(case: Case, path: Path) -> str | None:
    """What is wrong with the way that the adapter takes a payload file; None when all is well."""
    status, body = payload(path)
    left_out = next((why for pattern, why in case.adapter.not_called.items() if fnmatch(path.name, pattern)), None)
    expected = outcome_of(case.name, status, body)
    if expected is not Outcome.OK:
        outcome = case.adapter.verdict(Answer(status, {}, orjson.dumps(body))).outcome
        return None if outcome is expected or case.name == "google_places" else f"{outcome}, not {expected}"
    how = endpoint_for(case.name, path.name)
    if left_out or how is None:
        return None if left_out else "neither read nor left out"
    endpoint, is_record = case.adapter.endpoint(how[0]), how[1]
    records = (
        [body] if is_record else endpoint.page(ask_for(endpoint), None, Answer(200, {}, orjson.dumps(body))).records
    )
    return next((found for record in records if (found := unread(endpoint, record, path.name))), None)


def ask_for(endpoint: Endpoint) -> Ask:
    """A question that any page of the endpoint could be an answer to."""
    return Ask(endpoint.name, {"domain": "stripe.com"} if endpoint.name == "domain_search" else {})


def unread(endpoint: Endpoint, record: dict[str, Any], file: str) -> str | None:
    """The leaves of a record that the endpoint does not know of, or that it has no key."""
    uncovered = {leaf for leaf in leaves(record) if not any(covers(path, leaf) for path in declared(endpoint))}
    if uncovered:
        return f"uncovered: {sorted(uncovered)}"
    endpoint.canonical(record)
    return None if is_partial(file) or endpoint.provider_key(record) else "no key"


def declared(endpoint: Endpoint) -> list[str]:
    """Every path that an endpoint names."""
    specs = [spec for several in endpoint.fields.values() for spec in alternatives(several)]
    specs += [endpoint.key, *((endpoint.url,) if endpoint.url else ())]
    paths = [spec if isinstance(spec, str) else spec[0] for spec in specs]
    return [*paths, *endpoint.ignored, *endpoint.volatile]


def outcome_of(name: str, status: int, body: Any) -> Outcome:
    """What a payload file is, by the facts: only the statuses that occur among them."""
    if name.startswith("google_") and status == 200 and isinstance(body, dict) and body.get("status", "OK") != "OK":
        if body["status"] == "INVALID_REQUEST" and "error_message" not in body:
            return Outcome.TRANSIENT  # a page token that is not valid yet
        return {
            "ZERO_RESULTS": Outcome.NO_MATCH,
            "OVER_QUERY_LIMIT": Outcome.RATE_LIMITED,
            "INVALID_REQUEST": Outcome.BAD_REQUEST,
        }[body["status"]]
    return {
        **dict.fromkeys((200, 201), Outcome.OK),
        **dict.fromkeys((400, 404, 410, 422), Outcome.BAD_REQUEST),
        **dict.fromkeys((401, 403), Outcome.AUTH),
        429: Outcome.RATE_LIMITED,
    }[status]


# Fixtures


def test_pages_yield_the_expected_records_and_the_last_one_ends(case: Case) -> None:
    for exchange in case.content["exchanges"]:
        endpoint = case.adapter.endpoint(exchange["endpoint"])
        pages = [page for _, page in walk(case, exchange, endpoint.page_size)]
        assert [[endpoint.provider_key(record) for record in page.records] for page in pages] == exchange["keys"]
        assert [page.next is None for page in pages] == [False] * (len(pages) - 1) + [True]


def test_records_give_the_expected_fields_key_and_url(case: Case) -> None:
    for endpoint, entry in case.records():
        record = entry["record"]
        found = (endpoint.canonical(record), endpoint.provider_key(record), endpoint.evidence(record))
        assert found == (entry["fields"], entry["key"], entry["url"])
        assert unread(endpoint, record, "fixture") is None


def test_every_endpoint_has_an_exchange_and_a_record(case: Case) -> None:
    endpoints = {endpoint.name for endpoint in case.adapter.endpoints}
    assert {exchange["endpoint"] for exchange in case.content["exchanges"]} == endpoints
    assert {entry["endpoint"] for entry in case.content["canonical"]} == endpoints


def test_requests_are_well_formed_and_hold_no_key(case: Case) -> None:
    for exchange in case.content["exchanges"]:
        requests = [request for request, _ in walk(case, exchange, 7)]
        for request in requests:
            assert request.method in ("GET", "POST")
            assert request.path.startswith("/")
            assert "?" not in request.path
            assert (request.json is not None) == (request.method == "POST")
            assert all(isinstance(value, str | int | float) for value in request.params.values())
            assert case.adapter.auth.name.lower() not in {name.lower() for name in (*request.params, *request.headers)}
        assert len({repr(request) for request in requests}) == len(requests)


def test_a_request_depends_on_nothing_but_its_arguments(case: Case) -> None:
    for exchange in case.content["exchanges"]:
        once, again = ([request for request, _ in walk(case, exchange, 7)] for _ in range(2))
        assert once == again


def test_an_answer_of_another_shape_is_told_from_an_empty_one(case: Case) -> None:
    for exchange in case.content["exchanges"]:
        endpoint = case.adapter.endpoint(exchange["endpoint"])
        for body in [*ODD_BODIES, *broken(exchange["answers"][0]["body"])]:
            try:
                page = endpoint.page(ask_for(endpoint), None, Answer(200, {}, orjson.dumps(body)))
            except (LookupError, TypeError, ValueError):
                continue
            assert isinstance(page, Page)


def broken(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A body with each of its parts absent or of another type."""
    for name in body:
        yield {key: value for key, value in body.items() if key != name}
        yield from ({**body, name: odd} for odd in (None, [], {}, "x", 5) if odd != body[name])


# Errors


def test_every_error_has_its_class_and_wait(case: Case) -> None:
    for content in case.content["errors"]:
        verdict = case.adapter.verdict(answer_of(content))
        assert (verdict.outcome, verdict.retry_after) == (content["outcome"], content["retry_after"]), content


@pytest.mark.parametrize(
    ("name", "status", "body", "outcome"),
    [
        ("hunter", 429, {"errors": [{"id": "usage", "code": 429}]}, "quota_exhausted"),
        ("yelp", 429, {"error": {"code": "TOO_MANY_REQUESTS_PER_SECOND"}}, "rate_limited"),
        ("yelp", 429, {"error": {"code": "ACCESS_LIMIT_REACHED"}}, "quota_exhausted"),
        ("apollo", 429, {"message": "600 times per hour"}, "rate_limited"),
        ("crunchbase", 429, {}, "rate_limited"),
        ("google_places", 429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, "rate_limited"),
        ("pdl", 429, {}, "rate_limited"),
        ("hunter", 403, {"errors": [{"id": "rate", "code": 403}]}, "rate_limited"),
        ("opencorporates", 403, {}, "quota_exhausted"),
        ("apollo", 403, {"error_code": "API_INACCESSIBLE"}, "auth"),
        ("pdl", 404, {"status": 404}, "no_match"),
        ("apollo", 404, {"error": "not found"}, "bad_request"),
        ("crunchbase", 404, {"error": "not found", "code": "CS404"}, "bad_request"),
        ("crunchbase", 401, [{"status": 401, "code": "LA401", "message": "no"}], "auth"),
        ("pdl", 402, {"status": 402}, "quota_exhausted"),
        ("hunter", 451, {"errors": [{"id": "claimed_email", "code": 451}]}, "suppressed"),
        ("apollo", 422, {"error": "Invalid parameters"}, "bad_request"),
        ("google_places_legacy", 200, {"status": "OVER_QUERY_LIMIT"}, "rate_limited"),
        ("google_places_legacy", 200, {"status": "REQUEST_DENIED"}, "auth"),
        ("google_places_legacy", 200, {"status": "UNKNOWN_ERROR"}, "transient"),
        ("google_places_legacy", 200, {"status": "ZERO_RESULTS", "results": []}, "no_match"),
        ("google_geocoding", 200, {"status": "OVER_QUERY_LIMIT"}, "rate_limited"),
        ("google_geocoding", 200, {"status": "INVALID_REQUEST", "error_message": "no"}, "bad_request"),
    ],
)
def test_the_same_status_means_what_this_provider_means_by_it(name: str, status: int, body: Any, outcome: str) -> None:
    assert adapter(name).verdict(Answer(status, {}, orjson.dumps(body))).outcome == outcome


def test_an_error_is_classed_whatever_its_body(case: Case) -> None:
    for status in (400, 401, 403, 404, 429, 500):
        for body in (b"", b"<html>", b"[]", b"null", b'{"error": "x"}', b'{"error": [1]}', b'{"errors": {}}', b"[5]"):
            assert case.adapter.verdict(Answer(status, {}, body)).outcome is not Outcome.OK


def test_a_torn_body_may_be_asked_for_again(case: Case) -> None:
    assert case.adapter.verdict(Answer(200, {}, b'{"cut')).outcome is Outcome.TRANSIENT


# Records as they come


def test_any_record_gives_declared_fields_as_text(case: Case) -> None:
    for endpoint, entry in case.records():
        for record in mutated(entry["record"]):
            fields = endpoint.canonical(record)
            assert set(fields) <= KNOWN[endpoint.kind]
            assert all(isinstance(text, str) and text for text in fields.values())
            assert isinstance(endpoint.provider_key(record), str | None)
            assert isinstance(endpoint.evidence(record), str | None)


def mutated(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The record with each of its parts null, empty, absent, in another script, and with parts nobody knows."""
    yield {**record, "unknown_field": {"deep": [1, {"er": None}]}}
    yield {}
    for steps in positions(record):
        value = at(record, steps)
        texts = ODD_TEXTS if isinstance(value, str) else ()
        empty = ([],) if isinstance(value, list) else ({},) if isinstance(value, dict) else ()
        yield from (with_value(record, steps, odd) for odd in (None, *empty, *texts))
        yield without_value(record, steps)


def positions(value: Any, steps: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Keys and indexes that lead to every part of a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in inner:
        yield (*steps, step)
        yield from positions(part, (*steps, step))


def at(record: Any, steps: tuple[Any, ...]) -> Any:
    for step in steps:
        record = record[step]
    return record


def with_value(record: dict[str, Any], steps: tuple[Any, ...], value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(record)
    at(changed, steps[:-1])[steps[-1]] = value
    return changed


def without_value(record: dict[str, Any], steps: tuple[Any, ...]) -> dict[str, Any]:
    changed = copy.deepcopy(record)
    del at(changed, steps[:-1])[steps[-1]]
    return changed


# Declarations


def test_terms_are_complete(case: Case) -> None:
    terms = case.adapter.terms
    assert all((terms.attribution, terms.licence, terms.source))
    assert "*" in terms.storage_days
    assert set(terms.storage_days) - {"*", "provider_key"} <= set().union(*KNOWN.values())
    assert terms.allows_lead_generation in (True, False, None)


def test_declared_names_are_canonical_and_paths_can_be_read(case: Case) -> None:
    for endpoint in case.adapter.endpoints:
        assert {*endpoint.fields, *endpoint.constants} <= KNOWN[endpoint.kind]
        # "." would cover every leaf
        assert all(FieldPath(path).steps for path in declared(endpoint))


def test_limits_and_sizes_are_sensible(case: Case) -> None:
    assert case.adapter.concurrency >= 1
    for endpoint in case.adapter.endpoints:
        windows = (*case.adapter.windows, *endpoint.windows)
        assert windows
        assert parse_windows(" ".join(f"{w.calls}/{w.seconds:g}seconds" for w in windows)) == windows
        # starts are remembered for a day
        assert all(window.seconds <= UNITS["day"] for window in windows)
        assert endpoint.page_size >= 1
        assert endpoint.cap is None or endpoint.cap >= endpoint.page_size
        assert endpoint.page_delay >= 0


def test_prices_are_never_negative(case: Case) -> None:
    for exchange in case.content["exchanges"]:
        endpoint = case.adapter.endpoint(exchange["endpoint"])
        asks = [ask for ask in case.adapter.asks(case.need) if ask.endpoint == endpoint.name]
        for ask in asks or [Ask(endpoint.name, exchange["ask"])]:
            assert 0 <= endpoint.price(ask).of(0) <= endpoint.price(ask).of(20)


# Questions


def wide_need(**more: Any) -> Need:
    """Everything a campaign may say, over an area that no provider takes in one circle."""
    said = {
        "area": Circle(MINNEAPOLIS, 120),
        "city": "Minneapolis",
        "region": "MN",
        "country": "US",
        "categories": ("dentist", "gym"),
        "keywords": ("braces", "boxing"),
        "min_rating": 4.2,
        "employees": (40, 300),
        "technologies": ("shopify",),
        "domains": ("slatefield.example",),
        "titles": ("Owner",),
    }
    return Need(**{**said, **more})


def test_questions_are_stable_unique_and_can_be_read_back(case: Case) -> None:
    asks = case.adapter.asks(wide_need())
    assert [ask.id for ask in asks] == [ask.id for ask in case.adapter.asks(wide_need())]
    assert len({ask.id for ask in asks}) == len(asks)
    assert [Ask.parse(ask.text) for ask in asks] == asks
    assert asks or case.name == "google_geocoding"


def test_a_need_that_says_nothing_gives_rise_to_no_question(case: Case) -> None:
    assert case.adapter.asks(Need()) == []


def test_questions_about_places_cover_the_area_in_circles_the_provider_takes(case: Case) -> None:
    limit = case.content.get("circle_km")
    cells = {ask.cell for ask in case.adapter.asks(wide_need()) if ask.cell}
    assert bool(cells) == ("circle_km" in case.content)
    assert all(limit is None or cell.radius_km <= limit for cell in cells)
    grid = [Point(44.98 + lat / 20, -93.265 + lon / 20) for lat in range(-22, 23) for lon in range(-32, 33)]
    inside = [point for point in grid if distance_km(point, MINNEAPOLIS) <= 120]
    assert not cells or all(any(cell.contains(point) for cell in cells) for point in inside)


# Google


@pytest.mark.parametrize(
    ("wanted", "mask", "price"),
    [
        (("email",), ["id"], "0"),
        (("name",), ["displayName", "googleMapsUri", "id"], "0.032"),
        (
            ("name", "city", "status"),
            ["businessStatus", "displayName", "googleMapsUri", "id", "postalAddress"],
            "0.032",
        ),
        (("name", "phone"), ["displayName", "googleMapsUri", "id", "internationalPhoneNumber"], "0.035"),
        (("rating",), ["googleMapsUri", "id", "rating"], "0.035"),
    ],
)
def test_google_is_asked_for_what_is_wanted_and_costs_the_dearest_of_it(
    wanted: tuple[str, ...], mask: list[str], price: str
) -> None:
    ask = adapter("google_places").asks(wide_need(fields=frozenset(wanted)))[0]
    endpoint = adapter("google_places").endpoint("text_search")
    assert ask.params["mask"] == mask
    assert endpoint.price(ask).of(20) == Decimal(price)
    header = endpoint.request(ask, None, 20).headers["X-Goog-FieldMask"]
    assert header.split(",") == [*(f"places.{name}" for name in mask), "nextPageToken"]


def test_google_is_asked_for_all_we_know_when_no_field_is_named() -> None:
    mask = google_places.masked(())
    assert set(mask) == set(google_places.TIERS) - {"nextPageToken"}
    assert google_places.price(Ask("text_search", {"mask": mask})).of(0) == max(google_places.SKUS.values())


def test_a_rating_is_asked_for_in_halves_and_never_above_the_wanted_one() -> None:
    ask = adapter("google_places").asks(wide_need())[0]
    assert adapter("google_places").endpoint("text_search").request(ask, None, 20).json["minRating"] == 4.0


def test_legacy_details_are_asked_for_only_where_a_search_does_not_answer() -> None:
    legacy, exchange = adapter("google_places_legacy"), case_of("google_places_legacy").content["exchanges"][0]
    endpoint, answer = legacy.endpoint("nearby_search"), answer_of(exchange["answers"][0])
    simple = legacy.asks(wide_need(fields=frozenset({"name", "rating"})))[0]
    page = endpoint.page(simple, None, answer)
    assert (len(page.records), page.follow) == (2, ())
    detailed = legacy.asks(wide_need(fields=frozenset({"name", "phone"})))[0]
    page = endpoint.page(detailed, None, answer)
    assert (page.records, len(page.follow)) == ([], 2)
    for ask in page.follow:
        assert {"place_id", "url", "international_phone_number"} <= set(ask.params["fields"])
        assert Ask.parse(ask.text) == ask


def test_legacy_details_cost_by_what_is_asked_for() -> None:
    def price(*wanted: str) -> Decimal:
        fields = google_places_legacy.detail_fields(wanted)
        return google_places_legacy.details_price(Ask("details", {"fields": fields})).of(1)

    assert price("name", "website") == Decimal("0.020")
    assert price("name", "website", "rating") == Decimal("0.025")


def test_an_address_is_placed_and_a_guess_is_told() -> None:
    body = case_of("google_geocoding").content["exchanges"][0]["answers"][0]["body"]
    assert google_geocoding.place(Answer(200, {}, orjson.dumps(body))) == (Point(44.977, -93.265), True)
    assert google_geocoding.place(Answer(200, {}, b'{"status": "ZERO_RESULTS", "results": []}')) is None
    ask = google_geocoding.geocode_ask("Toledo", "ES")
    request = adapter("google_geocoding").endpoint("geocode").request(ask, None, 1)
    assert request.params == {"address": "Toledo", "region": "es"}


# Places and sizes in the provider's words


def test_a_place_and_a_size_are_written_as_the_provider_writes_them() -> None:
    need = wide_need(domains=(), categories=(), keywords=("weir",))
    company = {name: adapter(name).asks(need)[0].params for name in ("apollo", "crunchbase", "hunter", "pdl")}
    assert company["apollo"]["organization_locations"] == ["minneapolis, minnesota, united states"]
    assert company["apollo"]["organization_num_employees_ranges"] == ["40,300"]
    assert company["crunchbase"]["query"][0]["values"] == ["minneapolis-minnesota"]
    assert company["hunter"]["headcount"] == ["11-50", "51-200", "201-500"]
    where = {"city": ["Minneapolis"], "state": ["Minnesota"], "country": ["US"]}
    assert company["hunter"]["headquarters_location"] == {"include": where}
    assert {"terms": {"location.country": ["united states"]}} in company["pdl"]["query"]["bool"]["must"]
    assert adapter("opencorporates").asks(need)[0].params == {"q": "weir", "jurisdiction_code": "us_mn"}


@pytest.mark.parametrize(
    ("country", "region", "jurisdiction"),
    [
        ("US", "Texas", "us_tx"),
        ("usa", "tx", "us_tx"),
        ("Germany", "Bayern", "de"),
        ("US", None, None),
        (None, "TX", None),
    ],
)
def test_a_jurisdiction_is_a_country_or_one_of_its_states(
    country: str | None, region: str | None, jurisdiction: str | None
) -> None:
    need = Need(country=country, region=region, keywords=("weir",))
    assert adapter("opencorporates").asks(need)[0].params.get("jurisdiction_code") == jurisdiction
