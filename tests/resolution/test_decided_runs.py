"""What people decide, in a run: links and parts whatever the evidence says, and back again when withdrawn."""

from datetime import timedelta

import polars as pl
import pytest

from dagster_project.contracts import REVIEW_PAIRS
from dagster_project.resolution.identity import lead_id
from dagster_project.resolution.overrides import Override, Verdict
from tests.resolution.conftest import START, groups, record_id, run, staged
from tests.resolution.test_runner import town


def decided(verdict: Verdict, left: str, right: str) -> Override:
    sides = (record_id(left),), (record_id(right),)
    return Override(f"{left}-{right}", "business", verdict, *sides, START, "ann", "seen")


def world() -> pl.DataFrame:
    """Pairs of duplicates, and somebody unlike any of them."""
    return pl.concat(
        [town(12), staged("business", {"key": "stranger", "name_key": "cave of a stranger", "city": "Reno"})]
    )


@pytest.fixture(scope="module")
def before():
    return run(world(), threshold=0.5)


def again(resolution, *overrides: Override, days: int = 2, previous: pl.DataFrame | None = None):
    rows = resolution.lead_map if previous is None else previous
    return run(world(), previous=rows, now=START + timedelta(days=days), overrides=overrides, threshold=0.5)


def test_records_that_must_link_are_one_lead_whatever_the_evidence(before):
    linked = again(before, decided(Verdict.MUST_LINK, "0", "stranger"))
    assert {record_id("0"), record_id("1"), record_id("stranger")} in groups(linked)
    (moved,) = (row for row in linked.lead_map.iter_rows(named=True) if row["record_id"] == record_id("stranger"))
    assert (moved["matched_by"], moved["match_weight"]) == ("must_link", None)
    assert linked.aliases["alias_id"].to_list() == [lead_id(record_id("stranger"))]


def test_records_that_cannot_link_are_two_leads_whatever_the_evidence(before):
    assert {record_id("0"), record_id("1")} in groups(before)
    parted = again(before, decided(Verdict.CANNOT_LINK, "0", "1"))
    assert not any({record_id("0"), record_id("1")} <= group for group in groups(parted))
    assert parted.lead_map.height == 1


def test_a_lead_that_was_parted_by_mistake_is_whole_again_with_its_id(before):
    parted = again(before, decided(Verdict.CANNOT_LINK, "0", "1"))
    rows = pl.concat([before.lead_map, parted.lead_map])
    whole = again(before, days=3, previous=rows)
    assert {record_id("0"), record_id("1")} in groups(whole)
    first = before.current.filter(record_id=record_id("0"))["lead_id"].item()
    assert whole.current.filter(record_id=record_id("0"))["lead_id"].item() == first
    assert whole.aliases["lead_id"].to_list() == [first]


def test_the_other_leads_are_what_they_were(before):
    linked = again(before, decided(Verdict.MUST_LINK, "0", "stranger"), decided(Verdict.CANNOT_LINK, "4", "5"))
    untouched = ["2", "3", "6", "7", "8", "9", "10", "11"]
    assert set(linked.lead_map["record_id"]).isdisjoint(map(record_id, untouched))


def test_a_decision_about_records_that_are_not_there_changes_nothing(before):
    assert again(before, decided(Verdict.MUST_LINK, "0", "absent")).lead_map.is_empty()


def test_a_run_says_which_decisions_do_not_hold_and_which_pairs_are_worth_a_question(before):
    both = (decided(Verdict.MUST_LINK, "0", "stranger"), decided(Verdict.CANNOT_LINK, "0", "stranger"))
    found = again(before, *both)
    (sentence,) = found.stats["contradictions"]
    assert "does not hold, because" in sentence
    assert list(REVIEW_PAIRS.violations(found.review.lazy())) == []
