"""Lusha v3: up to 100 people in a call. A few may not be processed by law: told of each, or with 451 of one alone."""

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.identities import is_batch, known_of, person
from dagster_project.sandbox.corruption import blank, draw, hits

NAME = "lusha"
MOST = 100
CREDIT = Decimal("0.10")
# Credits for the search of a person and for each kind of data that is revealed.
SEARCH, REVEALED = 1, {"emails": 1, "phones": 5}
KNOWN = {"local_services": 0.4, "healthcare": 0.5, "b2b_saas": 0.85, "ecommerce": 0.7, "real_estate": 0.5}
# Of the people, those who may not be processed.
REFUSED = 0.01
DAY = 86_400


def spell(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """People with their work e-mail or not, a mobile or a direct number or neither."""
    return pl.DataFrame(
        {
            "key": (seen["who"] + 4_300_000_000).cast(pl.String),
            "profile": seen["profile"],
            "first": seen["first"],
            "last": seen["last"],
            "title": blank(seen["title"], rng, 0.05),
            "email": blank(seen["work_email"], rng, 0.2),
            "grade": draw(rng, ["A+", "A", "B+", "B"], seen.height, [5, 3, 1, 1]),
            "direct": blank("+1" + seen["direct"], rng, 0.45),
            "mobile": blank("+1" + seen["mobile"], rng, 0.55),
            "company": seen["name"],
            "company_domain": seen["domain"],
            "is_refused": hits(rng, seen.height, REFUSED),
        }
    )


PEOPLE = Catalogue(name=NAME, spell=spell, kind="person", reach=KNOWN)


def refused(status: int, message: str, **headers: str) -> Reply:
    return Reply.of(status, {"statusCode": status, "message": message}, headers=headers)


def place(book: Book, asked: dict[str, Any]) -> int | None:
    return person(
        book,
        email=asked.get("email", ""),
        profile=asked.get("linkedinUrl", ""),
        first=asked.get("firstName", ""),
        last=asked.get("lastName", ""),
        domain=asked.get("companyDomain", ""),
        company=asked.get("companyName", ""),
    )


def profile(book: Book, row: int, reveal: list[str]) -> dict[str, Any]:
    """A person as they are found, with the data that is to be revealed."""
    known = known_of(book, row)
    emails = [{"email": known["email"], "type": "work", "confidence": known["grade"], "updateDate": "2026-10-01"}]
    phones = [
        {"number": known[kind], "type": kind, "doNotCall": False, "updateDate": "2026-10-01"}
        for kind in ("direct", "mobile")
        if known[kind]
    ]
    return {
        "id": known["key"],
        "firstName": known["first"],
        "lastName": known["last"],
        "fullName": f"{known['first']} {known['last']}",
        "jobTitle": {"title": known["title"], "departments": [], "seniority": "Other"},
        "location": {"country": "United States", "countryIso2": "US", "city": known["city"], "isEuContact": False},
        "tags": [],
        "emails": emails if known["email"] and "emails" in reveal else [],
        "phones": phones if "phones" in reveal else [],
        "company": {"name": known["company"], "domain": known["company_domain"]},
        "socialLinks": {"linkedin": f"https://www.linkedin.com/in/{known['profile']}"},
        "previousEmployment": [],
        "updateDate": "2026-10-01",
    }


def result(book: Book, asked: dict[str, Any], reveal: list[str]) -> dict[str, Any]:
    """What is said of one person."""
    row, told = place(book, asked), {"clientReferenceId": asked.get("clientReferenceId")}
    if row is None:
        return {**told, "error": {"code": "NOT_FOUND", "message": "Contact not found"}}
    if book.frame["is_refused"][row]:
        return {**told, "error": {"code": "COMPLIANCE_RESTRICTED", "message": "Contact is restricted"}}
    return {**told, **profile(book, row, reveal)}


def credits_of(found: dict[str, Any]) -> int:
    return 0 if "error" in found else SEARCH + sum(n for name, n in REVEALED.items() if found[name])


def search_and_enrich(call: Call, desk: Desk) -> Reply:
    """POST /v3/contacts/search-and-enrich."""
    contacts, reveal = call.json.get("contacts"), call.json.get("reveal") or []
    if not is_batch(contacts, MOST):
        return refused(400, "Invalid request parameters")
    question, book = question_id([NAME, contacts, reveal]), desk.book(PEOPLE)
    results = [result(book, asked, reveal) for asked in contacts]
    if len(results) == 1 and results[0].get("error", {}).get("code") == "COMPLIANCE_RESTRICTED":
        reply = refused(451, "Request blocked due to GDPR regulations")
        return Reply(reply.status, reply.body, question=question, is_answer=True)
    spent, found = sum(map(credits_of, results)), sum("error" not in one for one in results)
    billing = {"creditsCharged": spent, "resultsReturned": found}
    content = {"requestId": question, "results": results, "billing": billing}
    return Reply.of(200, content, question=question, records=found, price=spent * CREDIT, is_answer=True)


def account(call: Call, desk: Desk) -> Reply:
    """GET /v3/account/usage."""
    return Reply.of(200, {"credits": {"total": 10_000, "used": 0, "remaining": 10_000}})


def usage(limit: Limit, used: int, reset: float) -> dict[str, str]:
    """Headers about the day."""
    if limit.seconds != DAY:
        return {}
    left = max(0, limit.calls - used)
    return {
        "x-rate-limit-daily": str(limit.calls),
        "x-daily-requests-left": str(left),
        "x-daily-usage": str(used),
    }


SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("api_key"),
    routes={
        ("POST", "/v3/contacts/search-and-enrich"): Route(
            "contacts_search_and_enrich", search_and_enrich, ("results",), "jobTitle"
        ),
        ("GET", "/v3/account/usage"): Route("account", account, (), "credits"),
    },
    limits=(Limit(25, 1), Limit(5_000, DAY)),
    denied=lambda: refused(401, "Invalid API key"),
    too_fast=lambda limit, wait, endpoint: refused(
        429, "Too many requests. Please wait before making another request."
    ),
    used_up=lambda: refused(402, "Insufficient credits for this operation"),
    failed=lambda: refused(500, "Internal server error. Please try again later."),
    unknown=lambda: refused(404, "Resource not found"),
    catalogues=(PEOPLE,),
    usage=usage,
)
