"""What one provider knows of the world: which businesses or people, under which keys, spelled how.

A book is opened when it is first needed and takes half a second per 100,000 records; pages are then made of it row by
row. What a provider spells once stays so for ever; reviews, closures and moves are read from the world as it is today.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from dagster_project.sandbox.api.live import LiveWorld
from dagster_project.sandbox.api.wire import View
from dagster_project.sandbox.world import stream

# Of a book's records, each day.
VANISHING, RETURNING = 0.002, 0.05
# Columns of the world that pages are made of.
TODAY = ["city", "state", "region", "zip", "lat", "lon", "rating", "reviews", "status", "press", "rounds", "executives"]
TODAY += ["employees", "founded", "new_street", "category_code", "city_index", "technologies", "handle"]
KM_PER_DEGREE = 111.195


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """How a provider comes to know of somebody. `spell` gives its own columns, `key` among them and unique.

    `reach` is the share it knows of each vertical's businesses, `twice` the share of those that it lists twice.
    A `wire.View` makes records of those columns and of `TODAY`.
    """

    name: str
    spell: Callable[[np.random.Generator, pl.DataFrame], pl.DataFrame]
    kind: str = "business"
    reach: dict[str, float] = field(default_factory=dict)
    twice: float = 0.0
    # Whether it can know somebody at all.
    knows: pl.Expr = field(default_factory=lambda: pl.lit(value=True))


class Book:
    """One provider's records: `frame` has a row each, `row` in it is the business's in the world's `now`."""

    def __init__(self, catalogue: Catalogue, world: LiveWorld, complete: bool = False) -> None:
        self.catalogue, self.world, self.complete = catalogue, world, complete
        self.frame, self.gone, self.day = pl.DataFrame(), np.zeros(0, bool), -1
        self._columns: dict[str, np.ndarray] = {}
        self._first: dict[str, dict[str | None, int]] = {}
        self._indexes: dict[tuple[str, ...], dict[str | None, int]] = {}
        self.catch_up()

    def catch_up(self) -> None:
        """Take in the days that have passed in the world since."""
        while self.day < self.world.day:
            self.day += 1
            rng = stream(self.world.seed, f"{self.catalogue.name} {self.day}")
            if self.day:
                chance = rng.random(len(self.gone))
                self.gone = np.where(self.gone, chance >= RETURNING, chance < VANISHING)
            if self.catalogue.kind == "business" or self.day == 0:
                self._learn(rng)
        self._columns.clear()
        self._first.clear()
        self._indexes.clear()
        for name in ("by_category", "_by_hash"):
            self.__dict__.pop(name, None)

    def _learn(self, rng: np.random.Generator) -> None:
        """Add the records of the businesses that exist since this day, or of all people."""
        seen, row = self._candidates()
        vertical = self.world.now["vertical"].gather(row)
        share = vertical.replace_strict(self.catalogue.reach, default=0.6, return_dtype=pl.Float64).to_numpy()
        can = seen.select(can=self.catalogue.knows)["can"].fill_null(value=False).to_numpy()
        known = can & (rng.random(len(row)) < (1.0 if self.complete else share))
        times = known * (1 + (rng.random(len(row)) < self.catalogue.twice))
        # each book has an order of its own, which is the relevance that its provider sees
        picks = rng.permutation(np.repeat(np.arange(len(row)), times))
        copy = pl.Series("pick", picks).to_frame().select(pl.int_range(pl.len()).over("pick")).to_series()
        seen = seen[picks].with_columns(copy=copy)
        own = self.catalogue.spell(rng, seen).with_columns(row=pl.Series(row[picks], dtype=pl.Int32), who=seen["who"])
        self.frame = pl.concat([self.frame, own]) if self.frame.width else own
        self.gone = np.concatenate([self.gone, np.zeros(own.height, bool)])

    def _candidates(self) -> tuple[pl.DataFrame, np.ndarray]:
        """Whom it may come to know, numbered as `who`, and the rows of their businesses."""
        if self.catalogue.kind == "person":
            people = self.world.people
            return people.with_columns(who=pl.int_range(pl.len())), people["entity"].to_numpy()
        row = np.arange(self.world.eras[self.day], self.world.eras[self.day + 1])
        return self.world.now[row].with_columns(who=pl.Series(row)), row

    @property
    def truth(self) -> pl.DataFrame:
        """provider_key and entity_id of every record, those that have vanished since among them."""
        entity = f"{self.catalogue.kind}-" + self.frame["who"].cast(pl.String)
        return pl.DataFrame({"provider_key": self.frame["key"], "entity_id": entity})

    def column(self, name: str) -> np.ndarray:
        """A column of today's world, aligned with the records."""
        if name not in self._columns:
            self._columns[name] = self.world.now[name].gather(self.frame["row"]).to_numpy()
        return self._columns[name]

    @cached_property
    def by_category(self) -> dict[int, np.ndarray]:
        """Records of each category that are not gone, in their order."""
        codes = self.column("category_code")
        order = np.argsort(codes, kind="stable")
        order = order[~self.gone[order]].astype(np.int32)
        ends = np.searchsorted(codes[order], np.arange(codes.max(initial=0) + 2))
        return {code: order[ends[code] : ends[code + 1]] for code in range(len(ends) - 1)}

    def of_categories(self, codes: Iterable[int] | None) -> np.ndarray:
        """Records of any of the categories, in their order; all for None."""
        if codes is None:
            return np.flatnonzero(~self.gone).astype(np.int32)
        parts = [self.by_category[code] for code in codes if code in self.by_category]
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.int32)

    def within(self, rows: np.ndarray, south: float, west: float, north: float, east: float) -> np.ndarray:
        """Those of some records that lie in a box of degrees."""
        lat, lon = self.column("lat")[rows], self.column("lon")[rows]
        return rows[(lat >= south) & (lat <= north) & (lon >= west) & (lon <= east)]

    def distances(self, rows: np.ndarray, lat: float, lon: float) -> np.ndarray:
        """Kilometres from a point to each of some records, on a flat map: true to a thousandth over 50 km."""
        north = (self.column("lat")[rows] - lat) * KM_PER_DEGREE
        east = (self.column("lon")[rows] - lon) * KM_PER_DEGREE * np.cos(np.radians(lat))
        return np.hypot(north, east)

    def texts(self, column: str, rows: np.ndarray) -> pl.Series:
        """A text of the book or of today's world, for some records."""
        if column in self.frame.columns:
            return self.frame[column].gather(rows)
        return self.world.now[column].gather(self.frame["row"].gather(rows))

    def place_of(self, key: str) -> int | None:
        """The record of a key; None when there is none, or no longer."""
        hashes, order = self._by_hash
        wanted = pl.Series([key]).hash()[0]
        for at in range(np.searchsorted(hashes, wanted), len(hashes)):
            if hashes[at] != wanted:
                return None
            if self.frame["key"][int(order[at])] == key:
                return None if self.gone[order[at]] else int(order[at])
        return None

    @cached_property
    def _by_hash(self) -> tuple[np.ndarray, np.ndarray]:
        """Hashes of the keys in order, and the record of each."""
        hashes = self.frame["key"].hash().to_numpy()
        order = np.argsort(hashes, kind="stable")
        return hashes[order], order

    def first(self, column: str, value: str) -> int | None:
        """The first record with a text of the book; None when there is none, or no longer.

        A microsecond, where `place_of` and `having` take 300: for those who ask about one record at a time.
        """
        if column not in self._first:
            rows = np.flatnonzero(~self.gone)[::-1]
            self._first[column] = dict(zip(self.frame[column].gather(rows), rows.tolist(), strict=True))
        return self._first[column].get(value)

    def having(self, column: str, value: str) -> np.ndarray:
        """Records with a text of the book."""
        rows = (self.frame[column] == value).arg_true().to_numpy()
        return rows[~self.gone[rows]].astype(np.int32)

    def known_as(self, columns: tuple[str, ...], values: Sequence[str]) -> int | None:
        """The first record of whom the world has these texts, whatever their case; None when there is none, or no
        longer. An index of each set of columns is made once a day."""
        if columns not in self._indexes:
            is_person = self.catalogue.kind == "person"
            truth, place = (self.world.people, "who") if is_person else (self.world.now, "row")
            joined = pl.concat_str(pl.col(*columns).str.to_lowercase(), separator="\n")
            known = np.flatnonzero(~self.gone)[::-1]
            texts = truth.select(joined).to_series().gather(self.frame[place]).gather(known)
            self._indexes[columns] = dict(zip(texts.to_list(), known.tolist(), strict=True))
        return self._indexes[columns].get("\n".join(values).lower())

    def render(self, rows: Sequence[int] | np.ndarray, view: View, names: tuple[str, ...] | None = None) -> list[str]:
        """Some records as JSON objects of the named fields, in the order given."""
        json, used = view.json(names)
        own = self.frame.select("row", *(name for name in self.frame.columns if name in used))[
            np.asarray(rows, np.int32)
        ]
        needed = [name for name in TODAY if name in used and name not in own.columns]
        today = self.world.now.select(needed)[own["row"]] if needed else pl.DataFrame()
        return own.hstack(today).select(json).to_series().to_list()
