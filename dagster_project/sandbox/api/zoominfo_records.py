"""What ZoomInfo knows of people and companies, and how a record looks in its older API."""

from typing import Any

import numpy as np
import polars as pl

from dagster_project.sandbox.api import trades
from dagster_project.sandbox.api.book import Catalogue
from dagster_project.sandbox.api.identities import HAS_DOMAIN
from dagster_project.sandbox.corruption import blank, hits, phone_spellings

KNOWN = {"local_services": 0.35, "healthcare": 0.5, "b2b_saas": 0.9, "ecommerce": 0.75, "real_estate": 0.45}
FIRST_PERSON, FIRST_COMPANY = 1_260_000_000, 344_000_000
UPDATED = "10/1/2026 12:00 AM"


def spell_person(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """People with a score, and with numbers of which some must not be called."""
    style = ["({}) {}-{}"]
    return pl.DataFrame(
        {
            "key": (seen["who"] + FIRST_PERSON).cast(pl.String),
            "profile": seen["profile"],
            "first": seen["first"],
            "last": seen["last"],
            "title": blank(seen["title"], rng, 0.05),
            "email": blank(seen["work_email"], rng, 0.1),
            "direct": blank(phone_spellings(seen["direct"], rng, style), rng, 0.3),
            "mobile": blank(phone_spellings(seen["mobile"], rng, style), rng, 0.5),
            "is_barred": hits(rng, seen.height, 0.05),
            "score": pl.Series(rng.integers(75, 100, seen.height)),
            "company": seen["name"],
            "company_domain": seen["domain"],
        }
    )


def spell_company(rng: np.random.Generator, seen: pl.DataFrame) -> pl.DataFrame:
    """Companies with their size; `revenue` is in thousands of USD."""
    return pl.DataFrame(
        {
            "key": (seen["who"] + FIRST_COMPANY).cast(pl.String),
            "called": seen["name"],
            "revenue": pl.Series((seen["employees"].to_numpy() * rng.uniform(60, 200, seen.height)).astype(np.int64)),
            "has_social": hits(rng, seen.height, 0.75),
        }
    )


PEOPLE = Catalogue(name="zoominfo_people", spell=spell_person, kind="person", reach=KNOWN)
COMPANIES = Catalogue(name="zoominfo", spell=spell_company, reach=KNOWN, knows=HAS_DOMAIN)


def contact(person: dict[str, Any]) -> dict[str, Any]:
    """Every output field of a contact that the sandbox has."""
    return {
        "id": int(person["key"]),
        "firstName": person["first"],
        "lastName": person["last"],
        "email": person["email"] or "",
        "phone": person["direct"] or "",
        "directPhoneDoNotCall": person["is_barred"],
        "mobilePhone": person["mobile"] or "",
        "mobilePhoneDoNotCall": person["is_barred"],
        "jobTitle": person["title"] or "",
        "city": person["city"],
        "state": person["region"],
        "zipCode": person["zip"],
        "country": "United States",
        "externalUrls": [{"type": "linkedin.com", "url": f"https://www.linkedin.com/in/{person['profile']}"}],
        "contactAccuracyScore": person["score"],
        "lastUpdatedDate": UPDATED,
    }


def employer(person: dict[str, Any]) -> dict[str, Any]:
    """The contact's company, whose output fields are `companyId`, `companyName` and `companyWebsite`."""
    name, website = person["company"], f"www.{person['company_domain']}"
    return {"id": FIRST_COMPANY + person["entity"], "name": name, "website": website}


def company(business: dict[str, Any]) -> dict[str, Any]:
    """Every output field of a company that the sandbox has."""
    handle = business["handle"]
    social = {
        "LINKED_IN": f"https://www.linkedin.com/company/{handle}",
        "FACEBOOK": f"https://www.facebook.com/{handle}",
    }
    return {
        "id": int(business["key"]),
        "name": business["called"],
        "website": f"www.{business['domain']}",
        "city": business["city"],
        "state": business["region"],
        "zipCode": business["zip"],
        "country": "United States",
        "socialMediaUrls": [{"type": kind, "url": url} for kind, url in social.items() if business["has_social"]],
        "revenue": business["revenue"],
        "employeeCount": business["employees"],
        "foundedYear": business["founded"],
        "primaryIndustry": trades.called("pdl")[business["category_code"]][:1],
        "lastUpdatedDate": UPDATED,
    }
