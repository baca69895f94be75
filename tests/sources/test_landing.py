import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from dagster_project.contracts import FILE_RECEIPTS, QUARANTINED_RECORDS, RAW_RECORDS, RECORD_SIGHTINGS
from dagster_project.contracts.identity import record_ids
from dagster_project.sources.files.errors import UnknownColumn
from dagster_project.sources.files.inbox import ReceivedFile, deposit, received
from dagster_project.sources.files.landing import Landing, check_file, land
from dagster_project.sources.files.payload import payload_hashes
from tests.sources.conftest import NOW, ORG, assert_balanced, keys, mapping, refused, rows

DAY = NOW.date()


@pytest.fixture
def keep(tmp_path: Path):
    """Keeps contents as files of the partition, each an hour after the one before."""

    def run(*contents: str, name: str = "a.csv") -> list[ReceivedFile]:
        lake = tmp_path / "lake"
        for hour, content in enumerate(contents):
            (tmp_path / name).write_text(content)
            deposit(tmp_path / name, "places", lake, ORG, NOW + timedelta(hours=hour))
        return received(lake, ORG, "places", DAY)

    return run


def landed(files: list[ReceivedFile], known: dict | pl.DataFrame | None = None, **content: object) -> Landing:
    return land(files, mapping(**content), org_id=ORG, day=DAY, known={} if known is None else known, run_id="r")


def heaps(landing: Landing) -> list[tuple[int, int, int, int]]:
    assert_balanced(landing)
    return landing.receipts.select("received", "accepted", "quarantined", "duplicate").rows()


def test_frames_keep_their_contracts(keep):
    landing = landed(keep("id,name\n1,Ann\n2\n1,Ann\n"))
    pairs = [(RAW_RECORDS, pl.concat(landing.raw)), (RECORD_SIGHTINGS, landing.sightings)]
    pairs += [(QUARANTINED_RECORDS, landing.quarantined), (FILE_RECEIPTS, landing.receipts)]
    for table, frame in pairs:
        assert list(table.violations(frame.lazy())) == []
        assert frame.height == 1


def test_a_raw_record_says_where_it_comes_from(keep):
    (record,) = rows(landed(keep("id,name\n 7 ,Ann\n"))).to_dicts()
    assert record["record_id"] == record_ids(ORG, ["places"], ["7"])[0]
    assert record["payload_hash"] == payload_hashes(pl.Series(['{"id":" 7 ","name":"Ann"}']))[0]
    expected = {"provider": "places", "provider_key": "7", "kind": "business", "source": "places", "run_id": "r"}
    expected |= {"payload": '{"id":" 7 ","name":"Ann"}', "query": "file a.csv line 2", "fetched_at": NOW}
    assert {k: record[k] for k in expected} == expected


def test_the_provider_can_differ_by_row(keep):
    landing = landed(keep("id,src\n1,x\n1,y\n2,\n"), provider_column="src")
    assert rows(landing)["provider"].to_list() == ["x", "y"]
    assert rows(landing)["record_id"].n_unique() == 2
    assert refused(landing) == [(4, "src", "missing_provider")]


def test_a_provider_can_be_shared_by_mappings(keep):
    assert rows(landed(keep("id\n1\n"), provider="yelp"))["provider"].to_list() == ["yelp"]


def test_rows_without_key_or_required_field_are_refused_with_their_payload(keep):
    content = {"fields": {"name": ["first", "last"], "phone": "tel"}, "constants": {"country": "US"}}
    files = keep("id,first,last,tel\n1,Ann,,1\n2, , ,1\n ,Eve,,1\n4,Bob,,\n")
    landing = landed(files, **content, required=["name", "tel", "country"])
    assert keys(landing) == ["1"]
    assert refused(landing) == [
        (3, "name", "missing_required"),
        (4, "id", "missing_key"),
        (5, "tel", "missing_required"),
    ]
    assert json.loads(landing.quarantined["value"][0])["id"] == "2"


def test_a_split_can_fill_a_required_field(keep):
    files = keep('id,where\n1,"Main St, Chicago, IL"\n2,nowhere\n')
    splits = [{"column": "where", "pattern": r",\s*(?P<city>[^,]+),"}]
    assert refused(landed(files, splits=splits, required=["city"])) == [(3, "city", "missing_required")]


def test_identity_columns_stand_for_a_key(keep):
    files = keep("name,street,phone\nAnn,Main St,1\nANN , main  st,2\n,,3\nAnn,,4\n")
    landing = landed(files, identity=["name", "street"])
    assert rows(landing)["record_id"].n_unique() == 2
    assert heaps(landing) == [(4, 3, 1, 0)]
    assert refused(landing) == [(4, "name+street", "missing_key")]


def test_same_key_and_content_is_a_duplicate_and_new_content_a_version(keep):
    landing = landed(keep("id,name\n1,Ann\n1,Ann\n1,Bob\n2,Ann\n"))
    assert heaps(landing) == [(4, 3, 0, 1)]
    assert rows(landing)["query"].to_list() == [f"file a.csv line {n}" for n in (2, 4, 5)]


def test_columns_that_are_empty_or_in_another_order_change_nothing(keep):
    landing = landed(keep("id,name\n1,Ann\n", "name,note,id\nAnn,,1\n"))
    assert heaps(landing) == [(1, 1, 0, 0), (1, 0, 0, 1)]


def test_what_was_known_before_the_partition_is_not_written_again(keep):
    files = keep("id,name\n1,Ann\n2,Bob\n")
    first = rows(landed(files))
    known = dict(zip(first["record_id"], first["payload_hash"], strict=True))
    again = landed(files, known=known)
    assert heaps(again) == [(2, 0, 0, 2)]
    assert again.raw == []
    assert again.sightings.height == 2
    changed = landed(files, known=first.select("payload_hash", "record_id").with_columns(payload_hash=pl.lit("old")))
    assert heaps(changed) == [(2, 2, 0, 0)]


def test_a_value_that_returns_is_the_latest_again_without_a_second_row(keep):
    files = keep("id,name\n1,Ann\n", "id,name\n1,Bob\n", "id,name\n1,Ann\n\n")
    landing = landed(files)
    assert heaps(landing) == [(1, 1, 0, 0), (1, 1, 0, 0), (1, 0, 0, 1)]
    latest = rows(landing).sort("fetched_at")["payload"].to_list()
    assert latest == ['{"id":"1","name":"Bob"}', '{"id":"1","name":"Ann"}']
    assert rows(landing)["fetched_at"].max() == NOW + timedelta(hours=2)
    assert landing.sightings["last_seen_at"].to_list() == [NOW + timedelta(hours=2)]


def test_a_return_to_what_was_known_before_the_partition_is_a_version(keep):
    ann = rows(landed(keep("id,name\n1,Ann\n")))
    files = keep("id,name\n1,Ann\n", "id,name\n1,Bob\n", "id,name\n1,Ann\n\n")
    landing = landed(files, known=dict(zip(ann["record_id"], ann["payload_hash"], strict=True)))
    assert heaps(landing) == [(1, 0, 0, 1), (1, 1, 0, 0), (1, 1, 0, 0)]


def test_landing_again_gives_the_same_frames(keep):
    files = keep("id,name\n1,Ann\n2\n", "id,name\n1,Bob\n3,Eve\n")
    first, second = landed(files), landed(files)
    for name in ("sightings", "quarantined", "receipts"):
        assert getattr(first, name).equals(getattr(second, name))
    assert rows(first).equals(rows(second))


def test_two_files_of_one_name_are_told_apart_in_quarantine(keep):
    landing = landed(keep("id,name\n1\n", "id,name\n2\n"))
    assert landing.quarantined["file"].to_list() == ["a.csv", "a.csv (2)"]
    assert list(QUARANTINED_RECORDS.violations(landing.quarantined.lazy())) == []


def test_no_files_make_an_empty_landing():
    landing = landed([])
    assert (landing.raw, landing.sightings.height, landing.quarantined.height, landing.receipts.height) == ([], 0, 0, 0)


def test_a_mapping_that_does_not_fit_is_said_before_anything_lands(keep):
    (file,) = keep("id,Name\n1,Ann\n")
    with pytest.raises(UnknownColumn, match=r'does not fit a\.csv: no column "name" \(did you mean "Name"\?\)'):
        landed([file], fields={"name": "name"})


def test_a_file_can_be_checked_before_it_is_kept(tmp_path: Path):
    fits, misfits = tmp_path / "fits.jsonl", tmp_path / "misfits.jsonl"
    fits.write_text('{"id":"1"}\n{"other":2}\n')
    misfits.write_text('{"ident":"1"}\n')
    check_file(fits, mapping(fields={"name": "absent.from.all"}))
    with pytest.raises(UnknownColumn, match=r'no key "id" \(did you mean "ident"\?\)'):
        check_file(misfits, mapping())
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(UnknownColumn, match="no column"):
        check_file(tmp_path / "a.csv", mapping())


def test_payload_and_hash_are_what_json_gives(keep):
    odd = {"id": "1", 'q"uo\\te': 'a"b\\c', "ctl": "\x01\x1f\x7f\t", "uni": "é\u2028😀", "empty": ""}
    text = pl.DataFrame([odd]).write_csv()
    (record,) = rows(landed(keep(text))).to_dicts()
    assert json.loads(record["payload"]) == odd
    filled = {k: v for k, v in odd.items() if v}
    canonical = json.dumps(filled, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert record["payload_hash"] == payload_hashes(pl.Series([canonical]))[0]


def test_the_receipt_describes_the_file(keep):
    (file,) = keep("id,name\n1,Ann\n")
    receipt = landed([replace(file, file="b.csv")]).receipts.row(0, named=True)
    assert (receipt["file"], receipt["sha256"], receipt["bytes"]) == ("b.csv", file.sha256, 14)
    assert (receipt["received_at"], receipt["notes"]) == (NOW, [])
