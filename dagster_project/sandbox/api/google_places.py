"""Google Places (New), text search: 20 results a page, 60 a question, nothing without a field mask."""

from decimal import Decimal
from typing import Any

import numpy as np

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Book
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.filters import containing
from dagster_project.sandbox.api.google import FIELDS, PLACE, PLACES
from dagster_project.sandbox.api.wire import array

NAME = "google_places"
PAGE, CAP = 20, 60
# Fields of a place that may be masked and that the world has nothing to say in.
SILENT = set(
    """
    name nationalPhoneNumber priceLevel editorialSummary photos reviews plusCode viewport utcOffsetMinutes attributions
    addressComponents shortFormattedAddress adrFormatAddress iconMaskBaseUri iconBackgroundColor primaryTypeDisplayName
    currentOpeningHours accessibilityOptions paymentOptions parkingOptions delivery dineIn takeout
    """.split()
)
ENTERPRISE = set(
    "internationalPhoneNumber nationalPhoneNumber websiteUri rating userRatingCount regularOpeningHours "
    "currentOpeningHours priceLevel".split()
)
ATMOSPHERE = set("reviews editorialSummary delivery dineIn takeout paymentOptions parkingOptions".split())
IDS_ONLY = {"id", "name", "attributions"}


def error(status: int, code: str, message: str, details: list[Any] | None = None, **more: Any) -> Reply:
    """A google.rpc error."""
    body = {"error": {"code": status, "message": message, "status": code, "details": details or []}}
    return Reply.of(status, body, **more)


def mistaken(message: str) -> Reply:
    return error(400, "INVALID_ARGUMENT", message)


def masked(header: str | None) -> tuple[str, ...] | Reply:
    """Fields of a place that are asked for, in their own order, or the refusal of the mask."""
    if not header:
        return mistaken(
            "FieldMask is a required parameter. See https://cloud.google.com/apis/docs/system-parameters on how to "
            "provide it."
        )
    paths = [path.strip() for path in header.split(",")]
    tops = {
        path.removeprefix("places.").split(".")[0] for path in paths if path not in ("nextPageToken", "*", "places")
    }
    if unknown := [top for top in tops if top not in FIELDS and top not in SILENT]:
        return mistaken(
            f"Error expanding 'fields' parameter. Cannot find matching fields for path 'places.{sorted(unknown)[0]}'."
        )
    everything = "*" in paths or "places" in paths
    return tuple(name for name in FIELDS if everything or name in tops)


def price(fields: tuple[str, ...]) -> Decimal:
    """USD of a call, by the dearest field of its mask (mem)."""
    asked = set(fields)
    if asked & ATMOSPHERE:
        return Decimal("0.040")
    if asked & ENTERPRISE:
        return Decimal("0.035")
    return Decimal(0) if asked <= IDS_ONLY else Decimal("0.032")


def find(book: Book, body: dict[str, Any]) -> np.ndarray:
    """Places in their order of relevance. A type filters and then the text only ranks; else every word must fit."""
    kind = body.get("includedType")
    rows = book.of_categories(trades.codes(NAME, kind) if kind else None)
    box = (body.get("locationRestriction") or {}).get("rectangle")
    if box:
        low, high = box["low"], box["high"]
        rows = book.within(rows, low["latitude"], low["longitude"], high["latitude"], high["longitude"])
    if body.get("minRating"):
        rows = rows[book.column("rating")[rows] >= body["minRating"]]
        rows = rows[book.texts("is_rated", rows).to_numpy()]
    return rows if kind else containing(book, rows, body["textQuery"])


def refusal(body: dict[str, Any]) -> Reply | None:
    """What is wrong with a request, mask aside."""
    if not isinstance(body.get("textQuery"), str) or not body["textQuery"].strip():
        return mistaken("Empty text_query.")
    if (kind := body.get("includedType")) and not trades.is_google_type(kind):
        return mistaken(f"Unsupported types: {kind}.")
    if not isinstance(body.get("pageSize", PAGE), int) or body.get("pageSize", PAGE) < 0:
        return mistaken("Invalid page_size.")
    if (rating := body.get("minRating")) is not None and not 0 <= rating <= 5:
        return mistaken("Invalid min_rating.")
    return None


def text_search(call: Call, desk: Desk) -> Reply:
    """POST /v1/places:searchText."""
    fields, body = masked(call.headers.get("x-goog-fieldmask")), call.json
    if isinstance(fields, Reply):
        return fields
    if found := refusal(body):
        return found
    asked = {name: value for name, value in body.items() if name not in ("pageToken", "pageSize")}
    book = desk.book(PLACES)
    try:
        listing = desk.listing(NAME, asked, PAGE, lambda: find(book, asked))
    except (KeyError, TypeError):
        return mistaken("Invalid location_restriction.")
    start = 0
    if token := body.get("pageToken"):
        read = desk.read_token(token)
        if read is None or read[0] != listing.question:
            return mistaken("Request parameters for paging requests must match the initial SearchText request.")
        start = read[1]
    size = min(body.get("pageSize") or PAGE, PAGE)
    rows = listing.rows[:CAP][start : start + size]
    content = f'"places":{array(book.render(rows, PLACE, fields))}' if len(rows) and fields else ""
    wants_token = "nextPageToken" in call.headers["x-goog-fieldmask"] or "*" in call.headers["x-goog-fieldmask"]
    if wants_token and start + size < min(len(listing.rows), CAP):
        content += f'{"," if content else ""}"nextPageToken":"{desk.token(listing.question, start + size)}"'
    return Reply.page(f"{{{content}}}", listing.question, str(start), len(rows), price=price(_paid(call)))


def _paid(call: Call) -> tuple[str, ...]:
    """The masked fields as billed: those that the world has nothing for too."""
    header = call.headers["x-goog-fieldmask"]
    if "*" in header:
        return tuple(ATMOSPHERE)
    return tuple(p.strip().removeprefix("places.").split(".")[0] for p in header.split(",") if "nextPageToken" not in p)


KEY_IS_WRONG = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]

SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("x-goog-api-key") or call.params.get("key"),
    routes={("POST", "/v1/places:searchText"): Route("text_search", text_search, ("places",), "displayName")},
    limits=(Limit(600, 60, is_fixed=True),),
    denied=lambda: error(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", KEY_IS_WRONG),
    too_fast=lambda limit, wait, endpoint: error(
        429, "RESOURCE_EXHAUSTED", f"Quota exceeded for quota metric 'SearchTextRequest' ({limit.calls} per minute)."
    ),
    used_up=lambda: error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'SearchTextRequest' per day."),
    failed=lambda: error(503, "UNAVAILABLE", "The service is currently unavailable."),
    unknown=lambda: error(404, "NOT_FOUND", "Method not found."),
    catalogues=(PLACES,),
)
