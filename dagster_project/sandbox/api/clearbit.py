"""Clearbit: people by e-mail or name, companies by domain, domains by name; some answers come later, by webhook.

All of its hosts are one here. A call with a `webhook_id` that is promised an answer is charged at once with what that
will bring; the same call without the id asks for what was promised, and costs nothing.
"""

import math
from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import polars as pl

from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, Service, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.identities import business, chance, person
from dagster_project.sandbox.api.keys import uuids
from dagster_project.sandbox.api.wire import View, filled, fixed, nested, number, text
from dagster_project.sandbox.corruption import blank
from dagster_project.sandbox.providers import phones

NAME = "clearbit"
KNOWN = {"local_services": 0.35, "healthcare": 0.45, "b2b_saas": 0.9, "ecommerce": 0.8, "real_estate": 0.45}
FIND, PROSPECT, DOMAIN = Decimal("0.10"), Decimal("0.15"), Decimal("0.02")
# Share of the people and companies whose answer comes later.
LATER = 0.25


def spell_company(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Companies with their true names and sizes; a chain's shops are not told apart."""
    return pl.DataFrame(
        {
            "key": uuids(seen["who"].to_numpy(), 701),
            "name": seen["name"],
            "domain": seen["domain"],
            "category": seen["category"].str.replace_all("_", " ").str.to_titlecase(),
            "phone": blank(phones(rng, seen, ["+1 {}-{}-{}"]), rng, 0.2),
            "has_count": pl.Series(rng.random(seen.height) < 0.85),
            "has_social": pl.Series(rng.random(seen.height) < 0.8),
        }
    )


def spell_person(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """People with their e-mail at work."""
    return pl.DataFrame(
        {
            "key": uuids(seen["who"].to_numpy(), 711),
            "first": seen["first"],
            "last": seen["last"],
            "title": blank(seen["title"], rng, 0.1),
            "email": seen["work_email"],
            "profile": blank(seen["profile"], rng, 0.3),
            "company": seen["name"],
            "domain": seen["domain"],
        }
    )


NULL = fixed("null")
NAMES = nested({"fullName": filled('"{} {}"', "first", "last"), "givenName": text("first"), "familyName": text("last")})
PERSON = View(
    {
        "id": text("key"),
        "name": NAMES,
        "email": text("email"),
        "employment": nested({"domain": text("domain"), "name": text("company"), "title": text("title")}),
        "linkedin": nested({"handle": filled('"in/{}"', "profile")}),
        "fuzzy": fixed("false"),
    }
)
PROSPECTS = View({"id": text("key"), "name": NAMES, "title": text("title"), "email": text("email")})
HANDLE = text(pl.when("has_social").then("handle"))
TECHNOLOGIES = filled(
    '["{}"]', pl.col("technologies").str.replace_all(" ", "_").str.replace_all("|", '","', literal=True)
)
COMPANY = View(
    {
        "id": text("key"),
        "name": text("name"),
        "domain": text("domain"),
        "category": nested({"industry": text("category")}),
        "tags": fixed("[]"),
        "foundedYear": number("founded"),
        "geo": nested({"city": text("city"), "stateCode": text("state"), "postalCode": text("zip"), "country": NULL}),
        "metrics": nested({"employees": number(pl.when("has_count").then("employees")), "annualRevenue": NULL}),
        "facebook": nested({"handle": HANDLE}),
        "linkedin": nested({"handle": filled('"company/{}"', pl.when("has_social").then("handle"))}),
        "twitter": nested({"handle": HANDLE}),
        "phone": text("phone"),
        "tech": TECHNOLOGIES.fill_null("[]"),
    }
)
NAMED = View({"domain": text("domain"), "logo": NULL, "name": text("name")})
HAS_DOMAIN = pl.col("domain").is_not_null()
COMPANIES = Catalogue(name=NAME, spell=spell_company, reach=KNOWN, knows=HAS_DOMAIN)
PEOPLE = Catalogue(name="clearbit_people", spell=spell_person, kind="person", reach=KNOWN)


def error(status: int, kind: str, message: str, **more: Any) -> Reply:
    return Reply.of(status, {"error": {"type": kind, "message": message}}, **more)


def nobody(question: str) -> Reply:
    return error(404, "unknown_record", "Unknown record", question=question, is_answer=True)


def find_person(call: Call, desk: Desk) -> Reply:
    """GET /v2/people/find?email=."""
    email, book = call.params.get("email", ""), desk.book(PEOPLE)
    if "@" not in email:
        return error(422, "params_invalid", "Email is required")
    return found(call, desk, ("person", email), book, person(book, email=email), PERSON)


def find_company(call: Call, desk: Desk) -> Reply:
    """GET /v2/companies/find?domain=."""
    domain, book = call.params.get("domain", ""), desk.book(COMPANIES)
    if not domain:
        return error(422, "params_invalid", "Domain is required")
    return found(call, desk, ("company", domain), book, business(book, domain=domain), COMPANY)


def found(call: Call, desk: Desk, asked: tuple[str, str], book: Book, place: int | None, view: View) -> Reply:
    """Who was found, now or later."""
    question = question_id([NAME, *asked])
    record = book.render([place], view)[0] if place is not None else None
    if chance(NAME, "later", *asked) < LATER:
        webhook_id = call.params.get("webhook_id")
        state, kept = desk.promises.poll(NAME, question)
        if webhook_id is None and state in ("pending", "ready"):
            return queued(question) if state == "pending" else kept_answer(question, kept)
        body = orjson.loads(record) if record else None
        delivery = {"id": webhook_id, "type": asked[0], "status": 200 if body else 404, "body": body}
        desk.promises.make(NAME, body, delivery, question)
        return queued(question, price=FIND if body else Decimal(0), is_answer=True)
    return Reply.page(record, question, "", 1, price=FIND) if record else nobody(question)


def queued(question: str, **more: Any) -> Reply:
    return error(202, "queued", "Your request is being processed", question=question, **more)


def kept_answer(question: str, content: Any) -> Reply:
    """What was promised, which is paid for."""
    return Reply.of(200, content, question=question) if content else nobody(question)


def prospect(call: Call, desk: Desk) -> Reply:
    """GET /v1/people/search?domain=&name=: a list, which costs by the person."""
    domain, (first, _, last) = call.params.get("domain", ""), call.params.get("name", "").partition(" ")
    if not domain:
        return error(422, "params_invalid", "Domain is required")
    book = desk.book(PEOPLE)
    place = person(book, first=first, last=last, domain=domain)
    records = book.render([place], PROSPECTS) if place is not None else []
    question = question_id([NAME, "prospect", domain, first, last])
    return Reply.page(f"[{','.join(records)}]", question, "", len(records), per_record=PROSPECT)


def name_to_domain(call: Call, desk: Desk) -> Reply:
    """GET /v1/domains/find?name=."""
    name, book = call.params.get("name", ""), desk.book(COMPANIES)
    if not name:
        return error(422, "params_invalid", "Name is required")
    place, question = business(book, name=name), question_id([NAME, "domain", name])
    if place is None:
        return nobody(question)
    return Reply.page(book.render([place], NAMED)[0], question, "", 1, price=DOMAIN)


SERVICE = Service(
    name=NAME,
    key=lambda call: call.headers.get("authorization", "").removeprefix("Bearer "),
    routes={
        ("GET", "/v2/people/find"): Route("person_find", find_person, (), "title"),
        ("GET", "/v1/people/search"): Route("prospect", prospect, (), "title"),
        ("GET", "/v2/companies/find"): Route("company_find", find_company, (), "name"),
        ("GET", "/v1/domains/find"): Route("name_to_domain", name_to_domain, (), "domain"),
    },
    limits=(Limit(600, 60),),
    denied=lambda: error(401, "auth_invalid", "Invalid API key provided"),
    too_fast=lambda limit, wait, endpoint: error(
        429, "rate_limit", "Too many requests", headers={"retry-after": str(math.ceil(wait))}
    ),
    used_up=lambda: error(402, "over_quota", "You have used up your plan's allowance"),
    failed=lambda: error(500, "internal_error", "Something went wrong"),
    unknown=lambda: error(404, "not_found", "No such address"),
    catalogues=(COMPANIES, PEOPLE),
)
