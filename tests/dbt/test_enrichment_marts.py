"""What enrichment brought to the small world: it is with who asked at once, and neither makes nor spoils a lead."""

import csv

import pytest

from dagster_project.enrichment.subject import FIELDS
from dagster_project.normalize.tables import confidences
from dagster_project.resources.warehouse import Warehouse
from tests.dbt.conftest import DBT
from tests.dbt.world import identifier

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("dbt")]


def lead(warehouse: Warehouse, name: str) -> dict:
    return warehouse.query("select * from marts.dim_lead where lead_id = %s", [identifier(name)]).row(0, named=True)


def contact(warehouse: Warehouse, name: str) -> dict:
    found = warehouse.query("select * from marts.dim_contact where contact_id = %s", [identifier(name)])
    return found.row(0, named=True)


def test_an_answer_reaches_the_golden_record_before_it_is_resolved(built: Warehouse) -> None:
    ann = contact(built, "ann")
    assert (ann["title"], ann["phone"], ann["record_count"]) == ("VP Sales", "+13125550111", 2)
    # Clearbit was asked under the id that was merged into Acme's
    acme = lead(built, "acme crm")
    assert acme["founded_year"] == 1999
    assert (acme["enrichment_status"], acme["last_enriched_at"].day) == ("partial", 21)


def test_an_answer_makes_no_lead_and_no_campaign(built: Warehouse) -> None:
    ids = [identifier(name) for name in ("acme list by clearbit", "acme crm by pdl", "ann by apollo")]
    assert built.query("select lead_id from marts.dim_lead where lead_id = any(%s)", [ids]).is_empty()
    assert lead(built, "acme crm")["campaigns"] == []


def test_a_less_sure_answer_overwrites_nothing_and_stays_visible(built: Warehouse) -> None:
    assert lead(built, "acme crm")["name"] == "Acme Tools"
    lost = built.query("select value, surviving_value, reason from marts.fct_lost_values where provider = 'pdl'")
    assert lost.rows() == [("Acme Inc", "Acme Tools", "less sure")]


def test_a_verified_email_and_a_listed_phone_prove_a_field(built: Warehouse) -> None:
    fields = built.query(
        "select field, evidence from intermediate.int_data_quality_fields where entity_id = %s and entity = 'contact'",
        [identifier("ann")],
    )
    assert dict(fields.rows()) == {
        "email": "verified",
        "phone": "valid",
        "first_name": "claimed",
        "last_name": "claimed",
        "company": "missing",
        "title": "claimed",
    }
    ann = contact(built, "ann")
    assert float(ann["completeness"]) == pytest.approx(5 / 6, abs=0.001)
    assert (ann["enrichment_status"], contact(built, "zoe")["enrichment_status"]) == ("enriched", "not_requested")


def test_quality_of_the_total_is_the_mean_of_the_fields(built: Warehouse) -> None:
    apart = built.query(
        "select avg(score)::float8 as mean, max(data_quality_score)::float8 as total "
        "from intermediate.int_data_quality_fields "
        "inner join intermediate.int_data_quality using (org_id, entity, entity_id) "
        "group by org_id, entity, entity_id"
    )
    assert apart.filter((apart["mean"] - apart["total"]).abs() > 0.001).is_empty()


def test_metrics_count_the_values_that_are_still_in_use(built: Warehouse) -> None:
    metrics = built.query(
        "select provider, field, hits, values_in_use from marts.mart_enrichment_metrics order by 1, 2"
    )
    assert metrics.rows() == [
        ("apollo", "email", 1, 1),
        ("apollo", "phone", 1, 1),
        ("builtwith", "tech", 0, 0),
        ("clearbit", "company", 1, 1),
    ]


def test_the_columns_of_a_field_are_those_that_fill_it() -> None:
    with (DBT / "seeds" / "enrichment_fields.csv").open(newline="") as file:
        columns = [(row["field"], row["column_name"]) for row in csv.DictReader(file)]
    assert {field for field, _ in columns} == set(FIELDS)
    for field, column in columns:
        assert column in confidences(FIELDS[field].kind)


def test_a_valid_phone_is_what_normalisation_calls_validated() -> None:
    macro = (DBT / "macros" / "data_quality.sql").read_text()
    assert f"macro validated_phone() -%}} {confidences('person')['phone']['validated']} " in macro
