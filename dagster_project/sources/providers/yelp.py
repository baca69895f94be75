"""Yelp Fusion, business search: points and radius, at most 40 km and 240 results a question, 300 calls a day.

Contract: docs.developer.yelp.com, v3. The two kinds of 429 differ: one is about the second, one about the day.
"""

from collections.abc import Iterable

from dagster_project.sources.adapter import Adapter, Ask, Cursor, Endpoint, Need, Page
from dagster_project.sources.area import cells
from dagster_project.transport.messages import Answer, Auth, Request
from dagster_project.transport.outcomes import Outcome, Verdict, by_status
from dagster_project.transport.shapes import Terms
from dagster_project.transport.windows import Window

MAX_RADIUS_KM = 40.0
TOO_FAST = "TOO_MANY_REQUESTS_PER_SECOND"


def asks(need: Need) -> Iterable[Ask]:
    """One question per cell: all categories together, because Yelp reads a comma as "or"."""
    if need.area is None:
        return
    params = {"categories": list(need.categories), "term": " ".join(need.keywords)}
    for cell in cells(need.area, MAX_RADIUS_KM):
        yield Ask("business_search", {k: v for k, v in params.items() if v}, cell)


def request(ask: Ask, cursor: Cursor | None, limit: int) -> Request:
    centre = ask.cell.centre
    params = {
        "latitude": round(centre.lat, 6),
        "longitude": round(centre.lon, 6),
        "radius": min(40_000, round(ask.cell.radius_km * 1000)),
        "limit": limit,
        "offset": cursor or 0,
        # the default order changes while one pages through it
        "sort_by": "distance",
    }
    if ask.params.get("categories"):
        params["categories"] = ",".join(ask.params["categories"])
    if ask.params.get("term"):
        params["term"] = ask.params["term"]
    return Request("GET", "/v3/businesses/search", params)


def page(ask: Ask, cursor: Cursor | None, answer: Answer) -> Page:
    found, total = answer.json["businesses"], answer.json["total"]
    reached = (cursor or 0) + len(found)
    return Page(found, next=reached if found and reached < total else None, total=total)


def verdict(answer: Answer) -> Verdict:
    error = answer.content.get("error")
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    if answer.status == 429 and code != TOO_FAST:
        return by_status(answer, {429: Outcome.QUOTA_EXHAUSTED}, code)
    return by_status(answer, reason=code)


ADAPTER = Adapter(
    name="yelp",
    title="Yelp Fusion",
    base_url="https://api.yelp.com",
    auth=Auth.header("Authorization", "Bearer {}"),
    windows=(Window(5, 1), Window(300, 86_400)),
    concurrency=4,
    verdict=verdict,
    terms=Terms(
        attribution="Show the Yelp logo and link to the business's page",
        storage_days={"*": 1, "provider_key": None},
        allows_lead_generation=False,
        licence="Yelp API Terms of Use",
        source="developer documentation (mem)",
    ),
    endpoints=(
        Endpoint(
            name="business_search",
            kind="business",
            asks=asks,
            request=request,
            page=page,
            key="id",
            url="url",
            fields={
                "name": "name",
                "category": "categories[0].title",
                "tags": "categories[].title",
                "phone": "phone",
                "address_line1": "location.address1",
                "address_line2": "location.address2",
                "city": "location.city",
                "region": "location.state",
                "postal": "location.zip_code",
                "country": "location.country",
                "lat": "coordinates.latitude",
                "lon": "coordinates.longitude",
                "rating": "rating",
                "review_count": "review_count",
                "status": ("is_closed", lambda closed: "closed" if closed else "open"),
            },
            ignored=(
                *("alias", "image_url", "display_phone", "transactions", "price", "attributes", "business_hours"),
                *(
                    "categories[].alias",
                    "categories[].parent_aliases",
                    "location.address3",
                    "location.display_address",
                    "location.cross_streets",
                ),
            ),
            volatile=("distance",),
            page_size=50,
            cap=240,
        ),
    ),
    not_called={"*business-detail*": "the search answer already has what the detail would add, at no further call"},
)
