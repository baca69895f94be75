"""Values that belong to many, recognised from the data: agency domains, franchise phones, a town's centroid.

What gives such a value away is its fan-out: the number of different house numbers, towns or names it is seen with.
Counting them would let two typing errors make a hub of any phone, so the *effective* number is taken (the inverse
Simpson index): eleven records at one number and one at another are 1.2 places, three records at three are 3.
"""

from collections.abc import Callable

import duckdb

from dagster_project.resolution.kinds import Kind
from dagster_project.resolution.levels import Hub, number_of

# Sharing a hub says which organisation, not which place. It is worth this share of the records in bits at three
# places (4 with the levels' m of .16) and less the more places it has, down to nothing.
DAMPED_AT_THREE = 0.01

# The share of a value of one and a half places; no hub has so few.
LEAST_SHARE = DAMPED_AT_THREE / 2


def find_hubs(
    con: duckdb.DuckDBPyConnection, kind: Kind, records: str, number: Callable[[str], str] = number_of
) -> dict[str, str]:
    """One table per hub of a table of records: the value's number, places, and `tf_<hub>`: the share that stands for u.
    `number` says how that table has the number of a value. Returns hub to table."""
    tables = {}
    for name, hub in kind.hubs.items():
        con.execute(f"create temp table frequent as {_frequent(hub, records, number(hub.value))}")
        spreads = " union all ".join(_spread(feature, per_place) for feature, per_place in hub.over.items())
        con.execute(
            f"""create temp table {name}s as
                select value, max(places) as places, least(0.16, {DAMPED_AT_THREE} * max(places) / 3) as tf_{name}
                from ({spreads}) group by value having max(places) >= {hub.least}"""  # noqa: S608
        )
        con.execute("drop table frequent")
        tables[name] = f"{name}s"
    return tables


def _frequent(hub: Hub, records: str, number: str) -> str:
    """The values of records often enough seen to be spread over three places, with what they are spread over."""
    return f"""select {number} as value, {", ".join(hub.over)} from {records} where {hub.value} is not null
               qualify count(*) over (partition by value) >= 3"""  # noqa: S608


def _spread(feature: str, per_place: float) -> str:
    return f"""select value, sum(n) ** 2 / sum(n * n) / {per_place} as places
               from (select value, count(*) as n from frequent where {feature} is not null group by value, {feature})
               group by value"""  # noqa: S608
