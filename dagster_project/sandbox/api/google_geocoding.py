"""Google Geocoding: cities, states and the country of the world on the map. A text that goes beyond is a guess."""

from decimal import Decimal
from typing import Any

import numpy as np

from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.google_places_legacy import said
from dagster_project.sandbox.api.keys import hexadecimal, mixed_bits
from dagster_project.sandbox.geography import CITIES, STATE_NAMES

NAME = "google_geocoding"
PRICE = Decimal("0.005")
STATES = {code.lower(): name for code, name in STATE_NAMES.items()}
COUNTRY = {"us", "usa", "united states", "united states of america"}


def component(long: str, short: str, kind: str) -> dict[str, Any]:
    return {"long_name": long, "short_name": short, "types": [kind, "political"]}


def result(name: str, kinds: list[str], components: list[dict[str, Any]], lat: float, lon: float) -> dict[str, Any]:
    """One match, as large as a city: 0.2 degrees."""
    number = np.array([int.from_bytes(name.encode()[:6])])
    corners = {
        "northeast": {"lat": round(lat + 0.1, 6), "lng": round(lon + 0.1, 6)},
        "southwest": {"lat": round(lat - 0.1, 6), "lng": round(lon - 0.1, 6)},
    }
    location = {"lat": round(lat, 6), "lng": round(lon, 6)}
    return {
        "address_components": components,
        "formatted_address": name,
        "geometry": {"location": location, "location_type": "APPROXIMATE", "viewport": corners, "bounds": corners},
        "place_id": "ChIJ" + hexadecimal(mixed_bits(number, 901 + len(name)))[0],
        "types": kinds,
    }


def places() -> list[tuple[set[str], str | None, dict[str, Any]]]:
    """Every place: its own names, the state that it is in, and how it is answered."""
    country = component("United States", "US", "country")
    found = []
    for city in CITIES:
        state = component(STATE_NAMES[city.state], city.state, "administrative_area_level_1")
        name = f"{city.name}, {city.state}, USA"
        parts = [component(city.name, city.name, "locality"), state, country]
        answer = result(name, ["locality", "political"], parts, city.lat, city.lon)
        found.append(({city.name.lower()}, city.state.lower(), answer))
    for code, name in STATE_NAMES.items():
        own = [city for city in CITIES if city.state == code]
        lat, lon = np.mean([c.lat for c in own]), np.mean([c.lon for c in own])
        parts = [component(name, code, "administrative_area_level_1"), country]
        kinds = ["administrative_area_level_1", "political"]
        found.append(({code.lower(), name.lower()}, None, result(f"{name}, USA", kinds, parts, float(lat), float(lon))))
    nation = result("United States", ["country", "political"], [country], 39.78, -100.45)
    return [*found, (COUNTRY, None, nation)]


PLACES = places()


def matches(text: str) -> list[dict[str, Any]]:
    """Places that a text names, the narrowest kind of them; with a part that nothing names, they are guesses."""
    parts = [" ".join(part.lower().split()) for part in text.split(",") if part.strip()]
    # a ZIP code behind the state says no more than the city
    parts = [part.rstrip("0123456789- ") or part for part in parts]
    named = [(names, state, answer) for names, state, answer in PLACES if names & set(parts)]
    states = {code for code, name in STATES.items() if {code, name.lower()} & set(parts)}
    cities = [(n, state, a) for n, state, a in named if state and (not states or state in states)]
    chosen = cities or [entry for entry in named if entry[1] is None][:1]
    known = set().union(*(names for names, _, _ in named)) | COUNTRY
    is_guess = not set(parts) <= known or bool(states and not cities and len(parts) > len(states) + 1)
    return [{**answer, **({"partial_match": True} if is_guess else {})} for _, _, answer in chosen]


def nearest(text: str) -> list[dict[str, Any]]:
    """The city nearest to "lat,lng", if any is within a degree. Raises ValueError for what is no point."""
    lat, lon = (float(part) for part in text.split(","))
    away = [np.hypot(city.lat - lat, city.lon - lon) for city in CITIES]
    best = int(np.argmin(away))
    return [PLACES[best][2]] if away[best] <= 1 else []


def geocode(call: Call, desk: Desk) -> Reply:
    """GET /maps/api/geocode/json by `address` or `latlng`; a `region` that is not the US finds nothing here."""
    text, point = call.params.get("address"), call.params.get("latlng")
    if not (text or point):
        return said("INVALID_REQUEST", "Invalid request. Missing the 'address', 'components', 'latlng' or 'place_id'.")
    try:
        found = nearest(point) if point else matches(text)
    except ValueError:
        return said("INVALID_REQUEST", "Invalid request. Invalid 'latlng' parameter.")
    if not found or call.params.get("region", "us").lower() != "us":
        return said("ZERO_RESULTS")
    reply = Reply.of(200, {"results": found, "status": "OK"}, records=len(found), price=PRICE, is_answer=True)
    reply.question = question_id([NAME, dict(call.params) | {"key": ""}])
    return reply


SERVICE = Service(
    name=NAME,
    key=lambda call: call.params.get("key"),
    routes={("GET", "/maps/api/geocode/json"): Route("geocode", geocode, ("results",), "formatted_address")},
    limits=(Limit(3_000, 60, is_fixed=True),),
    denied=lambda: said("REQUEST_DENIED", "The provided API key is invalid."),
    too_fast=lambda limit, wait, endpoint: said("OVER_QUERY_LIMIT", "You have exceeded your rate-limit for this API."),
    used_up=lambda: said("OVER_DAILY_LIMIT", "You have exceeded your daily request quota for this API."),
    failed=lambda: said("UNKNOWN_ERROR"),
    unknown=lambda: Reply.of(404, b"<html>Not Found</html>", headers={"content-type": "text/html"}),
)
