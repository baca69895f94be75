"""The demo world: the same for ever, true to its own truth, and as untidy as it says."""

import json
from pathlib import Path

import polars as pl
import pytest

from dagster_project.sandbox.faults import FAULT_EVERY
from dagster_project.sandbox.providers import KEYS, SOURCES
from dagster_project.sandbox.world import World, file_name, main, make_world, next_day, write_world

COLUMNS = {
    "demo_places": "id displayName formattedAddress location nationalPhoneNumber websiteUri rating userRatingCount "
    "primaryType",
    "demo_directory": "listing_id business_name street city state zip telephone url email stars reviews category",
    "demo_crm": "account_id account_name billing_street billing_city billing_state billing_zip phone website email "
    "email_verified employees technologies vertical",
    "demo_registry": "registration_no legal_name trading_as address founded employees_band homepage",
    "demo_people": "person_id first_name last_name job_title work_email email_verified direct_phone mobile "
    "linkedin_url employer employer_website employer_account_id consent",
    "demo_events": "id ts type visitor props",
    "demo_deals": "deal_id deal_name account_id account_domain stage amount currency owner opened_at expected_close "
    "closed_at",
    "demo_activities": "activity_id type at account_domain contact_email deal_id owner result",
    "demo_outcomes": "outcome_id account_domain contact_email outcome at deal_id reason",
    "demo_suppressions": "scope value reason since",
}


@pytest.fixture(scope="module")
def demo() -> World:
    return make_world(3000, seed=7)


@pytest.fixture(scope="module")
def large() -> World:
    return make_world(50_000, seed=7)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def well_formed(world: World, source: str) -> pl.Series:
    """Keys of a source's rows that have a name."""
    keys = world.rows[source][KEYS[source][0]]
    return keys.filter(~keys.str.ends_with("-nameless"))


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path):
    for name in ("once", "again"):
        write_world(make_world(1500, seed=3), tmp_path / name)
    assert bytes_of(tmp_path / "once") == bytes_of(tmp_path / "again")


def test_another_seed_gives_another_world():
    one, other = make_world(300, seed=1), make_world(300, seed=2)
    assert not one.rows["demo_crm"]["account_name"].equals(other.rows["demo_crm"]["account_name"])


@pytest.mark.parametrize("mapping", COLUMNS)
def test_each_file_has_exactly_the_columns_its_mapping_reads(demo: World, mapping: str):
    assert demo.rows[mapping].columns == COLUMNS[mapping].split()


def test_the_demo_is_as_large_as_promised(demo: World):
    heights = {name: frame.height for name, frame in demo.rows.items()}
    assert 2993 <= demo.truth.filter(kind="business").height <= 3000
    assert heights["demo_people"] == pytest.approx(600, rel=0.1)
    assert heights["demo_events"] == pytest.approx(2000, rel=0.02)
    assert heights["demo_deals"] == 150
    assert min(heights.values()) > 10


def test_the_truth_names_every_well_formed_record_once_and_no_other(demo: World):
    for source in [*SOURCES, "demo_people"]:
        known = demo.truth.filter(provider=source)["provider_key"]
        assert known.is_duplicated().sum() == 0
        assert set(known) == set(well_formed(demo, source))


def test_about_thirty_percent_of_the_businesses_are_seen_by_several_providers(large: World):
    seen = large.truth.filter(kind="business").group_by("entity_id").agg(pl.col("provider").n_unique())
    assert (seen["provider"] > 1).mean() == pytest.approx(0.30, abs=0.015)


def test_some_people_are_described_twice(demo: World):
    people = demo.truth.filter(kind="person")
    assert 1.15 < people.height / people["entity_id"].n_unique() < 1.35


def test_a_chain_shares_name_and_website_but_neither_city_nor_phone(large: World):
    chains = large.entities.drop_nulls("chain").group_by("chain").agg(pl.all().n_unique(), pl.len().alias("locations"))
    assert chains["name"].max() == 1
    assert chains["domain"].max() == 1
    assert chains["phone"].equals(chains["locations"].alias("phone"))
    assert 4 < chains["locations"].mean() < 7


def test_phone_numbers_and_websites_are_nobody_elses(large: World):
    alone = large.entities.filter(pl.col("chain").is_null())
    assert alone["domain"].drop_nulls().is_duplicated().sum() == 0
    assert large.entities["phone"].is_duplicated().sum() == 0
    assert large.entities["phone"].str.contains(r"^\d{3}555\d{4}$").all()


def test_fields_are_wrong_or_missing_about_as_often_as_in_real_lists(large: World):
    directory, crm = large.rows["demo_directory"], large.rows["demo_crm"]
    digits = directory["telephone"].drop_nulls().str.replace_all(r"\D", "").str.len_chars()
    assert (~digits.is_in([10, 11])).mean() == pytest.approx(0.011, abs=0.003)
    assert directory["telephone"].is_null().mean() == pytest.approx(0.04, abs=0.01)
    names = directory["business_name"].drop_nulls()
    assert (names == names.str.to_uppercase()).mean() == pytest.approx(0.15, abs=0.01)
    assert crm["phone"].is_null().mean() == pytest.approx(0.2, abs=0.02)
    assert crm["account_name"].drop_nulls().str.contains(r"(?i)(llc|l\.l\.c|inc|corp|ltd|co)").mean() > 0.45


def test_every_fault_line_stands_in_its_file_and_none_in_the_truth(demo: World, tmp_path: Path):
    paths = write_world(demo, tmp_path)
    for name, lines in demo.broken.items():
        text = paths[name].read_text().splitlines()
        assert len(lines) == pytest.approx(demo.rows[name].height / FAULT_EVERY, abs=1)
        assert set(lines) <= set(text)
    assert demo.truth["provider_key"].str.contains("torn|ragged|nameless").sum() == 0


def test_the_files_read_back_as_the_frames(demo: World, tmp_path: Path):
    paths = write_world(demo, tmp_path)
    deals = pl.read_csv(paths["demo_deals"], infer_schema=False)
    assert deals["deal_id"].to_list() == demo.rows["demo_deals"]["deal_id"].to_list()
    lines = paths["demo_events"].read_text().splitlines()
    events = [json.loads(line) for line in lines if line not in demo.broken["demo_events"]]
    assert [event["id"] for event in events] == demo.rows["demo_events"]["id"].to_list()
    assert {"asset": "buyers-guide"} in [event["props"] for event in events]
    truth = pl.read_parquet(tmp_path / "truth.parquet")
    assert truth.equals(demo.truth)


def test_deals_and_outcomes_belong_to_businesses_of_the_world(demo: World):
    domains = set(demo.entities["domain"].drop_nulls())
    accounts = set(demo.rows["demo_crm"]["account_id"])
    assert set(demo.rows["demo_deals"]["account_id"]) <= accounts
    for name in ("demo_deals", "demo_activities", "demo_outcomes"):
        assert set(demo.rows[name]["account_domain"]) <= domains
    closed = demo.rows["demo_deals"].drop_nulls("closed_at")
    assert (closed["opened_at"] < closed["closed_at"]).all()


def test_deals_and_people_name_the_account_of_their_own_business(demo: World):
    account = demo.truth.filter(provider="demo_crm").select(
        account_id="provider_key", entity=pl.col("entity_id").str.strip_prefix("business-").cast(pl.Int64)
    )
    held = demo.rows["demo_deals"].join(account, on="account_id").join(demo.entities, on="entity")
    assert held.height == demo.rows["demo_deals"].height
    assert (held["account_domain"] == held["domain"]).all()
    staff = demo.rows["demo_people"].rename({"employer_account_id": "account_id"}).join(account, on="account_id")
    staff = staff.join(demo.entities, on="entity")
    assert staff.height > 50
    assert (staff["employer"] == staff["name"]).all()


def test_good_outcomes_follow_from_what_was_known_before_them(large: World):
    outcomes = large.rows["demo_outcomes"].rename({"account_domain": "domain"})
    asked = large.rows["demo_events"].filter(pl.col("type") == "demo_request").unnest("visitor")
    asked = asked.select("domain", "ts").group_by("domain").agg(pl.col("ts").min())
    judged = outcomes.join(asked, on="domain", how="left").join(large.entities, on="domain").select(
        good=pl.col("outcome").is_in(["won", "qualified", "replied"]),
        asked=(pl.col("ts") < pl.col("at")).fill_null(value=False),
        rated=(pl.col("rating") >= 4.3) & (pl.col("reviews") >= 50),
    )  # fmt: skip
    assert judged.filter("asked")["good"].mean() > judged.filter(~pl.col("asked"))["good"].mean() + 0.15
    assert judged.filter("rated")["good"].mean() > judged.filter(~pl.col("rated"))["good"].mean() + 0.10


def test_the_next_day_sends_only_what_is_new_or_different(large: World):
    second = next_day(large, 0.01)
    assert second.records == pytest.approx(500, rel=0.1)
    for source in SOURCES:
        key = KEYS[source][0]
        before = large.rows[source].unique(key, keep="first")
        old = second.rows[source].filter(pl.col(key).is_in(before[key].implode()))
        assert 0 < old.height < second.rows[source].height
        assert old.join(before, on=old.columns, how="semi", nulls_equal=True).is_empty()


def test_the_next_days_truth_covers_both_days(large: World):
    second = next_day(large, 0.01)
    for source in SOURCES:
        keys = second.truth.filter(provider=source)["provider_key"]
        assert keys.is_duplicated().sum() == 0
        assert set(second.rows[source][KEYS[source][0]]) | set(well_formed(large, source)) == set(keys)
    businesses = second.truth.filter(kind="business")
    rediscovered = businesses[large.truth.filter(kind="business").height :]
    assert large.truth.filter(kind="business").height < businesses.height
    assert rediscovered["entity_id"].is_in(large.truth["entity_id"].implode()).any()


@pytest.mark.parametrize("seed", range(20))
def test_the_smallest_world_still_has_rows_in_every_file(seed: int):
    world = make_world(300, seed)
    assert sorted(world.rows) == sorted(COLUMNS)
    assert all(frame.height for frame in world.rows.values())
    assert all(frame.height for frame in next_day(world, 0.01).rows.values())


def test_a_world_too_small_for_its_files_is_refused():
    with pytest.raises(ValueError, match="at least 300"):
        make_world(299, seed=7)


def test_the_command_writes_the_second_day(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    main(["--records", "400", "--out", str(tmp_path), "--seed", "5", "--day", "2", "--changed", "0.05"])
    assert (tmp_path / file_name("demo_crm")).exists()
    assert not (tmp_path / file_name("demo_suppressions")).exists()
    assert "demo_places.jsonl" in capsys.readouterr().out
