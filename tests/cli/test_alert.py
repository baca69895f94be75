"""`leadhouse alert …`: what waits for a person, taken from the command line."""

import json

import pytest
from typer.testing import CliRunner, Result

from dagster_project.cli import app
from dagster_project.resources.warehouse import Warehouse
from tests.response.conftest import Walked, walked
from tests.response.test_alerts import arrive, event

__all__ = ["walked"]
pytestmark = pytest.mark.integration


def alert(warehouse: Warehouse, *arguments: str) -> Result:
    env = {"DATABASE_URL": warehouse.owner_url(), "LEADHOUSE_DATA_DIR": str(warehouse.settings.data_dir)}
    return CliRunner(env=env | {"COLUMNS": "200", "LEADHOUSE_ORG_ID": None}).invoke(app, ["alert", *arguments])


def test_alerts_are_listed_filtered_and_taken_once(walked: Walked):
    walked.lead("acme")
    arrive(walked.warehouse, event("1", "demo_request", "acme"), event("2", "website_visit", "acme"))
    listed = json.loads(alert(walked.warehouse, "list", "--json").stdout)
    assert [each["priority"] for each in listed] == ["CRITICAL", "LOW"]
    (critical,) = json.loads(alert(walked.warehouse, "list", "--priority", "critical", "--json").stdout)
    assert "1 taken." in alert(walked.warehouse, "ack", critical["alert_id"], "--who", "ann").stdout
    again = alert(walked.warehouse, "ack", critical["alert_id"], "--who", "bob")
    assert (again.exit_code, again.stdout) == (0, "0 taken, 1 were taken before.\n")
    assert "taken by ann" in alert(walked.warehouse, "list", "--all").stdout
    assert "Website visit" in alert(walked.warehouse, "list").stdout


def test_an_unknown_alert_is_named(walked: Walked):
    result = alert(walked.warehouse, "ack", "00000000-0000-0000-0000-000000000001", "--who", "ann")
    assert result.exit_code == 2
    assert "has no alert 00000000" in result.stderr


@pytest.mark.parametrize("arguments", [("list", "--priority", "urgent"), ("ack", "first"), ("list", "--lead", "acme")])
def test_a_wrong_word_is_wrong_usage(clean_warehouse: Warehouse, arguments: tuple[str, ...]):
    assert alert(clean_warehouse, *arguments).exit_code == 2
