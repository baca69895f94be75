"""`leadhouse resolve` and `leadhouse calibrate` on files of people and businesses."""

import json

import polars as pl
import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from dagster_project.resolution.model import load_model

MAPPING = """
kind: business
key: id
fields: {name: name, address_line1: street, city: city, phone: phone}
constants: {country: US}
"""
ROWS = [
    (n, f"{word} heron {trade}", f"{100 + 40 * n} {word} st", "Portland", f"503555{1000 + 37 * n}")
    for n, (word, trade) in enumerate(
        (w, t) for w in ("amber", "bold", "coral", "dusty", "ember", "frosty") for t in ("bakery", "dental")
    )
]


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Two lists of the same twelve businesses with different keys, and a mapping by path."""
    (tmp_path / "shops.yaml").write_text(MAPPING)
    header = "id,name,street,city,phone\n"
    for prefix in ("a", "b"):
        rows = "".join(",".join([f"{prefix}{row[0]}", *row[1:]]) + "\n" for row in ROWS)
        (tmp_path / f"{prefix}.csv").write_text(header + rows)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str):
    return CliRunner().invoke(app, [*arguments])


def test_files_are_resolved_without_a_warehouse(shop):
    inputs = [f"{name}.csv={shop}/shops.yaml" for name in "ab"]
    done = invoke("resolve", *inputs, "--kind", "business", "--out", "out.parquet", "--edges", "e.parquet", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["records"], report["clusters"], report["edges"]) == (24, 12, 12)
    clusters = pl.read_parquet("out.parquet")
    assert clusters.columns == ["source", "provider_key", "lead_id"]
    pairs = clusters.group_by(pl.col("provider_key").str.slice(1)).agg(pl.col("lead_id").n_unique())
    assert pairs["lead_id"].to_list() == [1] * 12
    assert pl.read_parquet("e.parquet").height == 12


@pytest.mark.parametrize(
    ("argument", "told"),
    [("a.csv", "names no mapping"), ("absent.csv=shops", "no such file"), ("a.csv=nowhere", "no mapping")],
)
def test_a_wrong_argument_is_told_in_a_sentence(shop, argument, told):
    done = invoke("resolve", argument, "--kind", "business", "--out", "out.parquet")
    assert done.exit_code == 2
    assert told in " ".join(done.output.replace("│", " ").split())


def test_a_mapping_of_people_does_not_read_businesses(shop):
    done = invoke("resolve", f"a.csv={shop}/shops.yaml", "--kind", "person", "--out", "out.parquet")
    assert done.exit_code == 2


def test_labels_make_a_model_that_resolve_takes(shop):
    labels = "provider_key,entity\n" + "".join(f"{p}{row[0]},{row[0]}\n" for p in "ab" for row in ROWS)
    (shop / "labels.csv").write_text(labels)
    inputs = [f"{name}.csv={shop}/shops.yaml" for name in "ab"]
    common = ["--kind", "business", "--json"]
    done = invoke("calibrate", *inputs, *common, "--labels", "labels.csv", "--out", "mine.json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["matches"] == 12
    assert load_model(shop / "mine.json").calibration.offset == report["offset"]
    done = invoke("resolve", *inputs, *common, "--out", "out.parquet", "--model", "mine.json")
    assert json.loads(done.stdout)["clusters"] == 12
