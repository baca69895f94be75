"""Partitions are written whole, replaced whole, and never half read."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from dagster_project.contracts import LEAD_ALIASES, ContractError
from dagster_project.resources.lake import Lake


def aliases(*alias_ids: str) -> pl.DataFrame:
    return LEAD_ALIASES.conform(
        pl.DataFrame(
            {
                "org_id": "default",
                "kind": "business",
                "alias_id": list(alias_ids),
                "lead_id": "lead",
                "valid_from": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
            }
        )
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def test_what_is_written_is_read_back(lake: Lake):
    assert lake.write(LEAD_ALIASES, aliases("a", "b"), "default", "business", "1") == 2
    assert lake.scan(LEAD_ALIASES).collect().equals(aliases("a", "b"))


def test_writing_a_partition_again_replaces_it_whole(lake: Lake):
    lake.write(LEAD_ALIASES, aliases("a", "b"), "default", "1")
    lake.write(LEAD_ALIASES, [aliases("c"), aliases("d")], "default", "1")
    assert lake.scan(LEAD_ALIASES).collect()["alias_id"].to_list() == ["c", "d"]


def test_the_same_content_leaves_the_file_untouched(lake: Lake):
    lake.write(LEAD_ALIASES, aliases("a"), "default", "1")
    before = lake.path(LEAD_ALIASES, "default", "1").stat()
    lake.write(LEAD_ALIASES, aliases("a"), "default", "1")
    after = lake.path(LEAD_ALIASES, "default", "1").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_write_that_fails_halfway_leaves_the_old_partition(lake: Lake):
    lake.write(LEAD_ALIASES, aliases("a"), "default", "1")

    def frames():
        yield aliases("b")
        yield pl.DataFrame({"colour": ["red"]})

    with pytest.raises(ContractError):
        lake.write(LEAD_ALIASES, frames(), "default", "1")
    assert lake.scan(LEAD_ALIASES).collect()["alias_id"].to_list() == ["a"]
    assert [p.name for p in lake.path(LEAD_ALIASES, "default", "1").parent.iterdir()] == ["1.parquet"]


def test_a_file_left_by_a_killed_write_is_not_read(lake: Lake):
    lake.write(LEAD_ALIASES, aliases("a"), "default", "1")
    lake.path(LEAD_ALIASES, "default", "1").with_name(".1.parquet.0123").write_bytes(b"half a file")
    assert lake.partitions(LEAD_ALIASES) == [("default", "1")]


def test_scanning_reads_only_below_the_prefix(lake: Lake):
    lake.write(LEAD_ALIASES, aliases("a"), "default", "business", "1")
    lake.write(LEAD_ALIASES, aliases("b"), "other", "business", "1")
    assert lake.scan(LEAD_ALIASES, "other").collect()["alias_id"].to_list() == ["b"]
    assert lake.partitions(LEAD_ALIASES, "default") == [("default", "business", "1")]


def test_an_absent_table_is_an_empty_frame_of_the_contract(lake: Lake):
    assert lake.scan(LEAD_ALIASES, "nobody").collect().schema == LEAD_ALIASES.polars_schema


def test_the_manifest_travels_with_the_partition(lake: Lake):
    lake.write(LEAD_ALIASES, aliases("a"), "default", "1", manifest={"run_id": "r"})
    assert lake.manifest(LEAD_ALIASES, "default", "1") == {"run_id": "r"}
    assert lake.manifest(LEAD_ALIASES, "default", "2") is None


@pytest.mark.parametrize("part", ["..", "a/b", "", ".hidden", "a\x00"])
def test_a_partition_cannot_leave_its_folder(lake: Lake, part: str):
    with pytest.raises(ValueError, match="not a partition name"):
        lake.path(LEAD_ALIASES, "default", part)
