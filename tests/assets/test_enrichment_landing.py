"""Answers of the ledger become raw records: versions, sightings, what the law forbids, and what has no key."""

import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from dagster_project.assets.enrichment_landing import AnswerLanding, Landed
from dagster_project.assets.reading import reader_of
from dagster_project.assets.staging import stage_partition
from dagster_project.contracts import (
    ENRICHMENT_ANSWERS,
    ENRICHMENT_ATTEMPTS,
    QUARANTINED_RECORDS,
    RAW_RECORDS,
    RECORD_SIGHTINGS,
    STAGED_CONTACTS,
    SUPPRESSIONS,
    Table,
)
from dagster_project.contracts.identity import record_ids
from dagster_project.normalize.activity import value_hash
from dagster_project.resources.lake import Lake
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings

pytestmark = pytest.mark.integration

ORG, SOURCE = "acme", "enrichment.hunter"
MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
ADA = "ada.quill@larkmoor.example"
INPUTS = {"first_name": "Ada", "last_name": "Quill", "company_domain": "larkmoor.example"}
FOUND = {
    "first_name": "Ada",
    "last_name": "Quill",
    "email": ADA,
    "score": 91,
    "position": "Owner",
    "domain": "larkmoor.example",
    "sources": [{"uri": "https://larkmoor.example/team"}],
    "verification": {"date": "2026-10-02", "status": "valid"},
}
REQUEST = """
insert into ops.enrichment_requests (org_id, request_id, requested_by, fields, campaign, subjects, estimate_usd)
values (%(org)s, %(request)s, 'test', '{email}', 'austin', 1, 0)
"""
JOB = """
insert into ops.enrichment_jobs (org_id, job_id, request_id, kind, subject_id, lead_id, fields, subject)
values (%(org)s, %(id)s, %(request)s, 'person', %(subject)s, %(subject)s, '{email}', %(about)s)
"""
CALL = """
insert into ops.enrichment_calls
  (org_id, call_id, request_id, provider, lookup, subjects, state, reserved_usd, reservation, lease_token)
values (%(org)s, %(id)s, %(request)s, 'hunter', 'email_finder', 1, 'settled', 0, '{}', %(id)s)
"""
ANSWER = """
insert into ops.enrichment_answers (org_id, answer_id, call_id, provider, lookup, cache_key, kind, subject_id, lead_id,
  inputs, outcome, payload, cost_usd, answered_at)
values (%(org)s, %(id)s, %(id)s, 'hunter', 'email_finder', 'k', 'person', %(subject)s, %(subject)s, %(inputs)s,
  %(outcome)s, %(payload)s, 0.05, %(at)s)
"""
ATTEMPT = """
insert into ops.enrichment_attempts (org_id, attempt_id, job_id, subject_id, lead_id, field, attempt, provider, lookup,
  outcome, is_cached, is_filled, cost_usd, segment, attempted_at)
values (%(org)s, %(id)s, %(id)s, %(subject)s, %(subject)s, 'email', 1, 'hunter', 'email_finder', %(outcome)s, false,
  %(outcome)s = 'ok', 0.05, 'all', %(at)s)
"""


class Ledger:
    """What enrichment has committed, written by hand, and its landing in a lake."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse, self.lake, self.answers = warehouse, Lake(folder / "lake"), 0

    def answered(self, record: dict[str, Any] | None, outcome: str = "ok", day: date = MONDAY, **known: str) -> str:
        """One call about one contact of whom `known` was known; returns the id of its answer."""
        self.answers += 1
        at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC) + timedelta(minutes=self.answers)
        number = str(uuid.uuid5(uuid.NAMESPACE_OID, f"answer {self.answers}"))
        row = {"org": ORG, "id": number, "request": f"r{self.answers}", "outcome": outcome, "at": at}
        row |= {"subject": str(uuid.uuid5(uuid.NAMESPACE_OID, "ada")), "inputs": orjson.dumps(INPUTS).decode()}
        row |= {"about": orjson.dumps({"identity": known}).decode()}
        row |= {"payload": record and orjson.dumps(record).decode()}
        with self.warehouse.connect() as connection:
            for statement in (REQUEST, JOB, CALL, ANSWER, ATTEMPT):
                connection.execute(statement, row)
        return number

    def land(self, day: date = MONDAY, run_id: str = "run") -> list[Landed]:
        return AnswerLanding(self.lake, self.warehouse.app, ORG, day, run_id).land()

    def rows(self, table: Table, day: date = MONDAY, *, room: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        return self.lake.scan(table, *room, ORG, SOURCE, day.isoformat()).collect().rows(named=True)

    def files(self) -> dict[str, bytes]:
        """Every file of the lake with what is in it."""
        found = sorted(path for path in self.lake.root.rglob("*.parquet") if path.is_file())
        return {str(path.relative_to(self.lake.root)): path.read_bytes() for path in found}


@pytest.fixture
def ledger(clean_warehouse: Warehouse, tmp_path: Path) -> Ledger:
    return Ledger(clean_warehouse, tmp_path)


def test_an_answer_becomes_a_raw_record_of_its_provider_with_what_it_cost_and_where_it_was_seen(ledger: Ledger):
    number = ledger.answered(FOUND)
    assert ledger.land() == [Landed("hunter", 1, 1, 1, 0)]
    (raw,) = ledger.rows(RAW_RECORDS)
    assert (raw["record_id"],) == tuple(record_ids(ORG, ["hunter"], [ADA]))
    assert (raw["provider_key"], raw["kind"], raw["source"]) == (ADA, "person", SOURCE)
    assert (raw["request_cost_usd"], raw["campaign_id"]) == (Decimal("0.05"), "austin")
    assert raw["source_url"] == "https://larkmoor.example/team"
    assert orjson.loads(raw["query"]) == {"endpoint": "email_finder", **INPUTS}
    (answer,) = ledger.rows(ENRICHMENT_ANSWERS)
    assert (answer["answer_id"], answer["record_id"], answer["confidence"]) == (number, raw["record_id"], 0.91)
    (attempt,) = ledger.rows(ENRICHMENT_ATTEMPTS)
    assert (attempt["field"], attempt["is_filled"], attempt["cost_usd"]) == ("email", True, Decimal("0.05"))
    (sighting,) = ledger.rows(RECORD_SIGHTINGS)
    assert (sighting["record_id"], sighting["payload_hash"]) == (raw["record_id"], raw["payload_hash"])


def test_what_is_landed_keeps_its_contracts(ledger: Ledger):
    ledger.answered(FOUND)
    ledger.answered(None, "suppressed", email=ADA)
    ledger.answered({**FOUND, "email": None})
    ledger.land()
    tables = (RAW_RECORDS, RECORD_SIGHTINGS, ENRICHMENT_ANSWERS, ENRICHMENT_ATTEMPTS, SUPPRESSIONS, QUARANTINED_RECORDS)
    assert {table.name: list(table.violations(ledger.lake.scan(table))) for table in tables} == {
        table.name: [] for table in tables
    }


def test_an_answer_without_a_match_is_kept_and_becomes_no_record(ledger: Ledger):
    ledger.answered(None, "no_match")
    assert ledger.land() == [Landed("hunter", 1, 0, 0, 0)]
    assert ledger.rows(RAW_RECORDS) == []
    (answer,) = ledger.rows(ENRICHMENT_ANSWERS)
    assert (answer["outcome"], answer["record_id"], answer["confidence"]) == ("no_match", None, None)


def test_a_refusal_by_law_suppresses_what_is_known_of_the_person_under_the_hash_of_normalisation(ledger: Ledger):
    ledger.answered(None, "suppressed", email="Ada.Quill@larkmoor.example", phone="+12025550117")
    ledger.land()
    found = {row["scope"]: row for row in ledger.rows(SUPPRESSIONS)}
    assert {scope: row["value_hash"] for scope, row in found.items()} == {
        "email": value_hash(ADA),
        "phone": value_hash("+12025550117"),
    }
    assert found["email"]["reason"] == "legal: hunter must not say anything about this person"


def test_an_answer_without_a_key_is_quarantined_and_shows_nothing_of_it(ledger: Ledger):
    number = ledger.answered({**FOUND, "email": None})
    assert ledger.land() == [Landed("hunter", 1, 0, 0, 1)]
    (refused,) = ledger.rows(QUARANTINED_RECORDS, room=("land",))
    assert (refused["reason"], refused["value"], refused["stage"]) == ("no_key", number, "land")
    assert "Ada" not in str(refused)


def test_landing_a_day_again_gives_the_same_bytes(ledger: Ledger):
    for record, outcome in ((FOUND, "ok"), (None, "suppressed"), ({**FOUND, "email": None}, "ok")):
        ledger.answered(record, outcome, email=ADA)
    first = ledger.land(), ledger.files()
    assert (ledger.land(run_id="another run"), ledger.files()) == first


def test_what_was_answered_later_that_day_is_landed_with_the_rest(ledger: Ledger):
    ledger.answered(FOUND)
    ledger.land()
    ledger.answered({**FOUND, "position": "Chair"})
    assert ledger.land(run_id="another run") == [Landed("hunter", 2, 2, 2, 0)]


def test_the_same_answer_on_a_later_day_is_seen_again_and_is_no_new_version(ledger: Ledger):
    ledger.answered(FOUND)
    # what Hunter says of its own work changes by itself
    ledger.answered({**FOUND, "verification": {"date": "2026-11-24", "status": "valid"}, "sources": []}, day=TUESDAY)
    ledger.land()
    assert ledger.land(TUESDAY) == [Landed("hunter", 1, 1, 0, 0)]
    assert ledger.rows(RAW_RECORDS, TUESDAY) == []
    assert len(ledger.rows(RECORD_SIGHTINGS, TUESDAY)) == len(ledger.rows(ENRICHMENT_ANSWERS, TUESDAY)) == 1


def test_another_answer_on_a_later_day_is_a_new_version(ledger: Ledger):
    ledger.answered(FOUND)
    ledger.answered({**FOUND, "position": "Chair"}, day=TUESDAY)
    ledger.land()
    assert ledger.land(TUESDAY) == [Landed("hunter", 1, 1, 1, 0)]


def test_a_day_without_answers_lands_nothing(ledger: Ledger):
    ledger.answered(FOUND)
    assert ledger.land(TUESDAY) == []
    assert ledger.files() == {}


def test_an_answer_is_staged_by_the_provider_that_gave_it(ledger: Ledger):
    ledger.answered(FOUND)
    ledger.land()
    conf = Settings(_env_file=None, DATABASE_URL=None, data_dir=ledger.lake.root.parent)
    partition = (ORG, SOURCE, MONDAY.isoformat())
    stage_partition(ledger.lake, reader_of(ledger.lake, conf, partition), partition)
    (contact,) = ledger.rows(STAGED_CONTACTS)
    assert (contact["email"], contact["title"], contact["email_verified"]) == (ADA, "Owner", True)
    assert contact["source"] == SOURCE
