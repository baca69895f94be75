"""Stable lead ids: examples of every rule, then random histories."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.contracts import LEAD_ALIASES, LEAD_MAP
from dagster_project.resolution.identity import Assignment, as_of, assign, current, lead_id, living, periods

START = datetime(2026, 1, 1, tzinfo=UTC)
MAP = {"record_id": pl.String, "lead_id": pl.String, "valid_from": pl.Datetime("us", "UTC")}


def day(n: int) -> datetime:
    return START + timedelta(days=n)


class History:
    """A lead map that grows by one assignment a day."""

    def __init__(self) -> None:
        self.rows = pl.DataFrame(schema=MAP)
        self.aliases = LEAD_ALIASES.empty()
        self.today = 0

    def resolve(self, *clusters: str, reverse: bool = False) -> Assignment:
        """One run; each cluster is a string whose letters are its records."""
        members = [(record, number) for number, cluster in enumerate(clusters) for record in sorted(set(cluster))]
        frame = pl.DataFrame(members, schema={"record_id": pl.String, "cluster": pl.Int64}, orient="row")
        frame = frame.with_columns(seen_at=pl.lit(START).cast(MAP["valid_from"]))
        self.today += 1
        result = assign(frame.reverse() if reverse else frame, self.rows, day(self.today))
        self.rows = pl.concat([self.rows, result.changed.with_columns(valid_from=pl.lit(day(self.today)))])
        ended = result.aliases.with_columns(
            org_id=pl.lit("acme"), kind=pl.lit("business"), valid_from=pl.lit(day(self.today))
        )
        self.aliases = pl.concat([self.aliases, LEAD_ALIASES.conform(ended)])
        return result

    @property
    def leading(self) -> pl.DataFrame:
        return pl.DataFrame({"lead_id": list(self.leads.values())}, schema={"lead_id": pl.String}).with_columns(
            org_id=pl.lit("acme"), kind=pl.lit("business")
        )

    @property
    def leads(self) -> dict[str, str]:
        last = self.rows.sort("valid_from").unique("record_id", keep="last")
        return dict(last.select("record_id", "lead_id").iter_rows())


def test_a_new_lead_is_named_after_its_oldest_record():
    history = History()
    history.resolve("ba", "c")
    assert history.leads == {"a": lead_id("a"), "b": lead_id("a"), "c": lead_id("c")}


def test_the_oldest_record_is_the_one_seen_first():
    frame = pl.DataFrame({"record_id": ["a", "b"], "cluster": [0, 0], "seen_at": [day(1), day(0)]})
    leads = assign(frame, pl.DataFrame(schema=MAP), day(2)).leads
    assert set(leads["lead_id"]) == {lead_id("b")}


def test_new_records_do_not_rename_a_lead():
    history = History()
    history.resolve("m")
    assert history.resolve("am").changed.rows() == [("a", lead_id("m"))]


def test_when_leads_merge_the_oldest_lives_and_the_others_become_aliases():
    history = History()
    history.resolve("z")
    history.resolve("z", "ab")
    result = history.resolve("abz")
    assert set(history.leads.values()) == {lead_id("z")}
    assert result.aliases.rows() == [(lead_id("a"), lead_id("z"))]


def test_of_leads_of_one_age_the_one_with_the_smallest_record_lives():
    history = History()
    history.resolve("b", "ac")
    history.resolve("abc")
    assert set(history.leads.values()) == {lead_id("a")}


def test_the_age_of_a_lead_survives_its_first_record():
    history = History()
    history.resolve("ab")
    history.resolve("ab", "c")
    history.resolve("bc", "a")  # a tie: the founder a keeps the first lead, b leaves for c's
    assert history.leads["b"] == lead_id("c")


def test_after_a_split_the_greater_part_keeps_the_id():
    history = History()
    history.resolve("abc")
    history.resolve("a", "bc")
    assert history.leads == {"a": lead_id("a", day(2)), "b": lead_id("a"), "c": lead_id("a")}


def test_at_a_tie_the_part_with_the_founding_record_keeps_the_id():
    history = History()
    history.resolve("b")
    history.resolve("ab")
    history.resolve("a", "b")
    assert history.leads == {"a": lead_id("a", day(3)), "b": lead_id("b")}


def test_at_a_tie_without_the_founder_the_smallest_record_decides():
    history = History()
    history.resolve("abc")
    history.resolve("b", "c")
    assert history.leads["b"] == lead_id("a")
    assert history.leads["c"] == lead_id("c", day(2))


def test_a_lead_that_was_merged_and_splits_off_again_does_not_get_its_dead_id_back():
    history = History()
    history.resolve("ab", "cd")
    history.resolve("abcd")
    history.resolve("ab", "cd")
    assert history.leads["a"] == lead_id("a")
    assert history.leads["c"] == lead_id("c", day(3))


def test_a_record_that_is_absent_keeps_its_lead():
    history = History()
    history.resolve("ab", "c")
    assert history.resolve("c").changed.height == 0
    assert history.leads["a"] == lead_id("a")
    assert history.resolve("ab", "c").changed.height == 0


def test_an_absent_record_follows_its_lead_into_a_merge():
    history = History()
    history.resolve("a", "bc")
    history.resolve("ab")
    assert history.leads["c"] == lead_id("a")


def test_nothing_can_change_before_the_last_change():
    history = History()
    history.resolve("a")
    history.today = 0
    with pytest.raises(ValueError, match="nothing can change as of"):
        history.resolve("ab")


def test_aliases_of_aliases_lead_to_the_living():
    rows = [("acme", "business", old, new, day(n)) for n, (old, new) in enumerate([("c", "b"), ("b", "a"), ("c", "b")])]
    aliases = pl.DataFrame(rows, schema=LEAD_ALIASES.polars_schema, orient="row")
    found = living(aliases, LEAD_MAP.empty())
    assert dict(found.select("alias_id", "lead_id").iter_rows()) == {"c": "a", "b": "a"}


def test_an_id_that_leads_is_no_alias_because_its_merge_was_killed_before_the_map():
    alias = pl.DataFrame([("acme", "business", "b", "a", day(1))], schema=LEAD_ALIASES.polars_schema, orient="row")
    leading = pl.DataFrame({"org_id": ["acme"], "kind": ["business"], "lead_id": ["b"]})
    assert living(alias, leading).is_empty()


def test_the_map_can_be_read_as_of_any_day():
    rows = [("acme", "business", "a", lead, None, "founder", day(n)) for n, lead in enumerate(["x", "y"])]
    lead_map = pl.DataFrame(rows, schema=LEAD_MAP.polars_schema, orient="row").lazy()
    assert current(lead_map).collect()["lead_id"].to_list() == ["y"]
    assert as_of(lead_map, day(0)).collect()["lead_id"].to_list() == ["x"]
    assert as_of(lead_map, day(-1)).collect().height == 0


def test_each_row_of_the_map_says_until_when_it_held_and_what_was_before():
    rows = [("acme", "business", "a", lead, None, "founder", day(n)) for n, lead in enumerate(["x", "y"])]
    lead_map = pl.DataFrame(rows, schema=LEAD_MAP.polars_schema, orient="row").lazy()
    held = periods(lead_map).sort("valid_from").select("lead_id", "valid_to", "previous_lead_id").collect()
    assert held.rows() == [("x", day(1), None), ("y", None, "x")]


# A world is a partition of some of eight records: the cluster number of each, 0 where it is absent today.
worlds = st.lists(st.lists(st.integers(0, 4), min_size=8, max_size=8), min_size=1, max_size=7)

# A frame is built for each day of each example: 25 examples take a second, and a busy machine must not fail them.
few = settings(max_examples=25, deadline=None)


def clusters_of(world: list[int]) -> list[str]:
    names = "abcdefgh"
    parts = {n: "".join(r for r, number in zip(names, world, strict=True) if number == n) for n in set(world) - {0}}
    return [part for part in parts.values() if part]


@few
@given(worlds)
def test_in_any_history_every_cluster_is_one_lead_and_every_lead_one_cluster(days):
    history = History()
    for world in days:
        clusters = clusters_of(world)
        history.resolve(*clusters)
        leads = [{history.leads[record] for record in cluster} for cluster in clusters]
        assert all(len(found) == 1 for found in leads)
        assert len(set.union(set(), *leads)) == len(clusters)


@few
@given(worlds)
def test_in_any_history_a_dead_id_never_leads_again_and_resolves_to_a_living_one(days):
    history = History()
    for world in days:
        history.resolve(*clusters_of(world))
        dead = living(history.aliases, history.leading)
        assert dead["alias_id"].is_unique().all()
        assert set(dead["alias_id"]).isdisjoint(history.leads.values())
        assert set(dead["lead_id"]) <= set(history.leads.values())


@few
@given(worlds)
def test_in_any_history_a_second_run_appends_nothing_and_row_order_does_not_matter(days):
    history, mirrored = History(), History()
    for world in days:
        clusters = clusters_of(world)
        history.resolve(*clusters)
        mirrored.resolve(*reversed(clusters), reverse=True)
        assert mirrored.leads == history.leads
        again = history.resolve(*clusters)
        mirrored.today += 1
        assert again.changed.height == 0
        assert again.aliases.height == 0


@few
@given(worlds)
def test_in_any_history_a_lead_goes_with_most_of_its_earlier_records(days):
    history = History()
    for world in days:
        before = history.leads
        clusters = clusters_of(world)
        history.resolve(*clusters)
        for cluster in clusters:
            lead = history.leads[cluster[0]]
            parts = [sum(before.get(record) == lead for record in part) for part in clusters]
            held = sum(before.get(record) == lead for record in cluster)
            assert held == max(parts)
            assert held or lead not in before.values()
