"""People Data Labs' enrichment: people and companies, one by one or a hundred at once, a credit for every match.

404 is that nobody matched, of many each for itself. How likely a match is depends on what it was asked by.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from dagster_project.sandbox.api.book import Catalogue
from dagster_project.sandbox.api.calls import Call, Handler, Limit, Reply, Route, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.identities import business, chance, person
from dagster_project.sandbox.api.pdl_records import (
    COMPANIES,
    COMPANY,
    COMPANY_CREDIT,
    NAME,
    PEOPLE,
    PERSON,
    PERSON_CREDIT,
    error,
)
from dagster_project.sandbox.api.wire import View, array

MOST = 100
LIMITS = (Limit(100, 60, is_fixed=True),)
LEAST_LIKELY, MOST_LIKELY = 4, 10
# What each of several questions brings, as JSON; None for nobody.
Find = Callable[[Desk, list[Mapping[str, Any]]], list[str | None]]
NOBODY = '{"status":404,"error":{"type":"not_found","message":"No records were found matching your request"}}'


def likelihood(asked: Mapping[str, Any]) -> int:
    """How likely the match is who was meant; the same for the same question."""
    told = (str(value) for name, value in sorted(asked.items()) if name != "min_likelihood")
    return LEAST_LIKELY + round(chance(NAME, *told) * (MOST_LIKELY - LEAST_LIKELY))


def is_likely(asked: Mapping[str, Any]) -> bool:
    return likelihood(asked) >= int(asked.get("min_likelihood") or 1)


def person_place(desk: Desk, asked: Mapping[str, Any]) -> int | None:
    """The record of a person by any of the parameters that are played."""
    return person(
        desk.book(PEOPLE),
        email=asked.get("email", ""),
        profile=asked.get("profile", ""),
        first=asked.get("first_name", ""),
        last=asked.get("last_name", ""),
        company=asked.get("company", ""),
    )


def company_place(desk: Desk, asked: Mapping[str, Any]) -> int | None:
    return business(desk.book(COMPANIES), domain=asked.get("website", ""), name=asked.get("name", ""))


def people_found(desk: Desk, several: list[Mapping[str, Any]]) -> list[str | None]:
    """People, each beside the status and how likely they are."""
    records = rendered(desk, PEOPLE, PERSON, [person_place(desk, asked) for asked in several], several)
    return [
        f'{{"status":200,"likelihood":{likelihood(asked)},"data":{record}}}' if record else None
        for asked, record in zip(several, records, strict=True)
    ]


def companies_found(desk: Desk, several: list[Mapping[str, Any]]) -> list[str | None]:
    """Companies, whose own fields stand beside the status."""
    records = rendered(desk, COMPANIES, COMPANY, [company_place(desk, asked) for asked in several], several)
    return [
        f'{{"status":200,"likelihood":{likelihood(asked)},{record[1:]}' if record else None
        for asked, record in zip(several, records, strict=True)
    ]


def rendered(
    desk: Desk, catalogue: Catalogue, view: View, places: list[int | None], several: list[Mapping[str, Any]]
) -> list[str | None]:
    """The records of some places; None where nobody is, or nobody who is likely enough."""
    sure = [place if is_likely(asked) else None for place, asked in zip(places, several, strict=True)]
    known = [place for place in sure if place is not None]
    records = dict(zip(known, desk.book(catalogue).render(known, view), strict=True))
    return [records.get(place) for place in sure]


def one(endpoint: str, find: Find, credit: Decimal) -> Handler:
    """Answers a question in the address; one that names nobody is a mistake."""

    def answer(call: Call, desk: Desk) -> Reply:
        if not call.params.keys() - {"min_likelihood"}:
            return error(400, "invalid_request_error", "Request contained either missing or invalid parameters")
        (found,) = find(desk, [call.params])
        question = question_id([NAME, endpoint, dict(call.params)])
        if found is None:
            return Reply(404, NOBODY.encode(), question=question, is_answer=True)
        return Reply.page(found, question, "", 1, per_record=credit)

    return answer


def many(endpoint: str, find: Find, credit: Decimal) -> Handler:
    """Answers up to a hundred questions in the body, in their order."""

    def answer(call: Call, desk: Desk) -> Reply:
        requests = call.json.get("requests")
        if not isinstance(requests, list) or not 1 <= len(requests) <= MOST:
            return error(400, "invalid_request_error", f"requests must have 1 to {MOST} entries")
        several = [entry.get("params") or {} for entry in requests]
        found = find(desk, several)
        content, records = array([item or NOBODY for item in found]), sum(item is not None for item in found)
        return Reply.page(content, question_id([NAME, endpoint, several]), "", records, per_record=credit)

    return answer


def autocomplete(call: Call, desk: Desk) -> Reply:
    """GET /v5/autocomplete: nothing comes to this sandbox's mind; free."""
    return Reply.of(200, {"status": 200, "data": []})


def route(endpoint: str, answer: Handler, listed: tuple[str, ...], named: str) -> Route:
    return Route(endpoint, answer, listed, named, LIMITS, is_apart=True)


PERSON_ONE = one("person_enrich", people_found, PERSON_CREDIT)
PERSON_MANY = many("person_enrich", people_found, PERSON_CREDIT)
COMPANY_ONE = one("company_enrich", companies_found, COMPANY_CREDIT)
COMPANY_MANY = many("company_enrich", companies_found, COMPANY_CREDIT)
ROUTES = {
    ("GET", "/v5/person/enrich"): route("person_enrich", PERSON_ONE, ("data",), "job_title"),
    ("POST", "/v5/person/bulk"): route("person_bulk", PERSON_MANY, (), "job_title"),
    ("GET", "/v5/company/enrich"): route("company_enrich", COMPANY_ONE, (), "name"),
    ("POST", "/v5/company/enrich/bulk"): route("company_bulk", COMPANY_MANY, (), "name"),
    ("GET", "/v5/autocomplete"): route("autocomplete", autocomplete, (), "data"),
}
