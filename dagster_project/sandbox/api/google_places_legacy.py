"""Google Places, the API before the new one: HTTP 200 whatever happens, tokens that are not valid at once."""

from decimal import Decimal
from typing import Any

import numpy as np
import orjson

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Book
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.filters import containing
from dagster_project.sandbox.api.google import DETAILED, DETAILS, NEARBY, PLACES
from dagster_project.sandbox.api.wire import array

NAME = "google_places_legacy"
PAGE, CAP, MAX_RADIUS = 20, 60, 50_000
# USD (mem): a search with all its data; details, and what contact and atmosphere fields add to them.
SEARCH, BASIC, CONTACT, ATMOSPHERE = (Decimal(usd) for usd in ("0.040", "0.017", "0.003", "0.005"))
CONTACT_FIELDS = {"formatted_phone_number", "international_phone_number", "opening_hours", "website"}
ATMOSPHERE_FIELDS = {"price_level", "rating", "reviews", "user_ratings_total"}
# Fields of details that may be asked for and that the world has nothing to say in.
SILENT = {"adr_address", "photo", "photos", "plus_code", "price_level", "reviews", "utc_offset", "type", "vicinity"}
SILENT |= {"current_opening_hours", "editorial_summary", "wheelchair_accessible_entrance"}


def said(status: str, message: str | None = None) -> Reply:
    """An answer without results, which says in its body what it is."""
    told = {"error_message": message} if message else {}
    return Reply.of(200, {"html_attributions": [], "results": [], "status": status, **told})


def asked(call: Call) -> dict[str, Any] | Reply:
    """The circle and what is looked for in it, or the refusal."""
    try:
        lat, lon = (float(part) for part in call.params["location"].split(","))
        radius = float(call.params["radius"])
    except (KeyError, ValueError):
        return said("INVALID_REQUEST", "Missing or invalid location or radius.")
    question = {"lat": lat, "lon": lon, "radius": min(radius, MAX_RADIUS)}
    return question | {name: call.params[name] for name in ("type", "keyword") if name in call.params}


def find(book: Book, question: dict[str, Any]) -> np.ndarray:
    """Places in the circle, the prominent ones first; of the type, and about every word of the keyword."""
    codes = trades.codes("google_places", question["type"]) if "type" in question else None
    lat, lon, km = question["lat"], question["lon"], question["radius"] / 1_000
    high, wide = km / 100, km / 100 / max(0.01, np.cos(np.radians(lat)))
    rows = book.within(book.of_categories(codes), lat - high, lon - wide, lat + high, lon + wide)
    rows = rows[book.distances(rows, lat, lon) <= km]
    return containing(book, rows, question.get("keyword", ""))


def nearby_search(call: Call, desk: Desk) -> Reply:
    """GET /maps/api/place/nearbysearch/json. A token leads to its question, whatever else stands beside it."""
    if token := call.params.get("pagetoken"):
        read = desk.read_token(token)
        if read is None:
            return said("INVALID_REQUEST", "Unknown page token.")
        if not read[2]:
            return said("INVALID_REQUEST")
        question, start = orjson.loads(read[0]), read[1]
    else:
        question, start = asked(call), 0
        if isinstance(question, Reply):
            return question
    book = desk.book(PLACES)
    listing = desk.listing(NAME, question, PAGE, lambda: find(book, question))
    rows = listing.rows[:CAP][start : start + PAGE]
    if not len(rows):
        return said("ZERO_RESULTS")
    is_last = start + PAGE >= min(len(listing.rows), CAP)
    token = "" if is_last else f',"next_page_token":"{desk.token(orjson.dumps(question).decode(), start + PAGE)}"'
    found = array(book.render(rows, NEARBY))
    body = f'{{"html_attributions":[],"results":{found},"status":"OK"{token}}}'
    return Reply.page(body, listing.question, str(start), len(rows), price=SEARCH)


def details(call: Call, desk: Desk) -> Reply:
    """GET /maps/api/place/details/json; all fields when none are named."""
    wanted = [name for name in call.params.get("fields", "").split(",") if name]
    if unknown := [name for name in wanted if name not in DETAILS and name not in SILENT]:
        text = f"Error while parsing 'fields' parameter: Unsupported field name '{unknown[0]}'. "
        return said("INVALID_REQUEST", text)
    book = desk.book(PLACES)
    row = book.place_of(call.params.get("place_id", ""))
    if row is None:
        return said("NOT_FOUND")
    # `type` is asked for and `types` comes back
    named = {"types" if name == "type" else name for name in wanted}
    names = tuple(name for name in DETAILS if not wanted or name in named)
    result = book.render([row], DETAILED, names)[0] if names else "{}"
    priced = set(wanted or DETAILS)
    price = BASIC + (CONTACT if priced & CONTACT_FIELDS else 0) + (ATMOSPHERE if priced & ATMOSPHERE_FIELDS else 0)
    body = f'{{"html_attributions":[],"result":{result},"status":"OK"}}'
    question = question_id([NAME, call.params.get("place_id"), sorted(wanted)])
    return Reply.page(body, question, "", 1, price=price)


SERVICE = Service(
    name=NAME,
    key=lambda call: call.params.get("key"),
    routes={
        ("GET", "/maps/api/place/nearbysearch/json"): Route("nearby_search", nearby_search, ("results",), "name"),
        ("GET", "/maps/api/place/details/json"): Route("details", details, ("result",), "name"),
    },
    limits=(Limit(600, 60, is_fixed=True),),
    denied=lambda: said("REQUEST_DENIED", "The provided API key is invalid."),
    too_fast=lambda limit, wait, endpoint: said("OVER_QUERY_LIMIT", "You have exceeded your rate-limit for this API."),
    used_up=lambda: said("OVER_DAILY_LIMIT", "You have exceeded your daily request quota for this API."),
    failed=lambda: said("UNKNOWN_ERROR"),
    early=lambda: said("INVALID_REQUEST"),
    unknown=lambda: Reply.of(404, b"<html>Not Found</html>", headers={"content-type": "text/html"}),
    catalogues=(PLACES,),
)
