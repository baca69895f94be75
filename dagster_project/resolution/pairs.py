"""Who is compared with whom: the blocking rules."""

from collections.abc import Mapping, Sequence

import duckdb

from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.levels import Block


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
    con.execute("drop table sized")
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

    64 bits stand for the values, which are texts of any length: among a million records the chance that two different
    ones meet is 1 in 37 million, and such a pair would only be compared in vain.
    """
    known = " and ".join(f"({c}) is not null" for c in rule.columns)
    con.execute(
        f"""create or replace temp table sized as
            select id, key, count(*) over (partition by key) as size
            from (select id, hash({", ".join(rule.columns)}) as key from {records} where {known})
            qualify size > 1"""  # noqa: S608
    )


Keys = Mapping[tuple[str, ...], str]


def keys(kind: Kind) -> Keys:
    """What records are looked up by when one changes: columns to the name of their hash. The columns of each blocking
    rule, and each value that is counted."""
    rules = [tuple(rule.columns) for rule in kind.blocking_rules.values()]
    return {columns: f"key_{n}" for n, columns in enumerate(dict.fromkeys([*rules, *_counted(kind)]))}


def counted_keys(kind: Kind) -> Keys:
    """Those of `keys` that are values whose frequency or spread counts."""
    return {columns: name for columns, name in keys(kind).items() if columns in _counted(kind)}


def _counted(kind: Kind) -> list[tuple[str, ...]]:
    return [(column,) for column in [*kind.rarity_columns, *(hub.value for hub in kind.hubs.values())]]


def keyed(names: Keys, records: str) -> str:
    """Query of a table's records as numbers: id and 64-bit hashes, null where a value is missing. Looking up numbers
    takes a fifth of the time that texts take."""
    hashes = [
        f"case when {' and '.join(f'({c}) is not null' for c in columns)} then hash({', '.join(columns)}) end as {name}"
        for columns, name in names.items()
    ]
    return f"select id, {', '.join(hashes)} from {records}"  # noqa: S608


def block_stirred(con: duckdb.DuckDBPyConnection, kind: Kind) -> dict[str, int]:
    """Create `pairs` as `block` does, of the pairs with a record in the table `stirred` (id) only. `keys` is the table
    of all records, keyed."""
    con.execute("create temp table candidates (id_l int, id_r int, rule tinyint)")
    names = keys(kind)
    for number, rule in enumerate(kind.blocking_rules.values()):
        key = names[tuple(rule.columns)]
        con.execute(
            f"""insert into candidates
                with fresh as (select id, {key} from keys semi join stirred using (id) where {key} is not null),
                groups as (select id, {key} from keys semi join fresh using ({key})
                           qualify count(*) over (partition by {key}) <= {rule.most})
                select least(f.id, g.id), greatest(f.id, g.id), {number}
                from fresh f join groups g using ({key}) where f.id <> g.id"""  # noqa: S608
        )
    return _paired(con, kind)


def _paired(con: duckdb.DuckDBPyConnection, kind: Kind) -> dict[str, int]:
    """Each pair of `candidates` once, in `pairs`; returns pairs by rule."""
    con.execute("create temp table pairs as select id_l, id_r, min(rule) as rule from candidates group by id_l, id_r")
    con.execute("drop table candidates")
    names = list(kind.blocking_rules)
    counts = con.execute("select rule, count(*) from pairs group by rule order by rule").fetchall()
    return {names[number]: count for number, count in counts}
