"""The suite on the enriched landing table, with answers as they should be and as they should not."""

import datetime as dt
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from dagster_project.checks.answers import answers_meet_expectations, landed
from dagster_project.checks.enrichment_expectations import Examination, examine
from dagster_project.contracts import ENRICHMENT_ANSWERS, ENRICHMENT_ATTEMPTS, LEAD_MAP, STAGED_CONTACTS, Table, Type
from dagster_project.resources.lake import Lake
from dagster_project.settings import Settings

OFFERS = {"apollo.match"}
GOOD = {
    **{"answer_id": "1", "kind": "person", "provider": "apollo", "offer": "apollo.match", "outcome": "ok"},
    **{"confidence": 0.9, "cost_usd": 0.1, "latency_ms": 120.0, "age_days": 0.5},
    **{"email": "ann@acme.com", "phone": "+13125550100", "mobile": None},
    **{"is_subject_known": True, "is_ok": True, "has_record": True},
}
BAD = {
    "outcome": ("fine", "outcome: values to be in set"),
    "kind": ("robot", "kind: values to be in set"),
    "offer": ("apollo.guess", "offer: values to be in set"),
    "is_subject_known": (False, "is_subject_known: values to be in set"),
    "has_record": (False, "is_ok, has_record: pair values to be equal"),
    "confidence": (1.2, "confidence: values to be between"),
    "cost_usd": (-0.1, "cost_usd: values to be between"),
    "latency_ms": (200_000.0, "latency_ms: values to be between"),
    "age_days": (-1.0, "age_days: values to be between"),
    "email": ("ann at acme.com", "email: values to match regex"),
    "phone": ("312-555-0100", "phone: values to match regex"),
    "mobile": ("0171 5550100", "mobile: values to match regex"),
}
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
YESTERDAY = NOW - dt.timedelta(days=1)


def examined(folder: Path, *rows: dict) -> Examination:
    schema = {name: pl.String if isinstance(value, str) or value is None else None for name, value in GOOD.items()}
    return examine(pl.DataFrame(rows, schema_overrides={k: v for k, v in schema.items() if v}), OFFERS, folder)


def no_match(answer_id: str) -> dict:
    """An answer without a record, which therefore has no channels, confidence or time of a call."""
    empty = dict.fromkeys(("confidence", "latency_ms", "email", "phone"))
    return GOOD | {"answer_id": answer_id, "outcome": "no_match", "is_ok": False, "has_record": False} | empty


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Examination:
    """A table with one answer for each thing that can be wrong, and good ones between them."""
    wrong = [GOOD | {"answer_id": name, name: value} for name, (value, _) in BAD.items()]
    return examined(tmp_path_factory.mktemp("docs"), GOOD, *wrong, no_match("3"))


@dg.asset(key=["lake", ENRICHMENT_ANSWERS.name])
def an_answer() -> None:
    """Stands for the asset that asks the providers: the check runs after it."""


def whole(table: Table, row: dict) -> pl.DataFrame:
    """The row with something in every required column."""
    something = {Type.TEXT: "x", Type.UUID: "x", Type.JSON: "{}", Type.MONEY: 0, Type.TIMESTAMP: NOW}
    return pl.DataFrame([{c.name: something[c.type] for c in table.columns if c.required and c.name not in row} | row])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake with one answer about a contact, a day old, and the record that it became."""
    found = Lake(tmp_path / "lake")
    here = {"org_id": "acme", "partition_date": NOW.date(), "provider": "apollo"}
    answer = {"answer_id": "1", "kind": "person", "subject_id": "s", "lookup": "unpriced", "outcome": "ok"}
    step = {"subject_id": "s", "lookup": "unpriced", "attempt": 1, "is_cached": False, "is_filled": True}
    rows = {
        ENRICHMENT_ANSWERS: {**here, **answer, "record_id": "r", "payload_hash": "h", "answered_at": YESTERDAY},
        ENRICHMENT_ATTEMPTS: {**here, **step, "latency_ms": 90.0},
        STAGED_CONTACTS: {
            **here,
            "record_id": "r",
            "payload_hash": "h",
            "email": "ann@acme.com",
            "mobile": "+13125550100",
        },
        LEAD_MAP: {"org_id": "acme", "lead_id": "s"},
    }
    for table, row in rows.items():
        found.write(table, whole(table, row), "acme", "enrichment.apollo", "2026-11-25")
    return found


def test_answers_as_they_should_be_meet_every_expectation(tmp_path: Path):
    found = examined(tmp_path, GOOD, no_match("2"))
    assert found.passed
    assert found.results["unexpected"].sum() == 0


def test_no_answers_disappoint_nobody(tmp_path: Path):
    found = examine(landed(Lake(tmp_path / "lake"), "2026-11-25", NOW), OFFERS, tmp_path / "docs")
    assert found.passed


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_counted_under_its_expectation(faulty: Examination, name: str):
    _, expectation = BAD[name]
    assert dict(faulty.results.select("expectation", "unexpected").rows())[expectation] == 1


def test_the_docs_name_no_value_of_a_record(faulty: Examination):
    assert not faulty.passed
    pages = [page.read_text() for page in faulty.docs.parent.rglob("*.html")]
    assert len(pages) > 1
    for value in ("ann at acme.com", "312-555-0100", "0171 5550100"):
        assert not any(value in page for page in pages)


def test_docs_replace_those_of_the_run_before(tmp_path: Path):
    pages = [len(list(examined(tmp_path, GOOD).docs.parent.rglob("*.html"))) for _ in range(2)]
    assert pages[0] == pages[1]


def test_the_check_warns_with_the_way_to_the_docs(lake: Lake):
    settings = Settings(_env_file=None, DATABASE_URL=None, data_dir=lake.root)
    done = dg.materialize([an_answer, answers_meet_expectations], resources={"lake": lake, "settings": settings})
    (result,) = done.get_asset_check_evaluations()
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert Path(result.metadata["data docs"].path).is_file()
    assert result.metadata["unmet expectations"].value == 1  # nobody has a price for the lookup


def test_an_answer_is_examined_with_its_record_and_its_call(lake: Lake):
    row = landed(lake, "2026-11-25", NOW).row(0, named=True)
    assert (row["email"], row["mobile"], row["latency_ms"]) == ("ann@acme.com", "+13125550100", 90)
    assert (row["is_subject_known"], row["age_days"], row["offer"]) == (True, 1, "apollo.unpriced")
    assert landed(lake, "2026-11-24", NOW).is_empty()
