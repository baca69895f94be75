"""Calibration where labels exist: what a match weight is worth on data whose truth is known."""

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from dagster_project.resolution.comparable import connect, load
from dagster_project.resolution.kinds import kind_named
from dagster_project.resolution.model import Model
from dagster_project.resolution.pairs import block
from dagster_project.resolution.scoring import score
from dagster_project.resolution.threshold import Calibration, fit


def calibrate(
    records: list[Path], kind: str, model: Model, truth: pl.DataFrame, *, memory_limit: str = "3GB"
) -> tuple[Calibration, int, int]:
    """The calibration that fits `truth` (record_id, entity), and how many labelled pairs it saw: all, and matches.

    A pair is labelled when both its records are. Raises ValueError when the labelled pairs do not hold both matches
    and others.
    """
    with closing(connect(memory_limit, None, None)) as con:
        count = load(con, records, kind_named(kind))
        block(con, kind_named(kind))
        score(con, model, count)
        con.register("truth", truth.select("record_id", "entity").to_arrow())
        pairs = con.execute(
            """with known as (select id, entity from records join truth using (record_id))
               select match_weight, l.entity = r.entity as is_match from scored
               join known l on l.id = id_l join known r on r.id = id_r order by id_l, id_r"""
        ).fetchnumpy()
    matches = pairs["is_match"]
    return fit(pairs["match_weight"], matches), len(matches), int(matches.sum())


def calibrated(model: Model, calibration: Calibration) -> dict[str, Any]:
    """The model's file with another calibration."""
    return model.spec | {"calibration": asdict(calibration)}
