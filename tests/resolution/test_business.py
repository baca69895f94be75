"""Which evidence makes two business records one lead, with the shipped model."""

import pytest

from tests.resolution.conftest import groups, record_id, run, staged

CAFE = {
    "name_key": "blue heron cafe",
    "phone_key": "5035550142",
    "domain": "blueheroncafe.com",
    "house_number": "214",
    "street": "nw everett st",
    "city": "Portland",
    "region": "OR",
    "postal": "97209",
    "country": "US",
    "lat": 45.5251,
    "lon": -122.6736,
}
ADDRESS = ("house_number", "street", "city", "region", "postal", "lat", "lon")
ELSEWHERE = {
    "house_number": "8801",
    "street": "e colfax ave",
    "city": "Denver",
    "region": "CO",
    "postal": "80220",
    "lat": 39.7403,
    "lon": -104.8896,
}


def only(*columns: str) -> dict:
    return {column: CAFE[column] for column in columns}


@pytest.mark.parametrize(
    "other",
    [
        only("name_key", "phone_key"),
        only("name_key", *ADDRESS),
        only("phone_key", *ADDRESS),
        only("name_key", "domain"),
        only("name_key", "lat", "lon"),
        CAFE | {"name_key": "blue heron caffe", "phone_key": None, "domain": None},
        CAFE | {"phone_key": "5035559999"},
        CAFE | {"name_key": "blue heron", "street": "everett", "domain": None},
    ],
    ids=[
        "name and phone",
        "name and address",
        "phone and address",
        "name and domain",
        "name and point",
        "typing error in the name at the same address",
        "another phone",
        "shorter name and street",
    ],
)
def test_enough_evidence_makes_one_lead(pair, other):
    assert pair(CAFE, other)


@pytest.mark.parametrize(
    "other",
    [
        {"name_key": "harbor dental", "phone_key": "5035550777", **only(*ADDRESS)},
        only("name_key"),
        only("city", "region", "postal"),
        CAFE | ELSEWHERE | {"phone_key": "3035550100"},
        CAFE
        | {"house_number": "990", "street": "se belmont st", "postal": "97214", "phone_key": None}
        | {"lat": 45.5165, "lon": -122.6559, "domain": None},
        {"name_key": "harbor dental", "domain": "harbordental.com", "phone_key": "5035550142"},
    ],
    ids=[
        "another business in the same building",
        "a name alone",
        "a town alone",
        "branch of the chain far away",
        "branch of the chain across town",
        "a phone that moved to another business",
    ],
)
def test_too_little_or_contradicting_evidence_keeps_two_leads(pair, other):
    assert not pair(CAFE, other)


def test_a_registration_id_joins_what_names_do_not(pair):
    left = {"name_key": "heron hospitality", "registration_id": "OR-1234567", **only("city", "postal")}
    assert pair(left, {"name_key": "blue heron cafe", "registration_id": "or 1234567", **only("city", "postal")})


def test_a_hotline_does_not_join_the_places_of_an_organisation():
    places = [
        {
            "key": street,
            "name_key": f"city library {street}",
            "phone_key": "5035550100",
            "domain": "citylibrary.org",
            "house_number": str(100 + 37 * n),
            "street": f"{street} st",
            "city": "Portland",
            "postal": f"972{n:02d}",
        }
        for n, street in enumerate(["albina", "belmont", "capitol", "gregory", "hollywood"])
    ]
    assert groups(run(staged("business", *places))) == set()


def test_a_value_shared_by_too_many_records_compares_nobody():
    records = [{"key": str(n), "name_key": f"tenant {n}", "domain": "mall.com"} for n in range(60)]
    assert run(staged("business", *records)).stats["pairs_by_rule"] == {}


def test_only_the_latest_version_of_a_record_counts():
    from tests.resolution.conftest import START

    old = CAFE | {"key": "left", "payload_hash": "a"}
    moved = CAFE | ELSEWHERE | {"key": "left", "payload_hash": "b", "name_key": "other name", "phone_key": "1" * 10}
    moved |= {"fetched_at": START.replace(day=2), "domain": "elsewhere.com"}
    resolution = run(staged("business", old, moved, CAFE | {"key": "right"}))
    assert resolution.stats["records"] == 2
    assert groups(resolution) == set()


def test_other_tenants_records_are_not_seen():
    resolution = run(staged("business", CAFE | {"key": "ours"}, CAFE | {"key": "theirs", "org_id": "rival"}))
    assert resolution.current["record_id"].to_list() == [record_id("ours")]
