"""Hunter's enrichment: an e-mail by name and employer, whether one arrives, a company's domain by its name.

Some people have asked not to be listed and are refused with 451. A verification may still run: then the same call is
a 202 until it is done.
"""

from decimal import Decimal

from dagster_project.sandbox.api.calls import Call, Limit, Reply, Route, question_id
from dagster_project.sandbox.api.desk import Desk
from dagster_project.sandbox.api.hunter_records import (
    COMPANIES,
    COMPANY,
    CREDIT,
    FOUND,
    NAME,
    PEOPLE,
    VERIFIED,
    error,
)
from dagster_project.sandbox.api.identities import business, chance, person

# Shares of people who are refused, and of e-mails that take a while to verify.
CLAIMED, LATER = 0.02, 0.25


def claimed(email: str) -> bool:
    return chance(NAME, "claimed", email) < CLAIMED


def refusal() -> Reply:
    return error(451, "claimed_email", "The person behind this email address has asked us not to process their data")


def finder(call: Call, desk: Desk) -> Reply:
    """GET /v2/email-finder; nobody is a 200 without an e-mail, which costs nothing."""
    told, book = call.params, desk.book(PEOPLE)
    first, last = told.get("first_name", ""), told.get("last_name", "")
    if not (first and last) or not (told.get("domain") or told.get("company")):
        return error(400, "wrong_params", "You are missing the domain or the name")
    place = person(book, first=first, last=last, domain=told.get("domain", ""), company=told.get("company", ""))
    if place is not None and claimed(book.frame["key"][place]):
        return refusal()
    found = book.render([place], FOUND)[0] if place is not None else '{"email":null,"score":null}'
    question = question_id([NAME, "email_finder", dict(told)])
    price = CREDIT if place is not None else Decimal(0)
    return Reply.page(f'{{"data":{found},"meta":{{"params":{{}}}}}}', question, "", int(place is not None), price=price)


def verifier(call: Call, desk: Desk) -> Reply:
    """GET /v2/email-verifier; of an e-mail that Hunter does not know it cannot tell."""
    email, book = call.params.get("email", "").lower(), desk.book(PEOPLE)
    if "@" not in email:
        return error(400, "wrong_params", "You are missing the email parameter")
    if claimed(email):
        return refusal()
    question = question_id([NAME, "email_verifier", email])
    if chance(NAME, "later", email) < LATER and not is_done(desk, question):
        return Reply.of(202, {"data": None, "meta": {"params": {"email": email}}}, question=question)
    place = person(book, email=email)
    unknown = f'{{"status":"unknown","score":0,"email":"{email}","sources":[]}}'
    found = book.render([place], VERIFIED)[0] if place is not None else unknown
    return Reply.page(f'{{"data":{found},"meta":{{"params":{{}}}}}}', question, "", 1, price=CREDIT)


def is_done(desk: Desk, question: str) -> bool:
    """Whether a verification has ended; it begins when it is first asked for, or when its result is kept no longer."""
    state, _ = desk.promises.poll(NAME, question)
    if state in ("unknown", "expired"):
        desk.promises.make(NAME, None, None, question)
    return state == "ready"


def company_domain(call: Call, desk: Desk) -> Reply:
    """GET /v2/domain-search?company=: the company, without its people."""
    name, book = call.params["company"], desk.book(COMPANIES)
    place = business(book, name=name)
    found = book.render([place], COMPANY)[0][1:-1] if place is not None else '"domain":null,"organization":null'
    question, records = question_id([NAME, "company_domain", name]), int(place is not None)
    content = f'{{"data":{{{found},"emails":[]}},"meta":{{"results":0}}}}'
    return Reply.page(content, question, "", records, per_record=CREDIT)


def account(call: Call, desk: Desk) -> Reply:
    """GET /v2/account: whose key it is."""
    return Reply.of(200, {"data": {"plan_name": "Sandbox", "requests": {"credits": {"used": 0, "available": 1}}}})


ROUTES = {
    ("GET", "/v2/email-finder"): Route("email_finder", finder, ("data",), "email"),
    ("GET", "/v2/email-verifier"): Route(
        "email_verifier", verifier, ("data",), "status", (Limit(10, 1), Limit(300, 60))
    ),
    ("GET", "/v2/account"): Route("account", account, ("data",), "plan_name"),
}
