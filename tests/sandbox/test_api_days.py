"""The world goes on: days change it, the same way for every seed, and records keep their keys."""

import polars as pl
import pytest

from dagster_project.sandbox.api.book import Book
from dagster_project.sandbox.api.google import PLACES
from dagster_project.sandbox.api.live import CLOSED, LiveWorld
from dagster_project.sandbox.api.server import Sandbox
from dagster_project.sandbox.api.services import SERVICES
from dagster_project.sources.adapter import Need
from dagster_project.sources.providers import adapter
from tests.sandbox.served import AMERICA, client, walk


def after(days: int, seed: int = 7) -> LiveWorld:
    world = LiveWorld.make(3_000, seed)
    for _ in range(days):
        world.advance()
    return world


def test_the_same_seed_has_the_same_days() -> None:
    assert after(3).now.equals(after(3).now)
    assert not after(1).now["reviews"].equals(after(2).now["reviews"])
    assert not after(1, seed=8).now["rating"].equals(after(1).now["rating"])


def test_a_day_brings_a_little_of_everything() -> None:
    world = LiveWorld.make(50_000, 7)
    before = world.now
    told = world.advance()
    now = world.now[: before.height]
    assert told["founded"] == world.now.height - before.height == round(before.height * 0.004)
    assert told["reviewed"] == int((now["reviews"] != before["reviews"]).sum())
    for column, share in {
        "reviews": 0.05,
        "new_street": 0.003,
        "executives": 0.006,
        "press": 0.02,
        "rounds": 0.003,
    }.items():
        changed = now[column].ne_missing(before[column]).sum()
        assert changed == pytest.approx(before.height * share, rel=0.4)
    assert (now["zip"] != before["zip"]).sum() == pytest.approx(told["moved"], abs=10)
    assert set(now.filter(before["status"] == CLOSED)["status"]) == {CLOSED}
    assert now["name"].equals(before["name"])


def test_no_website_and_no_number_is_given_out_twice_on_later_days() -> None:
    world = after(3)
    own = world.now.filter(pl.col("chain").is_null() & pl.col("domain").is_not_null())
    assert own["domain"].is_duplicated().sum() == 0


def test_a_book_that_is_opened_late_is_the_one_that_was_opened_early() -> None:
    world = LiveWorld.make(3_000, 7)
    early = Book(PLACES, world)
    for _ in range(3):
        world.advance()
    early.catch_up()
    late = Book(PLACES, world)
    assert early.frame.equals(late.frame)
    assert (early.gone == late.gone).all()


@pytest.mark.parametrize("catalogue", [c for s in SERVICES.values() for c in s.catalogues], ids=lambda c: c.name)
def test_keys_are_unique_and_stay_the_same(catalogue) -> None:
    world = LiveWorld.make(5_000, 7)
    book = Book(catalogue, world)
    before = book.frame["key"]
    world.advance()
    book.catch_up()
    assert book.frame["key"].is_duplicated().sum() == 0
    assert book.frame["key"][: len(before)].equals(before)
    assert book.frame["key"].null_count() == 0
    there = [None if book.gone[i] else i for i in range(50)]
    assert [book.place_of(key) for key in before[:50]] == there
    assert [book.first("key", key) for key in before[:50]] == there


def test_a_day_is_seen_in_the_answers(sandbox: Sandbox) -> None:
    asks = adapter("google_places").asks(Need(area=AMERICA, categories=("moving_company",)))
    with client(sandbox, "google_places") as http:
        before = dict(zip(*_keyed(walk(http, "google_places", asks)), strict=True))
        for _ in range(8):
            sandbox.advance()
        after_days = dict(zip(*_keyed(walk(http, "google_places", asks)), strict=True))
    both = before.keys() & after_days.keys()
    assert len(both) > 40
    grown = [key for key in both if before[key]["userRatingCount"] < after_days[key]["userRatingCount"]]
    assert len(grown) > len(both) * 0.2
    assert all(before[key]["displayName"] == after_days[key]["displayName"] for key in both)


def _keyed(walked) -> tuple[list[str], list[dict]]:
    rated = [(key, r) for key, (_, r) in zip(walked.keys, walked.records, strict=True) if "userRatingCount" in r]
    return [key for key, _ in rated], [record for _, record in rated]


def test_some_vanish_and_new_ones_appear(sandbox: Sandbox) -> None:
    asks = adapter("crunchbase").asks(Need(country="US", categories=("saas", "e-commerce", "health-care")))
    with client(sandbox, "crunchbase") as http:
        before = set(walk(http, "crunchbase", asks).keys)
        sandbox.advance()
        now = set(walk(http, "crunchbase", asks).keys)
        assert before - now
        assert now - before
        assert len(before & now) > 0.98 * len(before)
        sandbox.reset()
        assert set(walk(http, "crunchbase", asks).keys) == before


def test_the_truth_covers_every_record_with_the_entities_of_the_files(sandbox: Sandbox) -> None:
    truth = sandbox.truth()
    assert truth.columns == ["provider", "provider_key", "kind", "entity_id"]
    assert truth.select("provider", "kind", "provider_key").is_duplicated().sum() == 0
    assert set(truth["kind"]) == {"business", "person"}
    # providers overlap: most businesses are known to several
    known = truth.filter(kind="business").group_by("entity_id").agg(pl.col("provider").n_unique())
    assert known["provider"].mean() > 2
    # some directories list a business twice
    twice = truth.filter(provider="yelp").group_by("entity_id").len().filter(pl.col("len") > 1)
    assert twice.height > 50
    assert (
        truth.filter(provider="google_places")["provider_key"]
        .is_in(truth.filter(provider="google_places_legacy")["provider_key"].implode())
        .all()
    )
