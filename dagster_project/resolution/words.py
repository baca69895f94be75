"""Which words of a name tell who it is: "firman" does, "center" does not.

A word is usual when the shipped table lists it, or when many different names of the data at hand have it. What is
left are the telling words, by which names are compared beside their whole spelling.
"""

import duckdb

from dagster_project.resolution.kinds import Kind

# A word is usual when more than this many different names have it, and more than this share of them.
USUAL_NAMES = 20
USUAL_SHARE = 0.001


def find_usual(con: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Create `usual`: the words that the shipped table lists, or that many names of `features` have."""
    if not kind.words:
        con.execute("create temp table usual (word varchar)")
        return
    con.execute(
        f"""create temp table usual as
            with {_spelt(kind)}
            select word from read_csv($shipped)
            union select word from spelt group by word
            having count(*) > greatest({USUAL_NAMES}, {USUAL_SHARE} * (select count(*) from names))""",  # noqa: S608
        {"shipped": str(kind.words_path)},
    )


def tell_words(con: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Create `telling`: id and the sorted telling words of the record's name, for records of `features` that have any.

    A word of the name of the record's own town is not telling.
    """
    if not kind.words:
        con.execute("create temp table telling (id int, telling_words varchar[])")
        return
    con.execute(
        f"""create temp table telling as
            with {_spelt(kind)},
            kept as (
                select name_set, list_sort(list(word)) as told from spelt anti join usual using (word)
                group by name_set
            )
            select id, case when {kind.words["town"]} is null then told
                else list_filter(told, lambda w: not contains({kind.words["town"]}, w)) end as telling_words
            from features join kept using (name_set)"""  # noqa: S608
    )


def _spelt(kind: Kind) -> str:
    """Common tables: `names` of `features`, each once with its words, and `spelt`, a row per name and word."""
    return f"""names as (select name_set, any_value({kind.words["words"]}) as words from features
                         where name_set is not null group by name_set),
               spelt as (select name_set, unnest(words) as word from names)"""  # noqa: S608
