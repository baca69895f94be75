"""Google Places, the API before the new one: nearby search, and place details where phone, website or hours are wanted.

Contract: maps.googleapis.com/maps/api/place. Every answer is HTTP 200 and says in its body what it is. New projects can
no longer enable it (mem); those that have it keep it.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from dagster_project.sources.adapter import Adapter, Ask, Cursor, Endpoint, Need, Page, Price
from dagster_project.sources.area import cells
from dagster_project.sources.providers.google_places import STATUS, TERMS, week
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import FieldSpecs, alternatives
from dagster_project.transport.windows import Window

MAX_RADIUS_KM = 50.0
# Wanted fields that a search does not answer.
DETAILED = {"phone", "website", "hours"}
OUTCOMES = {
    "OK": Outcome.OK,
    "ZERO_RESULTS": Outcome.NO_MATCH,
    "NOT_FOUND": Outcome.NO_MATCH,
    "INVALID_REQUEST": Outcome.BAD_REQUEST,
    "REQUEST_DENIED": Outcome.AUTH,
    "OVER_QUERY_LIMIT": Outcome.RATE_LIMITED,
    "OVER_DAILY_LIMIT": Outcome.QUOTA_EXHAUSTED,
    "UNKNOWN_ERROR": Outcome.TRANSIENT,
}


def part(name: str, *kinds: str) -> Callable[[list[Any]], str | None]:
    """Reads the address component of the first kind that there is; `name` is `long_name` or `short_name`."""

    def find(components: list[Any]) -> str | None:
        typed = [component for component in components if isinstance(component, dict)]
        found = (c.get(name) for kind in kinds for c in typed if kind in (c.get("types") or []))
        return next(found, None)

    return find


def clock(moment: dict[str, Any]) -> str | None:
    time = moment.get("time")
    return f"{time[:2]}:{time[2:]}" if time else None


ADDRESS: dict[str, FieldSpecs] = {
    "city": ("address_components", part("long_name", "locality", "postal_town", "sublocality")),
    "region": ("address_components", part("short_name", "administrative_area_level_1")),
    "postal": ("address_components", part("long_name", "postal_code")),
    "country": ("address_components", part("short_name", "country")),
}
FIELDS: dict[str, FieldSpecs] = {
    "name": "name",
    "category": "types[0]",
    "tags": "types",
    "address": ["formatted_address", "vicinity"],
    **ADDRESS,
    "lat": "geometry.location.lat",
    "lon": "geometry.location.lng",
    "status": [("business_status", STATUS.get), ("permanently_closed", lambda closed: "closed" if closed else None)],
    "phone": ["international_phone_number", "formatted_phone_number"],
    "website": "website",
    "rating": "rating",
    "review_count": "user_ratings_total",
    "hours": ("opening_hours.periods", lambda periods: week(periods, clock)),
}
# USD for one call (mem): a search is always billed with all its data, details by what is asked for.
SEARCH = Price(Decimal("0.040"))
DETAILS, CONTACT, ATMOSPHERE = Decimal("0.017"), Decimal("0.003"), Decimal("0.005")
CONTACT_FIELDS = {"international_phone_number", "formatted_phone_number", "opening_hours", "website"}
ATMOSPHERE_FIELDS = {"rating", "user_ratings_total"}


def detail_fields(wanted: Iterable[str]) -> list[str]:
    """Fields to ask details for, all we know when none are named; none when a search answers all that is wanted."""
    wanted = set(wanted or FIELDS)
    if not wanted & DETAILED:
        return []
    specs = [spec for name in wanted & FIELDS.keys() for spec in alternatives(FIELDS[name])]
    tops = {(spec if isinstance(spec, str) else spec[0]).split(".")[0].split("[")[0] for spec in specs}
    # `type` is asked for and `types` comes back; the deprecated field says nothing that business_status does not
    names = {"type" if top == "types" else top for top in tops} - {"permanently_closed"}
    return sorted({"place_id", "url", *names})


def asks(need: Need) -> Iterable[Ask]:
    """One question per cell and category or keyword, or per cell when neither is given."""
    if need.area is None:
        return
    questions = [*({"type": c} for c in need.categories), *({"keyword": k} for k in need.keywords)] or [{}]
    wanted = detail_fields(need.fields)
    for question in questions:
        for cell in cells(need.area, MAX_RADIUS_KM):
            yield Ask("nearby_search", {**question, **({"fields": wanted} if wanted else {})}, cell)


def request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
    """A page; its size is always 20, and with a token every other parameter is ignored."""
    if cursor:
        return Request("GET", "/maps/api/place/nearbysearch/json", {"pagetoken": cursor})
    centre = ask.cell.centre
    params: dict[str, str | int] = {
        "location": f"{centre.lat:.6f},{centre.lon:.6f}",
        "radius": min(50_000, round(ask.cell.radius_km * 1000)),
    }
    params |= {name: ask.params[name] for name in ("type", "keyword") if name in ask.params}
    return Request("GET", "/maps/api/place/nearbysearch/json", params)


def page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    """The places found, or a question about each where details are wanted: those are the records then."""
    found, token = answer.json["results"], answer.json.get("next_page_token") or None
    if wanted := ask.params.get("fields"):
        follow = [Ask("details", {"place_id": place["place_id"], "fields": wanted}) for place in found]
        return Page([], next=token, follow=follow)
    return Page(found, next=token)


def details_request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
    params = {"place_id": ask.params["place_id"], "fields": ",".join(ask.params["fields"])}
    return Request("GET", "/maps/api/place/details/json", params)


def details_page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    return Page([{**answer.json["result"]}])


def details_price(ask: Ask) -> Price:
    asked = set(ask.params["fields"])
    return Price(
        DETAILS + (CONTACT if asked & CONTACT_FIELDS else 0) + (ATMOSPHERE if asked & ATMOSPHERE_FIELDS else 0)
    )


def verdict(answer: Answer) -> Verdict:
    """By the status in the body. A page token that is not valid yet is refused as invalid, but without a message."""
    found = by_status(answer)
    status = answer.content.get("status")
    if found.outcome is not Outcome.OK or status in (None, "OK"):
        return found
    if status == "INVALID_REQUEST" and not answer.content.get("error_message"):
        return Verdict(Outcome.TRANSIENT, "INVALID_REQUEST without a message")
    return Verdict(OUTCOMES.get(status, Outcome.BAD_REQUEST), str(status))


IGNORED = (
    *("adr_address", "address_components", "vicinity", "reference", "id", "scope", "feature_id", "chain_name"),
    *("icon", "icon_background_color", "icon_mask_base_uri", "photos", "plus_code", "geometry", "utc_offset"),
    *("price_level", "reviews", "curbside_pickup", "serves_beer", "wheelchair_accessible_entrance", "url"),
    *("opening_hours", "current_opening_hours", "organizationally_part_of"),
)
VOLATILE = (
    *("opening_hours.open_now", "opening_hours.minutes_until_open", "opening_hours.minutes_until_closed"),
    *("current_opening_hours", "photos", "reviews", "reference", "icon"),
)
# A search answer has no address of the place's page; this one finds it by the key.
PLACE_URL = "https://www.google.com/maps/place/?q=place_id:"

ADAPTER = Adapter(
    name="google_places_legacy",
    title="Google Places (legacy)",
    base_url="https://maps.googleapis.com",
    auth=Auth.param("key"),
    # per minute and project, as the console says (mem)
    windows=(Window(600, 60),),
    verdict=verdict,
    terms=TERMS,
    endpoints=(
        Endpoint(
            name="nearby_search",
            kind="business",
            asks=asks,
            request=request,
            page=page,
            price=lambda ask: SEARCH,
            key="place_id",
            url=("place_id", PLACE_URL.__add__),
            fields=FIELDS,
            ignored=IGNORED,
            volatile=VOLATILE,
            page_size=20,
            has_fixed_pages=True,
            cap=60,
            page_delay=2.0,
        ),
        Endpoint(
            name="details",
            kind="business",
            asks=lambda need: (),
            request=details_request,
            page=details_page,
            price=details_price,
            key="place_id",
            url=("place_id", PLACE_URL.__add__),
            fields=FIELDS,
            ignored=IGNORED,
            volatile=VOLATILE,
        ),
    ),
    not_called={
        "*[aA]utocomplete*": "completes what a person types",
        "*[fF]ind[pP]lace*": "finds one place by name: for checking a lead, not for finding it",
        "*[tT]ext[sS]earch*": "nearby search finds the same places by cell",
        "legacy_java_PlacesApiPizzaInNewYork*": "a text search: nearby search finds the same places by cell",
        "legacy_java_placesApiKitaWard*": "a text search: nearby search finds the same places by cell",
        "*Geocode*": "the adapter google_geocoding",
        "legacy_java_Roads*": "speed limits of roads",
        "google-maps-platform-openapi3.json": "a specification",
    },
)
