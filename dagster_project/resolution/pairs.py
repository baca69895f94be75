"""Who is compared with whom, and how strongly each pair matches.

`block` makes the table `pairs` from the kind's blocking rules; `score` has Splink weigh them with a trained model and
leaves the kept ones in the table `edges`. Clusters are made elsewhere.
"""

import json

import duckdb

from dagster_project.resolution.comparable import WORLD, count_rarities
from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.model import Model


def block(con: duckdb.DuckDBPyConnection, kind: Kind) -> dict[str, int]:
    """Create `pairs`: each two records that a rule brings together, once, under the first such rule.

    Values shared by more than `kind.max_block` records are left out: n records are n²/2 pairs. Returns pairs by rule.
    """
    con.execute("create temp table candidates (id_l int, id_r int, rule tinyint)")
    for number, columns in enumerate(kind.blocking_rules.values()):
        known = " and ".join(f"({c}) is not null" for c in columns)
        con.execute(
            f"""insert into candidates
                with blocks as (
                    select list_sort(list(id)) as ids from records where {known}
                    group by {", ".join(columns)} having count(*) between 2 and {kind.max_block}
                ), lefts as (select ids, unnest(ids) as id_l, generate_subscripts(ids, 1) as place from blocks)
                select id_l, unnest(ids[place + 1:]), {number} from lefts"""  # noqa: S608
        )
    con.execute(
        """create table pairs as
           select min(rule)::varchar as match_key, id_l as join_key_l, id_r as join_key_r
           from candidates group by id_l, id_r"""
    )
    con.execute("drop table candidates")
    rules = list(kind.blocking_rules)
    counts = con.execute("select match_key, count(*) from pairs group by match_key").fetchall()
    return {rules[int(key)]: count for key, count in sorted(counts, key=lambda row: int(row[0]))}


def score(con: duckdb.DuckDBPyConnection, kind: Kind, model: Model, records: int, threshold: float) -> int:
    """Create `edges`: the pairs whose match probability reaches `threshold`, with a JSON of the weights that sum to
    `match_weight`. Returns how many there are."""
    from splink import DuckDBAPI, Linker  # 0.4 s to import: not on the way to everything that imports this package

    api = DuckDBAPI(con)
    linker = Linker(api.register("records"), model.settings(max(records, WORLD)), log_level="ERROR")
    for column, table in count_rarities(con, kind, records).items():
        linker.table_management.register_term_frequency_lookup(api.register(table), column)
    linker.table_management.register_blocked_pairs_for_predict(api.register("pairs"))
    scored = linker.inference.predict(threshold_match_probability=threshold, warning_mode="never")
    con.execute(
        f"""create table edges as
            select id_l, id_r, match_weight, match_probability, {_rule_names(kind)}[match_key::int + 1] as rule,
                   {_weights(model, max(records, WORLD))} as weights
            from {scored.physical_name} order by id_l, id_r"""  # noqa: S608
    )
    scored.drop_table_from_database_and_remove_from_cache()
    return con.table("edges").shape[0]


def _rule_names(kind: Kind) -> str:
    return "[" + ", ".join(f"'{name}'" for name in kind.blocking_rules) + "]"


def _weights(model: Model, world: int) -> str:
    """SQL of the JSON of an edge's weights: the prior's, then each comparison's with its adjustment for rarity."""
    weights = {"prior": str(model.prior_weight(world))}
    for comparison in model.comparisons:
        name = comparison["output_column_name"]
        rare = any("tf_adjustment_column" in lv for lv in comparison["comparison_levels"])
        weights[name] = f"mw_{name} + mw_tf_adj_{name}" if rare else f"mw_{name}"
    return "to_json({" + ", ".join(f"{json.dumps(n)}: round({sql}, 6)" for n, sql in weights.items()) + "})::varchar"
