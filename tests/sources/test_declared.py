"""Campaigns and verticals as tables: what their files say, with nothing made up where they are silent."""

from dagster_project.contracts import CAMPAIGNS, VERTICALS
from dagster_project.sources.area import Circle, Point
from dagster_project.sources.campaign import Campaign
from dagster_project.sources.declared import campaign_table, vertical_table
from dagster_project.sources.vertical import Vertical

DENTISTS = Vertical(
    name="dentists", description="Dental practices.", canonical="healthcare", required=("phone",), density_per_km2=1
)


def campaign(**content) -> Campaign:
    return Campaign.model_validate({"name": "austin", "vertical": "dentists", "sources": ["yelp"], **content})


def test_a_campaigns_row_says_what_its_leads_must_be_like() -> None:
    filters = {"min_rating": 4, "review_count_min": 20, "employees": {"max": 50}, "tech": ["Shopify"]}
    full = campaign(title="Austin dentists", filters=filters, destinations=["csv_export"])
    row = campaign_table([full], {"austin": Circle(Point(30.27, -97.74), 25)}, "o").row(0, named=True)
    assert row == {
        "org_id": "o",
        "campaign_id": "austin",
        "version": full.version,
        "title": "Austin dentists",
        "vertical": "dentists",
        "min_rating": 4.0,
        "min_review_count": 20,
        "employees_min": None,
        "employees_max": 50,
        "tech": ["shopify"],
        "lat": 30.27,
        "lon": -97.74,
        "radius_km": 25.0,
        "destinations": ["csv_export"],
        "approval": "auto_if_checks_pass",
    }


def test_a_campaign_without_a_place_has_no_centre() -> None:
    row = campaign_table([campaign()], {}, "o").row(0, named=True)
    assert (row["title"], row["lat"], row["radius_km"], row["tech"]) == ("austin", None, None, [])


def test_a_verticals_row_says_what_its_leads_must_have() -> None:
    assert vertical_table([DENTISTS], "o").rows() == [("o", "dentists", "healthcare", ["phone"], "baseline")]


def test_nothing_declared_gives_empty_tables() -> None:
    assert campaign_table([], {}, "o").equals(CAMPAIGNS.empty())
    assert vertical_table([], "o").equals(VERTICALS.empty())
