"""ZoomInfo's older API: a user and a password are exchanged for a token of an hour; 25 matches in a call."""

import base64
import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import orjson

from dagster_project.sandbox.api import identities
from dagster_project.sandbox.api.book import Book
from dagster_project.sandbox.api.calls import Call, Handler, Limit, Reply, Route, Service, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.identities import is_batch, known_of
from dagster_project.sandbox.api.zoominfo_records import COMPANIES, PEOPLE, company, contact, employer

NAME = "zoominfo"
MOST = 25
CONTACT, COMPANY = Decimal("0.60"), Decimal("0.30")
TOKEN_SECONDS = 3_600


def error(status: int, code: str, is_retryable: bool, **headers: str) -> Reply:
    content = {"code": code, "message": "The request failed", "retryable": is_retryable, "requestId": "sandbox"}
    return Reply.of(status, {"error": content}, headers=headers)


def denied() -> Reply:
    return error(401, "ZI0001", False)


def token(key: str, expires_at: int) -> str:
    """A token of the shape of a JWT; the key of a sandbox is no secret and stands in it."""
    content = base64.urlsafe_b64encode(orjson.dumps({"sub": key, "exp": expires_at})).decode()
    return f"e30.{content}.{_signature(content)}"


def claims(call: Call) -> dict[str, Any]:
    """What the call's token says; empty without one that was given here."""
    _, content, signature, *_ = f"{call.headers.get('authorization', '')}..".split(".")
    return orjson.loads(base64.urlsafe_b64decode(content)) if signature == _signature(content) else {}


def _signature(content: str) -> str:
    return hashlib.blake2b(content.encode(), digest_size=16, key=b"sandbox").hexdigest()


def key_of(call: Call) -> str | None:
    """The key that stands in the token, or is exchanged for one: user and password, or a user alone."""
    if call.path != "/authenticate":
        return claims(call).get("sub")
    return f"{call.json.get('username', '')}:{call.json.get('password', '')}".removesuffix(":")


def authenticate(call: Call, desk: Desk) -> Reply:
    """POST /authenticate."""
    return Reply.of(200, {"jwt": token(key_of(call) or "", int(desk.clock()) + TOKEN_SECONDS)})


def in_time(answer: Handler) -> Handler:
    """The handler, for calls whose token has not expired."""

    def checked(call: Call, desk: Desk) -> Reply:
        return answer(call, desk) if desk.clock() < claims(call)["exp"] else denied()

    return checked


def person(book: Book, asked: dict[str, Any]) -> dict[str, Any] | None:
    row = identities.person(
        book,
        email=asked.get("emailAddress", ""),
        first=asked.get("firstName", ""),
        last=asked.get("lastName", ""),
        company=asked.get("companyName", ""),
    )
    return {**contact(found := known_of(book, row)), "company": employer(found)} if row is not None else None


def business(book: Book, asked: dict[str, Any]) -> dict[str, Any] | None:
    """By website, else by name."""
    row = identities.business(book, domain=asked.get("companyWebsite", ""), name=asked.get("companyName", ""))
    return company(known_of(book, row)) if row is not None else None


def chosen(record: dict[str, Any] | None, fields: list[str]) -> list[dict[str, Any]]:
    """The fields that were asked for; those of a contact's company are `company…` and stand in it."""
    if record is None:
        return []
    wanted = {name: value for name, value in record.items() if name in fields}
    inner = {
        name: value
        for name, value in record.get("company", {}).items()
        if f"company{name[0].upper()}{name[1:]}" in fields
    }
    return [{**wanted, **({"company": inner} if inner else {})}]


def enrich(listed: str, find: Callable[[Desk, dict[str, Any]], dict[str, Any] | None], price: Decimal) -> Handler:
    """POST /enrich/contact or /enrich/company; each match costs."""

    def answer(call: Call, desk: Desk) -> Reply:
        inputs, fields = call.json.get(listed), call.json.get("outputFields")
        if not is_batch(inputs, MOST) or not fields:
            return error(400, "ZI0004", False)
        matches = [chosen(find(desk, asked), fields) for asked in inputs]
        results = [
            {"input": asked, "data": match, "matchStatus": "FULL_MATCH" if match else "NO_MATCH"}
            for asked, match in zip(inputs, matches, strict=True)
        ]
        content = {"success": True, "data": {"outputFields": [fields], "result": results}}
        question, found = question_id([NAME, listed, inputs, fields]), sum(map(len, matches))
        return Reply.of(200, content, question=question, records=found, per_record=price, is_answer=True)

    return in_time(answer)


contacts = enrich("matchPersonInput", lambda desk, asked: person(desk.book(PEOPLE), asked), CONTACT)
companies = enrich("matchCompanyInput", lambda desk, asked: business(desk.book(COMPANIES), asked), COMPANY)


def usage(call: Call, desk: Desk) -> Reply:
    """GET /lookup/usage."""
    return Reply.of(200, {"usage": [{"limitType": "recordLimit", "limit": 1_000_000, "currentUsage": 0}]})


def too_fast(limit: Limit, wait: float, endpoint: str) -> Reply:
    return error(429, "ZI0009", True, **{"retry-after": f"{wait:.3f}", "x-ratelimit-rejected-bucket": "second"})


SERVICE = Service(
    name=NAME,
    key=key_of,
    routes={
        ("POST", "/enrich/contact"): Route("contact_enrich", contacts, ("data", "result"), "data"),
        ("POST", "/enrich/company"): Route("company_enrich", companies, ("data", "result"), "data"),
        ("POST", "/authenticate"): Route("authenticate", authenticate, (), "jwt", (Limit(1, 1),)),
        ("GET", "/lookup/usage"): Route("usage", in_time(usage), (), "usage"),
    },
    limits=(Limit(5, 1),),
    denied=denied,
    too_fast=too_fast,
    used_up=lambda: error(429, "ZI0010", False, **{"retry-after": "7200", "x-ratelimit-rejected-bucket": "day"}),
    failed=lambda: error(503, "ZI0099", True),
    unknown=lambda: error(404, "ZI0404", False),
    catalogues=(PEOPLE, COMPANIES),
)
