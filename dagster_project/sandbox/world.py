"""The demo world: invented businesses and people, what four providers, a CRM and a website say of them, and the truth.

`make_world` is a pure function of its arguments: the same seed gives the same bytes. It measures the walk and feeds the
demo; no room of the house imports it. Who exists is made in `entities` and `people`, what goes wrong in `corruption`.

    python -m dagster_project.sandbox.world --records 3000 --out data/samples/demo --seed 7
"""

import argparse
import sys
import zlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from dagster_project.sandbox import files
from dagster_project.sandbox.activity import DAY_ONE, Cast, event_rows, make_events
from dagster_project.sandbox.entities import make_entities
from dagster_project.sandbox.faults import with_faults
from dagster_project.sandbox.people import make_people, people_rows
from dagster_project.sandbox.providers import LAYOUTS, SOURCES, numbered, sightings
from dagster_project.sandbox.sales import (
    DEAL_COLUMNS,
    activity_rows,
    advanced,
    make_deals,
    outcome_rows,
    suppression_rows,
)

# rows per business record; the demo of 3,000 gives about 600 people, 2,000 events, 150 deals, 600 activities
PERSONS, EVENTS, DEALS, ACTIVITIES, CONTACTED = 0.16, 2 / 3, 0.05, 0.2, 0.1
RECORDS_PER_ENTITY = 1.4  # a little under what `sightings` yields, so that no world runs short
SMALLEST = 300
JSON_LINES = {"demo_places", "demo_events"}
# what is different about a changed record, per source
NEWS = {
    "demo_places": pl.col("userRatingCount") + 3,
    "demo_directory": pl.col("reviews") + 2,
    "demo_crm": pl.col("email_verified").replace_strict({"true": "false", "false": "true"}),
    "demo_registry": pl.col("founded").fill_null(2019) - 1,
    "demo_people": "Senior " + pl.col("job_title").fill_null("Manager"),
}


@dataclass(frozen=True)
class World:
    """A demo world as one day's files show it.

    `rows` holds one frame per mapping, named as its file; `broken` the raw lines no frame can hold; `truth` one row per
    well-formed business or person record (provider, provider_key, kind, entity_id), earlier days included.
    """

    seed: int
    rows: dict[str, pl.DataFrame]
    broken: dict[str, list[str]]
    truth: pl.DataFrame
    entities: pl.DataFrame
    people: pl.DataFrame

    @property
    def records(self) -> int:
        """Rows of the four business sources, the faulty ones that parse included."""
        return sum(self.rows[source].height for source in SOURCES)


def make_world(n_records: int, seed: int) -> World:
    """The first day's world with `n_records` business records (up to seven fewer) over four sources.

    Raises ValueError below 300 records: too few for every file to have rows.
    """
    if n_records < SMALLEST:
        raise ValueError(f"a world needs at least {SMALLEST} records, not {n_records}")
    entities = make_entities(stream(seed, "entities"), int(n_records / RECORDS_PER_ENTITY) + 8)
    seen = sightings(stream(seed, "sightings"), entities, n_records)
    rows, truth = _provider_rows(seed, seen, dict.fromkeys(SOURCES, 0))
    accounts = pl.DataFrame({"entity": seen["demo_crm"]["entity"], "account_id": rows["demo_crm"]["account_id"]})
    people = make_people(stream(seed, "people"), entities, int(n_records * PERSONS))
    rows["demo_people"], persons = _people_file(seed, people, accounts)
    rows |= _activity_files(seed, entities, people, accounts, n_records)
    rows, broken = with_faults(rows)
    return World(seed, rows, broken, pl.concat([*truth, persons]), entities, people)


def next_day(world: World, changed: float) -> World:
    """The files of the day after: about `changed` of the records are new or different, the rest is not sent again.

    Half of the share are changed records under their old keys, half new ones: of new businesses, and of known
    businesses that a provider lists anew. `truth` covers both days.
    """
    rng = stream(world.seed, "next day")
    count = max(2, round(world.records * changed / 2))
    founded = make_entities(rng, count // 2, first=world.entities.height, era="2")
    seen = sightings(rng, pl.concat([founded, _some(rng, world.entities, count / world.records)]), count)
    new, truth = _provider_rows(world.seed + 1, seen, {source: world.rows[source].height for source in SOURCES})
    rows = {source: pl.concat([_changed(rng, world, source, changed / 2), new[source]]) for source in SOURCES}
    rows["demo_people"] = _changed(rng, world, "demo_people", changed)
    rows["demo_events"] = _next_events(rng, world, changed)
    day = (DAY_ONE + timedelta(days=1)).isoformat()
    rows["demo_deals"] = _some(rng, advanced(world.rows["demo_deals"], day), changed)
    everyone = pl.concat([world.entities, founded])
    return World(world.seed, rows, {}, pl.concat([world.truth, *truth]), everyone, world.people)


def write_world(world: World, folder: Path) -> dict[str, Path]:
    """Write every file of the world and `truth.parquet`; returns mapping name to file (the truth has no mapping)."""
    folder.mkdir(parents=True, exist_ok=True)
    world.truth.write_parquet(folder / "truth.parquet")
    return {
        name: files.write(frame, world.broken.get(name, []), folder / file_name(name))
        for name, frame in world.rows.items()
    }


def file_name(mapping: str) -> str:
    """Name of the file that a demo mapping reads."""
    return f"{mapping}.{'jsonl' if mapping in JSON_LINES else 'csv'}"


def stream(seed: int, part: str) -> np.random.Generator:
    """A generator of its own for each part, so that a change in one part leaves the others as they were."""
    return np.random.default_rng([seed, zlib.crc32(part.encode())])


def _provider_rows(
    seed: int, seen: dict[str, pl.DataFrame], starts: dict[str, int]
) -> tuple[dict[str, pl.DataFrame], list[pl.DataFrame]]:
    rows, truth = {}, []
    for source, entities in seen.items():
        rng = stream(seed, source)
        keys = numbered(source, starts[source], entities.height)
        rows[source] = LAYOUTS[source](rng, entities, keys)
        truth.append(_truth(source, keys, "business", entities["entity"]))
    return rows, truth


def _people_file(seed: int, people: pl.DataFrame, accounts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows, person = people_rows(stream(seed, "people rows"), people, accounts)
    keys = numbered("demo_people", 0, rows.height)
    return rows.insert_column(0, keys.alias("person_id")), _truth("demo_people", keys, "person", person)


def _activity_files(
    seed: int, entities: pl.DataFrame, people: pl.DataFrame, accounts: pl.DataFrame, n_records: int
) -> dict[str, pl.DataFrame]:
    cast = Cast(stream(seed, "cast"), entities, people)
    rng = stream(seed, "activity")
    events = make_events(rng, cast, int(n_records * EVENTS))
    deals = make_deals(rng, cast, events, accounts, int(n_records * DEALS))
    outcomes = outcome_rows(rng, cast, events, deals, int(n_records * CONTACTED))
    return {
        "demo_events": event_rows(rng, events, 0),
        "demo_deals": deals.select(DEAL_COLUMNS),
        "demo_activities": activity_rows(rng, deals, int(n_records * ACTIVITIES)),
        "demo_outcomes": outcomes,
        "demo_suppressions": suppression_rows(people, entities, outcomes),
    }


def _truth(provider: str, keys: pl.Series, kind: str, who: pl.Series) -> pl.DataFrame:
    entity = f"{kind}-" + who.cast(pl.String)
    frame = pl.DataFrame({"provider_key": keys, "entity_id": entity})
    return frame.select(pl.lit(provider).alias("provider"), "provider_key", pl.lit(kind).alias("kind"), "entity_id")


def _changed(rng: np.random.Generator, world: World, source: str, share: float) -> pl.DataFrame:
    """Some of a source's well-formed rows, each with something new in it."""
    good = world.rows[source][: int((world.truth["provider"] == source).sum())]
    return _some(rng, good, share).with_columns(NEWS[source])


def _next_events(rng: np.random.Generator, world: World, share: float) -> pl.DataFrame:
    cast = Cast(stream(world.seed, "cast"), world.entities, world.people)
    height = world.rows["demo_events"].height
    events = make_events(rng, cast, max(1, int(height * share)), end=DAY_ONE + timedelta(days=1), days=1)
    return event_rows(rng, events, height)


def _some(rng: np.random.Generator, frame: pl.DataFrame, share: float) -> pl.DataFrame:
    """About a share of the rows, at least one, in their order."""
    count = min(frame.height, max(1, round(frame.height * share)))
    return frame[np.sort(rng.choice(frame.height, count, replace=False))]


def main(arguments: list[str] | None = None) -> None:
    """Write the files of one day and print each with its rows."""
    parser = argparse.ArgumentParser(prog="python -m dagster_project.sandbox.world", description="Write a demo world.")
    parser.add_argument("--records", type=int, default=3000, help="business records over the four sources")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--day", type=int, choices=[1, 2], default=1, help="2 writes only what changed since day 1")
    parser.add_argument("--changed", type=float, default=0.01, help="share of the records new or changed on day 2")
    chosen = parser.parse_args(arguments)
    world = make_world(chosen.records, chosen.seed)
    if chosen.day == 2:
        world = next_day(world, chosen.changed)
    for name, path in write_world(world, chosen.out).items():
        sys.stdout.write(f"{world.rows[name].height:>10,}  {path}\n")


if __name__ == "__main__":
    main()
