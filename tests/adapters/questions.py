"""What each provider of the sandbox is asked in the dynamic tests, and what the world holds of it.

The truth is read from the sandbox's books, by other means than those by which it answers: a question must find all that
is `least`, and nothing beyond `most`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from dagster_project.sandbox.api import apollo, crunchbase, google, hunter, opencorporates, pdl, trades, yelp
from dagster_project.sandbox.api import google_geocoding as geocoding
from dagster_project.sandbox.api.book import Book, Catalogue
from dagster_project.sandbox.api.stage import Stage
from dagster_project.sources.adapter import Ask, Need
from dagster_project.sources.area import Area, Circle, Point
from dagster_project.sources.providers import adapter
from dagster_project.sources.providers.google_geocoding import geocode_ask

HOUSTON = Point(29.76, -95.37)
CITY = {"city": "Houston", "region": "TX", "country": "US"}
TITLES = ("founder", "president")
SHOPS = "shopping homeandgarden fashion toys realestateagents softwaredev physicians dentists coffee plumbing".split()


@dataclass(frozen=True)
class Question:
    """What is asked, and the keys of the records that must, and may, be found."""

    asks: list[Ask]
    area: Area | None
    least: frozenset[str]
    most: frozenset[str]


def keys(book: Book, fits: np.ndarray) -> frozenset[str]:
    """Keys of the records of a book that fit and are not gone."""
    return frozenset(book.frame["key"].to_numpy()[fits & ~book.gone])


def of_place(name: str, catalogue: Catalogue, filing: str, need: Need) -> Callable[[Stage], Question]:
    """A search by place: it finds all in the area, and none of another category. `filing` is whose categories."""

    def question(stage: Stage) -> Question:
        book = stage.desk.book(catalogue)
        codes = {code for category in need.categories for code in trades.codes(filing, category)}
        filed = np.isin(book.column("category_code"), list(codes))
        places = zip(book.column("lat"), book.column("lon"), strict=True)
        near = np.array([need.area.contains(Point(float(lat), float(lon))) for lat, lon in places])
        return Question(adapter(name).asks(need), need.area, keys(book, filed & near), keys(book, filed))

    return question


def of_city(name: str, *catalogues: Catalogue, **more: Iterable[str]) -> Callable[[Stage], Question]:
    """A search by the name of a city: it finds exactly those in it; of people, those with one of the titles."""

    def question(stage: Stage) -> Question:
        books = [stage.desk.book(catalogue) for catalogue in catalogues]
        found = frozenset().union(*(keys(book, in_city(book) & titled(book)) for book in books))
        return Question(adapter(name).asks(Need(**CITY, **more)), None, found, found)

    return question


def in_city(book: Book) -> np.ndarray:
    return (book.column("city") == CITY["city"]) & (book.column("state") == CITY["region"])


def titled(book: Book) -> np.ndarray:
    """Whether each person has one of the titles; any business."""
    if "title" not in book.frame.columns:
        return np.ones(book.frame.height, bool)
    held = book.frame["title"].str.to_lowercase().str.contains_any(list(TITLES))
    return held.fill_null(value=False).to_numpy()


def of_domains(stage: Stage) -> Question:
    """Hunter: the companies of a city, and everybody at the three of them with the most people."""
    people, companies = stage.desk.book(hunter.PEOPLE), stage.desk.book(hunter.COMPANIES)
    there = people.frame.filter(pl.Series(in_city(people)))["domain"].value_counts(sort=True).sort("count", "domain")
    domains = there["domain"].tail(3).to_list()
    found = keys(companies, in_city(companies)) | keys(people, people.frame["domain"].is_in(domains).to_numpy())
    return Question(adapter("hunter").asks(Need(**CITY, domains=tuple(domains))), None, found, found)


def of_register(stage: Stage) -> Question:
    """OpenCorporates: the companies of a state that have a word in their name."""
    book = stage.desk.book(opencorporates.CATALOGUE)
    fits = (pl.col("jurisdiction") == "us_tx") & pl.col("name").str.contains(r"\bLLC\b")
    found = keys(book, book.frame.select(fits).to_series().to_numpy())
    return Question(adapter("opencorporates").asks(Need(**CITY, keywords=("llc",))), None, found, found)


def of_map(stage: Stage) -> Question:
    """The geocoder: one city."""
    found = next(answer["place_id"] for names, state, answer in geocoding.PLACES if names == {"houston"})
    return Question([geocode_ask("Houston, TX", "US")], None, frozenset({found}), frozenset({found}))


GOOGLE = {"fields": frozenset({"name", "phone"})}
QUESTIONS: dict[str, Callable[[Stage], Question]] = {
    "apollo": of_city("apollo", apollo.COMPANIES, apollo.PEOPLE, titles=TITLES),
    "crunchbase": of_city("crunchbase", crunchbase.CATALOGUE),
    "google_geocoding": of_map,
    "google_places": of_place(
        "google_places",
        google.PLACES,
        "google_places",
        Need(area=Circle(HOUSTON, 45), categories=("store", "real_estate_agency", "doctor"), **GOOGLE),
    ),
    "google_places_legacy": of_place(
        "google_places_legacy",
        google.PLACES,
        "google_places",
        Need(area=Circle(HOUSTON, 6), categories=("store",), **GOOGLE),
    ),
    "hunter": of_domains,
    "opencorporates": of_register,
    "pdl": of_city("pdl", pdl.COMPANIES, pdl.PEOPLE, titles=TITLES),
    "yelp": of_place("yelp", yelp.CATALOGUE, "yelp", Need(area=Circle(HOUSTON, 45), categories=tuple(SHOPS))),
}


def question_of(name: str, stage: Stage) -> Question:
    """The question to a provider of the sandbox. Raises KeyError for one that the sandbox plays but nobody asks."""
    return QUESTIONS[name](stage)
