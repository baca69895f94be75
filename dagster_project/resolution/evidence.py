"""The evidence about pairs that somebody asks about, whether or not a run ever compared them.

It is weighed like a run's: the same features, frequencies of the whole tenant, and model; what a run learned beside the
model (`Scoring`) is given. What it all means is said in `explain`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from dagster_project.resolution.comparable import connect, load
from dagster_project.resolution.kinds import Kind, kind_named
from dagster_project.resolution.model import Model, shipped_model
from dagster_project.resolution.pairs import block
from dagster_project.resolution.scoring import Scoring, score
from dagster_project.resolution.weights import weigh

# What a pair within one provider weighs is learned, so it is no comparison of the model and has no levels.
PROVIDER = "provider"
PROVIDER_LEVEL = "kept apart by one provider"


@dataclass(frozen=True)
class Step:
    """What one comparison says: its level in words, and the weight in bits (log2 of m/u)."""

    comparison: str
    level: str
    weight: float


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against two records being one. `prior` and weights are bits, log2 odds; `probability` is
    what their sum comes to, calibrated."""

    left_record: str
    right_record: str
    prior: float
    steps: Sequence[Step]
    probability: float

    @property
    def match_weight(self) -> float:
        """The sum of the prior and all steps, in bits."""
        return self.prior + sum(step.weight for step in self.steps)


@dataclass(frozen=True)
class Block:
    """A blocking rule under which both records have the same values, as `records` have in all. A rule compares groups
    of at most `most`."""

    rule: str
    records: int
    most: int

    @property
    def compares(self) -> bool:
        return self.records <= self.most


@dataclass(frozen=True)
class World:
    """A tenant's records of one kind, ready to be asked about."""

    con: duckdb.DuckDBPyConnection
    kind: Kind
    model: Model
    scoring: Scoring

    def probability(self, weight: float) -> float:
        """What a match weight comes to."""
        return float(self.model.calibration.probability(np.array(weight)))

    def numbers(self, records: Iterable[str]) -> dict[str, int]:
        """Record number of each record that is there."""
        query = "select record_id, id from records where record_id in (select unnest(?))"
        return dict(self.con.execute(query, [list(records)]).fetchall())

    def evidence(self, pairs: Sequence[tuple[str, str]]) -> list[Evidence]:
        """Evidence about pairs of records, in the order asked; a pair with an absent record is left out."""
        number = self.numbers({record for pair in pairs for record in pair})
        there = [sorted(pair) for pair in pairs if pair[0] in number and pair[1] in number]
        asked = {"id_l": [number[a] for a, _ in there], "id_r": [number[b] for _, b in there]}
        self.con.register("asked", pl.DataFrame(asked, schema={"id_l": pl.Int32, "id_r": pl.Int32}).to_arrow())
        weighed = self._rows(self.scoring.weighed(weigh(self.model, pairs="(select *, 0 as rule from asked)")))
        levels = self._rows(_levels(self.model, self.con.table("records").columns))
        self.con.unregister("asked")
        return [self._evidence(a, b, weighed[number[a], number[b]], levels[number[a], number[b]]) for a, b in there]

    def blocks(self, left: str, right: str) -> list[Block]:
        """The blocking rules under which two records share all values, in the rules' order."""
        number = self.numbers([left, right])
        if len(number) < 2:
            return []
        counts = {
            name: self.con.execute(_sharing(rule.columns), [number[left], number[right]]).fetchone()[0]
            for name, rule in self.kind.blocking_rules.items()
        }
        return [Block(name, count, self.kind.blocking_rules[name].most) for name, count in counts.items() if count]

    def _rows(self, query: str) -> dict[tuple[int, int], dict[str, Any]]:
        return {(row["id_l"], row["id_r"]): row for row in self.con.sql(query).pl().iter_rows(named=True)}

    def _evidence(self, left: str, right: str, weighed: dict[str, Any], levels: dict[str, str]) -> Evidence:
        names = [c["output_column_name"] for c in self.model.comparisons]
        labels = {name: levels[name] for name in names} | {PROVIDER: PROVIDER_LEVEL}
        # a case whose branches are all constants comes as a decimal
        steps = [Step(name, label, float(weighed[f"mw_{name}"])) for name, label in labels.items()]
        weight = self.scoring.prior + sum(step.weight for step in steps)
        said = tuple(step for step in steps if step.weight)
        return Evidence(left, right, self.scoring.prior, said, self.probability(weight))


@contextmanager
def opened(
    records: pl.LazyFrame | list[Path],
    kind: str,
    org_id: str,
    *,
    scoring: Scoring | None = None,
    memory_limit: str = "3GB",
) -> Iterator[World]:
    """Load a tenant's records; without `scoring` it is learned anew, which compares them all as a run does."""
    rules = kind_named(kind)
    model = shipped_model(rules)
    with closing(connect(memory_limit, None, None)) as con:
        count = load(con, records, rules, org_id)
        if scoring is None:
            block(con, rules)
            scoring = score(con, model, count)
        yield World(con, rules, model, scoring)


def kept_edge(edge: Mapping[str, Any]) -> Evidence:
    """The evidence of a row of the merge graph, which keeps the weights but not the levels."""
    weights: dict[str, float] = json.loads(edge["weights"])
    prior = weights.pop("prior")
    steps = [Step(name, "evidence", weight) for name, weight in weights.items() if weight]
    return Evidence(edge["record_id_l"], edge["record_id_r"], prior, steps, edge["match_probability"])


def _levels(model: Model, columns: Sequence[str]) -> str:
    """Query of the asked pairs with the label of the level that each comparison reaches."""
    sides = ", ".join(f"{side}.{name} as {name}_{side}" for name in columns if name != "id" for side in "lr")
    labels = ", ".join(f"{_label(c['comparison_levels'])} as {c['output_column_name']}" for c in model.comparisons)
    return f"""select id_l, id_r, {labels} from (
        select id_l, id_r, {sides} from asked join records l on l.id = id_l join records r on r.id = id_r)"""  # noqa: S608


def _label(levels: Sequence[dict[str, Any]]) -> str:
    quoted = {lv["sql_condition"]: "'" + lv["label_for_charts"].replace("'", "''") + "'" for lv in levels}
    last = quoted.pop("ELSE", "'different'")
    return f"case {' '.join(f'when {condition} then {label}' for condition, label in quoted.items())} else {last} end"


def _sharing(columns: Sequence[str]) -> str:
    """Query that counts the records with the values that two records share; 0 when they do not share them all."""
    keys = ", ".join(f"{sql} as k{n}" for n, sql in enumerate(columns))
    same = " and ".join(f"o.k{n} = l.k{n} and l.k{n} = r.k{n}" for n in range(len(columns)))
    return f"""with keyed as (select id, {keys} from records)
        select count(*) from keyed l, keyed r, keyed o where l.id = ? and r.id = ? and {same}"""  # noqa: S608
