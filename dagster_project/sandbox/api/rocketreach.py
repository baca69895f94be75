"""RocketReach v2: one person a call. A share of the profiles is in progress first, then polled for or delivered."""

from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.identities import known_of, person
from dagster_project.sandbox.corruption import blank, draw, hits

NAME = "rocketreach"
PRICE = Decimal("0.30")
KNOWN = {"local_services": 0.45, "healthcare": 0.55, "b2b_saas": 0.9, "ecommerce": 0.75, "real_estate": 0.55}
# Of the profiles, those whose e-mails have to be verified anew.
IN_PROGRESS = 0.2
ASKED_BY = {"email", "linkedin_url", "name", "current_employer"}


def spell(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """People with a graded e-mail or none, and some phones."""
    n = seen.height
    return pl.DataFrame(
        {
            "key": (seen["who"] + 5_000_001).cast(pl.String),
            "profile": seen["profile"],
            "called": seen["first"] + " " + seen["last"],
            "title": seen["title"],
            "email": blank(seen["work_email"], rng, 0.15),
            "grade": draw(rng, ["A", "A-", "B", "C"], n, [5, 3, 1, 1]),
            "smtp_valid": draw(rng, ["valid", "accept-all", "unknown", "invalid"], n, [70, 18, 8, 4]),
            "direct": blank("+1" + seen["direct"], rng, 0.5),
            "mobile": blank("+1" + seen["mobile"], rng, 0.6),
            "company": seen["name"],
            "company_domain": seen["domain"],
            "is_slow": hits(rng, n, IN_PROGRESS),
        }
    )


PEOPLE = Catalogue(name=NAME, spell=spell, kind="person", reach=KNOWN)


def refused(status: int, detail: str, **headers: str) -> Reply:
    return Reply.of(status, {"detail": detail}, headers=headers)


def profile(book: Book, row: int) -> dict[str, Any]:
    """A complete profile."""
    known = known_of(book, row)
    email = {"email": known["email"], "smtp_valid": known["smtp_valid"], "type": "professional"}
    email |= {"last_validation_check": "2026-10-01T12:00:00Z", "grade": known["grade"]}
    kinds = {"direct": "direct dial", "mobile": "mobile"}
    phones = [{"number": known[kind], "type": kinds[kind], "grade": "A"} for kind in kinds if known[kind]]
    return {
        "id": int(known["key"]),
        "status": "complete",
        "name": known["called"],
        "linkedin_url": f"https://www.linkedin.com/in/{known['profile']}",
        "current_title": known["title"],
        "current_employer": known["company"],
        "current_employer_domain": known["company_domain"],
        "city": known["city"],
        "region": known["state"],
        "country_code": "US",
        "emails": [email] if known["email"] else [],
        "phones": phones,
    }


def unfinished(number: int) -> dict[str, Any]:
    return {"id": number, "status": "progress", "emails": [], "phones": []}


def person_lookup(call: Call, desk: Desk) -> Reply:
    """GET /api/v2/person/lookup. A person who is known costs, whether the profile is complete yet or not."""
    asked = {name: value for name, value in call.params.items() if name in ASKED_BY and value}
    if not asked:
        return refused(400, "An id, an email, a linkedin_url, or a name with a current_employer is required")
    book, question = desk.book(PEOPLE), question_id([NAME, asked])
    first, _, last = asked.get("name", "").partition(" ")
    row = person(
        book,
        email=asked.get("email", ""),
        profile=asked.get("linkedin_url", ""),
        first=first,
        last=last,
        company=asked.get("current_employer", ""),
    )
    if row is None:
        return Reply.of(404, {"detail": "Not found."}, question=question, is_answer=True)
    found = profile(book, row)
    if book.frame["is_slow"][row] and not is_verified(desk, found):
        found = unfinished(found["id"])
    return Reply.of(200, found, question=question, records=1, price=PRICE, is_answer=True)


def is_verified(desk: Desk, found: dict[str, Any]) -> bool:
    """Whether the e-mails of a profile have been verified; that begins with the first lookup."""
    number = str(found["id"])
    state, _ = desk.promises.poll(NAME, number)
    if state == "unknown":
        desk.promises.make(NAME, content=found, delivery=found, request_id=number)
    return state not in ("unknown", "pending")


def check_status(call: Call, desk: Desk) -> Reply:
    """GET /api/v2/person/checkStatus, which costs nothing."""
    numbers = [number for number in call.params.get("ids", "").split(",") if number]
    states = [desk.promises.poll(NAME, number) for number in numbers]
    if not states or any(state in ("unknown", "expired") for state, _ in states):
        return refused(404, "Not found.")
    found = [content or unfinished(int(number)) for number, (_, content) in zip(numbers, states, strict=True)]
    is_answer = all(content for _, content in states)
    question = question_id([NAME, "status", numbers])
    return Reply.of(200, found, question=question, records=len(found) if is_answer else 0, is_answer=is_answer)


def account(call: Call, desk: Desk) -> Reply:
    """GET /api/v2/account/."""
    return Reply.of(200, {"id": 1, "state": "registered", "credit_usage": [], "rate_limits": []})


SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("api-key"),
    routes={
        ("GET", "/api/v2/person/lookup"): Route("person_lookup", person_lookup, (), "status"),
        ("GET", "/api/v2/person/checkStatus"): Route("check_status", check_status, (), "status"),
        ("GET", "/api/v2/account/"): Route("account", account, (), "state"),
    },
    limits=(Limit(10, 1),),
    denied=lambda: refused(401, "Invalid API key"),
    too_fast=lambda limit, wait, endpoint: refused(
        429, "Request was throttled.", **{"retry-after": str(max(1, round(wait)))}
    ),
    used_up=lambda: refused(402, "You have used all of your lookups"),
    failed=lambda: refused(500, "Internal Server Error"),
    unknown=lambda: refused(404, "Not found."),
    catalogues=(PEOPLE,),
)
