"""Google Geocoding: places an address or a city on the map. It finds no leads, so no campaign can ask it for any.

Contract: maps.googleapis.com/maps/api/geocode. The endpoint's `asks` is empty: whoever needs a point builds the
question with `geocode_ask` and reads the answer with `place`. Errors are those of the older Places API: HTTP 200, and a
status in the body.
"""

from decimal import Decimal

from dagster_project.sources.adapter import Adapter, Ask, Cursor, Endpoint, Page, Price
from dagster_project.sources.area import Point
from dagster_project.sources.providers.google_places import TERMS
from dagster_project.sources.providers.google_places_legacy import ADDRESS, verdict
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.windows import Window


def geocode_ask(text: str, region: str | None = None) -> Ask:
    """Where is `text`? `region` is the country that is meant when several have such a place, as a two-letter code."""
    return Ask("geocode", {"address": text, **({"region": region.lower()} if region else {})})


def place(answer: Answer) -> tuple[Point, bool] | None:
    """The best match, and whether it is a guess because only part of the text was matched; None for no match.

    Raises LookupError, TypeError or ValueError for an answer that is not shaped as documented.
    """
    results = answer.json["results"]
    if not results:
        return None
    location = results[0]["geometry"]["location"]
    return Point(float(location["lat"]), float(location["lng"])), bool(results[0].get("partial_match"))


def request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
    return Request("GET", "/maps/api/geocode/json", ask.params)


def page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    """Every match, best first: candidates for a place, not leads."""
    found = answer.json["results"]
    return Page(found, total=len(found))


ADAPTER = Adapter(
    name="google_geocoding",
    title="Google Geocoding",
    base_url="https://maps.googleapis.com",
    auth=Auth.param("key"),
    # per minute and project (mem)
    windows=(Window(3_000, 60),),
    verdict=verdict,
    terms=TERMS,
    endpoints=(
        Endpoint(
            name="geocode",
            kind="business",
            asks=lambda need: (),
            request=request,
            page=page,
            # the first tier's list price (mem)
            price=lambda ask: Price(Decimal("0.005")),
            key="place_id",
            fields={
                "address": "formatted_address",
                **ADDRESS,
                "lat": "geometry.location.lat",
                "lon": "geometry.location.lng",
                "tags": "types",
            },
            ignored=("address_components", "geometry", "partial_match", "plus_code", "postcode_localities"),
        ),
    ),
)
