"""`leadhouse event post`: what is written into the inbox, and what is refused at the door."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dagster_project.cli import app


def post(data: Path, *arguments: str, said: str | None = None) -> Result:
    env = {"LEADHOUSE_DATA_DIR": str(data), "DATABASE_URL": None, "COLUMNS": "200"}
    return CliRunner(env=env).invoke(app, ["event", "post", *arguments], input=said)


def posted(data: Path) -> list[dict]:
    files = sorted((data / "inbox" / "events").glob("[!.]*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_an_event_from_options_has_an_id_a_time_and_its_properties(tmp_path: Path):
    result = post(tmp_path, "--type", "page_view", "--email", "a@acme.example", "--property", "url=/pricing")
    assert result.exit_code == 0
    (event,) = posted(tmp_path)
    assert (event["event_type"], event["email"], event["url"]) == ("page_view", "a@acme.example", "/pricing")
    assert event["event_id"]
    assert event["occurred_at"].endswith("+00:00")


def test_events_come_from_stdin_as_lines_or_as_a_list(tmp_path: Path):
    events = [{"event_type": "signup", "domain": "acme.example", "event_id": str(n)} for n in range(2)]
    post(tmp_path, "-", said="\n".join(map(json.dumps, events[:1])))
    result = post(tmp_path, "-", "--json", said=json.dumps(events[1:]))
    assert json.loads(result.stdout)["posted"] == ["1"]
    assert sorted(event["event_id"] for event in posted(tmp_path)) == ["0", "1"]


def test_an_event_without_an_id_that_is_posted_twice_has_one_id(tmp_path: Path):
    said = json.dumps({"event_type": "signup", "domain": "acme.example", "occurred_at": "2026-11-25T10:00:00Z"})
    for _ in range(2):
        post(tmp_path, "-", said=said)
    assert len({event["event_id"] for event in posted(tmp_path)}) == 1


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"domain": "acme.example"}, "it has no event_type"),
        ({"event_type": "signup"}, "it names nobody"),
        (
            {"event_type": "signup", "domain": "acme.example", "occurred_at": "yesterday"},
            "occurred_at is no ISO 8601 time",
        ),
        ("signup", "it is no JSON object"),
    ],
)
def test_a_bad_event_is_refused_by_its_place_and_the_good_ones_are_posted(tmp_path: Path, event: object, reason: str):
    good = {"event_type": "signup", "domain": "acme.example"}
    result = post(tmp_path, "-", said=json.dumps([event, good]))
    assert result.exit_code == 1
    assert f"Event 1 is refused: {reason}" in result.stderr
    assert len(posted(tmp_path)) == 1


def test_nothing_but_bad_events_is_wrong_usage_and_writes_nothing(tmp_path: Path):
    assert post(tmp_path, "-", said="[{}]").exit_code == 2
    assert posted(tmp_path) == []


def test_what_is_no_json_is_told(tmp_path: Path):
    result = post(tmp_path, "-", said="{broken")
    assert result.exit_code == 2
    assert "neither JSON nor JSON lines" in result.stderr
