"""What Hunter knows of companies and people, and how it refuses."""

from decimal import Decimal

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Catalogue
from dagster_project.sandbox.api.calls import Reply
from dagster_project.sandbox.api.wire import View, filled, fixed, number, one_of, text
from dagster_project.sandbox.corruption import blank, draw
from dagster_project.sandbox.providers import band, phones

NAME = "hunter"
KNOWN = {"local_services": 0.4, "healthcare": 0.5, "b2b_saas": 0.9, "ecommerce": 0.8, "real_estate": 0.55}
CREDIT = Decimal("0.025")
HAS_DOMAIN = pl.col("domain").is_not_null() & pl.col("chain").is_null()


def spell_company(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Companies under their domain, with a band of employees."""
    industries = pl.Series([several[0] for several in trades.called(NAME)])
    return pl.DataFrame(
        {
            "key": seen["domain"],
            "name": seen["name"],
            "industry": industries.gather(seen["category_code"]),
            "headcount": band(seen["employees"]),
            "emails": pl.Series(rng.integers(1, 12, seen.height)),
        }
    )


def spell_person(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """People under their e-mail, with how far it was verified."""
    printed = seen.with_columns(phone="direct", shared_phone=pl.lit(None, pl.String))
    return pl.DataFrame(
        {
            "key": seen["work_email"],
            "first": seen["first"],
            "last": seen["last"],
            "title": blank(seen["title"], rng, 0.1),
            "phone": blank(phones(rng, printed), rng, 0.8),
            "domain": seen["domain"],
            "verified": draw(rng, [0, 1, 2], seen.height, [60, 8, 32]),
            "confidence": pl.Series(rng.integers(60, 99, seen.height)),
            "handle_in": blank(seen["work_email"].str.replace_all(r"[@.]", "-"), rng, 0.5),
        }
    )


STATUS = one_of("verified", {0: "valid", 1: "invalid", 2: "accept_all"})
COMPANY_FIELDS = {
    "domain": text("key"),
    "organization": text("name"),
    "industry": text("industry"),
    "headcount": text("headcount"),
    "country": fixed('"US"'),
    "emails_count": filled('{"personal":{},"generic":1,"total":{}}', pl.col("emails") - 1, "emails"),
}
PERSON_FIELDS = {
    "value": text("key"),
    "type": fixed('"personal"'),
    "confidence": number("confidence"),
    "sources": filled(
        '[{"domain":"{}","uri":"https://{}/team","extracted_on":"2026-01-02","last_seen_on":"2026-10-01",'
        '"still_on_page":true}]',
        *("domain", "domain"),
    ),
    "first_name": text("first"),
    "last_name": text("last"),
    "position": text("title"),
    "seniority": fixed("null"),
    "department": fixed("null"),
    "linkedin": filled('"https://www.linkedin.com/in/{}"', "handle_in"),
    "twitter": fixed("null"),
    "phone_number": text("phone"),
    "verification": filled('{"date":"2026-10-02","status":{}}', STATUS),
}
FOUND_FIELDS = {
    "first_name": text("first"),
    "last_name": text("last"),
    "email": text("key"),
    "score": number("confidence"),
    "domain": text("domain"),
    "accept_all": number(pl.col("verified") == 2),
    "position": text("title"),
    "twitter": fixed("null"),
    "linkedin_url": PERSON_FIELDS["linkedin"],
    "phone_number": text("phone"),
    "company": fixed("null"),
    "sources": PERSON_FIELDS["sources"],
    "verification": PERSON_FIELDS["verification"],
}
VERIFIED_FIELDS = {
    "status": STATUS,
    "score": number("confidence"),
    "email": text("key"),
    "accept_all": number(pl.col("verified") == 2),
    "sources": PERSON_FIELDS["sources"],
}
COMPANY, PERSON = View(COMPANY_FIELDS), View(PERSON_FIELDS)
FOUND, VERIFIED = View(FOUND_FIELDS), View(VERIFIED_FIELDS)
COMPANIES = Catalogue(name=NAME, spell=spell_company, reach=KNOWN, knows=HAS_DOMAIN)
PEOPLE = Catalogue(name="hunter_people", spell=spell_person, kind="person", reach=KNOWN)


def error(status: int, kind: str, details: str) -> Reply:
    return Reply.of(status, {"errors": [{"id": kind, "code": status, "details": details}]})
