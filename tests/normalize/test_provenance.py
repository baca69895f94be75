"""How sure a staged field is: never surer than whoever gave it."""

import json

import polars as pl

from dagster_project.normalize.provenance import weakened


def test_every_confidence_is_multiplied_and_a_row_without_a_factor_stays():
    given = pl.Series("provenance", ['{"email":0.7,"title":0.8}', '{"email":0.7,"title":0.8}', "{}"])
    told = weakened(given, pl.Series([0.5, None, 0.9]))
    assert [json.loads(text) for text in told] == [{"email": 0.35, "title": 0.4}, {"email": 0.7, "title": 0.8}, {}]
    assert told.name == "provenance"
