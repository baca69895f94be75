"""Records per second of `normalize`: without phones, with phones, and per field.

    python -m tests.bench.bench_normalize [--rows 300000]

Businesses are made here from a seed. Of the phones, 60% are distinct and the rest repeat them; "abroad" are German and
British numbers, which all go through `phonenumbers`.
"""

import argparse
import os
import platform
import random
import resource
import time
from collections.abc import Callable
from datetime import UTC, date, datetime

import polars as pl

from dagster_project.contracts import FIELDS
from dagster_project.normalize import addresses, domains, emails, names, normalize, phones, places, values

SEED = 7
DISTINCT_PHONES = 0.6
FIRST = ["Oak", "Blue", "North", "St. Mary's", "O'Neill", "Café", "Golden", "Müller", "First", "Joe's", "ACME", "Lake"]
SECOND = ["Dental", "Brewing", "Plumbing", "Software", "Market", "Realty", "Bakery", "Health", "Systems", "& Sons"]
SUFFIX = ["", "", "LLC", "Inc.", "Co", "Ltd", "GmbH"]
STREETS = ["Main Street", "N. Clark St", "West Madison Avenue", "Elm Rd", "2nd Ave", "Martin Luther King Blvd"]
CITIES = ["Chicago", "SPRINGFIELD", "New York", "los angeles", "Saint Paul", "Boise"]
STATES = ["Illinois", "IL", "NY", "California", "Minnesota", "ID"]


def businesses(rows: int) -> dict[str, list[str | None]]:
    """Field values of `rows` businesses, the same for the same number."""
    r = random.Random(SEED)
    tokens = ["".join(r.choices("abcdefghiklmnoprstu", k=r.randint(4, 9))).title() for _ in range(20_000)]
    named = [f"{r.choice(FIRST)} {r.choice(tokens)} {r.choice(SECOND)} {r.choice(SUFFIX)}".strip() for _ in range(rows)]
    sites = [f"{r.choice(tokens)}{r.choice(tokens)}.{r.choice(['com', 'net', 'co.uk', 'io'])}" for _ in range(rows)]
    return {
        "name": [name.upper() if r.random() < 0.1 else name for name in named],
        "website": [f"https://www.{site}/" if r.random() < 0.7 else None for site in sites],
        "email": [f"{r.choice(['info', 'ann.lee', 'Sales'])}@{site}" if r.random() < 0.5 else None for site in sites],
        "address_line1": [f"{r.randint(1, 9999)} {r.choice(tokens)} {r.choice(STREETS)}" for _ in range(rows)],
        "city": r.choices(CITIES, k=rows),
        "region": r.choices(STATES, k=rows),
        "postal": [f"{r.randint(501, 99999)}" for _ in range(rows)],
        "country": r.choices(["US", "United States", "USA"], k=rows),
        "lat": [f"{r.uniform(25, 49):.5f}" for _ in range(rows)],
        "lon": [f"{r.uniform(-124, -68):.5f}" for _ in range(rows)],
        "rating": [f"{r.uniform(1, 5):.1f}" for _ in range(rows)],
        "review_count": [str(r.randint(0, 900)) for _ in range(rows)],
        "employees": r.choices(["1-10", "37", "201-500", None], k=rows),
    }


def american_phones(rows: int) -> list[str]:
    """Numbers of the North American plan in five ways of writing."""
    r = random.Random(SEED)
    forms = ["{}{}{}", "({}) {}-{}", "{}-{}-{}", "+1 {} {} {}", "{}.{}.{}"]
    return _repeated(
        r,
        rows,
        lambda: r.choice(forms).format(r.randint(201, 989), r.randint(200, 999), f"{r.randint(0, 9999):04d}"),
    )


def foreign_phones(rows: int) -> list[str]:
    """German and British numbers in international form."""
    r = random.Random(SEED)
    return _repeated(r, rows, lambda: f"{r.choice(['+49 30', '+44 20 7'])}{r.randint(100000, 999999)}")


def _repeated(r: random.Random, rows: int, make: Callable[[], str]) -> list[str]:
    distinct = [make() for _ in range(int(rows * DISTINCT_PHONES))]
    return distinct + r.choices(distinct, k=rows - len(distinct))


def extracted(fields: dict[str, list[str | None]]) -> pl.DataFrame:
    """The fields as `extract` would give them."""
    rows = len(fields["name"])
    given = [pl.Series(f, fields.get(f, [None] * rows), dtype=pl.String) for f in FIELDS["business"]]
    ids = pl.int_range(rows, eager=True).cast(pl.String)
    return pl.DataFrame(given).select(
        pl.lit("default").alias("org_id"),
        pl.lit("bench").alias("provider"),
        ids.alias("provider_key"),
        ("00000000-0000-5000-8000-" + ids.str.zfill(12)).alias("record_id"),
        pl.lit("business").alias("kind"),
        pl.lit("bench").alias("source"),
        pl.lit(date(2026, 1, 1)).alias("partition_date"),
        pl.lit(datetime(2026, 1, 1, tzinfo=UTC)).cast(pl.Datetime("us", "UTC")).alias("fetched_at"),
        ids.alias("payload_hash"),
        ("file bench.csv line " + ids).alias("query"),
        pl.all(),
    )


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of some work; on a busy machine only the second says what the work costs."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def per_field(frame: pl.DataFrame, american: pl.Series) -> dict[str, Callable[[], object]]:
    """One reading per field, on one thread, for the table of single fields."""
    country = places.country(frame["country"])
    return {
        "name, display": lambda: names.display(frame["name"]),
        "name, key": lambda: names.company_key(frame["name"]),
        "website": lambda: domains.read(frame["website"]),
        "email": lambda: emails.read(frame["email"]),
        "street": lambda: addresses.lines(frame["address_line1"], frame["address_line2"], country),
        "city": lambda: places.city(frame["city"], country),
        "region": lambda: places.region(frame["region"], country),
        "postal": lambda: places.postal(frame["postal"], country),
        "country": lambda: places.country(frame["country"]),
        "coordinates": lambda: places.coordinates(frame["lat"], frame["lon"]),
        "rating": lambda: values.number(frame["rating"]),
        "phone, US": lambda: phones.read(american, country),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    rows = parser.parse_args().rows
    fields = businesses(rows)
    american = american_phones(rows)
    runs = {
        "without phones": extracted(fields),
        "60% distinct phones, US": extracted(fields | {"phone": american}),
        "60% distinct phones, abroad": extracted(fields | {"phone": foreign_phones(rows)}),
    }
    normalize(runs["without phones"].head(1000), "business")  # loads the word lists
    phones.area_codes()
    print(f"{'run':<30}{'rows':>10}{'wall s':>10}{'CPU s':>10}{'rows/s':>12}{'refused':>10}")
    for name, frame in runs.items():
        phones.parsed.cache_clear()
        results = []
        wall, cpu = seconds(lambda frame=frame, results=results: results.append(normalize(frame, "business")))
        refused = results[0].rejected.height / rows
        print(f"{name:<30}{rows:>10,}{wall:>10.2f}{cpu:>10.2f}{rows / wall:>12,.0f}{refused:>10.1%}")
    print(f"\n{'field':<30}{'CPU ns/row':>10}")
    for name, work in per_field(runs["without phones"], pl.Series(american)).items():
        print(f"{name:<30}{seconds(work)[1] / rows * 1e9:>10,.0f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, polars {pl.__version__}, ",
        end="",
    )
    print(f"Python {platform.python_version()}, peak {peak:,.0f} MB")


if __name__ == "__main__":
    main()
