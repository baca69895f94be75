"""Apollo's enrichment: people and companies one by one or ten at once, and phones, which are promised for later.

A promise is charged with what it will bring, as nobody can be charged when a webhook is called. Null is nobody.
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson

from dagster_project.sandbox.api.apollo_records import (
    COMPANIES,
    CREDIT,
    MATCH,
    NAME,
    ORGANIZATION,
    PEOPLE,
    PHONES,
)
from dagster_project.sandbox.api.calls import Call, Handler, Limit, Reply, Route, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.identities import business, person
from dagster_project.sandbox.api.wire import array

MOST = 10
LIMITS = (Limit(1_000, 60),)
MOBILE = 8 * CREDIT
RETRY_SECONDS = 1


def failed(code: str, message: str) -> Reply:
    return Reply.of(400, {"status": "failed", "error_code": code, "error_message": message})


def place_of(desk: Desk, asked: Mapping[str, Any]) -> int | None:
    """The record of a person by any of the parameters that Apollo takes."""
    return person(
        desk.book(PEOPLE),
        email=asked.get("email", ""),
        profile=asked.get("linkedin_url", ""),
        first=asked.get("first_name", ""),
        last=asked.get("last_name", ""),
        domain=asked.get("domain", ""),
        company=asked.get("organization_name", ""),
    )


def match(call: Call, desk: Desk) -> Reply:
    """POST /api/v1/people/match; with `reveal_phone_number` the person now and the phones later."""
    asked = {**call.params, **call.json}
    place = place_of(desk, asked)
    found = desk.book(PEOPLE).render([place], MATCH)[0] if place is not None else "null"
    if asked.get("reveal_phone_number") in (True, "true") and place is not None:
        return promised(desk, asked, found, place)
    records = int(place is not None)
    return Reply.page(
        f'{{"person":{found}}}', question_id([NAME, "people_match", asked]), "", records, per_record=CREDIT
    )


def promised(desk: Desk, asked: Mapping[str, Any], found: str, place: int) -> Reply:
    """The person, and the number under which their phones can be asked for."""
    result = orjson.loads(desk.book(PEOPLE).render([place], PHONES)[0])
    kinds = {number["type_cd"] for number in result["phone_numbers"]}
    price = (CREDIT if kinds else Decimal(0)) + (MOBILE if "mobile" in kinds else Decimal(0))
    request_id = new_id(len(desk.promises.made))
    body = {
        "status": "success",
        "total_requested_enrichments": 1,
        "missing_records": 0,
        "credits_consumed": float(price / CREDIT),
        "people": [result],
    }
    told = {"request_id": request_id, "webhook_status": "success", "request_type": "phone", "webhook_result": body}
    desk.promises.make(NAME, told, {"request_id": request_id, **body}, request_id)
    pending = f'"phone_enrichment":{{"request_id":"{request_id}","status":"pending"}}'
    content = f'{{"person":{found},{pending},"request_id":{request_id}}}'
    return Reply.page(content, question_id([NAME, "phone_reveal", asked]), "", 1, price=price)


def new_id(number: int) -> str:
    """A signed number of 64 bits for each promise."""
    digest = hashlib.blake2b(f"{NAME}:{number}".encode(), digest_size=8).digest()
    return str(int.from_bytes(digest, signed=True))


def bulk_match(call: Call, desk: Desk) -> Reply:
    """POST /api/v1/people/bulk_match: a list in the order asked, with null for nobody."""
    details = call.json.get("details")
    if not isinstance(details, list) or not details:
        return failed("INVALID_REQUEST", "invalid request, missing details")
    if len(details) > MOST:
        return failed("RECORD_LIMIT_EXCEEDED", "cannot enrich more than 10 in a single request")
    places = [place_of(desk, asked) for asked in details]
    known = [place for place in places if place is not None]
    records = dict(zip(known, desk.book(PEOPLE).render(known, MATCH), strict=True))
    head = (
        f'"status":"success","total_requested_enrichments":{len(places)},"missing_records":{len(places) - len(known)}'
    )
    matches = array([records.get(place, "null") for place in places])
    question = question_id([NAME, "people_match", details])
    return Reply.page(f'{{{head},"matches":{matches}}}', question, "", len(known), per_record=CREDIT)


def result(call: Call, desk: Desk) -> Reply:
    """GET /api/v1/webhook_result/{request_id}; free."""
    request_id = call.path.rpartition("/")[2]
    if not request_id.removeprefix("-").isdigit():
        return Reply.of(400, {"error_code": "invalid_request_id"})
    state, content = desk.promises.poll(NAME, request_id)
    if state == "ready":
        return Reply.of(200, content, question=request_id)
    if state == "pending":
        waiting = {"error_code": "result_pending", "retry_after_seconds": RETRY_SECONDS}
        return Reply.of(404, waiting, question=request_id)
    status = 410 if state == "expired" else 404
    return Reply.of(status, {"error_code": f"request_id_{state}"}, question=request_id)


def enrich(call: Call, desk: Desk) -> Reply:
    """GET /api/v1/organizations/enrich."""
    domain, book = call.params.get("domain", ""), desk.book(COMPANIES)
    if not domain:
        return Reply.of(422, {"error": "Required parameter 'domain' missing"})
    place = business(book, domain=domain)
    found = book.render([place], ORGANIZATION)[0] if place is not None else "null"
    question = question_id([NAME, "organization_enrich", domain])
    return Reply.page(f'{{"organization":{found}}}', question, "", int(place is not None), per_record=CREDIT)


def bulk_enrich(call: Call, desk: Desk) -> Reply:
    """POST /api/v1/organizations/bulk_enrich: those that are known; the others are left out."""
    details, book = call.json.get("details"), desk.book(COMPANIES)
    if not isinstance(details, list) or not details:
        return failed("INVALID_REQUEST", "invalid request, missing domains")
    if len(details) > MOST:
        return failed("RECORD_LIMIT_EXCEEDED", "domain count cannot be more than 10")
    places = [business(book, domain=asked.get("domain", "")) for asked in details]
    known = [place for place in places if place is not None]
    head = f'"status":"success","unique_enriched_records":{len(known)},"missing_records":{len(places) - len(known)}'
    content = f'{{{head},"organizations":{array(book.render(known, ORGANIZATION))}}}'
    question = question_id([NAME, "organization_enrich", details])
    return Reply.page(content, question, "", len(known), per_record=CREDIT)


def profile(call: Call, desk: Desk) -> Reply:
    """GET /api/v1/users/api_profile: whose key it is."""
    return Reply.of(200, {"id": "sandbox", "team_id": "sandbox", "title": "Developer"})


PATHS = {
    "people_match": "/api/v1/people/match",
    "people_bulk_match": "/api/v1/people/bulk_match",
    "webhook_result": "/api/v1/webhook_result/*",
    "organization_enrich": "/api/v1/organizations/enrich",
    "organization_bulk_enrich": "/api/v1/organizations/bulk_enrich",
    "api_profile": "/api/v1/users/api_profile",
}


def route(
    name: str, method: str, answer: Handler, listed: tuple[str, ...], named: str
) -> tuple[tuple[str, str], Route]:
    return (method, PATHS[name]), Route(name, answer, listed, named, LIMITS)


ROUTES: dict[tuple[str, str], Route] = dict(
    (
        route("people_match", "POST", match, ("person",), "title"),
        route("people_bulk_match", "POST", bulk_match, ("matches",), "title"),
        route("webhook_result", "GET", result, ("webhook_result", "people"), "phone_numbers"),
        route("organization_enrich", "GET", enrich, ("organization",), "estimated_num_employees"),
        route("organization_bulk_enrich", "POST", bulk_enrich, ("organizations",), "estimated_num_employees"),
        route("api_profile", "GET", profile, (), "team_id"),
    )
)
