"""The dbt project on a fresh database: what the marts say about a small world whose truth is known."""

import json
import re
from collections.abc import Callable

import pytest

from dagster_project.contracts import LEAD_FACTS_HISTORY
from dagster_project.resources.warehouse import Warehouse
from dagster_project.sources.vertical import LEAD_FIELDS
from tests.dbt.conftest import DBT
from tests.dbt.world import identifier

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("dbt")]

MARTS = (
    *("dim_lead", "dim_contact", "lead_facts_history", "sync_leads", "mart_source_quality"),
    *("fct_source_changes", "fct_provider_calls", "fct_lost_values", "mart_dedupe", "fct_data_quality_history"),
    *("fct_enrichment_attempts", "mart_enrichment_metrics", "mart_provider_health"),
    "mart_waiting_events",
    *("fct_score_history", "fct_score_daily", "fct_score_restated", "fct_threshold_crossings"),
    *("fct_lead_intelligence", "mart_leaderboard"),
)


def row(warehouse: Warehouse, table: str, name: str, key: str = "lead_id") -> dict:
    """The row of a mart about the lead or contact that was founded by record `name`."""
    found = warehouse.query(f"select * from marts.{table} where {key} = %s", [identifier(name)])
    assert found.height == 1
    return found.row(0, named=True)


def contents(warehouse: Warehouse) -> dict[str, str]:
    """A hash of every row of every mart, by mart."""
    statement = "select md5(string_agg(mart::text, '|' order by mart::text)) from marts.{} as mart"
    return {mart: warehouse.query(statement.format(mart)).item() for mart in MARTS}


def test_each_field_of_a_lead_survives_from_its_surest_record(built: Warehouse) -> None:
    acme = row(built, "dim_lead", "acme crm")
    assert (acme["name"], acme["phone"], acme["email"]) == ("Acme Tools", "+13125550100", "info@acme.com")
    assert acme["alt_names"] == ["Acme", "Acme Inc"]
    assert (acme["record_count"], acme["source_count"]) == (4, 4)
    assert acme["is_domain_verified"]


def test_provenance_names_the_record_of_each_surviving_field(built: Warehouse) -> None:
    evidence = json.loads(row(built, "dim_lead", "acme crm")["provenance"])
    of = {field: found for found in evidence for field in found["fields"]}
    assert of["name"]["record_id"] == identifier("acme list")
    assert of["name"]["fields"]["name"] == 0.9
    assert (of["phone"]["provider"], of["phone"]["fetched_at"]) == ("crm", "2026-11-03T00:00:00+00:00")


def test_a_value_that_did_not_survive_is_kept_with_what_won_and_why(built: Warehouse) -> None:
    lost = built.query("select * from marts.fct_lost_values where field = 'name'").row(0, named=True)
    assert (lost["lead_id"], lost["record_id"]) == (identifier("acme crm"), identifier("acme crm"))
    assert (lost["value"], lost["provider"], lost["confidence"]) == ("Acme", "crm", 0.6)
    assert (lost["surviving_value"], lost["surviving_provider"], lost["reason"]) == ("Acme Tools", "list", "less sure")


def test_sources_are_compared_by_the_leads_they_share(built: Warehouse) -> None:
    shared = built.query("select shared_leads from marts.mart_dedupe where source = 'crm' and other_source = 'list'")
    assert shared.item() == 1


def test_the_map_answers_which_lead_a_record_was_on_a_day(built: Warehouse) -> None:
    periods = built.query("select valid_to, change from intermediate.int_lead_map_history where org_id = 'default'")
    assert set(periods.rows()) == {(None, "new")}


def test_explanations_add_up_to_the_score(built: Warehouse) -> None:
    for lead in built.query("select rules_score, score_explanations from marts.dim_lead").iter_rows(named=True):
        points = sum(reason["points"] for reason in json.loads(lead["score_explanations"]))
        assert points == pytest.approx(lead["rules_score"], abs=1e-9)
    acme = row(built, "dim_lead", "acme crm")
    rules = {reason["rule"]: reason["points"] for reason in json.loads(acme["score_explanations"])}
    # of its vertical: website, e-mail at the domain, phone, employees; of everyone's: channels and size
    assert (
        rules.items()
        >= {
            "website_at_verified_domain": 15,
            "email_at_verified_domain": 15,
            "phone_not_toll_free": 10,
            "employees_11_to_200": 10,
            "has_email": 10,
            "has_phone": 15,
            "smb": 5,
            "has_direct_phone": 10,
        }.items()
    )
    # a phone is known, though it is toll-free
    assert row(built, "dim_lead", "bolt")["lead_score"] == 15


def test_the_score_of_now_has_one_home(built: Warehouse) -> None:
    columns = "lead_id, lead_score, grade, priority_tier"
    everywhere = [
        built.query(f"select {columns} from {table} order by lead_id").rows()
        for table in ("marts.dim_lead", "marts.fct_lead_intelligence", "intermediate.int_lead_scores")
    ]
    assert everywhere[0] == everywhere[1] == everywhere[2]


def test_events_and_deals_find_their_lead_by_any_identity(built: Warehouse) -> None:
    acme = row(built, "dim_lead", "acme crm")
    assert acme["event_count"] == 3
    assert (acme["deal_count"], acme["open_deal_count"]) == (1, 0)


def test_events_of_nobody_known_are_counted_as_waiting(built: Warehouse) -> None:
    waiting = built.query("select event_type, event_count, visitor_count from marts.mart_waiting_events")
    assert waiting.rows() == [("page_view", 1, 1)]


def test_a_contact_belongs_to_the_company_its_record_names(built: Warehouse) -> None:
    ann = row(built, "dim_contact", "ann", key="contact_id")
    assert (ann["lead_id"], ann["lead_kind"], ann["matched_by"]) == (identifier("acme crm"), "company", "company_key")
    acme = row(built, "dim_lead", "acme crm")
    assert (acme["contact_count"], acme["best_contact_name"]) == (1, "Ann Ode")


def test_a_person_without_a_company_is_a_lead(built: Warehouse) -> None:
    zoe = row(built, "dim_lead", "zoe")
    assert (zoe["lead_kind"], zoe["name"]) == ("person", "Zoe Doe")


def test_nothing_suppressed_or_refused_is_synced(built: Warehouse) -> None:
    synced = built.query("select name, email, contact_email from marts.sync_leads where org_id = 'default'")
    # Bolt's domain is suppressed, Zoe refused consent, Elm and Gum are held back
    assert sorted(synced["name"]) == ["Acme Tools", "Cafe", "Fir"]
    acme = row(built, "sync_leads", "acme crm")
    assert (acme["email"], acme["contact_email"]) == (None, "ann@acme.com")


def test_a_lead_is_held_back_with_the_reasons(built: Warehouse) -> None:
    held = built.query("select name, campaigns, hold_reasons from marts.dim_lead where is_held_back order by name")
    assert held.rows() == [
        ("Elm", ["austin"], ["no phone, which the vertical dentists requires"]),
        ("Gum", ["austin"], ["closed for good, as its best record says"]),
    ]
    assert row(built, "dim_lead", "gum")["business_status"] == "closed"


def test_a_campaign_scores_by_its_verticals_profile_and_its_place(built: Warehouse) -> None:
    fir = row(built, "dim_lead", "fir")
    # phone 10 and 15, small 5, employees 10, which only the profile b2b_saas counts, within 25 km 10
    assert fir["lead_score"] == 50
    assert row(built, "lead_facts_history", "fir")["target_distance_km"] == pytest.approx(11.12, abs=0.01)
    assert row(built, "lead_facts_history", "cafe")["target_distance_km"] is None


def test_a_change_names_the_lead_it_belongs_to(built: Warehouse) -> None:
    changes = built.query("select lead_id, campaign_id, change_type from marts.fct_source_changes order by change_type")
    assert changes.rows() == [(identifier("gum"), "austin", "closed"), (identifier("fir"), "austin", "reviews")]


def test_a_source_is_told_with_its_calls_and_their_cost(built: Warehouse) -> None:
    quality = built.query("select * from marts.mart_source_quality where source = 'austin.yelp'")
    assert quality.select("records", "source_calls", "source_cost_usd").rows() == [(3, 2, 0.5)]
    calls = built.query("select campaign_id, is_answered from marts.fct_provider_calls order by call_id")
    assert calls.rows() == [("austin", True), ("austin", False)]


def test_every_field_that_a_vertical_can_require_is_looked_at() -> None:
    macro = (DBT / "macros" / "holds.sql").read_text()
    labels = macro[macro.index("set labels") : macro.index("set empty")]
    assert tuple(re.findall(r"'(\w+)': '", labels)) == LEAD_FIELDS


def test_facts_keep_the_columns_of_their_contract(built: Warehouse) -> None:
    columns = built.query("select * from marts.lead_facts_history").columns
    assert columns == LEAD_FACTS_HISTORY.names
    assert row(built, "lead_facts_history", "bolt")["valid_from"].day == 20  # the day the map was known


def test_source_quality_counts_records_and_leads(built: Warehouse) -> None:
    quality = built.query("select * from marts.mart_source_quality where org_id = 'default' and source = 'list'")
    assert quality.select("records", "leads", "kind").rows() == [(3, 3, "business")]


def test_the_app_sees_only_its_tenant(built: Warehouse) -> None:
    for mart in MARTS:
        with built.app("tenant") as connection:
            assert connection.execute(f"select distinct org_id from marts.{mart}").fetchall() in ([("tenant",)], [])
    with built.app("tenant") as connection:
        assert connection.execute("select name from marts.dim_lead").fetchall() == [("Dune",)]


def test_a_second_build_changes_nothing_and_warns_of_nothing(built: Warehouse, build: Callable[[], str]) -> None:
    before = contents(built)
    printed = build()
    assert contents(built) == before
    assert "WARN=0 ERROR=0" in printed
    assert "Deprecat" not in printed
