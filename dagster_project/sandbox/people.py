"""Who works at the businesses of the demo world, as one people file gives them from two vantage points.

A sales tool knows people by their profile and their employer's website; the CRM knows them by e-mail and account. Some
people are in both, written differently; relatives with the same surname at one employer are there to be kept apart.
"""

import numpy as np
import polars as pl

from dagster_project.sandbox import names
from dagster_project.sandbox.corruption import (
    BAD_EMAILS,
    BAD_PHONES,
    blank,
    draw,
    hits,
    mixed,
    nonsense,
    phone_spellings,
    replace,
    shout,
    typos,
    url_spellings,
)
from dagster_project.sandbox.entities import slugs, telephone_numbers

SEEN_TWICE = 0.25
FAMILY_SHARE = 0.05
COLUMNS = [
    "person_id", "first_name", "last_name", "job_title", "work_email", "email_verified", "direct_phone", "mobile",
    "linkedin_url", "employer", "employer_website", "employer_account_id", "consent",
]  # fmt: skip


def make_people(rng: np.random.Generator, entities: pl.DataFrame, count: int, pool: str = "person") -> pl.DataFrame:
    """`count` persons, one row each, at businesses that have a website of their own."""
    employers = entities.filter(pl.col("domain").is_not_null() & pl.col("chain").is_null())
    at = employers[rng.integers(0, employers.height, count)].select("entity", "name", "domain", "city_index")
    given = rng.integers(0, len(names.GIVEN), count)
    family = _surnames(rng, at["entity"])
    people = at.with_columns(
        pl.Series("first", [g for g, _ in names.GIVEN]).gather(given),
        pl.Series("short", [s for _, s in names.GIVEN]).gather(given),
        family.alias("last"),
        draw(rng, names.JOB_TITLES, count).alias("title"),
        draw(rng, ["granted", "unknown", "denied"], count, [55, 38, 7]).alias("consent"),
    )
    numbers = telephone_numbers(pl.concat([at["city_index"], at["city_index"]]), pool)
    return people.with_columns(
        _email(rng, people).alias("work_email"), numbers[:count].alias("direct"), numbers[count:].alias("mobile")
    )


def people_rows(
    rng: np.random.Generator, people: pl.DataFrame, accounts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.Series]:
    """Rows of the people file without their key, and the number of the person each describes.

    `accounts` maps `entity` to the CRM's `account_id`; the CRM's vantage point gives it instead of the website.
    """
    person = np.arange(people.height)
    accounts = accounts.unique("entity", keep="first", maintain_order=True)
    people = people.join(accounts, on="entity", how="left", maintain_order="left")
    from_crm = hits(rng, people.height, 0.45)
    twice = hits(rng, people.height, SEEN_TWICE)
    crm = _from_crm(rng, people.filter(from_crm | twice))
    tool = _from_sales_tool(rng, people.filter(~from_crm | twice))
    numbers = np.concatenate([person[(from_crm | twice).to_numpy()], person[(~from_crm | twice).to_numpy()]])
    order = rng.permutation(len(numbers))
    return pl.concat([crm, tool], how="diagonal_relaxed")[order].select(COLUMNS[1:]), pl.Series(
        "person", numbers[order]
    )


def _from_crm(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    n = people.height
    return pl.DataFrame(
        {
            "first_name": mixed(rng, [people["short"], people["first"]], [1, 1]),
            "last_name": typos(people["last"], rng, 0.02),
            "job_title": blank(people["title"], rng, 0.2),
            "work_email": nonsense(shout(people["work_email"], rng, 0.05), rng, 0.01, BAD_EMAILS),
            "email_verified": draw(rng, ["true", "false"], n, [7, 3]),
            "direct_phone": nonsense(blank(phone_spellings(people["direct"], rng), rng, 0.35), rng, 0.01, BAD_PHONES),
            "mobile": blank(phone_spellings(people["mobile"], rng), rng, 0.8),
            "employer": people["name"],
            # accounts nobody opened leave the website as the only trace of the employer
            "employer_website": replace(
                people["domain"], people["account_id"].is_not_null(), people["domain"].clear(n)
            ),
            "employer_account_id": people["account_id"],
            "consent": people["consent"],
        }
    )


def _from_sales_tool(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    n = people.height
    handle = (
        (slugs(people["first"]) + "-" + slugs(people["last"]) + "-")
        .to_frame("h")
        .with_columns(people["mobile"].str.slice(6).alias("n"))
    )
    profile = "https://www.linkedin.com/in/demo-" + handle["h"] + handle["n"]
    return pl.DataFrame(
        {
            "first_name": people["first"],
            "last_name": shout(typos(people["last"], rng, 0.01), rng, 0.04),
            "job_title": people["title"],
            "work_email": blank(people["work_email"], rng, 0.3),
            "email_verified": draw(rng, ["true", "false"], n, [4, 6]),
            "direct_phone": blank(phone_spellings(people["direct"], rng), rng, 0.75),
            "mobile": blank(phone_spellings(people["mobile"], rng), rng, 0.5),
            "linkedin_url": blank(profile, rng, 0.05),
            "employer": typos(people["name"], rng, 0.02),
            "employer_website": blank(url_spellings(people["domain"], rng), rng, 0.05),
            # denying consent to the CRM is not something the tool would know
            "consent": pl.Series(["unknown"]).new_from_index(0, n),
        }
    )


def _surnames(rng: np.random.Generator, employer: pl.Series) -> pl.Series:
    """Surnames; some employers are family firms where everybody has the same one."""
    own = draw(rng, names.SURNAMES, len(employer))
    family = pl.Series(names.SURNAMES).gather((employer * 7) % len(names.SURNAMES))
    return replace(own, (employer % int(1 / FAMILY_SHARE)) == 0, family)


def _email(rng: np.random.Generator, people: pl.DataFrame) -> pl.Series:
    first, last = slugs(people["first"]), slugs(people["last"])
    local = mixed(rng, [first + "." + last, first.str.slice(0, 1) + last, first], [5, 3, 2])
    # two of one address at one employer: the later one gets a number, as mail administrators do
    address = pl.DataFrame({"local": local, "domain": people["domain"]})
    twin = address.select(pl.int_range(pl.len()).over("local", "domain")).to_series()
    return replace(local + (twin + 1).cast(pl.String), twin == 0, local) + "@" + people["domain"]
