"""Who is compared with whom: the blocking rules."""

import duckdb

from dagster_project.resolution.kinds import Kind


def block(con: duckdb.DuckDBPyConnection, kind: Kind) -> dict[str, int]:
    """Create `pairs` (id_l, id_r, rule): each two records that a rule brings together, once, under the first such
    rule. Groups larger than a rule's `most` are left to the other rules. Returns pairs by rule."""
    con.execute("create temp table candidates (id_l int, id_r int, rule tinyint)")
    for number, rule in enumerate(kind.blocking_rules.values()):
        known = " and ".join(f"({c}) is not null" for c in rule.columns)
        con.execute(
            f"""insert into candidates
                with blocks as (
                    select list_sort(list(id)) as ids from records where {known}
                    group by {", ".join(rule.columns)} having count(*) between 2 and {rule.most}
                ), lefts as (select ids, unnest(ids) as id_l, generate_subscripts(ids, 1) as place from blocks)
                select id_l, unnest(ids[place + 1:]), {number} from lefts"""  # noqa: S608
        )
    con.execute("create table pairs as select id_l, id_r, min(rule) as rule from candidates group by id_l, id_r")
    con.execute("drop table candidates")
    rules = list(kind.blocking_rules)
    counts = con.execute("select rule, count(*) from pairs group by rule order by rule").fetchall()
    return {rules[number]: count for number, count in counts}
