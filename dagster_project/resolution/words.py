"""Which words of a name tell who it is: "firman" does, "center" does not.

A word is usual when the shipped table lists it, or when many different names of the data at hand have it. What is
left are the telling words, by which names are compared beside their whole spelling.
"""

import duckdb

from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.levels import numbers_of

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
            with names as (select name_set, any_value({kind.words["words"]}) as words from features
                           where name_set is not null group by name_set),
            spelt as (select name_set, unnest(words) as word from names)
            select word from read_csv($shipped)
            union select word from spelt group by word
            having count(*) > greatest({USUAL_NAMES}, {USUAL_SHARE} * (select count(*) from names))""",  # noqa: S608
        {"shipped": str(kind.words_path)},
    )


def tell_words(con: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Create `telling`, for records of `features` that have a name: id, the telling words as numbers (`numbers_of`) in
    the words' own order, and how many letters they have.

    A word of the name of the record's own town is not telling.
    """
    if not kind.words:
        con.execute("create temp table telling (id int, telling_words bigint[], telling_letters int)")
        return
    con.execute(
        f"""create temp table telling as
            with spelt as (select id, {kind.words["town"]} as town, unnest({kind.words["words"]}) as word from features
                           where name_set is not null),
            kept as (
                select id, list_sort(list(word) filter (town is null or not contains(town, word))) as told
                from spelt anti join usual using (word) group by id)
            select id, coalesce({numbers_of("told")}, []) as telling_words,
                coalesce(length(array_to_string(told, '')), 0) as telling_letters
            from kept"""  # noqa: S608
    )
