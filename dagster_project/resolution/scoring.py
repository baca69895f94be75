"""From compared pairs to match weights: evidence, the prior learned from it, and what providers keep apart.

Leaves the table `scored`: the pairs worth a thought, with a column per weight. The threshold comes later.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb

from dagster_project.resolution import apart, prior
from dagster_project.resolution.comparable import WORLD
from dagster_project.resolution.model import Model
from dagster_project.resolution.weights import weigh_above

# Pairs under a probability of 1 in 60 are forgotten: they neither match nor are worth a question to a person.
LEAST_BITS = -6.0

# From here on a match is sure enough to learn from: 1 in 1,000 is wrong.
SURE_BITS = 10.0


@dataclass(frozen=True)
class Scoring:
    """What a run learned beside the model: the prior in bits, and the weight of pairs within each provider."""

    prior: float
    apart: dict[str, float] = field(default_factory=dict)

    def weighed(self, query: str) -> str:
        """A query of evidence (see `weights`) completed to match weights: columns `mw_provider`, `match_weight`."""
        within = "".join(
            f"when l.provider = '{name.replace(chr(39), chr(39) * 2)}' then {bits:.6f} "
            for name, bits in self.apart.items()
        )
        provider = f"case when l.provider = r.provider then case {within}else 0.0 end else 0.0 end" if within else "0.0"
        return (
            f"select *, {self.prior:.6f} + evidence + mw_provider as match_weight from ("  # noqa: S608
            f"select e.*, {provider} as mw_provider from ({query}) e "
            "join records l on l.id = id_l join records r on r.id = id_r)"
        )


def score(
    con: duckdb.DuckDBPyConnection, model: Model, records: int, weigh: Callable[..., None] = weigh_above
) -> Scoring:
    """Create `scored` from `pairs`; an engine that has those elsewhere brings its own `weigh_above`."""
    floor = LEAST_BITS - prior.highest_prior_weight(max(records, 2))
    weigh(con, model, floor, rarest=2 / max(records, WORLD), into="evident")
    evidence = con.execute("select evidence from evident order by id_l, id_r").fetchnumpy()["evidence"]
    learned = prior.learn_prior(evidence, max(records, 2))
    scoring = Scoring(learned, _kept_apart(con, SURE_BITS - learned))
    _keep_likely(con, scoring, "scored")
    return scoring


def score_again(con: duckdb.DuckDBPyConnection, model: Model, scoring: Scoring, records: int, into: str) -> None:
    """Create a table like `scored` from `pairs`, by what an earlier run learned."""
    weigh_above(con, model, LEAST_BITS - scoring.prior, rarest=2 / max(records, WORLD), into="evident")
    _keep_likely(con, scoring, into)


def _keep_likely(con: duckdb.DuckDBPyConnection, scoring: Scoring, into: str) -> None:
    weighed = scoring.weighed("select * from evident")
    con.execute(f"create temp table {into} as select * from ({weighed}) where match_weight >= {LEAST_BITS}")  # noqa: S608
    con.execute("drop table evident")


def _kept_apart(con: duckdb.DuckDBPyConnection, sure: float) -> dict[str, float]:
    """Weight of pairs within each provider, from the pairs whose evidence is at least `sure`."""
    records = dict(con.execute("select provider, count(*) from records group by provider order by provider").fetchall())
    if len(records) < 2:
        return {}
    matches = con.execute(
        f"""select l.provider, count(*) filter (l.provider = r.provider) as within, count(*) as whole
            from evident join records l on l.id = id_l join records r on r.id = id_r
            where evidence >= {sure} group by l.provider"""  # noqa: S608
    ).fetchall()
    return apart.bits_by_provider(records, {p: w for p, w, _ in matches}, sum(whole for _, _, whole in matches))
