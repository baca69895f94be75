"""What Apollo knows of companies and people, as its searches and its enrichment show it."""

from decimal import Decimal

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Catalogue
from dagster_project.sandbox.api.keys import hexadecimal, mixed_bits
from dagster_project.sandbox.api.wire import View, array, filled, fixed, nested, number, text
from dagster_project.sandbox.corruption import blank, replace, typos
from dagster_project.sandbox.providers import called, phones, websites

NAME = "apollo"
KNOWN = {"local_services": 0.45, "healthcare": 0.5, "b2b_saas": 0.85, "ecommerce": 0.7, "real_estate": 0.5}
CREDIT = Decimal("0.02")
# A list of texts that the world keeps with bars between them.
BARRED = filled('["{}"]', pl.col("technologies").str.replace_all("|", '","', literal=True)).fill_null("[]")


def ids(numbers: np.ndarray, salt: int) -> pl.Series:
    """24 hexadecimal digits, as Apollo's are."""
    return hexadecimal(mixed_bits(numbers, salt)) + hexadecimal(mixed_bits(numbers, salt + 1)).str.slice(0, 8)


def spell_company(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Companies with bare addresses on the web; one in twenty is an account that the team has saved."""
    n, numbers = seen.height, seen["who"].to_numpy() * 4 + seen["copy"].to_numpy()
    tags = [array([f'"{tag}"' for tag in several]) for several in trades.called(NAME)]
    digits = blank(phones(rng, seen, ["{}{}{}"]), rng, 0.2)
    return pl.DataFrame(
        {
            "key": ids(numbers, 401),
            "name": typos(called(rng, seen, legal=0.3), rng, 0.02),
            "website": blank(websites(rng, seen, moved=0.05, styles=["http://www.{}", "http://{}"]), rng, 0.05),
            "domain": seen["domain"],
            "industry": pl.Series([several[0] for several in trades.called(NAME)]).gather(seen["category_code"]),
            "keywords": pl.Series(tags).gather(seen["category_code"]),
            "digits": digits,
            "has_social": pl.Series(rng.random(n) < 0.7),
            "is_saved": pl.Series(rng.random(n) < 0.05),
        }
    )


def spell_person(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """People, with most of the last name hidden in a search; a key's digits say whose phones are known."""
    key = ids(seen["who"].to_numpy(), 411)
    return pl.DataFrame(
        {
            "key": key,
            "first": seen["first"],
            "last": seen["last"],
            "email": seen["work_email"],
            "direct": replace(seen["direct"], key.str.slice(2, 1) >= "8", seen["direct"].clear(seen.height)),
            "mobile": replace(seen["mobile"], key.str.slice(3, 1) >= "6", seen["mobile"].clear(seen.height)),
            "profile": seen["profile"],
            "company_key": ids(seen["entity"].to_numpy() * 4, 401),
            "hidden": seen["last"].str.slice(0, 2) + "***" + seen["last"].str.slice(-1),
            "title": seen["title"],
            "company": typos(seen["name"], rng, 0.02),
            "domain": seen["domain"],
            "has_email": pl.Series(rng.random(seen.height) < 0.8),
        }
    )


def social(address: str) -> pl.Expr:
    return filled(f'"{address}{{}}"', pl.when("has_social").then("handle"))


PHONE = filled('"+1 {}-{}-{}"', *(pl.col("digits").str.slice(start, size) for start, size in ((0, 3), (3, 3), (6, 4))))
SANITIZED = filled('"+1{}"', "digits")
NULL = fixed("null")
COMPANY_FIELDS = {
    "id": text("key"),
    "name": text("name"),
    "website_url": text("website"),
    "blog_url": NULL,
    "angellist_url": NULL,
    "linkedin_url": social("http://www.linkedin.com/company/"),
    "twitter_url": social("https://twitter.com/"),
    "facebook_url": social("https://facebook.com/"),
    "primary_phone": filled('{"number":{},"source":"Owler","sanitized_number":{}}', PHONE, SANITIZED).fill_null("{}"),
    "languages": fixed('["English"]'),
    "alexa_ranking": NULL,
    "phone": PHONE,
    "linkedin_uid": NULL,
    "founded_year": number("founded"),
    "publicly_traded_symbol": NULL,
    "publicly_traded_exchange": NULL,
    "logo_url": NULL,
    "crunchbase_url": NULL,
    "primary_domain": text("domain"),
    "sanitized_phone": SANITIZED,
    "owned_by_organization_id": NULL,
    "show_intent": fixed("true"),
    "has_intent_signal_account": fixed("false"),
    "intent_signal_account": NULL,
}
PERSON_FIELDS = {
    "id": text("key"),
    "first_name": text("first"),
    "last_name_obfuscated": text("hidden"),
    "title": text("title"),
    "last_refreshed_at": fixed('"2026-11-04T23:20:32.690+00:00"'),
    "has_email": number("has_email"),
    **{f"has_{part}": fixed("true") for part in ("city", "state", "country")},
    "has_direct_phone": fixed('"Maybe"'),
    "organization": filled(
        '{"name":"{}","has_industry":true,"has_phone":true,"has_city":true,"has_state":true,"has_country":true,'
        '"has_zip_code":true,"has_revenue":false,"has_employee_count":true}',
        "company",
    ),
}
# What enrichment tells of a company besides what a search does.
ORGANIZATION_FIELDS = {
    **COMPANY_FIELDS,
    "industry": text("industry"),
    "keywords": pl.col("keywords"),
    "estimated_num_employees": number("employees"),
    "annual_revenue": NULL,
    "street_address": text("new_street"),
    "city": text("city"),
    "state": text("region"),
    "postal_code": text("zip"),
    "country": fixed('"United States"'),
    "technology_names": BARRED,
}
IS_SURE = pl.col("key").str.slice(-1) < "c"
MATCH_FIELDS = {
    "id": text("key"),
    "first_name": text("first"),
    "last_name": text("last"),
    "name": filled('"{} {}"', "first", "last"),
    "linkedin_url": filled('"http://www.linkedin.com/in/{}"', "profile"),
    "title": text("title"),
    "email": text(pl.when("has_email").then("email")),
    "email_status": pl.when("has_email").then(
        pl.when(IS_SURE).then(pl.lit('"verified"')).otherwise(pl.lit('"extrapolated"'))
    ),
    "photo_url": NULL,
    "headline": NULL,
    "organization_id": text("company_key"),
    "organization": nested({"id": text("company_key"), "name": text("company"), "primary_domain": text("domain")}),
    "revealed_for_current_team": fixed("true"),
}


def numbered(kind: str, column: str, position: int) -> pl.Expr:
    """One of a person's numbers as a result gives it; null without one."""
    return filled(
        f'{{"raw_number":{{}},"sanitized_number":{{}},"type_cd":"{kind}","status_cd":"valid_number",'
        f'"confidence_cd":"high","dnc_status_cd":"not_found","position":{position}}}',
        text("+1 " + pl.col(column)),
        text("+1" + pl.col(column)),
    )


NUMBERS = (numbered("work_direct", "direct", 0), numbered("mobile", "mobile", 1))
PHONE_FIELDS = {
    "id": text("key"),
    "status": fixed('"success"'),
    "phone_numbers": filled("[{}]", pl.concat_str(*NUMBERS, separator=",", ignore_nulls=True)),
}
COMPANY, PERSON = View(COMPANY_FIELDS), View(PERSON_FIELDS)
ORGANIZATION, MATCH, PHONES = View(ORGANIZATION_FIELDS), View(MATCH_FIELDS), View(PHONE_FIELDS)
COMPANIES = Catalogue(name=NAME, spell=spell_company, reach=KNOWN, twice=0.03)
PEOPLE = Catalogue(name="apollo_people", spell=spell_person, kind="person", reach=KNOWN)
