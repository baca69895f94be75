"""What the shipped matching models are trained on, made anew: `python -m tests.bench.training_corpus --out FOLDER`.

Invented people, the demo world and synthetic businesses, one record per entity, plus two real lists without labels.
`dagster_project/resolution/models/README.md` says how training reads them.
"""

import argparse
import random
import tempfile
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

import polars as pl

from dagster_project.contracts import STAGED_CONTACTS
from dagster_project.sandbox import names
from dagster_project.sandbox.measure import truth_of
from dagster_project.sandbox.world import make_world, write_world
from dagster_project.sources.files.mapping import load_mapping
from tests import real_sets
from tests.bench.bench_resolution import MAPPINGS, ORG, SHARED, make_synthetic, stage

PEOPLE, SYNTHETIC, DEMO = 15_000, 15_000, 24_000
SEED = 11
REAL = ("openbrewerydb_2026", "restaurants_b")
START = datetime(2026, 1, 1, tzinfo=UTC)

_GIVEN = [given for given, _ in names.GIVEN] + names.STEMS[:60]
_GIVEN += [stem[:3] + ending for stem in names.STEMS[::4] for ending in ("a", "ie", "on", "en")]
_FAMILY = names.SURNAMES + [stem + ending for stem in names.STEMS for ending in names.ENDINGS]
_TOWNS = [stem + ending for stem in names.STEMS[::2] for ending in ("ville", "ton", "field", " City")]
_STREETS = [f"{name.lower()} {kind}" for name in names.STREETS for kind in ("st", "ave", "rd", "dr", "ln")]
_TRADES = ["Group", "Dental", "Software", "Partners", "Foods", "Realty"]


def invented_people(count: int, seed: int) -> pl.DataFrame:
    """People with everything a source may know of one; common names are common, as in life."""
    dice = random.Random(seed)
    family = dice.sample(_FAMILY, len(_FAMILY))
    employers = [dice.choice(names.STEMS) + dice.choice(names.ENDINGS) for _ in range(count // 7)]
    rows = [_person(n, dice, family, employers) for n in range(count)]
    return STAGED_CONTACTS.conform(pl.DataFrame(rows, infer_schema_length=None))


def _person(number: int, dice: random.Random, family: list[str], employers: list[str]) -> dict[str, Any]:
    first, last = _common(_GIVEN, dice), _common(family, dice)
    town, place = _common(_TOWNS, dice), dice.randrange(len(employers))
    company = employers[place]
    own = f"{company.lower()}{place % 37 or ''}.com"
    domain = own if dice.random() < 0.6 else dice.choice(["gmail.com", "yahoo.com", "outlook.com"])
    local = dice.choice([f"{first}.{last}", f"{first[0]}{last}", first, f"{first[0]}.{last}", f"{first}{number % 97}"])
    return {
        "org_id": ORG,
        "record_id": f"p{number}",
        "provider": "invented",
        "provider_key": str(number),
        "source": "invented",
        "partition_date": START.date(),
        "fetched_at": START,
        "payload_hash": "0",
        "provenance": "{}",
        "consent": "unknown",
        "first_name": first,
        "last_name": last,
        "name_key": f"{first} {last}".lower(),
        "email": f"{local}@{domain}".lower(),
        "email_domain": own if domain == own else None,
        "phone_key": str(dice.randrange(2 * 10**9, 10**10)),
        "linkedin": f"https://www.linkedin.com/in/{first}-{last}-{dice.randrange(10**4)}".lower(),
        "date_of_birth": date(1935, 1, 1) + timedelta(dice.randrange(26_000)),
        "national_id": str(dice.randrange(10**6, 10**7)),
        "house_number": str(int(dice.paretovariate(0.8) * 10) % 2_000),
        "street": dice.choice(_STREETS),
        "city": town,
        "postal": f"{_TOWNS.index(town) + 100}{dice.randrange(20):02d}",
        "country": "US",
        "company_name": f"{company} {_TRADES[place % len(_TRADES)]}",
        "company_domain": own,
    }


def _common(words: list[str], dice: random.Random) -> str:
    """A word drawn by Zipf's law with a flat head, as names are: of 200 given names the first is 4 in 100 people's."""
    return dice.choices(words, cum_weights=_cumulative(len(words)))[0]


@cache
def _cumulative(count: int) -> list[float]:
    return list(accumulate(1 / (place + 8) for place in range(count)))


def demo_businesses(folder: Path) -> pl.DataFrame:
    """One record per business of the demo world, with a registration number or an e-mail where one has it."""
    world = make_world(DEMO, seed=3)
    files = write_world(world, folder / "world")
    mappings = ("demo_places", "demo_directory", "demo_crm", "demo_registry")
    staged = pl.concat(pl.read_parquet(stage(files[m], load_mapping(m, [MAPPINGS]), folder)) for m in mappings)
    known = staged.join(truth_of(world.truth, ORG, "business"), on="record_id")
    bare = pl.col("registration_id").is_null() & pl.col("email").is_null()
    mixed = known.sample(fraction=1, shuffle=True, seed=SEED).sort(bare, maintain_order=True)
    return mixed.unique("entity_id", keep="first", maintain_order=True).drop("entity_id")


def synthetic_businesses(folder: Path) -> pl.DataFrame:
    """One record per synthetic business."""
    made = make_synthetic(4 * SYNTHETIC, SEED, folder)
    truth = pl.read_parquet(made).select(pl.col("unique_id").cast(pl.String).alias("provider_key"), "cluster")
    staged = pl.read_parquet(stage(made, load_mapping("synthetic_businesses", [MAPPINGS]), folder))
    known = staged.join(truth, on="provider_key")
    return known.unique("cluster", keep="first", maintain_order=True).drop("cluster").head(SYNTHETIC)


def main() -> None:
    """Write the corpus: people, demo and synthetic (one record per entity), and the real lists."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    invented_people(PEOPLE, SEED).write_parquet(out / "people.parquet")
    with tempfile.TemporaryDirectory() as folder:
        demo_businesses(Path(folder)).write_parquet(out / "demo.parquet")
        synthetic_businesses(Path(folder)).write_parquet(out / "synthetic.parquet")
        for name in REAL:
            file = real_sets.file_of(SHARED, name)
            pl.read_parquet(stage(file, load_mapping(name, [MAPPINGS]), Path(folder))).write_parquet(
                out / f"{name}.parquet"
            )


if __name__ == "__main__":
    main()
