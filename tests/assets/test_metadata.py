"""What a materialisation shows must be readable whatever the data holds."""

import base64
import re
from itertools import pairwise

import dagster as dg
import polars as pl
import pytest
from markdown_it import MarkdownIt

from dagster_project.assets import metadata


def cells(value: dg.MarkdownMetadataValue) -> list[list[str]]:
    """Rows of the table that a Markdown reader sees, the header first."""
    tokens = MarkdownIt("commonmark").enable("table").parse(value.value)
    rows: list[list[str]] = []
    for before, token in pairwise(tokens):
        if before.type == "tr_open":
            rows.append([])
        if before.type in ("th_open", "td_open"):
            rows[-1].append("".join(child.content for child in token.children))
    return rows


def png(value: dg.MarkdownMetadataValue) -> bytes:
    """The image of a chart, decoded strictly."""
    found = re.fullmatch(r"!\[[^\]]*\]\(data:image/png;base64,([^)]+)\)", value.value)
    return base64.b64decode(found[1], validate=True)


def is_png(image: bytes) -> bool:
    return image.startswith(b"\x89PNG\r\n\x1a\n") and image[12:16] == b"IHDR" and image.rstrip().endswith(b"\xaeB`\x82")


def test_a_table_shows_its_header_and_rows_with_readable_numbers():
    frame = pl.DataFrame({"source": ["places", "crm"], "rows": [1_234_567, 0], "share": [0.12345, 1.0]})
    shown = metadata.table(frame)
    assert isinstance(shown, dg.MarkdownMetadataValue)
    assert cells(shown) == [["source", "rows", "share"], ["places", "1,234,567", "0.123"], ["crm", "0", "1.000"]]


def test_only_the_first_rows_are_shown_and_the_rest_is_counted():
    shown = metadata.table(pl.DataFrame({"n": range(1_500)}))
    assert len(cells(shown)) == 1 + metadata.TABLE_ROWS
    assert shown.value.endswith("\n\n… 1,488 more rows")
    assert "more rows" not in metadata.table(pl.DataFrame({"n": range(metadata.TABLE_ROWS)})).value


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a|b", "a|b"),
        ("a||b|", "a||b|"),
        ("two\nlines", "two lines"),
        ("two\r\nlines\rmore", "two lines more"),
        ("paragraph\n\n# heading", "paragraph  # heading"),
        ("C:\\temp\\", "C:\\temp\\"),
        ("escaped \\| already", "escaped \\| already"),
        ("", ""),
    ],
)
def test_no_value_and_no_column_name_breaks_the_table(text: str, seen: str):
    shown = metadata.table(pl.DataFrame({"before": ["x"], text: [text], "after": ["y"]}))
    assert cells(shown) == [["before", seen, "after"], ["x", seen, "y"]]


def test_nulls_are_blank_and_zeros_are_not():
    frame = pl.DataFrame({"a": [None, 0], "b": [None, 0.0], "c": [None, "0"], "d": [None, False]})
    assert cells(metadata.table(frame))[1:] == [["", "", "", ""], ["0", "0.000", "0", "False"]]


def test_an_empty_table_shows_its_columns_and_one_without_columns_says_none():
    assert cells(metadata.table(pl.DataFrame(schema={"partition": pl.String, "rows": pl.Int64}))) == [
        ["partition", "rows"]
    ]
    assert metadata.table(pl.DataFrame()).value == "none"


def test_bars_are_a_png_inside_markdown():
    shown = metadata.bars(["accepted", "quarantined"], [1_234, 5], "rows")
    assert isinstance(shown, dg.MarkdownMetadataValue)
    assert shown.value.startswith("![rows](data:image/png;base64,")
    assert is_png(png(shown))


def test_more_bars_make_a_taller_picture():
    heights = [int.from_bytes(png(metadata.bars(map(str, range(n)), range(n), "n"))[20:24], "big") for n in (1, 10, 40)]
    assert heights == sorted(set(heights))


@pytest.mark.parametrize(
    "counts",
    [[], [0], [0, 0], [None], [None, 3], [-1.5, 2], [float("nan"), 1], [float("inf"), 1], [2**62]],
    ids=str,
)
def test_no_count_stops_a_plot(counts: list[float | None]):
    assert is_png(png(metadata.bars([f"label {n}" for n in range(len(counts))], counts, "rows")))


@pytest.mark.parametrize("label", [None, "", "a|b\n[c](d)", '"quoted" \\ ü 漢', "long " * 100], ids=repr)
def test_no_label_stops_a_plot(label: str | None):
    assert is_png(png(metadata.bars([label, "other"], [1, 2], "rows")))
