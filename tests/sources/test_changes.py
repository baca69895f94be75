"""What is told of two versions of a record, whatever source they come from."""

import datetime as dt

import polars as pl
import pytest

from dagster_project.contracts import FIELDS, SOURCE_CHANGES
from dagster_project.sources.changes import changes, presence

AUSTIN = {"lat": "30.2672", "lon": "-97.7431"}


def version(payload_hash: str, *rows: dict[str, str], kind: str = "business", hour: int = 6) -> pl.DataFrame:
    """One record per dictionary of fields, as extraction gives them."""
    identity = {
        "org_id": "default",
        "provider": "yelp",
        "provider_key": [f"k{i}" for i in range(len(rows))],
        "record_id": [f"00000000-0000-5000-8000-{i:012}" for i in range(len(rows))],
        "kind": kind,
        "source": "austin.yelp",
        "partition_date": dt.date(2026, 11, 2),
        "fetched_at": dt.datetime(2026, 11, 2, hour, tzinfo=dt.UTC),
        "payload_hash": payload_hash,
        "query": "{}",
    }
    fields = {f: pl.Series([row.get(f) for row in rows], dtype=pl.String) for f in FIELDS[kind]}
    return pl.DataFrame(identity).with_columns(**fields)


def told(before: dict[str, str], after: dict[str, str], kind: str = "business") -> list[tuple]:
    """change_type, field, old and new value of each row, for one record."""
    found = changes(version("old", before, kind=kind), version("new", after, kind=kind), kind)
    return found.select("change_type", "field", "old_value", "new_value").rows()


@pytest.mark.parametrize(
    ("before", "after", "row"),
    [
        ({"review_count": "87"}, {"review_count": "91"}, ("reviews", "review_count", "87", "91")),
        ({"rating": "4.2"}, {"rating": "4.3"}, ("reviews", "rating", "4.2", "4.3")),
        ({}, {"last_reviewed_at": "2026-11-01"}, ("reviews", "last_reviewed_at", None, "2026-11-01")),
        ({"job_posts": "2"}, {"job_posts": "5"}, ("job_posts", "job_posts", "2", "5")),
        ({"press_mentions": "21"}, {"press_mentions": "22"}, ("press", "press_mentions", "21", "22")),
        ({"funding_rounds": "3"}, {"funding_rounds": "4"}, ("funding", "funding_rounds", "3", "4")),
        ({"status": "open"}, {"status": "closed"}, ("closed", "status", "open", "closed")),
        ({}, {"status": "closed"}, ("closed", "status", None, "closed")),
        ({"status": "closed"}, {"status": "open"}, ("reopened", "status", "closed", "open")),
        ({"status": "open"}, {"status": "temporarily_closed"}, ("updated", "status", "open", "temporarily_closed")),
        ({"status": "closed"}, {}, ("updated", "status", "closed", None)),
        ({"city": "Austin"}, {"city": "Dallas"}, ("moved", "city", "Austin", "Dallas")),
        ({}, {"postal": "78701"}, ("updated", "postal", None, "78701")),
        ({"phone": "1"}, {"phone": "2"}, ("updated", "phone", "1", "2")),
    ],
)
def test_each_field_has_its_change_type(before: dict, after: dict, row: tuple) -> None:
    assert told(before, after) == [row]


def test_a_version_whose_fields_are_all_the_same_gives_no_row() -> None:
    assert told({"name": "Oak", **AUSTIN}, {"name": "Oak", **AUSTIN}) == []


def test_technologies_come_and_go_one_by_one() -> None:
    assert told({"tech_signals": "Shopify, Segment"}, {"tech_signals": '["segment", "Klaviyo", "Stripe"]'}) == [
        ("tech_removed", "tech_signals[shopify]", "shopify", None),
        ("tech_added", "tech_signals[klaviyo]", None, "klaviyo"),
        ("tech_added", "tech_signals[stripe]", None, "stripe"),
    ]


def test_an_executive_who_changes_their_title_goes_and_comes() -> None:
    assert told({"executives": '["Ada Quill, Founder"]'}, {"executives": '["Ada Quill, CEO"]'}) == [
        ("executives", "executives[Ada Quill, Founder]", "Ada Quill, Founder", None),
        ("executives", "executives[Ada Quill, CEO]", None, "Ada Quill, CEO"),
    ]


@pytest.mark.parametrize(("before", "after"), [("a|b", '["b", "a"]'), ("a, b", "b|a|a"), ("[", "[")])
def test_a_list_in_another_order_or_notation_is_the_same(before: str, after: str) -> None:
    assert told({"tags": before}, {"tags": after}) == []


def test_a_list_that_differs_is_told_whole() -> None:
    assert told({"tags": "a|b"}, {"tags": "a"}) == [("updated", "tags", "a|b", "a")]


@pytest.mark.parametrize(("north", "rows"), [("30.2676", 0), ("30.2677", 1), ("31", 1)])
def test_a_position_must_be_fifty_metres_off_to_be_a_move(north: str, rows: int) -> None:
    found = told(AUSTIN, {**AUSTIN, "lat": north})
    assert [row[:2] for row in found] == [("moved", "lat")] * rows


def test_a_position_that_is_learned_is_no_move() -> None:
    assert {row[0] for row in told({}, AUSTIN)} == {"updated"}
    assert {row[0] for row in told({"lat": "north", "lon": "west"}, AUSTIN)} == {"updated"}


def test_people_change_too() -> None:
    assert told({"title": "CTO"}, {"title": "CEO"}, "person") == [("updated", "title", "CTO", "CEO")]


def test_rows_say_which_versions_they_are_about_and_keep_the_contract() -> None:
    before = version("old", {"name": "Oak"}, {"name": "Elm", "phone": "1"}, hour=1)
    found = changes(before, version("new", {"name": "Oak"}, {"name": "Ash", "phone": "2"}), "business")
    assert found.select("provider_key", "payload_hash", "previous_hash", "field").rows() == [
        ("k1", "new", "old", "name"),
        ("k1", "new", "old", "phone"),
    ]
    assert found["changed_at"].unique().to_list() == [dt.datetime(2026, 11, 2, 6, tzinfo=dt.UTC)]
    assert list(SOURCE_CHANGES.violations(found.lazy())) == []


def test_versions_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="same row"):
        changes(version("old", {}), version("new", {}, {}), "business")


def test_no_versions_give_no_rows() -> None:
    assert changes(version("old"), version("new"), "business").equals(SOURCE_CHANGES.empty())


def seen(**hashes: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"record_id": list(hashes), "payload_hash": list(hashes.values())},
        schema={"record_id": pl.String, "payload_hash": pl.String},
    )


def test_a_record_that_is_not_seen_any_more_is_removed_and_one_seen_again_has_returned() -> None:
    before, now, earlier = seen(a="1", b="1"), seen(a="2", c="3", d="1"), seen(c="1", a="0")
    found = presence(before, now, earlier, is_complete=True)
    assert found.rows() == [("b", "1", "removed"), ("c", "1", "returned")]


def test_nothing_is_removed_when_not_every_question_was_answered() -> None:
    assert presence(seen(a="1"), seen(), seen(), is_complete=False).is_empty()
