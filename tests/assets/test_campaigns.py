"""Campaigns and verticals as the marts see them: one broken file leaves the others as they are."""

from pathlib import Path

import dagster as dg
import pytest

from dagster_project.assets.campaigns import declare_campaigns
from dagster_project.contracts import CAMPAIGNS, VERTICALS
from dagster_project.resources.lake import Lake
from dagster_project.resources.mirror import refresh
from dagster_project.resources.warehouse import Warehouse
from dagster_project.settings import Settings

CAMPAIGN = "vertical: dentists\nsources: [yelp]\ngeo: {lat: 30.27, lon: -97.74, radius_km: 10}\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "campaigns"
    folder.mkdir()
    (folder / "austin.yaml").write_text(CAMPAIGN)
    (folder / "unplaced.yaml").write_text("vertical: dentists\nsources: [yelp]\ngeo: {city: Waco}\n")
    (folder / "broken.yaml").write_text("vertical: dentists\nsources: [yelpp]\n")
    return Settings(_env_file=None, DATABASE_URL=None, data_dir=tmp_path)


def test_what_people_declare_reaches_the_warehouse(settings: Settings, warehouse: Warehouse) -> None:
    lake = Lake(settings.data_dir / "lake")
    resources = {"lake": lake, "warehouse": warehouse, "settings": settings}
    for _ in range(2):
        assert dg.materialize([declare_campaigns], instance=dg.DagsterInstance.ephemeral(), resources=resources).success
        for table in (CAMPAIGNS, VERTICALS):
            refresh(lake, warehouse, table)
    rows = warehouse.query("select campaign_id, lat, radius_km from lake.campaigns order by campaign_id").rows()
    assert ("austin", 30.27, 10.0) in rows
    assert ("unplaced", None, None) in rows
    assert "broken" not in {row[0] for row in rows}
    assert warehouse.query("select count(*) from lake.verticals where vertical = 'dentists'").item() == 1
    told = warehouse.query("select message from ops.alerts where alert_type = 'broken_campaign' and subject = 'broken'")
    assert "yelpp" in told.item()
