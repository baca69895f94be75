"""The world as it is today: who exists, what providers can know of them, and what another day changes.

`LiveWorld` has the same businesses and people as the files of `make_world(records, seed)`, under the same numbers. Its
days are a function of the seed: the same number of `advance` leads to the same world.
"""

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from dagster_project.sandbox import names
from dagster_project.sandbox.api.trades import CODES
from dagster_project.sandbox.entities import make_entities, slugs
from dagster_project.sandbox.geography import CITIES, STATE_NAMES
from dagster_project.sandbox.people import make_people
from dagster_project.sandbox.world import PERSONS, RECORDS_PER_ENTITY, SMALLEST, stream

OPEN, PAUSED, CLOSED = 0, 1, 2
# Shares of the businesses to which a day brings something.
REVIEWED, RERATED, MOVED, FOUNDED, IN_THE_PRESS, NEW_EXECUTIVE, FUNDED = 0.05, 0.01, 0.003, 0.004, 0.02, 0.006, 0.003
CLOSING, PAUSING, REOPENING = 0.003, 0.002, 0.2
CHANGING = "rating reviews press rounds executives status new_street".split()


@dataclass
class LiveWorld:
    """Businesses (`now`, one row each, by number) and people, and how many days have passed."""

    records: int
    seed: int
    now: pl.DataFrame
    people: pl.DataFrame
    day: int = 0
    # Businesses that existed before each day's founding: the first row of every day's new ones, and the end.
    eras: list[int] = field(default_factory=list)

    @classmethod
    def make(cls, records: int, seed: int) -> "LiveWorld":
        """The first day. Raises ValueError below 300 records, as the files do."""
        if records < SMALLEST:
            raise ValueError(f"a world needs at least {SMALLEST} records, not {records}")
        entities = make_entities(stream(seed, "entities"), int(records / RECORDS_PER_ENTITY) + 8)
        people = with_profiles(make_people(stream(seed, "people"), entities, int(records * PERSONS)))
        now = seen_today(entities, stream(seed, "standing"))
        return cls(records, seed, now, people, eras=[0, now.height])

    def again(self) -> "LiveWorld":
        """The same day once more: what happens to one does not happen to the other."""
        return replace(self, eras=list(self.eras))

    def advance(self) -> dict[str, int]:
        """Let a day pass; returns how many businesses it brought what."""
        self.day += 1
        rng = stream(self.seed, f"day {self.day}")
        before, height = self.now, self.now.height
        status = statuses(rng, before["status"].to_numpy())
        after = before.with_columns(
            *grown(rng, before),
            pl.Series("status", status),
            *moved(rng, before, (is_moved := rng.random(height) < MOVED)),
        )
        founded = make_entities(rng, max(1, round(height * FOUNDED)), first=height, era=f"d{self.day}")
        self.now = pl.concat([touched(before, after, self.day), seen_today(founded, rng, self.day)])
        self.eras.append(self.now.height)
        return {
            "day": self.day,
            "reviewed": int((self.now["reviews"][:height] != before["reviews"]).sum()),
            "moved": int(is_moved.sum()),
            "status": int((status != before["status"].to_numpy()).sum()),
            "founded": founded.height,
        }


def with_profiles(people: pl.DataFrame) -> pl.DataFrame:
    """People with the last part of their profile's address, under which those who know it know them."""
    profile = slugs(people["first"]) + "-" + slugs(people["last"]) + "-" + people["mobile"].str.slice(6)
    return people.with_columns(profile.alias("profile"))


def touched(before: pl.DataFrame, after: pl.DataFrame, day: int) -> pl.DataFrame:
    """Businesses with the last day that brought them something."""
    changes = [after[name].ne_missing(before[name]) for name in CHANGING]
    is_touched = np.logical_or.reduce([change.to_numpy() for change in changes])
    return after.with_columns(pl.Series("touched", np.where(is_touched, day, before["touched"]).astype(np.int32)))


def seen_today(entities: pl.DataFrame, rng: np.random.Generator, day: int = 0) -> pl.DataFrame:
    """Businesses with what changes about them, and their place in words."""
    n = entities.height
    city = entities["city_index"]
    state = pl.Series([c.state for c in CITIES]).gather(city)
    given = pl.Series([g for g, _ in names.GIVEN]).gather(rng.integers(0, len(names.GIVEN), n))
    founder = given + " " + pl.Series(names.SURNAMES).gather(rng.integers(0, len(names.SURNAMES), n))
    return entities.with_columns(
        entities["category"].replace_strict(CODES, return_dtype=pl.Int16).alias("category_code"),
        pl.Series([c.name for c in CITIES]).gather(city).alias("city"),
        state.alias("state"),
        pl.Series([STATE_NAMES[c.state] for c in CITIES]).gather(city).alias("region"),
        pl.Series("status", rng.choice([OPEN, PAUSED, CLOSED], n, p=[0.97, 0.01, 0.02]).astype(np.int8)),
        pl.Series("press", np.minimum(rng.exponential(3, n), 90).astype(np.int32)),
        pl.Series("rounds", np.minimum(rng.exponential(0.6, n), 9).astype(np.int8)),
        founder.alias("executives"),
        # a business that has moved stands in the new street, however a provider had spelled the old one
        pl.Series("new_street", [None], dtype=pl.String).new_from_index(0, n),
        pl.lit(day, pl.Int32).alias("touched"),
    )


def statuses(rng: np.random.Generator, status: np.ndarray) -> np.ndarray:
    """What becomes of open, paused and closed businesses in a day; what is closed stays so."""
    chance = rng.random(len(status))
    after = np.where((status == OPEN) & (chance < CLOSING + PAUSING), PAUSED, status)
    after = np.where((status != CLOSED) & (chance < CLOSING), CLOSED, after)
    return np.where((status == PAUSED) & (chance > 1 - REOPENING), OPEN, after).astype(np.int8)


def grown(rng: np.random.Generator, before: pl.DataFrame) -> list[pl.Series]:
    """New reviews, ratings, press, executives and funding rounds."""
    n = before.height
    name = pl.Series([g for g, _ in names.GIVEN]).gather(rng.integers(0, len(names.GIVEN), n))
    surname = pl.Series(names.SURNAMES).gather(rng.integers(0, len(names.SURNAMES), n))
    joined = before["executives"] + "|" + name + " " + surname
    shift = np.where(rng.random(n) < RERATED, rng.choice([-0.1, 0.1], n), 0.0)
    return [
        (before["reviews"] + (rng.random(n) < REVIEWED) * rng.integers(1, 7, n)).alias("reviews"),
        pl.Series("rating", np.clip(np.round(before["rating"].to_numpy() + shift, 1), 1.0, 5.0)),
        (before["press"] + (rng.random(n) < IN_THE_PRESS)).cast(pl.Int32).alias("press"),
        joined.zip_with(pl.Series(rng.random(n) < NEW_EXECUTIVE), before["executives"]).alias("executives"),
        (before["rounds"] + (rng.random(n) < FUNDED)).cast(pl.Int8).alias("rounds"),
    ]


def moved(rng: np.random.Generator, before: pl.DataFrame, who: np.ndarray) -> list[pl.Series]:
    """Another street, zone and point in the same city for some."""
    n, mask = before.height, pl.Series(who)
    city = before["city_index"]
    centre = np.array([(c.lat, c.lon) for c in CITIES])[city]
    zone = rng.integers(1, 61, n)
    street = (
        pl.Series(rng.integers(1, 9800, n)).cast(pl.String)
        + " "
        + pl.Series(names.STREETS).gather(rng.integers(0, len(names.STREETS), n))
    )
    point = {
        "lat": centre[:, 0] + ((zone * 37) % 60 / 60 - 0.5) * 0.20 + rng.normal(0, 0.006, n),
        "lon": centre[:, 1] + ((zone * 23) % 60 / 60 - 0.5) * 0.25 + rng.normal(0, 0.006, n),
    }
    zip5 = pl.Series([c.zip3 for c in CITIES]).gather(city) + pl.Series(zone).cast(pl.String).str.zfill(2)
    return [
        (street + " St").zip_with(mask, before["new_street"]).alias("new_street"),
        zip5.zip_with(mask, before["zip"]).alias("zip"),
        *(pl.Series(values).zip_with(mask, before[name]).alias(name) for name, values in point.items()),
    ]
