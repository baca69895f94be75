"""Who is compared with whom: the blocking rules."""

from collections.abc import Mapping, Sequence

import duckdb

from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.levels import Block, number_of


def block(con: duckdb.DuckDBPyConnection, kind: Kind) -> dict[str, int]:
    """Create `pairs` (id_l, id_r, rule): each two records that a rule brings together, once, under the first such
    rule. Groups larger than a rule's `most` are left to the other rules. Returns pairs by rule."""
    con.execute("create temp table candidates (id_l int, id_r int, rule tinyint)")
    rules = list(kind.blocking_rules.values())
    for number, rule in enumerate(rules):
        _size_groups(con, rule, _left_by(rules, number))
        con.execute(
            f"""insert into candidates select l.id, r.id, {number} from sized l join sized r
                on l.key = r.key and l.id < r.id where l.size <= {rule.most} and r.size <= {rule.most}"""  # noqa: S608
        )
        con.execute(f"create temp table crowd_{number} as select id from sized where size > {rule.most}")  # noqa: S608
    con.execute("drop table sized; drop table hashed")
    for number in range(len(rules)):
        con.execute(f"drop table crowd_{number}")
    return _paired(con, kind)


def _left_by(rules: Sequence[Block], number: int) -> str:
    """The records that a rule can still pair. Where an earlier one asks for some of its columns only, what is not in
    one of that one's crowds is paired already: of the records with a domain, that leaves one in eighteen."""
    wider = [n for n in range(number) if set(rules[n].columns) <= set(rules[number].columns)]
    return " ".join(["records", *(f"semi join crowd_{n} using (id)" for n in wider)])


def _size_groups(con: duckdb.DuckDBPyConnection, rule: Block, records: str) -> None:
    """Create `sized`: the records that share a rule's values with others, and how many do.

    63 bits stand for the values, which are texts of any length: among a million records the chance that two different
    ones meet is 1 in 18 million, and such a pair would only be compared in vain.
    """
    con.execute(
        f"""create or replace temp table hashed as
            select id, {number_of(*rule.columns)} as key from {records} where key is not null"""  # noqa: S608
    )
    # a count per key and a join take two thirds of the time of a window
    con.execute(
        """create or replace temp table sized as
           with sizes as (select key, count(*) as size from hashed group by key having count(*) > 1)
           select id, key, size from hashed join sizes using (key)"""
    )


def keys(kind: Kind) -> dict[str, str]:
    """What records are looked up and counted by when one changes: name to SQL of the number. `rule_0`, … are the
    blocking rules; every feature that is counted, or that a counted one is spread over, has its own name."""
    rules = {f"rule_{n}": number_of(*rule.columns) for n, rule in enumerate(kind.blocking_rules.values())}
    hubs = [feature for hub in kind.hubs.values() for feature in (hub.value, *hub.over)]
    return rules | {feature: number_of(feature) for feature in [*kind.rarity_columns, *hubs]}


def keyed(numbers: Mapping[str, str], records: str) -> str:
    """Query of a table's records as numbers (`keys`) beside their id. Looking up numbers takes a fifth of the time that
    texts take."""
    return f"select id, {', '.join(f'{sql} as {name}' for name, sql in numbers.items())} from {records}"  # noqa: S608


def block_stirred(con: duckdb.DuckDBPyConnection, kind: Kind) -> dict[str, int]:
    """Create `pairs` as `block` does, of the pairs with a record in the table `stirred` (id) only. `fresh` has the keys
    of these, `keys` those of all others."""
    con.execute("create temp table candidates (id_l int, id_r int, rule tinyint)")
    for number, rule in enumerate(kind.blocking_rules.values()):
        key = f"rule_{number}"
        con.execute(
            f"""insert into candidates
                with asked as (select id, {key} as key from fresh where {key} is not null),
                others as (select id, {key} as key from keys
                           where {key} in (select key from asked) and id not in (select id from stirred)),
                groups as (select * from (from asked union all from others)
                           qualify count(*) over (partition by key) <= {rule.most})
                select least(a.id, g.id), greatest(a.id, g.id), {number}
                from asked a join groups g using (key) where a.id <> g.id"""  # noqa: S608
        )
    return _paired(con, kind)


def _paired(con: duckdb.DuckDBPyConnection, kind: Kind) -> dict[str, int]:
    """Each pair of `candidates` once, in `pairs`; returns pairs by rule."""
    con.execute("create temp table pairs as select id_l, id_r, min(rule) as rule from candidates group by id_l, id_r")
    con.execute("drop table candidates")
    names = list(kind.blocking_rules)
    counts = con.execute("select rule, count(*) from pairs group by rule order by rule").fetchall()
    return {names[number]: count for number, count in counts}
