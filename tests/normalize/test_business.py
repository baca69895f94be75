import json

import polars as pl
import pytest

from dagster_project.contracts import STAGED_RECORDS, ContractError
from dagster_project.normalize import normalize
from tests.normalize.frames import FETCHED_AT, extracted, one, reasons, run

FULL = {
    "name": "THE OAK DENTAL GROUP, LLC",
    "alt_names": "Oak Dental|Dr. Oak",
    "vertical": "Health Care",
    "website": "https://www.OakDental.com/?utm_source=x",
    "email": "Info@OakDental.com",
    "email_verified": "true",
    "phone": "(312) 226-2649 x12",
    "address_line1": "867 North Hermitage Avenue, Suite 2",
    "city": "CHICAGO",
    "region": "Illinois",
    "postal": "60622-1234",
    "country": "United States",
    "lat": "41.88",
    "lon": "-87.63",
    "twitter": "@oakdental",
    "employees": "11-50",
    "founded": "1998-04-01",
    "tech_signals": "Shopify, Segment",
    "review_count": "1,204",
    "rating": "4.6",
    "last_reviewed_at": "2026-11-01T10:00:00Z",
}


def test_a_full_record_is_canonical():
    row = one("business", **FULL)
    assert (
        row
        | {
            "name": "The Oak Dental Group, LLC",
            "name_key": "oak dental group",
            "alt_names": ["Oak Dental", "Dr. Oak"],
            "vertical": "healthcare",
            "website": "https://www.oakdental.com",
            "domain": "oakdental.com",
            "email": "info@oakdental.com",
            "email_type": "role",
            "email_domain": "oakdental.com",
            "email_verified": True,
            "phone": "+13122262649",
            "phone_type": "main",
            "phone_key": "3122262649",
            "address_line1": "867 North Hermitage Ave",
            "address_line2": "Ste 2",
            "house_number": "867",
            "street": "n hermitage ave",
            "city": "Chicago",
            "region": "IL",
            "postal": "60622",
            "country": "US",
            "twitter": "https://x.com/oakdental",
            "employees_range": "11-50",
            "founded_year": 1998,
            "tech_signals": ["shopify", "segment"],
            "review_count": 1204,
            "rating": 4.6,
        }
        == row
    )


def test_every_row_comes_out_in_order_and_keeps_the_contract():
    result = run("business", FULL, {"name": None}, {"name": "b", "phone": "x"}, FULL)
    assert result.frame["provider_key"].to_list() == ["k0", "k1", "k2", "k3"]
    assert result.frame.schema == STAGED_RECORDS.polars_schema
    assert list(STAGED_RECORDS.violations(result.frame.lazy())) == []


def test_no_rows_give_no_rows():
    result = normalize(extracted("business", []), "business")
    assert (result.frame.height, result.rejected.height) == (0, 0)
    assert result.frame.schema == STAGED_RECORDS.polars_schema


def test_slices_do_not_show(monkeypatch):
    whole = run("business", *[FULL | {"name": f"n{i}", "phone": "bad"} for i in range(7)])
    monkeypatch.setattr("dagster_project.normalize.engine.SLICE_ROWS", 2)
    sliced = run("business", *[FULL | {"name": f"n{i}", "phone": "bad"} for i in range(7)])
    assert sliced.frame.equals(whole.frame)
    assert sliced.rejected.equals(whole.rejected)


def test_a_refused_value_says_where_it_was_and_why():
    result = run("business", {"name": "a"}, {"name": "b", "phone": "12", "rating": "9"})
    assert result.rejected.select("stage", "file", "line", "field", "reason", "value", "received_at").rows() == [
        ("normalize", "leads.csv", 3, "phone", "invalid_phone", "12", FETCHED_AT),
        ("normalize", "leads.csv", 3, "rating", "invalid_rating", "9", FETCHED_AT),
    ]


def test_without_a_file_the_record_says_where():
    frame = extracted("business", [{"phone": "12"}, {"phone": "13"}]).with_columns(query=pl.lit("near:60622"))
    records = [(f"record {record_id}", 1) for record_id in frame["record_id"]]
    assert normalize(frame, "business").rejected.select("file", "line").rows() == records


def test_a_file_that_comes_twice_under_one_name_refuses_a_line_once():
    again = extracted("business", [{"phone": "13"}]).with_columns(payload_hash=pl.lit("new version"))
    assert reasons(normalize(pl.concat([extracted("business", [{"phone": "12"}]), again]), "business")) == [
        ("phone", "invalid_phone", "13")
    ]


def test_a_long_value_is_cut():
    assert len(run("business", {"website": "x" * 600}).rejected["value"].item()) == 500


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"name": "#NAME?"}, ("name", "spreadsheet_error")),
        ({"phone": "226-2649", "country": "US"}, ("phone", "phone_without_area_code")),
        ({"phone": "09261 628000"}, ("phone", "phone_without_country")),
        ({"phone": "09261 628000", "country": "US"}, ("phone", "invalid_phone")),
        ({"fax": "none at all"}, ("fax", "invalid_phone")),
        ({"email": "ann"}, ("email", "invalid_email")),
        ({"email": "a@b.com", "email_verified": "perhaps"}, ("email_verified", "invalid_boolean")),
        ({"website": "Yes"}, ("website", "invalid_website")),
        ({"facebook": "https://joe.com/x"}, ("facebook", "invalid_profile")),
        ({"country": "Narnia"}, ("country", "unknown_country")),
        ({"region": "Bavaria", "country": "US"}, ("region", "unknown_region")),
        ({"postal": "ABC", "country": "US"}, ("postal", "invalid_postal")),
        ({"lat": "95", "lon": None}, ("lat", "invalid_coordinates")),
        ({"vertical": "fishing"}, ("vertical", "unknown_vertical")),
        ({"employees": "many"}, ("employees", "invalid_employees")),
        ({"founded": "1066"}, ("founded", "invalid_year")),
        ({"review_count": "-3"}, ("review_count", "invalid_count")),
        ({"rating": "11"}, ("rating", "invalid_rating")),
        ({"last_reviewed_at": "soon"}, ("last_reviewed_at", "invalid_timestamp")),
        ({"hours": "9 to 5"}, ("hours", "invalid_hours")),
        ({"status": "moved"}, ("status", "unknown_status")),
        ({"status": "true"}, ("status", "unknown_status")),
    ],
)
def test_each_field_has_its_reason(fields, reason):
    assert [found[:2] for found in reasons(run("business", fields))] == [reason]


@pytest.mark.parametrize("placeholder", ["n/a", "N/A", "none", "NULL", "-", "?", " tbd ", "unknown"])
def test_a_placeholder_is_an_absent_value_and_no_fault(placeholder):
    result = run("business", {"phone": placeholder, "website": placeholder, "city": placeholder})
    assert result.frame.select("phone", "website", "city").row(0) == (None, None, None)
    assert result.rejected.is_empty()


def test_namibia_is_no_placeholder():
    assert one("business", country="NA")["country"] == "NA"


def test_an_unknown_vertical_is_other():
    assert [one("business", vertical=v)["vertical"] for v in (None, "fishing", "SaaS")] == [
        "other",
        "other",
        "b2b_saas",
    ]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ("OPERATIONAL", "open"),
        ("Active", "open"),
        ("CLOSED_TEMPORARILY", "temporarily_closed"),
        ("Permanently closed", "closed"),
        ("dissolved", "closed"),
        ("temporarily_closed", "temporarily_closed"),
        (None, None),
    ],
)
def test_a_status_is_read_however_it_is_spelled(given, status):
    assert one("business", status=given)["status"] == status


def test_fields_that_are_read_for_their_changes_are_no_columns():
    result = run("business", {"job_posts": "12", "press_mentions": "3", "executives": "Jo, CEO", "funding_rounds": "2"})
    assert result.frame.columns == STAGED_RECORDS.names
    assert result.rejected.is_empty()


def test_nul_characters_do_not_reach_the_warehouse():
    assert one("business", name="Oak\x00 Dental")["name"] == "Oak Dental"


def test_a_seven_digit_phone_is_kept_as_a_key():
    row = one("business", phone="226-2649", country="US")
    assert (row["phone"], row["phone_type"], row["phone_key"]) == (None, None, "2262649")


def test_the_mobile_number_stands_in_for_a_missing_main_one():
    row = one("business", mobile="312-226-2649", country="US")
    assert (row["phone"], row["phone_type"], row["phone_key"]) == ("+13122262649", "mobile", "3122262649")
    assert one("business", phone="312-226-2640", mobile="312-226-2649", country="US")["phone"] == "+13122262640"


def test_a_toll_free_phone_is_typed():
    assert one("business", phone="800 226 2649", country="US")["phone_type"] == "toll_free"


def test_the_domain_is_never_taken_from_the_email():
    row = one("business", email="ann@oak.com")
    assert (row["domain"], row["email_domain"]) == (None, "oak.com")


def test_a_website_that_is_a_profile_fills_the_profile():
    row = one("business", website="http://facebook.com/oak")
    assert (row["website"], row["domain"], row["facebook"]) == (
        "http://facebook.com/oak",
        None,
        "https://www.facebook.com/oak",
    )
    assert one("business", website="http://oak.com")["facebook"] is None


def provenance(**fields: str) -> dict[str, float]:
    return json.loads(one("business", **fields)["provenance"])


def test_provenance_names_the_filled_fields_only():
    assert provenance(name="Oak", status="closed") == {"name": 0.9, "vertical": 0.8, "status": 0.9}
    assert provenance(name="Oak", city="Reno") == {"name": 0.9, "vertical": 0.8, "city": 0.9}


def test_the_way_a_value_was_got_decides_its_confidence():
    assert provenance(name="OAK DENTAL")["name"] == 0.85
    assert provenance(email="a@oak.com")["email"] == 0.7
    assert provenance(email="a@oak.com", email_verified="yes")["email"] == 0.95
    assert provenance(phone="312-226-2649", country="US")["phone"] == 0.95
    assert provenance(phone="338-226-2649", country="US")["phone"] == 0.9
    assert provenance(mobile="312-226-2649", country="US")["phone"] == 0.85
    assert provenance(website="facebook.com/oak") == {"website": 0.5, "facebook": 0.8, "vertical": 0.8}
    assert provenance(address="1 Oak St, Reno, NV 89501") == {
        "vertical": 0.8,
        "address_line1": 0.7,
        "city": 0.7,
        "region": 0.7,
        "postal": 0.7,
        "country": 0.7,
    }


def test_an_unknown_kind_is_named():
    with pytest.raises(ValueError, match="unknown kind of record 'robot': expected one of business, person"):
        normalize(extracted("business", []), "robot")


def test_a_frame_without_its_identity_breaks_the_contract():
    with pytest.raises((ContractError, pl.exceptions.ColumnNotFoundError)):
        normalize(extracted("business", [FULL]).drop("org_id"), "business")
