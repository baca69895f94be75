"""What People Data Labs knows of companies and people: lower case, states and countries written out."""

from decimal import Decimal

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Catalogue
from dagster_project.sandbox.api.calls import Reply
from dagster_project.sandbox.api.keys import hexadecimal, mixed_bits
from dagster_project.sandbox.api.wire import View, array, filled, fixed, nested, number, text
from dagster_project.sandbox.corruption import blank, typos
from dagster_project.sandbox.entities import slugs
from dagster_project.sandbox.providers import band, called, phones, street_lines

NAME = "pdl"
COMPANY_CREDIT, PERSON_CREDIT = Decimal("0.10"), Decimal("0.28")
KNOWN = {"local_services": 0.4, "healthcare": 0.5, "b2b_saas": 0.9, "ecommerce": 0.75, "real_estate": 0.5}


def error(status: int, kind: str, message: str) -> Reply:
    return Reply.of(status, {"status": status, "error": {"type": kind, "message": message}})


def spell_company(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Everything in lower case, bare domains, no phones."""
    n, code = seen.height, seen["category_code"]
    tags = [array([f'"{tag}"' for tag in several]) for several in trades.called("apollo")]
    street = street_lines(rng, seen.with_columns(unit=pl.lit(None, pl.String)), short=0.3).str.to_lowercase()
    return pl.DataFrame(
        {
            "key": hexadecimal(mixed_bits(seen["who"].to_numpy(), 601)) + "pdlco",
            "name": typos(called(rng, seen, legal=0.2), rng, 0.01).str.to_lowercase(),
            "alias": blank(seen["name"].str.to_lowercase(), rng, 0.7),
            "website": blank(seen["domain"], rng, 0.05),
            "industry": pl.Series([several[0] for several in trades.called("pdl")]).gather(code),
            "tags": pl.Series(tags).gather(code),
            "size": band(seen["employees"]),
            "has_count": pl.Series(rng.random(n) < 0.8),
            "has_social": pl.Series(rng.random(n) < 0.75),
            "street": blank(street, rng, 0.1),
            "suite": blank("ste " + seen["unit"], rng, 0.4),
        }
    )


def spell_person(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Names in lower case, work mail, some mobiles."""
    printed = seen.with_columns(phone="mobile", shared_phone=pl.lit(None, pl.String))
    return pl.DataFrame(
        {
            "key": hexadecimal(mixed_bits(seen["who"].to_numpy(), 611)) + "_0000",
            "first": seen["first"].str.to_lowercase(),
            "last": typos(seen["last"], rng, 0.01).str.to_lowercase(),
            "title": seen["title"].str.to_lowercase(),
            "email": blank(seen["work_email"], rng, 0.2),
            "mobile": blank(phones(rng, printed, ["+1{}{}{}"]), rng, 0.6),
            "profile": slugs(seen["first"]) + "-" + slugs(seen["last"]) + "-" + seen["mobile"].str.slice(6),
            "company": seen["name"].str.to_lowercase(),
            "domain": seen["domain"],
            "company_key": hexadecimal(mixed_bits(seen["entity"].to_numpy(), 601)) + "pdlco",
        }
    )


def lower(column: str) -> pl.Expr:
    return pl.col(column).str.to_lowercase()


def social(address: str) -> pl.Expr:
    return filled(f'"{address}{{}}"', pl.when("has_social").then("handle"))


NULL = fixed("null")
STREET = pl.coalesce(lower("new_street"), "street")
PLACE = filled('"{}, {}, united states"', lower("city"), lower("region"))
COMPANY_FIELDS = {
    "id": text("key"),
    "name": text("name"),
    "alternative_names": filled('["{}"]', "alias").fill_null("[]"),
    "website": text("website"),
    "industry": text("industry"),
    "tags": pl.col("tags"),
    "employee_count": number(pl.when("has_count").then("employees")),
    "size": text("size"),
    "founded": number("founded"),
    "type": fixed('"private"'),
    "ticker": NULL,
    "headline": NULL,
    "summary": NULL,
    "profiles": fixed("[]"),
    "affiliated_profiles": fixed("[]"),
    "linkedin_url": social("linkedin.com/company/"),
    "linkedin_id": NULL,
    "facebook_url": social("facebook.com/"),
    "twitter_url": social("twitter.com/"),
    "location": nested(
        {
            "name": PLACE,
            "locality": text(lower("city")),
            "region": text(lower("region")),
            "metro": NULL,
            "country": fixed('"united states"'),
            "continent": fixed('"north america"'),
            "street_address": text(STREET),
            "address_line_2": text("suite"),
            "postal_code": text("zip"),
            "geo": filled('"{},{}"', pl.col("lat").round(2), pl.col("lon").round(2)),
        }
    ),
}
PERSON_FIELDS = {
    "id": text("key"),
    "full_name": filled('"{} {}"', "first", "last"),
    "first_name": text("first"),
    "last_name": text("last"),
    "sex": NULL,
    "linkedin_url": filled('"linkedin.com/in/{}"', "profile"),
    "linkedin_username": text("profile"),
    "work_email": text("email"),
    "mobile_phone": text("mobile"),
    "phone_numbers": filled('["{}"]', "mobile").fill_null("[]"),
    "job_title": text("title"),
    "job_company_id": text("company_key"),
    "job_company_name": text("company"),
    "job_company_website": text("domain"),
    "job_company_location_locality": text(lower("city")),
    "location_locality": text(lower("city")),
    "location_region": text(lower("region")),
    "location_country": fixed('"united states"'),
    "skills": fixed("[]"),
}
COMPANY, PERSON = View(COMPANY_FIELDS), View(PERSON_FIELDS)
COMPANIES = Catalogue(name="pdl", spell=spell_company, reach=KNOWN)
PEOPLE = Catalogue(name="pdl_people", spell=spell_person, kind="person", reach=KNOWN)
