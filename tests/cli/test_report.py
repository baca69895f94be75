"""The end of a walk: every number is on the screen, and nobody's e-mail is."""

import io
import json

import pytest
from rich.console import Console

from dagster_project.cli.report import (
    BestLead,
    Delivered,
    Matching,
    Refusal,
    SourceCount,
    WalkSummary,
    as_json,
    mask,
    render,
)

SUMMARY = WalkSummary(
    org_id="demo",
    sources=[SourceCount("demo_places", 840, 834, 3, 3), SourceCount("demo_crm", 1_703, 1_690, 8, 5)],
    matching=[Matching("business", 3_000, 2_011, 0.9912, 0.9624, 0.9766, 7), Matching("person", 588, 480)],
    leads=2_084,
    people_alone=73,
    contacts=480,
    refusals=[Refusal("ragged_row", "land", 9), Refusal("invalid_phone", "normalize", 1_234)],
    best=[
        BestLead(
            f"lead-{i}",
            f"Halvorsen [Plumbing] {i}",
            "Salt Lake City, UT",
            92.4 - i,
            "A",
            ["rating 4.8 of 210 reviews +25"],
            "Owner",
            "jane.doe@halvorsen-demo.com",
        )
        for i in range(12)
    ],
    delivered=[Delivered("csv_export", acknowledged=1_977, unchanged=34), Delivered("webhook", dead=6)],
    seconds={"raw_records": 1.25, "resolve": 12.0},
    places={"Dagster UI": "make ui", "marts": "leadhouse psql"},
    next_steps={"leadhouse run FILE=MAPPING": "your own files"},
)


def shown(summary: WalkSummary, width: int = 100) -> str:
    screen = io.StringIO()
    render(Console(file=screen, width=width, force_terminal=False), summary)
    return screen.getvalue()


@pytest.mark.parametrize(
    "piece",
    [
        "2,543 rows in", "11 quarantined", "8 already known", "2,084 leads (73 a person", "480 contacts",
        "2,011", "1,690", "989", "0.991", "0.962", "0.977", "invalid_phone", "1,234", "one value", "the whole row",
        "Halvorsen [Plumbing] 0", "92 A", "rating 4.8 of 210", "+25", "Owner", "1,977", "34", "12.0", "13.2", "make ui",
        "leadhouse psql", "leadhouse run FILE=MAPPING",
    ],
)  # fmt: skip
def test_the_screen_shows(piece: str):
    assert piece in shown(SUMMARY)


def test_the_screen_shows_ten_of_the_best_leads():
    text = shown(SUMMARY)
    assert "Halvorsen [Plumbing] 9" in text
    assert "Halvorsen [Plumbing] 10" not in text


@pytest.mark.parametrize("width", [60, 80, 100, 240])
def test_no_line_is_wider_than_the_terminal_or_100_columns(width: int):
    assert max(len(line) for line in shown(SUMMARY, width).splitlines()) <= min(width, 100)


def test_no_whole_email_leaves_the_house():
    for text in (shown(SUMMARY), as_json(SUMMARY)):
        assert "jane" not in text
        assert "j•••@halvorsen-demo.com" in text.replace("\n", "")


@pytest.mark.parametrize(
    ("email", "masked"),
    [("a@b.com", "a•••@b.com"), ("@b.com", "•••@b.com"), ("jane", None), ("", None), (None, None)],
)
def test_an_email_keeps_its_first_letter_and_domain_only(email: str | None, masked: str | None):
    assert mask(email) == masked


def test_the_json_holds_the_same_figures():
    document = json.loads(as_json(SUMMARY))
    assert (document["received"], document["quarantined"]) == (2543, 11)
    assert [row["merged"] for row in document["matching"]] == [989, 108]
    assert document["matching"][1]["precision"] is None
    assert document["delivered"][1]["dead"] == 6


def test_a_walk_with_nothing_to_say_still_says_so():
    text = shown(WalkSummary(org_id="empty", sources=[], matching=[]))
    assert text.strip() == "Tenant empty: 0 rows in, 0 quarantined, 0 already known; 0 leads and 0 contacts out"
