"""Google Places (New), text search: rectangles, at most 60 results a question, billed by the dearest field asked for.

Contract: places.googleapis.com, v1. The field mask is a cost control: it holds what a campaign wants, no more.
"""

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from dagster_project.sources.adapter import Adapter, Ask, Cursor, Endpoint, Need, Page, Price
from dagster_project.sources.area import Box, cells
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import FieldSpecs, Terms
from dagster_project.transport.windows import Window

STATUS = {
    "OPERATIONAL": "open",
    "FUTURE_OPENING": None,
    "CLOSED_TEMPORARILY": "temporarily_closed",
    "CLOSED_PERMANENTLY": "closed",
}


def week(periods: list[Any], clock: Callable[[dict[str, Any]], str | None]) -> list[dict[str, Any]]:
    """Opening hours as {dow, open, close}, dow 1 (Monday) to 7; one period that never closes is the whole week."""
    periods = [period for period in periods if isinstance(period, dict) and period.get("open")]
    if len(periods) == 1 and "close" not in periods[0]:
        return [{"dow": day, "open": "00:00", "close": "24:00"} for day in range(1, 8)]
    found = []
    for period in periods:
        start, end = period["open"], period.get("close") or {}
        if start.get("day") is not None and clock(start) and clock(end):
            # Google's Sunday is 0
            found.append({"dow": start["day"] or 7, "open": clock(start), "close": clock(end)})
    return found


def clock(moment: dict[str, Any]) -> str | None:
    hour, minute = moment.get("hour"), moment.get("minute") or 0
    return None if hour is None else f"{hour:02}:{minute:02}"


FIELDS: dict[str, FieldSpecs] = {
    "name": "displayName.text",
    "category": "primaryType",
    "tags": "types",
    "address": "formattedAddress",
    "address_line1": "postalAddress.addressLines[0]",
    "address_line2": "postalAddress.addressLines[1]",
    "city": "postalAddress.locality",
    "region": "postalAddress.administrativeArea",
    "postal": "postalAddress.postalCode",
    "country": "postalAddress.regionCode",
    "lat": "location.latitude",
    "lon": "location.longitude",
    "status": ("businessStatus", STATUS.get),
    "phone": "internationalPhoneNumber",
    "website": "websiteUri",
    "rating": "rating",
    "review_count": "userRatingCount",
    "hours": ("regularOpeningHours.periods", lambda periods: week(periods, clock)),
}

# USD for one call, by SKU (mem)
SKUS = {
    "Text Search Essentials (IDs only)": Decimal(0),
    "Text Search Pro": Decimal("0.032"),
    "Text Search Enterprise": Decimal("0.035"),
}
# Field of the mask to the SKU it belongs to (mem); a call is billed at the dearest of its fields.
TIERS = {
    **dict.fromkeys(("id", "nextPageToken"), "Text Search Essentials (IDs only)"),
    **dict.fromkeys(
        ("displayName", "primaryType", "types", "formattedAddress", "postalAddress", "location", "businessStatus"),
        "Text Search Pro",
    ),
    "googleMapsUri": "Text Search Pro",
    **dict.fromkeys(
        ("internationalPhoneNumber", "websiteUri", "rating", "userRatingCount", "regularOpeningHours"),
        "Text Search Enterprise",
    ),
}


def masked(wanted: Iterable[str]) -> list[str]:
    """Fields of the mask for canonical fields, all we know when none are named.

    The address of the place's page comes along where something is paid for anyway: it never raises the price.
    """
    specs = [FIELDS[name] for name in sorted(wanted or FIELDS) if name in FIELDS]
    tops = {(spec if isinstance(spec, str) else spec[0]).split(".")[0] for spec in specs}
    return sorted({"id", *tops, *(("googleMapsUri",) if tops else ())})


def price(ask: Ask) -> Price:
    return Price(per_call=max(SKUS[TIERS[name]] for name in ask.params["mask"]))


def asks(need: Need) -> Iterable[Ask]:
    """One question per cell and category or keyword; none without one, because Google requires some text."""
    if need.area is None:
        return
    questions = [{"type": category, "text": category.replace("_", " ")} for category in need.categories]
    questions += [{"text": keyword} for keyword in need.keywords]
    common: dict[str, Any] = {"mask": masked(need.fields)}
    if need.min_rating:
        # in halves, and Google rounds up: 4.2 would lose the places between 4.2 and 4.5
        common["min_rating"] = math.floor(need.min_rating * 2) / 2
    for question in questions:
        for cell in cells(need.area, None):
            yield Ask("text_search", {**common, **question}, cell)


def request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
    body: dict[str, Any] = {
        "textQuery": ask.params["text"],
        "locationRestriction": {"rectangle": rectangle(ask.cell)},
        "pageSize": limit,
    }
    if "type" in ask.params:
        body |= {"includedType": ask.params["type"], "strictTypeFiltering": True}
    if "min_rating" in ask.params:
        body["minRating"] = ask.params["min_rating"]
    if cursor:
        body["pageToken"] = cursor
    mask = ",".join([*(f"places.{name}" for name in ask.params["mask"]), "nextPageToken"])
    return Request("POST", "/v1/places:searchText", json=body, headers={"X-Goog-FieldMask": mask})


def rectangle(cell: Box) -> dict[str, dict[str, float]]:
    return {
        "low": {"latitude": cell.south, "longitude": cell.west},
        "high": {"latitude": cell.north, "longitude": cell.east},
    }


def page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    """A page; Google leaves out `places` when there are none, and never says how many there are in all.

    Raises KeyError for a page without places that another one follows: that is no empty answer but a broken one.
    """
    body = {**answer.json}
    token = body.get("nextPageToken") or None
    return Page(body["places"] if token else body.get("places", []), next=token)


def verdict(answer: Answer) -> Verdict:
    """By google.rpc status; a wrong key is a 400 like any other mistake, told apart by its reason (mem)."""
    error = answer.content.get("error")
    error = error if isinstance(error, dict) else {}
    details = [detail for detail in error.get("details") or [] if isinstance(detail, dict)]
    if any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
        return by_status(answer, {400: Outcome.AUTH}, "API_KEY_INVALID")
    return by_status(answer, reason=str(error.get("status", "")))


# Of all of Google Maps Platform.
TERMS = Terms(
    attribution="Show Google Maps as the source, with the attributions that come with a place",
    storage_days={"*": 30, "provider_key": None},
    allows_lead_generation=False,
    licence="Google Maps Platform Terms of Service",
    source="developer documentation (mem)",
)

ADAPTER = Adapter(
    name="google_places",
    title="Google Places",
    base_url="https://places.googleapis.com",
    auth=Auth.header("X-Goog-Api-Key"),
    # per minute and project, as the console says (mem)
    windows=(Window(600, 60),),
    verdict=verdict,
    terms=TERMS,
    endpoints=(
        Endpoint(
            name="text_search",
            kind="business",
            asks=asks,
            request=request,
            page=page,
            price=price,
            key="id",
            url="googleMapsUri",
            fields=FIELDS,
            ignored=("displayName.languageCode", "postalAddress", "regularOpeningHours"),
            volatile=(
                *("regularOpeningHours.openNow", "regularOpeningHours.nextOpenTime"),
                "regularOpeningHours.nextCloseTime",
            ),
            page_size=20,
            cap=60,
        ),
    ),
    not_called={
        "legacy_*": "the API before this one, which is the adapter google_places_legacy",
        "spec_maps_http_*": "the API before this one, which is the adapter google_places_legacy",
        "google-maps-platform-openapi3.json": "a specification",
    },
)
