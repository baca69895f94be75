"""Train a model: `python -m dagster_project.resolution.training --kind business --out MODEL.json FILE.parquet`.

What a level means is counted, not guessed: m, how often records that match are found in it, over copies of the
records with the errors of real life (`roughen`), whose origin is known; u, how often records that do not match are,
over random pairs and over all pairs that the blocking rules find. So training needs no labels, takes a minute, and
gives the same model every time. The files have the columns of staged_records or staged_contacts and should hold few
duplicates of their own, because those are counted as chance.

Training is not part of a run; a run reads the saved model. `models/README.md` says what the shipped ones learned from.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from dagster_project.resolution.comparable import WORLD, connect, load
from dagster_project.resolution.kinds import KINDS, Kind, kind_named
from dagster_project.resolution.model import Model, load_model, untrained_levels
from dagster_project.resolution.pairs import block
from dagster_project.resolution.roughen import ORIGIN, roughen
from dagster_project.resolution.scoring import score
from dagster_project.resolution.threshold import Calibration, fit
from dagster_project.resolution.weights import levels

SEED = 1
RANDOM_PAIRS = 1_000_000

# A level seen fewer times than this is as rare as chance would have it.
FEWEST = 0.5

# Matches one record has on average in the world the prior in the file is for; a run learns its own.
MATCHES_PER_RECORD = 1.0

Counts = dict[str, dict[int, int]]


def train(
    invented: pl.DataFrame,
    real: pl.DataFrame,
    kind: Kind,
    *,
    memory_limit: str = "4GB",
    random_pairs: int = RANDOM_PAIRS,
) -> dict:
    """Splink settings with counted probabilities, and the calibration.

    Rows that are `real` may hold unknown duplicates, which would pass for mistakes: they are counted with the others,
    but only the invented ones calibrate.
    """
    con = connect(memory_limit, threads=None, temp_dir=None)
    noisy = roughen(pl.concat([invented, real], how="diagonal_relaxed"), kind.name, SEED)
    records = load(con, noisy.drop(ORIGIN).lazy(), kind)
    known = pl.col(ORIGIN).is_in(invented["record_id"].implode()).alias("is_invented")
    con.register("origins", noisy.select("record_id", ORIGIN, known).to_arrow())
    con.execute("create table origin as select id, origin, is_invented from records join origins using (record_id)")
    matching = _count(con, kind, _copies(con))
    block(con, kind)
    others = "select p.* from pairs p join origin l on l.id = id_l join origin r on r.id = id_r"
    blocked = _count(con, kind, f"{others} where l.{ORIGIN} <> r.{ORIGIN}")
    drawn = _count(con, kind, _random_pairs(records, random_pairs))
    spec = _settings(kind, matching, drawn, blocked, records)
    return spec | {"calibration": asdict(_calibration(con, spec, records))}


def _calibration(con: duckdb.DuckDBPyConnection, spec: dict[str, Any], records: int) -> Calibration:
    """How far the weights of the pairs that blocking found may be trusted."""
    score(con, Model(spec, ""), records)
    scored = con.execute(
        f"""select match_weight, l.{ORIGIN} = r.{ORIGIN} as is_match from scored
            join origin l on l.id = id_l join origin r on r.id = id_r
            where l.is_invented and r.is_invented order by id_l, id_r"""  # noqa: S608
    ).fetchnumpy()
    return fit(scored["match_weight"], scored["is_match"])


def _copies(con: duckdb.DuckDBPyConnection) -> str:
    return (
        f"select l.id as id_l, r.id as id_r, 0 as rule from origin l "  # noqa: S608
        f"join origin r on l.{ORIGIN} = r.{ORIGIN} and l.id < r.id"
    )


def _random_pairs(records: int, pairs: int) -> str:
    """Pairs drawn by two multiplicative hashes, the same on every machine; one record in n is drawn with itself."""
    return f"""select l.id as id_l, r.id as id_r, 0 as rule
               from (select (hash(i) % {records})::int as a, (hash(i + {pairs}) % {records})::int as b
                     from range({pairs}) t(i)) drawn join origin l on l.id = a join origin r on r.id = b
               where l.{ORIGIN} <> r.{ORIGIN}"""  # noqa: S608


def _count(con: duckdb.DuckDBPyConnection, kind: Kind, pairs: str) -> Counts:
    """Pairs in each level of each comparison; level -1 where there is nothing to compare."""
    names = [c["output_column_name"] for c in kind.comparisons]
    columns = ", ".join(f"level_{name}" for name in names)
    con.execute(
        f"""create or replace temp table patterns as
            select {columns}, count(*) as n from ({levels(kind.comparisons, f"({pairs})")}) group by all"""  # noqa: S608
    )
    return {
        name: dict(con.execute(f"select level_{name}, sum(n)::bigint from patterns group by 1").fetchall())  # noqa: S608
        for name in names
    }


def _settings(kind: Kind, matching: Counts, drawn: Counts, blocked: Counts, records: int) -> dict[str, Any]:
    """The kind's comparisons as Splink settings, with probabilities."""
    from splink import SettingsCreator, block_on

    pairs = records * (records - 1) / 2
    comparisons = [
        comparison
        | {
            "comparison_levels": [
                _trained(lv, place, matching[name], drawn[name], blocked[name].get(place, 0), pairs)
                for place, lv in enumerate(comparison["comparison_levels"])
            ]
        }
        for comparison in kind.comparisons
        for name in [comparison["output_column_name"]]
    ]
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        probability_two_random_records_match=MATCHES_PER_RECORD / WORLD,
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=[block_on(*rule.columns) for rule in kind.blocking_rules.values()],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
    )
    return _shippable(settings.create_settings_dict(sql_dialect_str="duckdb"))


def _trained(
    lv: dict[str, Any], place: int, matching: dict[int, int], drawn: dict[int, int], blocked: int, pairs: float
) -> dict[str, Any]:
    """The level with its shares of the comparable pairs; a probability that is fixed stays, and one of a comparison
    the data never shows is left out."""
    alike, other = (sum(n for number, n in counts.items() if number > 0) for counts in (matching, drawn))
    if lv.get("is_null_level") or not alike or not other:
        return lv
    # what blocking finds is part of all pairs that can be compared: a bound, exact where it misses none
    bound = blocked / (pairs * other / sum(drawn.values()))
    m, u = max(matching.get(place, 0), FEWEST) / alike, max(drawn.get(place, 0), FEWEST) / other
    return {"m_probability": m, "u_probability": max(bound, min(u, 1.0)) if drawn.get(place) else bound or u} | lv


def _shippable(spec: Any) -> Any:
    """The spec without the linker's random id, and with probabilities at the six digits that mean something."""
    if isinstance(spec, dict):
        return {key: _shippable(value) for key, value in spec.items() if key != "linker_uid"}
    if isinstance(spec, list):
        return [_shippable(value) for value in spec]
    return float(f"{spec:.6g}") if isinstance(spec, float) else spec


def main(arguments: list[str] | None = None) -> None:
    """Train and write a model; see the module's docstring for the call."""
    parser = argparse.ArgumentParser(prog="training", description="Train a matching model on staged records.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="Parquet with the staged table's columns")
    parser.add_argument(
        "--real", nargs="*", type=Path, default=[], metavar="FILE", help="files that may hold duplicates"
    )
    parser.add_argument("--kind", choices=sorted(KINDS), required=True)
    parser.add_argument("--out", type=Path, required=True, help="model file to write")
    parser.add_argument("--random-pairs", type=int, default=RANDOM_PAIRS)
    parser.add_argument("--memory-limit", default="4GB")
    chosen = parser.parse_args(arguments)
    kind = kind_named(chosen.kind)
    invented, real = (
        pl.concat([kind.table.empty(), *(pl.read_parquet(file) for file in files)], how="diagonal_relaxed")
        for files in (chosen.files, chosen.real)
    )
    model = train(invented, real, kind, memory_limit=chosen.memory_limit, random_pairs=chosen.random_pairs)
    chosen.out.write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")
    left = untrained_levels(load_model(chosen.out))
    print(f"{chosen.out}: " + (f"levels without probabilities: {'; '.join(left)}" if left else "fully trained"))


if __name__ == "__main__":
    main()
